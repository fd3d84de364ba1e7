/*
 * Text for the page: escaping, the small part of Markdown that openapi.json uses, and JSON with its parts marked up.
 * Everything that becomes HTML goes through here.
 */

export function escape(text) {
    return String(text)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;');
}

/* `code` and nothing else. */
export function inline(text) {
    return escape(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

export function slug(text) {
    return text
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '');
}

/* GET, or the way a message goes. */
export const badge = (word) => `<span class="method ${word}">${word.toUpperCase()}</span>`;

/* Paragraphs and "## " headings, as {heading, paragraphs} sections; the first has no heading. */
export function sections(markdown) {
    const found = [{ heading: null, paragraphs: [] }];
    for (const block of markdown.split('\n\n')) {
        if (block.startsWith('## ')) found.push({ heading: block.slice(3), paragraphs: [] });
        else found[found.length - 1].paragraphs.push(block);
    }
    return found;
}

/* Pretty JSON; keys, strings, numbers and words each in a span of their own class. */
export function json(value, indent = '') {
    const deeper = `${indent}  `;
    if (Array.isArray(value)) {
        if (value.length === 0) return '[]';
        if (value.every((item) => typeof item !== 'object')) return `[${value.map((item) => json(item)).join(', ')}]`;
        return `[\n${value.map((item) => deeper + json(item, deeper)).join(',\n')}\n${indent}]`;
    }
    if (value !== null && typeof value === 'object') {
        const entries = Object.entries(value);
        if (entries.length === 0) return '{}';
        const pairs = entries.map(
            ([key, item]) => `<span class="k">${escape(JSON.stringify(key))}</span>: ${json(item, deeper)}`,
        );
        const line = `{ ${pairs.join(', ')} }`;
        const short =
            entries.every(([, item]) => item === null || typeof item !== 'object') &&
            JSON.stringify(value).length + indent.length < 60;
        return short ? line : `{\n${pairs.map((pair) => deeper + pair).join(',\n')}\n${indent}}`;
    }
    const kind = typeof value === 'string' ? 's' : typeof value === 'number' ? 'n' : 'w';
    return `<span class="${kind}">${escape(JSON.stringify(value))}</span>`;
}
