/*
 * Members in a process of their own, which can be stopped (SIGSTOP) and woken: each opens a socket, and another when the
 * server has closed it.
 *
 *     node presence-child.mjs PORT TOKEN...        over IPC: says {ready: true} when all have joined, and {alive: true}
 *                                                  after a message, when each has pinged over a socket that is open
 */
import { connect } from './socket.mjs';

const [port, ...tokens] = process.argv.slice(2);
const server = { port: Number(port) };
const clients = new Map(); // by token: the newest that has joined

async function stay(token, joined) {
    for (;;) {
        const client = await connect({ server, token });
        await client.join('2');
        clients.set(token, client);
        joined();
        await client.closed.catch(() => {}); // a broken connection is an end, too
    }
}

async function ping(token) {
    while (!(await clients.get(token).ask({ type: 'ping' }).then(() => true, () => false)))
        await new Promise((next) => setTimeout(next, 5)); // it comes back with another
}

await Promise.all(tokens.map((token) => new Promise((joined) => void stay(token, joined).catch(() => {}))));
process.on('disconnect', () => process.exit(0));
process.on('message', () => void Promise.all(tokens.map(ping)).then(() => process.send({ alive: true })));
process.send({ ready: true });
