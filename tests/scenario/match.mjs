/*
 * Partial deep matching: what a scenario expects of a reply.
 *
 * An expected object names the fields it cares about; an array must have the same length, item by item; a regular
 * expression must match the text; a function is asked and must answer true; everything else must be equal.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function named(name, test) {
    test[inspect.custom] = () => `<${name}>`;
    return test;
}

export const match = {
    any: named('anything', (value) => value !== undefined),
    absent: named('absent', (value) => value === undefined),
    id: named('id', (value) => typeof value === 'string' && /^[1-9]\d*$/.test(value)),
    time: named('time', (value) => typeof value === 'string' && time.test(value)),
    string: named('string', (value) => typeof value === 'string'),
    number: named('number', (value) => typeof value === 'number'),
    empty: named('empty list', (value) => Array.isArray(value) && value.length === 0),
    not: (unwanted) => named(`not ${inspect(unwanted)}`, (value) => differences(value, unwanted).length > 0),
    /* A list with at least these items, in any order. */
    includes: (...items) =>
        named(
            `list with ${inspect(items)}`,
            (value) =>
                Array.isArray(value) &&
                items.every((item) => value.some((candidate) => differences(candidate, item).length === 0)),
        ),
    /* A list without such an item. */
    excludes: (...items) =>
        named(
            `list without ${inspect(items)}`,
            (value) =>
                Array.isArray(value) &&
                !items.some((item) => value.some((candidate) => differences(candidate, item).length === 0)),
        ),
    every: (item) =>
        named(
            `list of only ${inspect(item)}`,
            (value) => Array.isArray(value) && value.every((candidate) => differences(candidate, item).length === 0),
        ),
    length: (n) => named(`${n} items`, (value) => Array.isArray(value) && value.length === n),
};

function differences(actual, expected, at = '$') {
    if (typeof expected === 'function')
        return expected(actual) ? [] : [`${at}: wanted ${inspect(expected)}, got ${inspect(actual)}`];
    if (expected instanceof RegExp) {
        return typeof actual === 'string' && expected.test(actual)
            ? []
            : [`${at}: wanted ${expected}, got ${inspect(actual)}`];
    }
    if (Array.isArray(expected)) {
        if (!Array.isArray(actual)) return [`${at}: wanted a list, got ${inspect(actual)}`];
        if (actual.length !== expected.length)
            return [`${at}: wanted ${expected.length} items, got ${inspect(actual, { depth: 4 })}`];
        return expected.flatMap((item, i) => differences(actual[i], item, `${at}[${i}]`));
    }
    if (expected !== null && typeof expected === 'object') {
        if (actual === null || typeof actual !== 'object') return [`${at}: wanted an object, got ${inspect(actual)}`];
        return Object.entries(expected).flatMap(([key, value]) => differences(actual[key], value, `${at}.${key}`));
    }
    return Object.is(actual, expected) ? [] : [`${at}: wanted ${inspect(expected)}, got ${inspect(actual)}`];
}

/* Whether it is as expected. */
export const matches = (actual, expected) => differences(actual, expected).length === 0;

/* Throws with every difference, each under the path where it is. */
export function assertMatch(actual, expected, what) {
    const found = differences(actual, expected);
    if (found.length) assert.fail(`${what}:\n  ${found.join('\n  ')}`);
}
