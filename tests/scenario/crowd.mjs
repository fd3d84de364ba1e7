/*
 * Many members at once: imported into the demo community, and signed in by an existing site's key, so that a thousand
 * tokens cost a thousand signatures here and not a thousand commands.
 *
 *     const crowd = await makeCrowd(1000);
 *     const server = await startServer({ data: crowd.data, args: [...crowd.args, '--realtime', 'on'] });
 *     const client = await connect({ server, token: crowd.tokens[0] });
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoData, mustOn } from './harness.mjs';
import { pidOf } from './paserk.mjs';

const FIRST_ID = 100_000;

/* PASETO's pre-authentication encoding (paseto-spec, Common.md): a count, then each piece behind its length. */
function encoded(pieces) {
    const number = (n) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt(n));
        return bytes;
    };
    return Buffer.concat([number(pieces.length), ...pieces.flatMap((piece) => [number(piece.length), piece])]);
}

/* v4.public: Ed25519 over header, message, footer and no implicit assertion. */
function tokenOf(claims, footer, key) {
    const header = Buffer.from('v4.public.');
    const message = Buffer.from(JSON.stringify(claims));
    const signature = sign(null, encoded([header, message, footer, Buffer.alloc(0)]), key);
    return `${header}${Buffer.concat([message, signature]).toString('base64url')}.${footer.toString('base64url')}`;
}

/*
 * `size` members of Sarah's team, or spread evenly over so many teams of their own, each with its first member as coach:
 * {data, args, names, ids, teamIds, tokens}. Their tokens are agedS old.
 */
export async function makeCrowd(size, { teams = 0, agedS = 0 } = {}) {
    const data = await demoData();
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const text = `k4.public.${raw.toString('base64url')}`;
    const footer = Buffer.from(JSON.stringify({ kid: pidOf(text) }));
    const names = Array.from({ length: size }, (_, i) => `crowd${i}`);
    const ids = names.map((_, i) => `${FIRST_ID + i}`);
    const perTeam = teams > 0 ? size / teams : size;
    const coachOf = (i) => (teams > 0 ? ids[Math.floor(i / perTeam) * perTeam] : '2');
    const records = names.flatMap((name, i) => {
        const role = ids[i] === coachOf(i) ? 'coach' : 'member';
        const user = { type: 'user', id: ids[i], username: name, name: `Crowd ${i}`, role, externalId: `site-${name}` };
        const team = { type: 'team', id: ids[i], name: `Team ${i}` };
        return role === 'coach' ? [user, team] : [user, { type: 'membership', teamId: coachOf(i), userId: ids[i] }];
    });
    const teamIds = [...new Set(ids.map((_, i) => coachOf(i)))];
    const file = join(data, 'crowd.jsonl');
    writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    await mustOn(data, ['import', file]);
    const times = { iat: new Date(Date.now() - agedS * 1000).toISOString(), exp: new Date(Date.now() + 86_400_000).toISOString() };
    const tokens = names.map((name) =>
        tokenOf(
            { sub: `site-${name}`, jti: randomBytes(16).toString('base64url'), ...times, iss: 'porchlight', aud: 'porchlight' },
            footer,
            privateKey,
        ),
    );
    const args = ['--trusted-key', text, '--room-limit', '20000', '--sockets-per-address', '20000'];
    return { data, args, names, ids, teamIds, tokens };
}

/* A generator whose run can be repeated: `pick(n)` is 0 to n - 1 (mulberry32). */
export function picker(seed) {
    let state = seed >>> 0;
    return (below) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) % below;
    };
}
