/*
 * A few sockets that never stop talking: each sends a ping as soon as the last one was answered, and the longest wait of
 * any of them is what a member would feel. In a process of its own, so that nothing but the server makes it wait.
 *
 *     node restart-probe.mjs PORT TOKEN COUNT        over IPC: any message is answered by {longestMs, pongs, closed}
 */
import { connect } from './socket.mjs';

const [port, token, count] = process.argv.slice(2);
const server = { port: Number(port) };
let longestMs = 0;
let pongs = 0;
let closed = 0;

async function talk() {
    const client = await connect({ server, token });
    for (;;) {
        const asked = performance.now();
        client.message('{"type":"ping"}');
        await client.next('pong');
        longestMs = Math.max(longestMs, performance.now() - asked);
        pongs += 1;
    }
}

for (let i = 0; i < Number(count); i += 1)
    talk().catch((error) => {
        closed += 1;
        console.error(error.message);
    });

process.on('message', () => {
    process.send({ longestMs, pongs, closed });
    longestMs = 0;
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
