/*
 * A hundred people write in one channel and a thousand read, who come and go as they like: by socket, by poll, gone
 * without a word. The server is killed again and again. At the end every reader's list is the table's, in order and
 * with nothing that is not there: so no message was lost, repeated unseen, or shown before it was kept.
 *
 * TEST_SEED repeats what each of them wants to do; the moments are the machine's own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCrowd, picker } from './crowd.mjs';
import { allItems, as, expectStatus, request, sanitizer, startServer } from './harness.mjs';
import { connect } from './socket.mjs';

const WRITERS = sanitizer ? 20 : 100;
const READERS = sanitizer ? 100 : 1000;
const EACH = sanitizer ? 5 : 4; // messages of a writer
const KILLS = 3;
const STAY = 160; // a reader leaves after so many messages at most
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

test(`${WRITERS} write, ${READERS} read, ${KILLS} kills (TEST_SEED=${seed})`, { timeout: 180_000 }, async (t) => {
    const crowd = await makeCrowd(WRITERS + READERS);
    const args = [...crowd.args, '--realtime', 'on', '--channel-limit', '4000'];
    let server = await startServer({ data: crowd.data, args, clock: false });
    let up = Promise.resolve(); // settled while there is a server
    let over = false;
    const counted = new Map();
    const count = (what) => counted.set(what, (counted.get(what) ?? 0) + 1);
    const channel = expectStatus(await as(server, 'sarah').post('/channels', { name: 'Crowded' }), 201);
    const path = `/channel/${channel.id}/websocket`;
    const messagesPath = `/channels/${channel.id}/messages`;
    const kept = new Map(); // clientId: the id that was acknowledged

    /* What fails because the server was killed, or asks to come again, is no failure; anything else is. */
    async function attempt(what, work) {
        await up;
        const mine = server;
        try {
            return await work(mine);
        } catch (error) {
            const gone = mine !== server || mine.killed;
            // The last: a thousand come at once, and whose handshake took this process ten seconds was cut.
            const asked =
                /a handshake at .*: 503|the connection ended with|(ms passed|the end of the connection came) instead of/.test(
                    error.message,
                );
            if (!gone && !asked) throw error;
            count(`${what} again`);
            return undefined;
        }
    }

    /* ---- writers ---- */

    async function write(token, pick, number) {
        let client;
        for (let i = 0; i < EACH; i++) {
            const message = { content: `Writer ${number}, line ${i}`, clientId: `w-${number}-${i}` };
            let id;
            while (id === undefined) {
                if (pick(2) === 0) {
                    const reply = await attempt('post', (s) =>
                        request(s, {
                            method: 'POST',
                            path: messagesPath,
                            as: { token },
                            body: message,
                            unchecked: true,
                        }),
                    );
                    if (reply) assert.ok([200, 201, 503].includes(reply.status), reply.body);
                    id = reply && reply.status < 300 ? reply.json.id : undefined;
                } else {
                    if (!client?.open) client = await attempt('connect', (s) => connect({ server: s, token, path }));
                    id =
                        client &&
                        (await attempt('say', () => {
                            client.message(JSON.stringify({ type: 'message', ...message }));
                            return client
                                .next({ type: 'ack', clientId: message.clientId })
                                .then(({ messageId }) => messageId);
                        }));
                    client?.forget();
                }
            }
            assert.ok(!kept.has(message.clientId));
            kept.set(message.clientId, id);
            if (kept.size % Math.ceil((WRITERS * EACH) / (KILLS + 1)) === 0 && kept.size < WRITERS * EACH)
                await killed();
        }
        client?.destroy();
    }

    /* ---- the kills ---- */

    let killing = false;
    async function killed() {
        if (killing) return;
        killing = true;
        count('killed');
        let open;
        up = new Promise((resolve) => {
            open = resolve;
        });
        const old = server;
        old.killed = true;
        await old.kill();
        server = await startServer({ data: crowd.data, args, clock: false });
        open();
        killing = false;
    }

    /* ---- readers ---- */

    /* Takes a message: a new one has a higher id than all before, an old one is the same as before. */
    function take(reader, message, cursor) {
        const known = reader.list.get(message.id);
        if (known) {
            assert.deepEqual(message, known);
            count('heard twice');
        } else {
            assert.ok(Number(message.id) > reader.last, `${message.id} after ${reader.last}`);
            reader.last = Number(message.id);
            reader.list.set(message.id, message);
        }
        reader.cursor = cursor;
    }

    async function poll(reader) {
        for (let more = true; more;) {
            const reply = await attempt('poll', (s) =>
                request(s, {
                    path: `${messagesPath}?since=${reader.cursor}&limit=100`,
                    as: { token: reader.token },
                    unchecked: true,
                }),
            );
            if (!reply || reply.status === 503) continue;
            const answer = expectStatus(reply, 200);
            assert.equal(answer.reset, false);
            for (const message of answer.items) take(reader, message, reader.cursor);
            reader.cursor = answer.cursor;
            more = answer.more;
        }
        count('polled');
    }

    async function listen(reader, stay) {
        const client = await attempt('connect', (s) =>
            connect({ server: s, token: reader.token, path: `${path}?since=${reader.cursor}` }),
        );
        if (!client) return;
        count('listened');
        reader.client = client;
        try {
            for (let heard = 0; heard < stay && !over;) {
                const { json } = await client.receive();
                if (json?.type === 'message') {
                    take(reader, json.message, json.cursor);
                    heard++;
                } else if (json?.type === 'initial_state') assert.equal(json.resumed, true);
                else
                    assert.ok(
                        json === undefined || ['presence', 'user_disconnected', 'receipt'].includes(json.type),
                        JSON.stringify(json),
                    );
            }
        } catch (error) {
            if (!/the connection ended with|no sign of/.test(error.message)) throw error;
            count('cut');
        }
        client.destroy({ reset: reader.pick(2) === 0 });
    }

    const readers = crowd.tokens
        .slice(WRITERS)
        .map((token, i) => ({ token, pick: picker(seed + i), list: new Map(), last: 0, cursor: channel.cursor }));

    async function read(reader) {
        while (!over) {
            if (reader.pick(4) === 0) await poll(reader);
            await listen(reader, 1 + reader.pick(STAY));
        }
        await poll(reader);
    }

    const began = performance.now();
    const reading = Promise.all(readers.map(read));
    reading.catch(() => {}); // whoever fails first is told of below
    try {
        await Promise.race([
            reading,
            Promise.all(crowd.tokens.slice(0, WRITERS).map((token, i) => write(token, picker(seed * 7 + i), i))),
        ]);
        await up;
    } finally {
        over = true; // also when it failed: nobody goes on for ever
        for (const { client } of readers) client?.destroy();
    }
    await reading;

    const table = (await allItems(server, 'sarah', messagesPath)).reverse();
    assert.equal(table.length, WRITERS * EACH, 'each message is kept once');
    assert.deepEqual(new Map(table.map(({ clientId, id }) => [clientId, id])), kept);
    for (const reader of readers) assert.deepEqual([...reader.list.values()], table);
    assert.ok(counted.get('killed') >= KILLS, `${counted.get('killed')} kills`);
    t.diagnostic(
        `${((performance.now() - began) / 1000).toFixed(1)} s; ${[...counted].map(([what, times]) => `${what} ${times}`).join(', ')}`,
    );
    await server.stop();
});
