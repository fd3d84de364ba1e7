/*
 * A client that sends bytes as they are, and reads what comes back as strictly as a proxy would.
 *
 * Bytes are given as strings of Latin-1, one character a byte, so that any byte can be written as \xNN.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';

const PATIENCE_MS = 15_000; // for a machine that is busy with other tests; nothing waits this long when all is well

/* One reply from the start of `bytes`: {status, headers, body, length}, or undefined while it is not whole. */
export function readReply(bytes, isHead) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const line = /^HTTP\/1\.[01] (\d{3}) [^\r\n]*$/.exec(first);
    assert.ok(line, `a status line, not ${JSON.stringify(first)}`);
    const headers = new Map();
    for (const each of lines) {
        const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(each);
        assert.ok(field, `a header, not ${JSON.stringify(each)}`);
        const name = field[1].toLowerCase();
        headers.set(name, headers.has(name) ? `${headers.get(name)}, ${field[2]}` : field[2]);
    }
    const status = Number(line[1]);
    const bodiless = isHead || status < 200 || status === 204 || status === 304;
    assert.ok(!headers.has('transfer-encoding'), 'no reply of ours is chunked');
    if (!bodiless) assert.match(headers.get('content-length') ?? '', /^\d+$/, `a length in ${first}`);
    const length = end + 4 + (bodiless ? 0 : Number(headers.get('content-length')));
    if (bytes.length < length) return undefined;
    return { status, headers, length, body: bytes.subarray(end + 4, length).toString('utf8') };
}

/*
 * A connection. `heads` says for which of the requests, counted from 0, the reply has no body because it was a HEAD.
 *
 *   write(text)      sends bytes
 *   reply()          the next reply; fails when the connection ends before it is whole
 *   closed()         waits for the end; resolves to all replies that were not taken yet
 *   everything()     waits for the end; resolves to all bytes that were not taken yet
 */
export function rawClient(server, { heads = [], allowHalfOpen = false } = {}) {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen });
    let bytes = Buffer.alloc(0);
    let count = 0;
    let ended = false;
    let wake = () => {};
    socket.setNoDelay(true);
    socket.on('data', (part) => { bytes = Buffer.concat([bytes, part]); wake(); });
    for (const name of ['end', 'close', 'error']) socket.on(name, () => { ended = true; wake(); });

    const change = (what) => new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${what} after ${PATIENCE_MS} ms; so far: ${JSON.stringify(bytes.toString('latin1').slice(0, 400))}`)), PATIENCE_MS);
        wake = () => { clearTimeout(timer); wake = () => {}; resolve(); };
    });
    const take = () => {
        const found = readReply(bytes, heads.includes(count));
        if (!found) return undefined;
        bytes = bytes.subarray(found.length);
        if (found.status >= 200) count++;
        return found;
    };

    const client = {
        socket,
        get ended() { return ended; },
        write(text) {
            socket.write(Buffer.from(text, 'latin1'));
            return client;
        },
        async reply() {
            for (;;) {
                const found = take();
                if (found) return found;
                assert.ok(!ended, `the connection ended instead of a reply; so far: ${JSON.stringify(bytes.toString('latin1').slice(0, 400))}`);
                await change('reply');
            }
        },
        async closed() {
            while (!ended) await change('end of the connection');
            const replies = [];
            for (let found = take(); found; found = take()) replies.push(found);
            assert.equal(bytes.length, 0, `bytes after the last reply: ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`);
            socket.destroy();
            return replies;
        },
        /* The same without reading replies: all bytes as text. */
        async everything() {
            while (!ended) await change('end of the connection');
            socket.destroy();
            return bytes.toString('latin1');
        },
        destroy() {
            socket.destroy();
        },
    };
    return client;
}

/* Sends bytes on a connection of their own and takes so many replies. */
export async function exchange(server, text, { replies = 1, heads = [] } = {}) {
    const client = rawClient(server, { heads });
    client.write(text);
    const all = [];
    for (let i = 0; i < replies; i++) all.push(await client.reply());
    client.destroy();
    return all;
}
