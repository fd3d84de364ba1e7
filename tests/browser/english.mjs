/*
 * Finds English on a page: whatever the app's English catalogue can say, and its Spanish one cannot. What people wrote
 * themselves stays in their own language and is left out.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../web/', import.meta.url));
const { build } = createRequire(`${web}package.json`)('esbuild');

async function catalogues() {
    const { outputFiles } = await build({
        stdin: {
            contents: `
                export { entries } from './sayings.ts';
                export { words } from './words.ts';
                export { spanish } from './words.es.ts';`,
            resolveDir: `${web}src`,
        },
        bundle: true,
        format: 'esm',
        write: false,
    });
    return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

/* A saying with any name and any number in the places of the samples'. */
function patternOf(text) {
    const literal = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const any = literal.replace(/Coach Sarah|Sarah|true/g, '.+?').replace(/\d[\d,.:]*\d|\d/g, '\\d[\\d,.:]*');
    /* A sentence may stand among others; a label is one by itself. */
    return text.split(/\s+/).length > 3 ? any : `^${any}$`;
}

/* Months, days and how long ago: what the catalogue says of times is made by the browser. */
const TIMES = [
    'January|February|March|April|June|July|August|September|October|November|December',
    'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|yesterday|\\bago\\b|\\d [AP]M\\b',
];

/* What English there is on a page, as text or as what a screen reader is told. */
export async function englishFinder() {
    const { entries, words, spanish } = await catalogues();
    const said = new Set(entries(spanish).map(({ text }) => text));
    const own = (text) => /\p{L}/u.test(text.replace(/Coach Sarah|Sarah|true/g, ''));
    const english = entries(words).map(({ text }) => text).filter((it) => own(it) && !said.has(it));
    const patterns = [...new Set(english.map(patternOf)), ...TIMES];
    return (page) => page.evaluate(find, patterns);
}

/* Runs in the page. */
function find(patterns) {
    const posts = '.post-body, .post-topics, .corner-pin-words';
    const notices = '.notice-words :is(h2, p:not(.notice-when), .unseen), .toast-title, .toast-body, .wins-text';
    const talk = '.message-text, .message-quote, .message-head strong, .chat-channel, .chat h1, .article :is(h3, .unseen)';
    const written = `${posts}, ${notices}, ${talk}`;
    const all = patterns.map((it) => new RegExp(it, 'u'));
    const found = [];
    const look = (text, where) => {
        const plain = text.replace(/\s+/g, ' ').trim();
        const pattern = plain && all.find((it) => it.test(plain));
        if (pattern) found.push(`${where}: ${plain}`);
    };
    look(document.title, 'title');
    const shown = NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT;
    const walker = document.createTreeWalker(document.querySelector('#app'), shown);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        const element = node instanceof Text ? node.parentElement : node;
        if (element.closest(written) && !element.closest('.badge')) continue;
        if (node instanceof Text) look(node.data, element.tagName);
        else
            for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
                if (node.hasAttribute(name)) look(node.getAttribute(name), name);
    }
    return found;
}
