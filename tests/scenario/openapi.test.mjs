/* The contract itself: sound, complete, and of one mind with base/limits.h and base/err.c. No server is needed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { api, assertSentence, operations, templateOf } from './contract.mjs';

const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
ajv.addSchema({ ...api, $id: 'openapi.json' });
const text = readFileSync(new URL('../../api/openapi.json', import.meta.url), 'utf8');
const source = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

/* Every node of the document, with its JSON pointer. */
function* nodes(node, pointer = '#') {
    if (node === null || typeof node !== 'object') return;
    yield [pointer, node];
    for (const [key, child] of Object.entries(node))
        yield* nodes(child, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

const at = (reference) =>
    reference
        .slice(2)
        .split('/')
        .reduce((node, part) => node?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], api);

describe('api/openapi.json', () => {
    test('is written with two blanks and one line feed at the end', () => {
        assert.ok(text === `${JSON.stringify(api, null, 2)}\n`, 'write it as JSON.stringify(document, null, 2) does');
    });

    test('has no reference that leads nowhere, and no component that nobody needs', () => {
        const used = new Set();
        for (const [pointer, node] of nodes(api)) {
            if (typeof node.$ref !== 'string') continue;
            assert.ok(at(node.$ref), `${pointer} leads to ${node.$ref}`);
            used.add(node.$ref);
        }
        const anywhere = ['MethodNotAllowed', 'Timeout', 'LengthRequired', 'UriTooLong']; // any request can get these
        for (const [kind, parts] of Object.entries(api.components)) {
            if (kind === 'securitySchemes') continue;
            for (const name of Object.keys(parts)) {
                assert.ok(
                    used.has(`#/components/${kind}/${name}`) || anywhere.includes(name),
                    `${kind}/${name} is used`,
                );
            }
        }
    });

    test('has schemas that are schemas, and closed ones for every object', () => {
        for (const [name, schema] of Object.entries(api.components.schemas)) {
            assert.ok(ajv.validateSchema(schema), `${name}: ${ajv.errorsText()}`);
            for (const [pointer, node] of nodes(schema, name)) {
                if (node.type === 'object' && name !== 'FeedMessage')
                    assert.equal(node.additionalProperties, false, `${pointer} is closed`);
            }
        }
    });

    test('has examples that are as it says', () => {
        for (const [pointer, node] of nodes(api)) {
            if (node.example === undefined) continue;
            const schema = node.schema
                ? `${pointer}/schema`
                : node.type || node.$ref || node.enum
                  ? pointer
                  : undefined;
            if (!schema || pointer.startsWith('#/x-')) continue;
            const check = ajv.getSchema(`openapi.json${encodeURI(schema)}`);
            assert.ok(check(node.example), `the example at ${pointer}: ${ajv.errorsText(check.errors)}`);
        }
    });

    test('describes every operation, parameter, header and answer in words', () => {
        const ids = new Set();
        for (const { template, method, operation, parameters } of operations) {
            const name = `${method} ${template}`;
            assert.ok(operation.operationId && !ids.has(operation.operationId), `${name} has an id of its own`);
            ids.add(operation.operationId);
            assert.ok(operation.summary, `${name} has a summary`);
            assertSentence(operation.description, `the description of ${name}`);
            assert.ok(
                api.tags.some((tag) => operation.tags.includes(tag.name)),
                `${name} has a tag`,
            );
            for (const parameter of parameters) assertSentence(parameter.description, `${parameter.name} of ${name}`);
            for (const wanted of template.matchAll(/\{(\w+)\}/g)) {
                assert.ok(
                    parameters.some((p) => p.in === 'path' && p.name === wanted[1] && p.required),
                    `${name} has ${wanted[1]}`,
                );
            }
            for (const [status, reply] of Object.entries(operation.responses)) {
                assertSentence((reply.$ref ? at(reply.$ref) : reply).description, `${status} of ${name}`);
            }
        }
        for (const header of Object.values(api.components.headers)) assertSentence(header.description, 'a header');
    });

    test('declares what follows from what an operation is', () => {
        for (const { template, method, operation, parameters, body } of operations) {
            const name = `${method} ${template}`;
            const statuses = Object.keys(operation.responses);
            const wanted = ['429', '500', '503'];
            if (body) wanted.push('400', '413', '415');
            if (operation.security === undefined) wanted.push('401', '403');
            if (template.includes('{')) wanted.push('404');
            const keeps = template !== '/cheers'; // a cheer is not stored, and so is not compared either
            if (keeps && parameters.some((p) => p.name === 'Idempotency-Key') && operation.security === undefined)
                wanted.push('422');
            const isPlainGet = method === 'get' && template !== '/metrics' && !operation.responses[101];
            if (isPlainGet) wanted.push('304');
            for (const status of wanted) assert.ok(statuses.includes(status), `${name} declares ${status}`);
        }
    });

    test('finds the path that is meant', () => {
        assert.equal(templateOf('/posts/new-count?since=x'), '/posts/new-count');
        assert.equal(templateOf('/posts/12'), '/posts/{id}');
        assert.equal(templateOf('/posts/12/like'), '/posts/{id}/like');
        assert.equal(templateOf('/posts/12/like/more'), undefined);
        assert.equal(templateOf('/'), undefined);
    });
});

describe('the contract and the program', () => {
    const limits = new Map(
        [...source('base/limits.h').matchAll(/^#define (\w+)(?: |\s*\\\n\s*)(\d+)/gm)].map((found) => [found[1], Number(found[2])]),
    );
    const schema = (name) => api.components.schemas[name];

    test('have the same limits', () => {
        for (const [name, value] of [
            ['NAME_CHARS_MAX', schema('Join').properties.name.maxLength],
            ['NAME_CHARS_MAX', schema('MeChange').properties.name.maxLength],
            ['USERNAME_CHARS_MAX', schema('Join').properties.username.maxLength],
            ['USERNAME_CHARS_MAX', schema('Login').properties.name.maxLength],
            ['PASSWORD_CHARS_MIN', schema('Join').properties.password.minLength],
            ['PASSWORD_CHARS_MAX', schema('Join').properties.password.maxLength],
            ['PASSWORD_CHARS_MAX', schema('Login').properties.password.maxLength],
            ['POST_CHARS_MAX', schema('PostNew').properties.body.maxLength],
            ['POST_CHARS_MAX', schema('PostChange').properties.body.maxLength],
            ['TOPICS_MAX', schema('PostNew').properties.topics.maxItems],
            ['TOPICS_MAX', schema('Post').properties.topics.maxItems],
            ['TOPIC_CHARS_MAX', schema('PostNew').properties.topics.items.maxLength],
            ['NOTICE_TITLE_CHARS_MAX', schema('NoticeNew').properties.title.maxLength],
            ['NOTICE_BODY_CHARS_MAX', schema('NoticeNew').properties.body.maxLength],
            ['NOTICE_LINK_CHARS_MAX', schema('NoticeNew').properties.link.maxLength],
            ['PINS_PER_TEAM_MAX', schema('PostList').properties.pinned.maxItems],
            ['TEAMS_PER_MEMBER_MAX', schema('User').properties.teams.maxItems],
            ['COUNTER_NAME_CHARS_MAX', schema('Counter').properties.name.maxLength],
            ['COUNTERS_PER_TEAM_MAX', schema('CounterList').properties.items.maxItems],
            ['COUNTERS_PER_TEAM_MAX', schema('Changes').properties.counters.maxItems],
            ['INVITE_USES_MAX', schema('InviteNew').properties.maxUses.maximum],
            ['INVITE_HOURS_MAX', schema('InviteNew').properties.expiresInHours.maximum],
            ['INVITE_HOURS_DEFAULT', schema('InviteNew').properties.expiresInHours.default],
            ['IDEMPOTENCY_KEY_BYTES_MAX', api.components.parameters.IdempotencyKey.schema.maxLength],
            ['PAGE_ITEMS_MAX', api.components.parameters.Limit.schema.maximum],
            ['PAGE_ITEMS_DEFAULT', api.components.parameters.Limit.schema.default],
            ['PAGE_ITEMS_MAX', schema('PostList').properties.items.maxItems],
            ['HEAD_POSTS_MAX', schema('NewCount').properties.count.maximum],
            ['CURSOR_BYTES_MAX', schema('Cursor').maxLength],
            ['CHANGES_EVENTS_MAX', schema('Changes').properties.posts.properties.created.maxItems],
            ['CHANNELS_PER_TEAM_MAX', schema('ChannelList').properties.items.maxItems],
            ['CHANNEL_NAME_CHARS_MAX', schema('ChannelNew').properties.name.maxLength],
            ['UNREAD_COUNTED_MAX', schema('Channel').properties.unread.maximum],
            ['CHAT_CHARS_MAX', schema('MessageNew').properties.content.maxLength],
            ['CLIENT_ID_CHARS_MAX', schema('MessageNew').properties.clientId.maxLength],
            ['PAGE_ITEMS_MAX', schema('MessageList').properties.items.maxItems],
            ['HEAD_LIKES_MAX', schema('Changes').properties.likes.maxItems],
            ['MEMBER_TOPICS_MAX', schema('PreferencesChange').properties.topics.maxItems],
            ['MEMBER_TOPICS_MAX', schema('DigestNew').properties.topics.maxItems],
            ['FEEDBACK_TOPICS_MAX', schema('Feedback').properties.topics.maxItems],
            ['ARTICLE_ID_CHARS_MAX', schema('Feedback').properties.articleId.maxLength],
            ['ARTICLE_ID_CHARS_MAX', schema('ArticleNew').properties.id.maxLength],
            ['ARTICLE_TITLE_CHARS_MAX', schema('ArticleNew').properties.title.maxLength],
            ['ARTICLE_SUMMARY_CHARS_MAX', schema('ArticleNew').properties.summary.maxLength],
            ['ARTICLE_LINK_CHARS_MAX', schema('ArticleNew').properties.link.maxLength],
            ['ARTICLE_TOPICS_MAX', schema('ArticleNew').properties.topics.maxItems],
            ['ARTICLE_SCORE_MAX', schema('ArticleNew').properties.score.maximum],
            ['DIGEST_STEP_CHARS_MAX', schema('DigestProgress').properties.currentStep.maxLength],
            ['DIGEST_ERROR_CHARS_MAX', schema('DigestEnd').properties.error.maxLength],
            ['DIGEST_ARTICLES_MAX', schema('Digest').properties.articles.maxItems],
            ['DIGESTS_KEPT', schema('DigestList').properties.items.maxItems],
            ['TOKEN_BYTES_MAX', schema('Session').properties.token.maxLength],
        ]) {
            assert.ok(limits.has(name), `${name} is in base/limits.h`);
            assert.equal(value, limits.get(name), name);
        }
    });

    test('say the same limits in words', () => {
        const said = (pattern) => assert.match(text, pattern);
        assert.equal(limits.get('BODY_BYTES_MAX'), 65536);
        said(/64 KiB \(65,536 bytes\)/);
        assert.equal(limits.get('URI_BYTES_MAX'), 2048);
        said(/longer than 2,048 bytes/);
        assert.equal(limits.get('JSON_DEPTH_MAX'), 8);
        said(/nests more than 8 levels/);
        assert.equal(limits.get('RATE_READ_PER_MINUTE'), 600);
        assert.equal(limits.get('RATE_WRITE_PER_MINUTE'), 120);
        assert.equal(limits.get('RATE_SIGN_IN_PER_MINUTE'), 10);
        said(/600 reads or 120 changes a minute, 10 sign-in attempts a minute/);
        assert.equal(limits.get('RATE_SIGN_IN_BURST'), 20);
        said(/20 times at once and 10 times a minute/);
        assert.equal(limits.get('TICKET_TTL_MS'), 30000);
        said(/within 30 seconds/);
        assert.equal(limits.get('IDEMPOTENCY_HOURS'), 24);
        said(/within 24 hours/);
        assert.match(source('base/limits.h'), /COUNTER_VALUE_MAX INT64_C\(9007199254740991\)/);
        const bounds = ({ minimum, maximum }) => [minimum, maximum];
        assert.deepEqual(bounds(schema('CounterChange').properties.amount), [1, 9007199254740991]);
        assert.deepEqual(bounds(schema('CounterSet').properties.value), [-9007199254740991, 9007199254740991]);
        assert.equal(limits.get('COUNTER_MEMBER_AMOUNT_MAX'), 1000000);
        said(/may send up to 1,000,000/);
        said(/±\(2⁵³ − 1\)/);
        assert.equal(limits.get('HEAD_TIMEOUT_MS'), 10000);
        assert.equal(limits.get('BODY_TIMEOUT_MS'), 30000);
        said(/within 10 seconds, or its body within 30/);
    });

    test('know the same problems', () => {
        const rows = [...source('base/err.c').matchAll(/\{(\d{3}), "([a-z-]+)", "([^"]+)",\s*"([^"]+)"\}/g)].map(
            ([, status, slug, title, sentence]) => ({ status: Number(status), slug, title, sentence }),
        );
        const own = new Map(api['x-problems'].map((problem) => [problem.slug, problem]));
        const said = new Map();
        for (const row of rows) {
            if (row.status === 200 || row.slug === 'schema') continue; // success; and what ends the program before it serves
            const problem = own.get(row.slug);
            assert.ok(problem, `${row.slug} is described`);
            assert.deepEqual([problem.status, problem.title], [row.status, row.title], row.slug);
            assertSentence(row.sentence, row.slug);
            said.set(row.slug, row);
        }
        for (const slug of own.keys()) assert.ok(said.has(slug), `${slug} is an error of the program`);
    });
});
