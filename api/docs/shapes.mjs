/*
 * Schemas in words: what type a value has, which limits it keeps, and a list of fields for every object.
 * Knows the part of JSON Schema that openapi.json uses; an unknown part is an error, so that nothing is left out silently.
 */
import { escape, inline } from './text.mjs';

const known = new Set([
    '$ref',
    'type',
    'description',
    'additionalProperties',
    'required',
    'properties',
    'example',
    'items',
    'maxItems',
    'minItems',
    'uniqueItems',
    'minLength',
    'maxLength',
    'pattern',
    'format',
    'enum',
    'const',
    'minimum',
    'maximum',
    'default',
    'oneOf',
    'minProperties',
    'patternProperties',
]);

export function nameOf(reference) {
    return reference.slice(reference.lastIndexOf('/') + 1);
}

export function resolve(api, node) {
    if (!node || !node.$ref) return node;
    const target = node.$ref
        .slice(2)
        .split('/')
        .reduce((at, part) => at[part], api);
    const { $ref, ...beside } = node;
    return { ...resolve(api, target), ...beside };
}

/* Names that stand for a plain string get their own words instead of a link. */
const plainNames = { Id: 'id', Time: 'time', Cursor: 'cursor' };

function shapeLink(name) {
    if (plainNames[name]) return `<a href="#shape-${name}">${plainNames[name]}</a>`;
    return `<a href="#shape-${name}">${escape(name)}</a>`;
}

const number = (n) => n.toLocaleString('en-US');

function range(low, high, unit) {
    if (low === undefined && high === undefined) return '';
    if (high === undefined) return low > 0 ? `at least ${number(low)}${unit}` : '';
    if (low === undefined || (low === 0 && unit)) return `at most ${number(high)}${unit}`;
    return `${number(low)} to ${number(high)}${unit}`;
}

/* HTML for the type of a value, such as "list of Post" or "text or null". */
export function typeOf(schema) {
    for (const key of Object.keys(schema)) if (!known.has(key)) throw new Error(`unknown schema keyword: ${key}`);
    if (schema.$ref) return shapeLink(nameOf(schema.$ref));
    if (schema.oneOf) return schema.oneOf.map(typeOf).join(' or ');
    if (schema.const !== undefined) return `<code>${escape(JSON.stringify(schema.const))}</code>`;
    if (schema.enum) return schema.enum.map((value) => `<code>${escape(JSON.stringify(value))}</code>`).join(' or ');
    const types = Array.isArray(schema.type) ? schema.type : [schema.type];
    return types
        .map((type) => {
            if (type === 'array') return `list of ${typeOf(schema.items)}`;
            if (type === 'string') return 'text';
            if (type === 'integer') return 'whole number';
            if (type === 'boolean') return 'true or false';
            if (type === 'object' && schema.patternProperties)
                return `object of ${Object.values(schema.patternProperties).map(typeOf).join(' or ')}`;
            if (type === 'object') return 'object';
            return escape(type);
        })
        .join(' or ');
}

/* Plain-text limits of a value, "" when it has none. */
export function limitsOf(schema) {
    const parts = [
        range(schema.minLength, schema.maxLength, ' characters'),
        range(schema.minimum, schema.maximum, ''),
        range(schema.minItems, schema.maxItems, ' items'),
        schema.items && !schema.items.$ref
            ? range(schema.items.minLength, schema.items.maxLength, ' characters each')
            : '',
        schema.default !== undefined ? `${number(schema.default)} if left out` : '',
    ];
    return parts.filter(Boolean).join(', ');
}

/* A list of fields; objects inside objects follow under their dotted name. */
export function fieldList(schema, { request = false } = {}) {
    const rows = [];
    const walk = (object, prefix) => {
        const required = new Set(object.required ?? []);
        for (const [name, field] of Object.entries(object.properties ?? {})) {
            const limits = limitsOf(field);
            const optional = request && !required.has(name) ? '<span class="optional">optional</span>' : '';
            rows.push(`<div class="field"><dt><code>${escape(prefix + name)}</code>
<span class="type">${typeOf(field)}</span>${optional}</dt>
<dd>${field.description ? inline(field.description) : ''}${limits ? ` <span class="limits">${escape(limits)}</span>` : ''}</dd></div>`);
            if (field.properties) walk(field, `${prefix}${name}.`);
        }
    };
    walk(schema, '');
    return rows.length ? `<dl class="fields">${rows.join('\n')}</dl>` : '';
}
