/*
 * The contract, as a judge: every reply is held against api/openapi.json.
 *
 * checkReply() throws when a path, status, content type, header or field is not declared, when a declared one is missing
 * or wrong, and when a problem is not written for people. It also notes what was exercised, for coverage.mjs.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export const api = JSON.parse(readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8'));

// That the schemas are sound is looked at once, by openapi.test.mjs, and not by every file again.
const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true, validateSchema: false }));
ajv.addSchema({ ...api, $id: 'openapi.json' });

const escapePointer = (part) => part.replaceAll('~', '~0').replaceAll('/', '~1');
const pointer = (...parts) => `#/${parts.map(escapePointer).join('/')}`;
const at = (reference) =>
    reference
        .slice(2)
        .split('/')
        .reduce((node, part) => node[part.replaceAll('~1', '/').replaceAll('~0', '~')], api);

/* A function of a reference that is worked out once for each: a storm asks for the same few again and again. */
function once(find) {
    const known = new Map();
    return (reference) => {
        if (!known.has(reference)) known.set(reference, find(reference));
        return known.get(reference);
    };
}

/* Follows references: {value, pointer} of what stands at the end. */
const follow = once((reference) => {
    const node = at(reference);
    return node.$ref ? follow(node.$ref) : { value: node, pointer: reference };
});

const schemaAt = once((reference) => ajv.getSchema(`openapi.json${encodeURI(reference)}`));

function validate(reference, value, what) {
    const check = schemaAt(reference);
    assert.ok(check, `the contract has no schema at ${reference}`);
    if (!check(value))
        assert.fail(
            `${what} is not as declared: ${ajv.errorsText(check.errors, { dataVar: '$' })}\n${JSON.stringify(value)}`,
        );
}

/* ---- paths ------------------------------------------------------------------------------------------------------ */

const templates = Object.keys(api.paths)
    .map((template) => ({
        template,
        parts: template.split('/'),
        fixed: template.split('/').filter((part) => !part.startsWith('{')).length,
    }))
    .sort((a, b) => b.fixed - a.fixed); // /posts/new-count before /posts/{id}

/* The template a path belongs to, or undefined. */
export function templateOf(path) {
    const parts = path.split('?')[0].split('/');
    return templates.find(
        (t) =>
            t.parts.length === parts.length &&
            t.parts.every((part, i) => (part.startsWith('{') ? parts[i] !== '' : part === parts[i])),
    )?.template;
}

export const methods = ['get', 'post', 'put', 'patch', 'delete'];

/* Every operation: {template, method, operation, parameters, body}; references are followed. */
export const operations = Object.entries(api.paths).flatMap(([template, item]) =>
    methods
        .filter((m) => item[m])
        .map((method) => {
            const operation = item[method];
            const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((p) =>
                p.$ref ? follow(p.$ref).value : p,
            );
            const schema = operation.requestBody?.content['application/json'].schema;
            return {
                template,
                method,
                operation,
                parameters,
                body: schema && (schema.$ref ? follow(schema.$ref).value : schema),
            };
        }),
);

export function resolveSchema(schema) {
    return schema.$ref ? { ...follow(schema.$ref).value, ...schema, $ref: undefined } : schema;
}

/* ---- sentences ---------------------------------------------------------------------------------------------------- */

const unfit = [
    [/[A-Za-z0-9]_[A-Za-z0-9]|->|::|\b[a-z]+\(\)|\(null\)|%[sdlz]|0x[0-9a-f]/, 'looks like code'],
    [
        /\b(SELECT|INSERT|UPDATE|DELETE FROM|WHERE|CONSTRAINT)\b|sqlite|jansson|libsodium|libmicrohttpd|errno/,
        'speaks of the inside',
    ],
    [/(^|[\s("'])\/(home|tmp|usr|var|etc|opt|srv|root|data)\b|\.[ch]:\d|\.db\b/, 'names a file of the server'],
];

/* A sentence that a person understands: begins like one, ends like one, and shows nothing of the inside. */
export function assertSentence(text, what) {
    assert.match(text, /^["“'‘]?[A-Z0-9]/, `${what} does not begin like a sentence: ${text}`);
    assert.match(text, /[.!?]["”'’]?$/, `${what} does not end like a sentence: ${text}`);
    assert.ok(text.includes(' '), `${what} is a word, not a sentence: ${text}`);
    for (const [pattern, why] of unfit) assert.doesNotMatch(text, pattern, `${what} ${why}: ${text}`);
}

const problems = new Map(api['x-problems'].map((problem) => [`/docs#${problem.slug}`, problem]));

function checkProblem(reply, what) {
    const known = problems.get(reply.json.type);
    assert.ok(known, `${what} has the unknown type ${reply.json.type}`);
    assert.equal(reply.json.status, reply.status, `${what} says another status than the answer`);
    assert.equal(reply.json.title, known.title, `the title of ${what}`);
    assertSentence(reply.json.detail, `the detail of ${what}`);
    if (reply.headers['x-request-id'])
        assert.equal(reply.json.requestId, reply.headers['x-request-id'], `the request id of ${what}`);
}

/* ---- replies ------------------------------------------------------------------------------------------------------ */

/* Headers that may come with anything and are tested where they matter. */
const general = new Set([
    'date',
    'connection',
    'keep-alive',
    'content-length',
    'content-type',
    'content-encoding',
    'cache-control',
    'vary',
    'content-security-policy',
    'x-content-type-options',
    'referrer-policy',
    'x-frame-options',
    'permissions-policy',
    'cross-origin-opener-policy',
    'cross-origin-resource-policy',
    'strict-transport-security',
    'access-control-allow-origin',
    'access-control-expose-headers',
    'access-control-allow-credentials',
    'x-request-id',
]);

/* Answers that any request can get, whatever it is for. */
const anywhere = { 405: 'MethodNotAllowed', 408: 'Timeout', 411: 'LengthRequired', 414: 'UriTooLong' };

function checkHeaders(reply, declared, reference, what) {
    for (const [name, header] of Object.entries(declared ?? {})) {
        const { value: definition, pointer: where } = header.$ref
            ? follow(header.$ref)
            : { value: header, pointer: `${reference}/headers/${escapePointer(name)}` };
        let value = reply.headers[name.toLowerCase()];
        if (value === undefined) {
            assert.ok(!definition.required, `${what} lacks the header ${name}`);
            continue;
        }
        if (Array.isArray(value)) [value] = value;
        if (definition.schema.type === 'integer') value = /^\d+$/.test(value) ? Number(value) : value;
        validate(`${where}/schema`, value, `the header ${name} of ${what}`);
    }
    const names = new Set(Object.keys(declared ?? {}).map((name) => name.toLowerCase()));
    for (const name of Object.keys(reply.headers)) {
        assert.ok(
            names.has(name) || general.has(name),
            `${what} has the undeclared header ${name}: ${reply.headers[name]}`,
        );
    }
}

function checkBody(method, reply, declared, reference, what) {
    const types = Object.keys(declared.content ?? {});
    if (types.length === 0) {
        assert.equal(reply.bytes.length, 0, `${what} should have no body, but has: ${reply.body.slice(0, 200)}`);
        return;
    }
    assert.ok(types.includes(reply.type), `${what} should be ${types.join(' or ')}, but is ${reply.type}`);
    if (method === 'head') {
        assert.equal(reply.bytes.length, 0, `${what} should have no body`);
        return;
    }
    const value = reply.json ?? reply.body;
    validate(`${reference}/content/${escapePointer(reply.type)}/schema`, value, `the body of ${what}`);
    if (reply.type === 'application/problem+json') checkProblem(reply, what);
}

/* Holds a reply of request() against the contract. Throws an AssertionError. */
export function checkReply({ method, path }, reply) {
    const verb = method.toLowerCase();
    if (verb === 'options') return;
    const what = `the answer ${reply.status} to ${method} ${path.length > 100 ? `${path.slice(0, 100)}…` : path}`;
    const template = templateOf(path);
    const operation = template && api.paths[template][verb === 'head' ? 'get' : verb];
    let reference;
    if (operation) {
        if (operation.responses[reply.status])
            reference = pointer('paths', template, verb === 'head' ? 'get' : verb, 'responses', String(reply.status));
        note(verb, template, reply.status);
    } else if (!template) {
        if (reply.status < 400) return checkFile(reply, what);
        if (reply.status === 404) reference = pointer('components', 'responses', 'NotFound');
    }
    if (!reference && anywhere[reply.status]) reference = pointer('components', 'responses', anywhere[reply.status]);
    assert.ok(reference, `${what} is not declared: ${reply.body.slice(0, 300)}`);
    const { value: declared, pointer: where } = follow(reference);
    checkHeaders(reply, declared.headers, where, what);
    checkBody(verb, reply, declared, where, what);
}

/*
 * The answer to a handshake. Where the contract describes no GET it cannot say more than that what is refused is a problem
 * of a known kind.
 */
export function checkHandshake({ path }, reply) {
    if (api.paths[templateOf(path)]?.get) {
        checkReply({ method: 'GET', path }, reply);
        return;
    }
    if (reply.status === 101) return;
    const what = `the answer ${reply.status} to a handshake at ${path}`;
    assert.equal(reply.type, 'application/problem+json', `the type of ${what}`);
    validate(pointer('components', 'schemas', 'Problem'), reply.json, `the body of ${what}`);
    checkProblem(reply, what);
}

/* A file of the web app. */
function checkFile(reply, what) {
    if (reply.status === 200) {
        assert.ok(reply.type, `${what} has no content type`);
        assert.match(reply.headers.etag ?? '', /^"[^"]+"$/, `${what} has no strong ETag`);
    }
}

/* ---- what was exercised ----------------------------------------------------------------------------------------------- */

const exercised = new Set();
const folder = process.env.PORCHLIGHT_COVERAGE;

function note(verb, template, status) {
    if (verb !== 'head') exercised.add(`${verb} ${template} ${status}`);
}

if (folder) {
    process.on('exit', () => {
        if (exercised.size) appendFileSync(join(folder, `${process.pid}.txt`), `${[...exercised].join('\n')}\n`);
    });
}
