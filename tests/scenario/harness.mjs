/*
 * What scenario tests are written with.
 *
 *   startServer()      a server of its own for a test (server.mjs)
 *   request(), as()    a request over a real socket; the reply is held against the contract (contract.mjs)
 *   scenarios()        a table of scenarios for one endpoint
 *   match, assertMatch partial deep matching (match.mjs)
 *
 * Time comes from the server's movable clock (server.advance); nothing sleeps but until(), between two looks.
 */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { checkReply } from './contract.mjs';
import { assertMatch } from './match.mjs';
import { startServer } from './server.mjs';

export { assertMatch, match } from './match.mjs';
export {
    binary,
    cliOn,
    demoData,
    echoBinary,
    mustOn,
    pollingBinary,
    run,
    sanitizer,
    startServer,
    temporaryFolder,
} from './server.mjs';

/* ---- requests ------------------------------------------------------------------------------------------------------ */

async function credentials(server, who) {
    if (!who) return {};
    if (typeof who === 'string') return { authorization: `Bearer ${await server.token(who)}` };
    if (who.token) return { authorization: `Bearer ${who.token}` };
    if (who.cookie) return { cookie: who.cookie, ...(who.origin ? { origin: who.origin } : {}) };
    throw new Error(`who is ${JSON.stringify(who)}?`);
}

/* Sends a large body in pieces and stops as soon as there is an answer, as a careful client does. */
function sendBody(sent, bytes) {
    let answered = false;
    sent.once('response', () => {
        answered = true;
    });
    const piece = 65536;
    let offset = 0;
    const more = () => {
        while (!answered && offset < bytes.length) {
            const chunk = bytes.subarray(offset, offset + piece);
            offset += piece;
            if (!sent.write(chunk)) {
                sent.once('drain', more);
                return;
            }
        }
        if (!answered) sent.end();
    };
    more();
}

function exchange(options, bytes) {
    return new Promise((resolve, reject) => {
        let response;
        const sent = httpRequest(options, (reply) => {
            response = reply;
            const parts = [];
            reply.on('data', (part) => parts.push(part));
            reply.on('error', reject);
            reply.on('end', () => {
                resolve({ status: reply.statusCode, headers: reply.headers, bytes: Buffer.concat(parts) });
                if (!sent.writableEnded) sent.destroy(); // answered before all was sent: the connection is of no more use
            });
        });
        // When the server answers early it also stops reading: what cannot be sent any more is no failure.
        sent.on('error', (error) => {
            if (!response) reject(error);
        });
        if (bytes && bytes.length > 65536) sendBody(sent, bytes);
        else sent.end(bytes);
    });
}

/*
 * One request. Options: method, path, as (a user name, {token}, {cookie, origin}, or nothing), body (sent as JSON), raw
 * (bytes sent as they are, with content type JSON unless headers say otherwise), headers.
 * Resolves to {status, headers, type, bytes, body, json}; `json` is undefined when the reply is not JSON.
 */
export async function request(server, { method = 'GET', path, as, body, raw, headers = {}, unchecked = false }) {
    const bytes =
        raw !== undefined ? Buffer.from(raw) : body !== undefined ? Buffer.from(JSON.stringify(body)) : undefined;
    const sent = { ...(await credentials(server, as)), ...(bytes ? { 'content-type': 'application/json' } : {}) };
    for (const [name, value] of Object.entries(headers)) {
        if (value === undefined) delete sent[name.toLowerCase()];
        else sent[name.toLowerCase()] = value;
    }
    if (bytes) sent['content-length'] = bytes.length;
    else if (!['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method)) sent['content-length'] = 0;
    const reply = await exchange(
        { host: '127.0.0.1', port: server.port, agent: server.agent, method, path, headers: sent },
        bytes,
    );
    reply.type = reply.headers['content-type']?.split(';')[0].trim();
    reply.body = reply.bytes.toString('utf8');
    if (reply.type?.endsWith('json') && reply.bytes.length && !reply.headers['content-encoding'])
        reply.json = JSON.parse(reply.body);
    if (!unchecked) checkReply({ method, path }, reply);
    return reply;
}

/* A person at a client: `const ruth = as(server, 'member1'); await ruth.post('/posts', {body: 'Hello'})`. */
export function as(server, who) {
    const send = (method) => (path, body, headers) => request(server, { method, path, as: who, body, headers });
    return {
        get: (path, headers) => request(server, { method: 'GET', path, as: who, headers }),
        head: (path, headers) => request(server, { method: 'HEAD', path, as: who, headers }),
        post: send('POST'),
        put: send('PUT'),
        patch: send('PATCH'),
        delete: send('DELETE'),
    };
}

/* Throws unless the reply has this status; gives back its JSON. */
export function expectStatus(reply, status) {
    assert.equal(reply.status, status, `wanted ${status}, got ${reply.status}: ${reply.body.slice(0, 500)}`);
    return reply.json;
}

/*
 * Who is who in the demo community: users by name, and the two teams' ids as `walkers` (Sarah's) and `strong` (Dave's).
 */
export async function community(server, ...more) {
    const found = {};
    for (const name of ['admin', 'sarah', 'dave', ...more])
        found[name] = expectStatus(await as(server, name).get('/me'), 200);
    return { ...found, walkers: found.sarah.team.id, strong: found.dave.team.id };
}

/* All items of a list, page by page. `between` runs after each page. */
export async function allItems(server, who, path, { limit = 100, between } = {}) {
    const items = [];
    for (let page = ''; page !== null;) {
        const query = `${path.includes('?') ? '&' : '?'}limit=${limit}${page && `&page=${encodeURIComponent(page)}`}`;
        const answer = expectStatus(await as(server, who).get(path + query), 200);
        items.push(...answer.items);
        page = answer.next;
        await between?.(answer);
    }
    return items;
}

const PAUSE_MS_MAX = 20;

/*
 * Asks again and again until `check` gives something true: for what takes effect "within a second". What has not come
 * after a few times is asked for less often: who asks without a pause takes the time of whoever is to do it.
 */
export async function until(check, { seconds = 5, what = 'it' } = {}) {
    const end = performance.now() + seconds * 1000;
    for (let times = 1; ; times += 1) {
        const found = await check();
        if (found) return found;
        assert.ok(performance.now() < end, `${what} did not happen within ${seconds} s`);
        const pauseMs = Math.min(Math.floor(times / 10), PAUSE_MS_MAX);
        await new Promise((next) => (pauseMs > 0 ? setTimeout(next, pauseMs) : setImmediate(next)));
    }
}

/* ---- events ---------------------------------------------------------------------------------------------------------- */

/* The place in history where `who` is now. */
export async function cursorOf(server, who, query = '') {
    return expectStatus(await as(server, who).get(`/changes${query && `?${query}`}`), 200).cursor;
}

/* Everything that happened since, with all of `more` taken: {created, changed, deleted, likes, notices, counters, cursor}. */
export async function eventsSince(server, who, since, query = '') {
    const all = { created: [], changed: [], deleted: [], likes: [], notices: [], counters: [], cursor: since };
    for (;;) {
        const answer = expectStatus(
            await as(server, who).get(`/changes?since=${encodeURIComponent(all.cursor)}${query && `&${query}`}`),
            200,
        );
        assert.equal(answer.reset, false, 'the history should be known');
        all.created.push(...answer.posts.created);
        all.changed.push(...answer.posts.changed);
        all.deleted.push(...answer.posts.deleted);
        all.likes.push(...answer.likes);
        all.notices.push(...answer.notices);
        all.counters.push(...answer.counters);
        all.cursor = answer.cursor;
        if (!answer.more) return all;
    }
}

const nothingHappened = { created: [], changed: [], deleted: [], likes: [], notices: [], counters: [] };

/* ---- tables of scenarios ----------------------------------------------------------------------------------------------- */

const value = (given, context) => (typeof given === 'function' ? given(context) : given);

async function play(server, scenario, context) {
    const observer = scenario.observer ?? 'sarah';
    const [method, path] = (await value(scenario.request, context)).split(' ');
    const watched = scenario.events !== undefined || method !== 'GET';
    const since = watched ? await cursorOf(server, observer) : undefined;
    const reply = await request(server, {
        method,
        path,
        as: await value(scenario.as, context),
        body: scenario.body === undefined ? undefined : await value(scenario.body, context),
        headers: await value(scenario.headers, context),
        raw: scenario.raw,
    });
    assert.equal(
        reply.status,
        scenario.status,
        `wanted ${scenario.status}, got ${reply.status}: ${reply.body.slice(0, 500)}`,
    );
    if (scenario.problem) assert.equal(reply.json.type, `/docs#${scenario.problem}`, 'the type of the problem');
    if (scenario.reply !== undefined)
        assertMatch(reply.json ?? reply.body, await value(scenario.reply, { ...context, reply }), 'the reply');
    if (scenario.replyHeaders)
        assertMatch(reply.headers, await value(scenario.replyHeaders, { ...context, reply }), 'the headers');
    for (const forbidden of scenario.forbidden ?? []) {
        const text = `${JSON.stringify(reply.headers)}\n${reply.body}`;
        const shown = forbidden instanceof RegExp ? forbidden.test(text) : text.includes(forbidden);
        assert.ok(!shown, `the answer must not show ${forbidden}`);
    }
    if (watched) {
        const happened = await eventsSince(server, observer, since);
        const expected = scenario.events
            ? { ...nothingHappened, ...(await value(scenario.events, { ...context, reply })) }
            : nothingHappened;
        const { cursor, ...events } = happened;
        assertMatch(events, expected, 'the events that followed');
    }
    if (scenario.then) await scenario.then(reply, context);
}

/*
 * A table of scenarios for one endpoint. `table` has
 *   server   options of startServer
 *   setup    async (server) => context, before all of them
 *   cases    in order; each has
 *     name          what it shows
 *     request       'GET /presence?team=2', or a function of the context
 *     as            the caller: a user name, {token}, {cookie, origin}, nothing
 *     body, raw, headers
 *     status        the expected status
 *     problem       the slug of the expected problem
 *     reply         what the body must match (match.mjs), replyHeaders the same for headers
 *     forbidden     texts and patterns that the answer must not show
 *     events        what GET /changes must tell `observer` (sarah) afterwards: created, changed, deleted, likes, notices, counters;
 *                   what is not named must not happen, and after a change without `events` nothing at all
 *     then          async (reply, context), for more
 */
export function scenarios(name, table) {
    describe(name, () => {
        let server;
        let context;
        before(async () => {
            server = await startServer(table.server);
            context = { server, ...(await table.setup?.(server)) };
        });
        after(() => server?.stop());
        for (const scenario of table.cases) test(scenario.name, () => play(server, scenario, context));
    });
}
