/*
 * Ten minutes in the life of a community of 2,000, half of whom poll and half of whom have sockets, while everything that can go
 * wrong with a machine goes wrong: `make soak` (SOAK_MINUTES for another length).
 *
 * Members read, and together make WRITES_A_SECOND posts, likes, messages and counts; every so often one of them goes from polling
 * to a socket or back. Between, one thing after another: see `events`. At the end everything that was acknowledged is looked for in
 * an export. It ends with 1 when something is missing or there twice, when the server ended by itself or its log tells of a crash,
 * when an answer was not one that may be given, or when a process that lived long enough needed more memory at its end than after
 * its first minute (RSS_GROWTH_MAX).
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCrowd, picker } from './scenario/crowd.mjs';
import { makeFaults } from './scenario/faults.mjs';
import { mustOn, request, startServer, temporaryFolder } from './scenario/harness.mjs';
import { reload } from './scenario/image.mjs';
import { connect } from './scenario/socket.mjs';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 10);
const MEMBERS = 2000;
const TEAMS = 40;
const WRITES_A_SECOND = 40;
const POLL_S = [15, 30];
const CHANGE_S = 20; // so often some go from polling to a socket or back
const CHANGING = 20;
const SAMPLE_MS = 2000;
const WARM_MS = 60_000;
const JUDGED_MS_MIN = 90_000; // a process that lived shorter says nothing
const RSS_GROWTH_MAX = 0.05;
const PAST_POSTS = 5; // of each member
const PAST_LIKES = 6; // of each of these posts
const FIRST_POST = 1_000_000;
const CRASH = /Sanitizer|runtime error:|[Aa]ssert|[Ss]egmentation|event=(watchdog|panic|crash)/;

const seed = Number(process.env.PORCHLIGHT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const pick = picker(seed);
const began = performance.now();
const passed = () => performance.now() - began;
const sleep = (ms) => new Promise((next) => setTimeout(next, ms));
const between = ([low, high]) => low + (high - low) * (pick(1000) / 1000);
const say = (text) => {
    const s = Math.floor(passed() / 1000);
    process.stdout.write(`${String(Math.floor(s / 60)).padStart(2)}:${String(s % 60).padStart(2, '0')}  ${text}\n`);
};

/* ---- what was acknowledged ----------------------------------------------------------------------------------------- */

/* `open`: sent, and nobody knows. Counters: what was acknowledged, and what may have been counted besides. */
const kept = { posts: new Set(), messages: new Set(), likes: new Map(), counted: new Map(), maybe: new Map() };
const answers = new Map(); // status -> times
const wrong = []; // answers that may not be given
let polls = 0;
let drops = 0;

const more = (map, key, by = 1) => map.set(key, (map.get(key) ?? 0) + by);

/* ---- members --------------------------------------------------------------------------------------------------------- */

const faults = makeFaults();
const crowd = await makeCrowd(MEMBERS, { teams: TEAMS, agedS: 7200 }); // a site's token does not hold before its time, and the clock goes back
const perTeam = MEMBERS / TEAMS;
const members = crowd.tokens.map((token, i) => ({
    token,
    id: crowd.ids[i],
    team: crowd.teamIds[Math.floor(i / perTeam)],
    coach: i % perTeam === 0,
    socket: null,
    polling: i % 2 === 0,
    life: 0, // goes up when it changes
    cursor: null,
}));
const posts = new Map(crowd.teamIds.map((team) => [team, []]));
const channels = new Map();
let server;
let over = false;

/* undefined: no answer came. 503 and 500 say that nothing was done, or that nobody knows. */
async function ask(member, method, path, body) {
    let reply;
    try {
        reply = await request(server, { method, path, as: { token: member.token }, body });
    } catch (error) {
        if (error.code === 'ERR_ASSERTION') wrong.push(error.message);
        more(answers, 'none');
        return undefined;
    }
    more(answers, reply.status);
    if (reply.status >= 400 && reply.status !== 503 && reply.status !== 500)
        wrong.push(`${method} ${path}: ${reply.status} ${reply.body.slice(0, 200)}`);
    return reply.status < 300 ? reply : undefined;
}

async function poll(member) {
    const query = member.cursor === null ? '' : `?since=${encodeURIComponent(member.cursor)}`;
    const reply = await ask(member, 'GET', `/changes${query}`);
    if (reply) {
        polls += 1;
        member.cursor = reply.json.cursor;
    }
}

async function livePolling(member, life) {
    await sleep(pick(POLL_S[1] * 1000));
    while (!over && member.life === life) {
        await poll(member);
        await sleep(between(POLL_S) * 1000);
    }
}

async function liveAtSocket(member, life) {
    await sleep(pick(5000));
    while (!over && member.life === life) {
        try {
            member.socket = await connect({ server, token: member.token });
            await member.socket.join(member.team);
            while (member.socket.open && member.life === life) {
                await sleep(2000);
                member.socket.forget(); // what was said is not looked at here
            }
        } catch {
            member.socket?.destroy();
        }
        if (member.life === life) member.socket = null;
        if (!over && member.life === life) {
            drops += 1;
            await sleep(500 + pick(3000));
        }
    }
}

function begin(member) {
    const life = (member.life += 1);
    member.socket?.destroy();
    const living = member.polling ? livePolling(member, life) : liveAtSocket(member, life);
    living.catch((error) => wrong.push(`a member: ${error.message}`));
}

async function change() {
    while (!over) {
        await sleep(CHANGE_S * 1000);
        // As many go to a socket as come from one: memory is compared between halves that are alike.
        for (const polling of [true, false]) {
            const some = members.filter((member) => member.polling === polling);
            for (let i = 0; i < CHANGING; i++) {
                const member = some.splice(pick(some.length), 1)[0];
                member.polling = !polling;
                begin(member);
            }
        }
    }
}

/*
 * What was there before: enough that page caches and the heads of the teams are full from the start. A community that
 * begins with nothing needs more memory every minute, and rightly.
 */
async function importPast() {
    const records = members.flatMap((member, i) =>
        Array.from({ length: PAST_POSTS }, (_, n) => ({ id: `${FIRST_POST + i * PAST_POSTS + n}`, teamId: member.team, authorId: member.id })),
    );
    const mates = (teamId) => members.filter(({ team }) => team === teamId);
    const byTeam = new Map(crowd.teamIds.map((team) => [team, mates(team)]));
    const lines = records.flatMap((record, i) => [
        { type: 'post', ...record, body: `Once upon a time, ${i}. ${'We walked round the lake and met a dog. '.repeat(6)}` },
        ...Array.from({ length: PAST_LIKES }, (_, n) => ({
            type: 'like',
            postId: record.id,
            userId: byTeam.get(record.teamId)[(i + n * 7) % perTeam].id,
        })),
    ]);
    const file = join(temporaryFolder('past'), 'past.jsonl');
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await mustOn(crowd.data, ['import', file]);
}

/* ---- what they do ---------------------------------------------------------------------------------------------------- */

let written = 0;

const writes = {
    async post(member) {
        const body = `Soak post ${(written += 1)}`;
        const reply = await ask(member, 'POST', '/posts', { body });
        if (!reply) return;
        kept.posts.add(body);
        const list = posts.get(member.team);
        list.push(reply.json.id);
        if (list.length > 50) list.shift();
    },
    async like(member) {
        const list = posts.get(member.team);
        if (list.length === 0) return;
        const post = list[pick(list.length)];
        const key = `${post} ${member.id}`;
        const now = kept.likes.get(key);
        if (now === 'open') return; // one at a time
        kept.likes.set(key, 'open');
        let done;
        if (member.socket?.open && pick(2) === 0) {
            const answer = await member.socket.ask({ type: now ? 'POST_UNLIKE' : 'POST_LIKE', postId: post }).catch(() => null);
            done = answer?.type === 'ACK';
            more(answers, done ? 'ACK' : 'no ACK');
        } else {
            done = (await ask(member, now ? 'DELETE' : 'PUT', `/posts/${post}/like`)) !== undefined;
        }
        if (done) kept.likes.set(key, !now);
    },
    async message(member) {
        const content = `Soak message ${(written += 1)}`;
        if (await ask(member, 'POST', `/channels/${channels.get(member.team)}/messages`, { content, clientId: content.replaceAll(' ', '-') }))
            kept.messages.add(content);
    },
    async count(member) {
        const done = await ask(member, 'POST', '/rpc/counter.increment', { name: 'soak', amount: 1 });
        more(done ? kept.counted : kept.maybe, member.team);
    },
};
const KINDS = ['like', 'like', 'like', 'like', 'message', 'message', 'count', 'count', 'post', 'like'];

async function write() {
    while (!over) {
        await sleep(1000 / WRITES_A_SECOND);
        const kind = KINDS[pick(KINDS.length)];
        writes[kind](members[pick(MEMBERS)]).catch((error) => wrong.push(`${kind}: ${error.message}`));
    }
}

/* ---- the server and its memory --------------------------------------------------------------------------------------- */

const lives = []; // {name, began, samples}: one for each program that ran
const logs = [];

const options = { data: crowd.data, args: [...crowd.args, '--realtime', 'on'], ...faults.program };

async function start(name) {
    server = await startServer(options);
    logs.push(server.logs);
    lives.push({ name, began: passed(), samples: [] });
}

async function sample() {
    while (!over) {
        await sleep(SAMPLE_MS);
        try {
            const kib = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);
            lives.at(-1).samples.push({ at: passed(), kib });
        } catch {
            // between two lives
        }
    }
}

const median = (list) => list.map(({ kib }) => kib).sort((a, b) => a - b)[list.length >> 1];

/* The first third after the warm-up against the last; undefined: it did not live long enough. */
function growth({ samples, began: from }) {
    const warm = samples.filter(({ at }) => at - from > WARM_MS);
    if (warm.length === 0 || warm.at(-1).at - warm[0].at < JUDGED_MS_MIN) return undefined;
    const third = Math.floor(warm.length / 3);
    const first = median(warm.slice(0, third));
    const last = median(warm.slice(-third));
    return { first, last, share: (last - first) / first };
}

/* ---- what happens ------------------------------------------------------------------------------------------------------ */

const counts = () => `${kept.posts.size} posts, ${kept.messages.size} messages, ${kept.likes.size} likes kept`;
let backups = 0;

const events = {
    async 'a hot restart'() {
        await reload(server);
        lives.push({ name: 'hot restart', began: passed(), samples: [] });
    },
    async 'SIGKILL, and a start'() {
        await server.kill();
        await start('SIGKILL');
    },
    async 'a backup, restored and looked through'() {
        const file = join(temporaryFolder('backup'), `soak-${(backups += 1)}.tar.gz`);
        await server.must('backup', file);
        const copy = temporaryFolder('restored');
        await mustOn(copy, ['restore', file]);
        assert.equal(await mustOn(copy, ['doctor']), 'Nothing is wrong.');
    },
    async 'a full disk for 5 s'() {
        faults.diskFullAfter(1);
        await sleep(5000);
        faults.diskFullAfter(0);
    },
    async 'a slow disk for 10 s (50 ms a write)'() {
        faults.diskLate(50);
        await sleep(10_000);
        faults.diskLate(0);
    },
    async 'the clock goes an hour back, and forth again after 20 s'() {
        await server.must('clock', 'back', '1h');
        await sleep(20_000);
        await server.must('clock', 'forth', '1h');
    },
    async 'memory runs out for 10 s, at one allocation or some in a row'() {
        const end = passed() + 10_000;
        let times = 0;
        while (passed() < end) {
            faults.memoryFailsAt(1 + pick(300), { more: pick(4) });
            await sleep(20);
            times += faults.memoryFailed() ? 1 : 0;
        }
        faults.memoryFailsAt(0);
        return `${times} times`;
    },
};
/*
 * The first processes are short; from the kill on one lives long enough to be measured. What a backup needs for the first time
 * (its thread, its connections, pages of libraries) is part of the warm-up: a second one needs no more.
 */
const ORDER = [
    'a hot restart',
    'SIGKILL, and a start',
    'a backup, restored and looked through',
    'a full disk for 5 s',
    'a slow disk for 10 s (50 ms a write)',
    'memory runs out for 10 s, at one allocation or some in a row',
    'the clock goes an hour back, and forth again after 20 s',
    'a backup, restored and looked through',
    'a full disk for 5 s',
];

async function happen() {
    const everyMs = (MINUTES * 60_000) / (ORDER.length + 1);
    const startMs = passed();
    for (const [i, name] of ORDER.entries()) {
        const early = i === 2 ? everyMs * 0.7 : 0; // within the warm-up of the process before it
        await sleep(Math.max(0, startMs + (i + 1) * everyMs - early - passed()));
        const from = performance.now();
        const told = await events[name]();
        assert.ok(server.isAlive(), `the server ended: ${server.logs.slice(-5).join('\n')}`);
        say(`${name}: ${((performance.now() - from) / 1000).toFixed(1)} s${told ? `, ${told}` : ''}; ${counts()}`);
    }
    await sleep(Math.max(0, startMs + MINUTES * 60_000 - passed()));
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

/* What is missing, or there twice, or without reason. */
async function compare() {
    const found = { posts: new Map(), messages: new Map(), likes: new Set(), counted: new Map() };
    const teamOf = new Map();
    const texts = (await mustOn(crowd.data, ['export', '-'])).split('\n');
    for (const record of texts.map((line) => JSON.parse(line))) {
        if (record.type === 'post') more(found.posts, record.body);
        else if (record.type === 'message') more(found.messages, record.content);
        else if (record.type === 'like') found.likes.add(`${record.postId} ${record.userId}`);
        else if (record.type === 'counter' && record.name === 'soak') teamOf.set(record.id, record.teamId);
        else if (record.type === 'counterChange' && record.kind === 'increment' && teamOf.has(record.counterId))
            more(found.counted, teamOf.get(record.counterId));
    }
    const lost = [];
    for (const kind of ['posts', 'messages'])
        for (const text of kept[kind]) if (found[kind].get(text) !== 1) lost.push(`${text}: ${found[kind].get(text) ?? 0} times`);
    for (const [key, liked] of kept.likes)
        if (liked !== 'open' && found.likes.has(key) !== liked) lost.push(`like ${key}: ${liked ? 'lost' : 'taken back, and there'}`);
    for (const team of crowd.teamIds) {
        const [low, spare, is] = [kept.counted, kept.maybe, found.counted].map((map) => map.get(team) ?? 0);
        if (is < low || is > low + spare) lost.push(`counter of ${team}: ${is}, acknowledged ${low}, at most ${low + spare}`);
    }
    return lost;
}

say(`${MEMBERS} members in ${TEAMS} teams, ${MINUTES} minutes; PORCHLIGHT_SEED=${seed}`);
await importPast();
await start('start');
for (const member of members.filter(({ coach }) => coach)) {
    channels.set(member.team, (await ask(member, 'GET', '/channels')).json.items[0].id);
    await ask(member, 'POST', '/rpc/counter.setValue', { name: 'soak', value: 0 });
    for (let i = 0; i < 5; i++) await writes.post(member);
}
members.forEach(begin);
void change();
void write();
void sample();
let failure;
await happen().catch((error) => {
    failure = error.message;
});
const open = members.filter(({ socket }) => socket?.open).length;
over = true;
for (const { socket } of members) socket?.destroy();
await sleep(2000); // what is on its way arrives
if (server.isAlive()) {
    await server.must('settle');
    await server.stop();
}
const lost = await compare();
const doctor = await mustOn(crowd.data, ['doctor']).catch((error) => error.message);
const crashes = logs.flat().filter((line) => CRASH.test(line));

process.stdout.write(`\n${polls} polls, ${open} sockets open at the end, ${drops} came back; ${counts()}\n`);
process.stdout.write(`answers: ${[...answers].map(([status, times]) => `${status}: ${times}`).join(', ')}\n`);
for (const life of lives) {
    const grown = growth(life);
    const seconds = life.samples.length * (SAMPLE_MS / 1000);
    const figures = grown
        ? `${(grown.first / 1024).toFixed(1)} -> ${(grown.last / 1024).toFixed(1)} MiB, ${(grown.share * 100).toFixed(1)} %`
        : 'too short to judge';
    process.stdout.write(`memory since ${life.name} (${seconds} s): ${figures}\n`);
    if (process.env.SOAK_SAMPLES) process.stdout.write(`  ${life.samples.map(({ kib }) => (kib / 1024).toFixed(1)).join(' ')}\n`);
}
const judged = lives.map(growth).filter(Boolean);
const marks = [
    ['it ran to its end', failure === undefined, failure],
    ['no crash', crashes.length === 0, crashes[0]],
    ['every answer is one that may be given', wrong.length === 0, `${wrong.length}: ${wrong.slice(0, 3).join(' | ')}`],
    ['nothing acknowledged is lost, nothing is there twice', lost.length === 0, `${lost.length}: ${lost.slice(0, 3).join(' | ')}`],
    ['doctor finds nothing', doctor === 'Nothing is wrong.', doctor],
    [`memory within ${RSS_GROWTH_MAX * 100} %`, judged.length > 0 && judged.every(({ share }) => share <= RSS_GROWTH_MAX), ''],
];
process.stdout.write('\n');
for (const [name, met, why] of marks) process.stdout.write(`${met ? 'met     ' : 'NOT MET '} ${name}${met || !why ? '' : `: ${why}`}\n`);
process.exit(marks.every(([, met]) => met) ? 0 : 1);
