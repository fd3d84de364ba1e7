/*
 * Contrast of every pair of colours that meet (WCAG 2.2, 1.4.6 and 1.4.11). The browser tests' axe cannot judge text
 * on a gradient or on glass; arithmetic can.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/* test.mjs runs in web/. */
const css = readFileSync("src/theme/tokens.css", "utf8");

type Colour = [red: number, green: number, blue: number, alpha: number];

function tokensOf(selector: string): Map<string, string> {
    const start = css.indexOf(`${selector} {`);
    assert.ok(start >= 0, selector);
    const block = css.slice(start, css.indexOf("\n}", start));
    return new Map([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name = "", value = ""]) => [name, value]));
}

function colourOf(value: string): Colour {
    const hex = /^#([0-9a-f]{6})$/.exec(value)?.[1];
    if (hex) return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)).concat(1) as Colour;
    const parts = /^rgba\(([\d., ]+)\)$/.exec(value)?.[1]?.split(",").map(Number);
    assert.ok(parts?.length === 4, value);
    return parts as Colour;
}

const over = (front: Colour, back: Colour): Colour =>
    [0, 1, 2].map((i) => front[3] * (front[i] ?? 0) + (1 - front[3]) * (back[i] ?? 0)).concat(1) as Colour;

function luminance(colour: Colour): number {
    const [red = 0, green = 0, blue = 0] = colour.slice(0, 3).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: Colour, b: Colour): number {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
    return (light + 0.05) / (dark + 0.05);
}

const grounds = ["canvas", "canvas-glow", "surface", "surface-raised", "surface-pinned"];
const texts = ["text", "text-strong", "text-quiet", "gold-text"];

const dark = tokensOf(":root");
const schemes = { dark, light: new Map([...dark, ...tokensOf(':root[data-scheme="light"]')]) };

for (const [scheme, tokens] of Object.entries(schemes)) {
    const colour = (name: string): Colour => colourOf(tokens.get(name) ?? "");
    const atLeast = (least: number, front: string, back: string): void => {
        const ratio = contrast(colour(front), colour(back));
        assert.ok(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)}`);
    };

    test(`${scheme}: text has 7:1 on every ground`, () => {
        for (const ground of [...grounds, "gold-faint"]) for (const text of texts) atLeast(7, text, ground);
        for (const ground of ["button-top", "button-bottom"]) atLeast(7, "on-gold", ground);
        atLeast(7, "bad", "bad-ground");
    });

    test(`${scheme}: edges of controls, icons and the ring of the focus have 3:1`, () => {
        for (const ground of grounds) for (const edge of ["edge", "gold", "focus"]) atLeast(3, edge, ground);
        atLeast(3, "here", "canvas");
        atLeast(3, "here", "canvas-glow");
        atLeast(3, "bad-line", "bad-ground");
    });

    test(`${scheme}: words on glass have 7:1, whatever is behind it`, () => {
        for (const behind of [...grounds, ...texts, "gold", "button-top"]) {
            const ratio = contrast(colour("glass-text"), over(colour("glass"), colour(behind)));
            assert.ok(ratio >= 7, `glass over ${behind}: ${ratio.toFixed(2)}`);
        }
        atLeast(7, "glass-text", "glass-solid");
    });
}

test("black on white is 21:1", () => assert.equal(contrast([0, 0, 0, 1], [255, 255, 255, 1]).toFixed(1), "21.0"));
