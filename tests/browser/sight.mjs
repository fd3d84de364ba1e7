/*
 * How a view is judged: by axe with the rules that our members need, by size, by what sticks out, by keyboard, and by the
 * room between targets.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function assertAccessible(page, what) {
    /* Evaluated by the test's own channel: the page's policy allows no foreign script. */
    if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
        const rules = { 'target-size': { enabled: true }, 'color-contrast-enhanced': { enabled: true } };
        const result = await window.axe.run(document, { rules, resultTypes: ['violations'] });
        return result.violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join('; ')}`,
        );
    });
    assert.deepEqual(violations, [], what);
}

/* The device turns from night to day while one looks, and back. What is half-way between two colours is not judged. */
export async function assertAccessibleInBoth(page, what) {
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.locator(`html[data-scheme=${colorScheme}]`).waitFor({ state: 'attached' });
        await assertAccessible(page, `${what}, ${colorScheme}`);
    }
}

/* Text pieces smaller than 18 px, lines of more than 80 characters, and targets that are too small. */
export const measure = (page) =>
    page.evaluate(() => {
        const seen = (element) => element.checkVisibility() && !element.closest('.unseen, .skip');
        const found = [];
        const walker = document.createTreeWalker(document.querySelector('#app'), NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            const size = parseFloat(getComputedStyle(element).fontSize);
            if (walker.currentNode.data.trim() && seen(element) && size < 18)
                found.push(`${size} px: ${walker.currentNode.data}`);
        }
        for (const element of document.querySelectorAll(
            'a, button, select, input:not([type=radio], [role=switch]), label:has(input)',
        )) {
            if (!seen(element)) continue;
            const { width, height } = element.getBoundingClientRect();
            const least = element.matches('.button-main, .like, .new-posts-button, .compose-open, .nav-item')
                ? 64
                : 48;
            if (height < least - 0.5 || width < 48)
                found.push(`${width} x ${height}: ${element.outerHTML.slice(0, 120)}`);
        }
        for (const element of document.querySelectorAll('.post-body')) {
            const size = parseFloat(getComputedStyle(element).fontSize);
            /* Of ordinary text about two characters fit into the width of one em. */
            if (element.clientWidth / size > 40) found.push(`wide: ${element.clientWidth / size} em`);
        }
        return found;
    });

/*
 * What of a page is lost on this screen: what sticks out to the right, text that an edge cuts off, text that something else
 * covers wherever one scrolls. A text that is shortened on purpose, to a number of lines, is whole elsewhere.
 */
export const overflow = (page) =>
    page.evaluate(() => {
        const forEars = (element) => element.closest('.unseen, .skip') || getComputedStyle(element).clipPath === 'inset(50%)';
        const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !forEars(element);
        const show = (element, what) => `${what}: ${element.outerHTML.slice(0, 100)}`;
        const wide = [...document.querySelectorAll('body *')]
            .filter((element) => seen(element) && element.getBoundingClientRect().right > innerWidth + 0.5)
            .map((it) => it.outerHTML.slice(0, 100));
        const scrolls = document.documentElement.scrollWidth > innerWidth;

        /* Whether this line is one of those that are left out. */
        const leftOut = (element, box) => {
            for (let around = element; around !== document.body; around = around.parentElement)
                if (getComputedStyle(around).webkitLineClamp !== 'none')
                    return box.bottom > around.getBoundingClientRect().bottom + 1;
            return false;
        };
        /* The edge of an ancestor that cuts off a part of this box. */
        const edge = (element, box) => {
            for (let around = element; around !== document.body; around = around.parentElement) {
                const { overflowX, overflowY } = getComputedStyle(around);
                const { left, right, top, bottom } = around.getBoundingClientRect();
                const cuts = (overflow) => overflow === 'hidden' || overflow === 'clip';
                if (cuts(overflowX) && (box.left < left - 1 || box.right > right + 1)) return around;
                if (cuts(overflowY) && (box.top < top - 1 || box.bottom > bottom + 1)) return around;
            }
            return null;
        };
        const cover = (element, box) => {
            const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
            const over = document.elementFromPoint(x, y);
            if (!over) return document.body; // off the screen
            /* A link that takes taps from far beyond its own words: what it lays over them is not to be seen. */
            const { left, right, top, bottom } = over.getBoundingClientRect();
            if (x < left || x > right || y < top || y > bottom) return null;
            const same = element.contains(over) || over.contains(element);
            /* A box that is ticked lies over its own words, and shows nothing of itself. */
            return same || (over.matches('input') && element.closest('label')?.contains(over)) ? null : over;
        };
        const walker = document.createTreeWalker(document.querySelector('#app'), NodeFilter.SHOW_TEXT);
        const range = document.createRange();
        const boxes = () => {
            range.selectNodeContents(walker.currentNode);
            return [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1);
        };
        const was = scrollY;
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !seen(element)) continue;
            for (let line = 0; line < boxes().length; line++) {
                let box = boxes()[line];
                if (leftOut(element, box)) break;
                const cut = edge(element, box);
                if (cut) wide.push(show(cut, `cuts off "${walker.currentNode.data}"`));
                /* Bars at the screen's edges lie over what scrolls by: it is enough that one can scroll it free. */
                let over = cover(element, box);
                for (const height of [0.5, 0.3, 0.15, 0.7]) {
                    if (!over) break;
                    scrollBy({ top: box.top - height * innerHeight, behavior: 'instant' });
                    box = boxes()[line];
                    over = cover(element, box);
                }
                if (over) wide.push(show(over, `covers "${walker.currentNode.data}"`));
            }
        }
        scrollTo({ top: was, behavior: 'instant' });
        return { scrolls, wide };
    });

/* ---- by keyboard ---------------------------------------------------------------------------------------------- */

/* Where the focus is now: what, whether it is seen, and how well its ring stands out from what is around it. */
const focusNow = (page) =>
    page.evaluate(() => {
        const active = document.activeElement;
        if (active === document.body) return null;
        window.wanted.delete(active);
        const track = active.matches('.switch input') ? active.nextElementSibling : active;
        const shown = active.closest('.choice-option') ?? track;
        const rgb = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
        const light = (text) => {
            const linear = (it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);
            const [r, g, b] = rgb(text).map((it) => linear(it / 255));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        let behind = shown.parentElement;
        while (behind && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) < 1) behind = behind.parentElement;
        const ground = light(getComputedStyle(behind ?? document.documentElement).backgroundColor);
        const { outlineColor, outlineStyle, outlineWidth } = getComputedStyle(shown);
        const ring = light(outlineColor);
        const { top, bottom, left, right } = shown.getBoundingClientRect();
        const middle = [(left + right) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2];
        const over = document.elementFromPoint(...middle);
        const uncovered = !!over && (shown.contains(over) || over.contains(shown) || over === active);
        return {
            what: active.outerHTML.slice(0, 100),
            ring: outlineStyle === 'solid' ? parseFloat(outlineWidth) : 0,
            contrast: (Math.max(ring, ground) + 0.05) / (Math.min(ring, ground) + 0.05),
            seen: bottom > 0 && top < innerHeight && uncovered,
        };
    });

/* Notes what the keyboard has to reach. Of radio buttons one is enough: arrows lead to the others. */
const wantAll = (page) =>
    page.evaluate(() => {
        const kinds = 'a[href], button, select, textarea, input:not([type=radio]), input[type=radio]:checked';
        const seen = (it) => it.checkVisibility({ visibilityProperty: true });
        window.wanted = new Set([...document.querySelectorAll(kinds)].filter(seen));
        document.activeElement.blur();
        return window.wanted.size;
    });

/* What of it is still to come. What has left the page meanwhile is nobody's to reach. */
const missed = (page) =>
    page.evaluate(() => [...window.wanted].filter((it) => it.isConnected).map((it) => it.outerHTML.slice(0, 100)));

/* Everything is reached with Tab, from where the page has put the focus to its end and once around from its beginning. */
export async function assertReached(page, place) {
    const wanted = await wantAll(page);
    assert.ok(wanted > 2, place);
    let ends = 0;
    for (let pressed = 0; ends < 2; pressed++) {
        assert.ok(pressed < 3 * wanted + 6, `${place}: the focus does not get out`);
        await page.keyboard.press('Tab');
        const at = await focusNow(page);
        if (!at) ends += 1;
        else assert.ok(at.ring >= 2 && at.contrast >= 3 && at.seen, `${place}: ${JSON.stringify(at)}`);
    }
    assert.deepEqual(await missed(page), [], place);
}

/* Pairs of targets with less than 8 px between them. */
export const crowded = (page) =>
    page.evaluate(() => {
        const kinds = 'a, button, select, textarea, input:not([type=radio], [role=switch]), label:has(input)';
        const targets = [...document.querySelectorAll(kinds)]
            .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.closest('.unseen, .skip'))
            .map((element) => ({
                html: element.outerHTML.slice(0, 80),
                box: element.getBoundingClientRect(),
                /* What is fixed stands over what scrolls. */
                fixed: !!element.closest('.nav, .dock, .toast, .new-posts'),
                /* A button inside its field is a part of it. */
                field: element.closest('.field-box'),
            }));
        const apart = (a, b) =>
            Math.hypot(
                Math.max(0, a.left - b.right, b.left - a.right),
                Math.max(0, a.top - b.bottom, b.top - a.bottom),
            );
        return targets.flatMap((a, index) =>
            targets
                .slice(index + 1)
                .filter((b) => a.fixed === b.fixed && !(a.field && a.field === b.field) && apart(a.box, b.box) < 7.5)
                .map((b) => `${apart(a.box, b.box)} px: ${a.html} | ${b.html}`),
        );
    });
