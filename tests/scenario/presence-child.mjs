/*
 * Members in a process of their own, which can be stopped (SIGSTOP) and woken: each opens a socket, and another when the
 * server has closed it.
 *
 *     node presence-child.mjs PORT TOKEN...        over IPC: says {ready: true} when all have joined
 */
import { connect } from './socket.mjs';

const [port, ...tokens] = process.argv.slice(2);
const server = { port: Number(port) };

async function stay(token, joined) {
    for (;;) {
        const client = await connect({ server, token });
        await client.join('2');
        joined();
        await client.closed.catch(() => {}); // a broken connection is an end, too
    }
}

await Promise.all(tokens.map((token) => new Promise((joined) => void stay(token, joined).catch(() => {}))));
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
