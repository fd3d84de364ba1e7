/*
 * How a view is judged: by axe with the rules that our members need, by size, and by what sticks out.
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

/* What sticks out to the right. */
export const overflow = (page) =>
    page.evaluate(() => {
        const wide = [...document.querySelectorAll('body *')].filter(
            (element) =>
                element.checkVisibility() &&
                !element.closest('.unseen, .skip') &&
                element.getBoundingClientRect().right > innerWidth + 0.5,
        );
        return {
            scrolls: document.documentElement.scrollWidth > innerWidth,
            wide: wide.map((it) => it.outerHTML.slice(0, 100)),
        };
    });
