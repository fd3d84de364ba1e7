/*
 * Makes the icons that a device shows on its home screen from the one drawing, web/public/favicon.svg.
 *
 *   make icons
 *
 * 192 and 512 are the drawing as it is. The maskable one, and Apple's, fill the whole square with the drawing's ground and
 * keep the lantern inside the middle four fifths: the device cuts its own shape out of it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { executablePath, launchArgs } from './browser.mjs';

const site = fileURLToPath(new URL('../../web/public/', import.meta.url));
const drawing = readFileSync(`${site}favicon.svg`, 'utf8');
const [, ground] = /<rect[^>]* fill="([^"]+)"/.exec(drawing);

const icons = [
    { name: '192', size: 192 },
    { name: '512', size: 512 },
    { name: 'maskable-512', size: 512, whole: true },
    { name: 'apple-180', size: 180, whole: true },
];

const browser = await chromium.launch({ executablePath, args: launchArgs });
try {
    mkdirSync(`${site}icons`, { recursive: true });
    for (const { name, size, whole = false } of icons) {
        const page = await browser.newPage({ viewport: { width: size, height: size } });
        const scale = whole ? 80 : 100;
        await page.setContent(`<style>
            body { margin: 0; width: 100vw; height: 100vh; display: grid; place-items: center; ${whole ? `background: ${ground}` : ''} }
            svg { width: ${scale}vw; height: ${scale}vw }
        </style>${drawing}`);
        writeFileSync(`${site}icons/${name}.png`, await page.screenshot({ omitBackground: !whole }));
        await page.close();
        console.log(`web/public/icons/${name}.png`);
    }
} finally {
    await browser.close();
}
