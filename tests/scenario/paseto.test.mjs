/*
 * Tokens between Porchlight and the npm package `paseto`, in both directions, through the command line; and what must be
 * refused. The unit tests judge the parser; here two implementations have to agree.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import paseto from 'paseto';
import { cliOn, demoData, mustOn, temporaryFolder } from './harness.mjs';
import { blake2b, pidOf } from './paserk.mjs';

const { V1, V2, V3, V4, decode } = paseto;
const ours = { issuer: 'porchlight', audience: 'porchlight' };

/* An existing site's member who is a member here too. */
const guest = { externalId: 'anna+walks@example.org', username: 'anna.site', id: '900001' };

let data;
let site; // the existing site's keys: {secretKey, publicKey} as k4. texts

before(async () => {
    data = await demoData();
    site = await V4.generateKey('public', { format: 'paserk' });
    const file = join(temporaryFolder('import'), 'guest.jsonl');
    writeFileSync(file, `${JSON.stringify({ type: 'user', name: 'Anna', role: 'member', ...guest })}\n`);
    await mustOn(data, ['import', file]);
});

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

/* Own keys, newest first: [{kid, publicKey, retired}]. */
async function ownKeys(folder = data) {
    const text = await mustOn(folder, ['token', 'keys']);
    const keys = [...text.matchAll(/(k4\.pid\.[\w-]{44})\s+(?:public\s+)?(k4\.public\.[\w-]{43})(?=\s|$)/g)];
    assert.ok(keys.length > 0, `no keys in:\n${text}`);
    return keys.map(([, kid, publicKey]) => ({ kid, publicKey }));
}

const issue = (...words) => mustOn(data, ['token', 'issue', ...words]);

/* Tokens go in by standard input, since a flipped bit may be a byte that no argument can hold. */
function verify(token, { trusted = site.publicKey, folder = data } = {}) {
    return cliOn(folder, ['token', 'verify', ...(trusted ? ['--trusted-key', trusted] : []), '-'], { input: token });
}

async function accepted(token, options) {
    const result = await verify(token, options);
    assert.equal(result.code, 0, `refused: ${result.stderr}`);
    return result.stdout;
}

async function refused(token, reason = /./, options = {}) {
    const result = await verify(token, options);
    assert.equal(result.code, 1, `not refused (${result.code ?? result.signal}): ${result.stdout}${result.stderr}`);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, reason);
    assert.equal(result.stderr.trimEnd().split('\n').length, 1, `more than one line: ${result.stderr}`);
}

const inMinutes = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();

/* What the site's server would say of its member; undefined leaves a claim out. */
function claims(changes = {}) {
    const times = { iat: inMinutes(0), exp: inMinutes(10) };
    const jti = `site-${Math.random()}`;
    return { sub: guest.externalId, jti, ...times, iss: 'porchlight', aud: 'porchlight', ...changes };
}

const footerOf = (publicKey) => JSON.stringify({ kid: pidOf(publicKey) });

/* A token of the site; options replace its parts. */
function siteToken({ payload = claims(), footer = footerOf(site.publicKey), key = site.secretKey, ...rest } = {}) {
    // The package adds an iat of its own unless told not to, and takes no such options with bytes.
    return V4.sign(payload, key, { footer, ...(Buffer.isBuffer(payload) ? {} : { iat: false }), ...rest });
}

/* ---- ids --------------------------------------------------------------------------------------------------------- */

test('the second BLAKE2b is BLAKE2b', () => {
    for (const text of ['', 'abc', 'x'.repeat(128)]) {
        const expected = createHash('blake2b512').update(text).digest('hex');
        assert.equal(blake2b(Buffer.from(text), 64).toString('hex'), expected);
    }
    // k4.pid-2 of the PASERK test vectors
    const publicText = 'k4.public.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8';
    assert.equal(pidOf(publicText), 'k4.pid.9ShR3xc8-qVJ_di0tc9nx0IDIqbatdeM2mqLFBJsKRHs');
});

test('token keys names each key by its PASERK id', async () => {
    for (const { kid, publicKey } of await ownKeys()) assert.equal(kid, pidOf(publicKey));
});

/* ---- our tokens, their library ----------------------------------------------------------------------------------- */

describe('a token of ours in the npm package', () => {
    test('a member', async () => {
        const token = await issue('--user', 'member1', '--ttl', '1h');
        const [{ kid, publicKey }] = await ownKeys();
        const { payload, footer, version, purpose } = await V4.verify(token, publicKey, { ...ours, complete: true });
        assert.deepEqual([version, purpose], ['v4', 'public']);
        assert.deepEqual(JSON.parse(footer.toString()), { kid });
        assert.match(payload.sub, /^[1-9]\d*$/);
        assert.match(payload.team, /^[1-9]\d*$/);
        assert.equal(payload.role, 'member');
        assert.match(payload.jti, /^[\w-]{22}$/);
        assert.equal(Date.parse(payload.exp) - Date.parse(payload.iat), 3_600_000);
        assert.ok(Math.abs(Date.parse(payload.iat) - Date.now()) < 60_000);
        assert.match(await accepted(token), /member1/);
    });

    test('a service', async () => {
        const token = await issue('--service', 'digest-bot');
        const [{ publicKey }] = await ownKeys();
        const payload = await V4.verify(token, publicKey, ours);
        assert.equal(payload.sub, 'service:digest-bot');
        assert.equal(payload.role, 'service');
        assert.match(await accepted(token), /digest-bot/);
    });

    test('two tokens differ in their ids', async () => {
        const [a, b] = await Promise.all([issue('--user', 'member1'), issue('--user', 'member1')]);
        assert.notEqual(decode(a).payload.jti, decode(b).payload.jti);
    });

    test('is refused by the package under another key, issuer, audience or with a flipped bit', async () => {
        const token = await issue('--user', 'member1');
        const [{ publicKey }] = await ownKeys();
        await assert.rejects(V4.verify(token, site.publicKey, ours), /invalid signature/);
        await assert.rejects(V4.verify(token, publicKey, { ...ours, audience: 'another' }), /audience/);
        await assert.rejects(V4.verify(token, publicKey, { ...ours, issuer: 'another' }), /issuer/);
        await assert.rejects(V4.verify(token, publicKey, { ...ours, assertion: 'something' }), /invalid signature/);
        const at = token.length - 120; // in the signature or the message: the footer is 82 characters
        const damaged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
        await assert.rejects(V4.verify(damaged, publicKey, ours));
    });

    test('after a rotation both keys verify their own tokens, and only those', async () => {
        const folder = await demoData();
        const before = await mustOn(folder, ['token', 'issue', '--user', 'sarah']);
        const [old] = await ownKeys(folder);
        await mustOn(folder, ['token', 'keys', 'rotate']);
        const after = await mustOn(folder, ['token', 'issue', '--user', 'sarah']);
        const keys = await ownKeys(folder);
        assert.equal(keys.length, 2);
        assert.equal(keys[1].publicKey, old.publicKey);
        await V4.verify(before, keys[1].publicKey, ours);
        await V4.verify(after, keys[0].publicKey, ours);
        await assert.rejects(V4.verify(after, keys[1].publicKey, ours));
        await accepted(before, { folder });
        await accepted(after, { folder });
        await refused(after, /key/); // another community's key is nobody's here
    });

    test('a revoked one is refused', async () => {
        const token = await issue('--user', 'member2');
        await accepted(token);
        await mustOn(data, ['token', 'revoke', token]);
        await refused(token, /revoked/);
    });
});

/* ---- their tokens, our program ----------------------------------------------------------------------------------- */

describe('a token of the npm package in ours', () => {
    test('signs the member in whose external id it names', async () => {
        assert.match(await accepted(await siteToken()), new RegExp(guest.username));
    });

    test('may carry claims of its own, an nbf that has passed, and times with an offset', async () => {
        const exp = inMinutes(130).replace('Z', '+02:00'); // ten minutes from now
        const payload = claims({ exp, nbf: inMinutes(-1), plan: 'gold', tags: [1, { a: null }] });
        await accepted(await siteToken({ payload }));
    });

    test('made with the options of the package rather than claims', async () => {
        const token = await V4.sign({}, site.secretKey, {
            ...ours, subject: guest.externalId, jti: 'x1', expiresIn: '5m', footer: { kid: pidOf(site.publicKey) },
        });
        await accepted(token);
    });

    test('cannot choose a role, a user id or be a service', async () => {
        const admin = decode(await issue('--user', 'admin')).payload.sub;
        assert.match(await accepted(await siteToken({ payload: claims({ role: 'admin' }) })), /member/);
        await refused(await siteToken({ payload: claims({ sub: admin, role: 'admin' }) }), /not a member/);
        const service = claims({ sub: 'service:digest-bot', role: 'service' });
        await refused(await siteToken({ payload: service }), /not a member/);
    });

    test('is refused without the trust, or under our key id', async () => {
        const token = await siteToken();
        await refused(token, /key/, { trusted: null });
        const other = await V4.generateKey('public', { format: 'paserk' });
        await refused(token, /key/, { trusted: other.publicKey });
        const [{ kid }] = await ownKeys();
        await refused(await siteToken({ footer: JSON.stringify({ kid }) }), /signature/);
    });

    const kid = () => pidOf(site.publicKey);
    const inSeconds = () => Math.floor(Date.now() / 1000) + 600;
    const stranger = () => V4.generateKey('public', { format: 'paserk' });
    const wrong = [
        ['another key, the trusted key id', /signature/, async () => siteToken({ key: (await stranger()).secretKey })],
        ['an implicit assertion', /signature/, () => siteToken({ assertion: 'something' })],
        ['no footer', /footer/, () => siteToken({ footer: '' })],
        ['a footer that is not JSON', /footer/, () => siteToken({ footer: kid() })],
        ['a footer without a key id', /footer/, () => siteToken({ footer: '{}' })],
        ['a footer with more than a key id', /footer/, () => siteToken({ footer: { kid: kid(), x: 1 } })],
        ['a key id of another kind', /footer/, () => siteToken({ footer: { kid: kid().replace('pid', 'sid') } })],
        ['the key id of another key', /key/, async () => siteToken({ footer: footerOf((await stranger()).publicKey) })],
        ['expired', /expired/, () => siteToken({ payload: claims({ iat: inMinutes(-20), exp: inMinutes(-10) }) })],
        ['not yet valid', /yet/, () => siteToken({ payload: claims({ nbf: inMinutes(5) }) })],
        ['issued in the future', /yet/, () => siteToken({ payload: claims({ iat: inMinutes(5) }) })],
        ['another audience', /audience/, () => siteToken({ payload: claims({ aud: 'someone-else' }) })],
        ['a list of audiences', /claims/, () => siteToken({ payload: claims({ aud: ['porchlight'] }) })],
        ['another issuer', /issuer/, () => siteToken({ payload: claims({ iss: 'someone-else' }) })],
        ...['sub', 'jti', 'iat', 'exp', 'iss', 'aud'].map((name) => (
            [`no ${name}`, /claims/, () => siteToken({ payload: claims({ [name]: undefined }) })])),
        ['an expiry in seconds', /claims/, () => siteToken({ payload: claims({ exp: inSeconds() }) })],
        ['nobody we know', /not a member/, () => siteToken({ payload: claims({ sub: 'nobody@example.org' }) })],
        ['too long', /long/, () => siteToken({ payload: claims({ x: 'x'.repeat(2000) }) })],
        ['a message that is not JSON', /claims/, () => siteToken({ payload: Buffer.from('hello') })],
    ];
    for (const [name, reason, make] of wrong) {
        test(`is refused: ${name}`, async () => refused(await make(), reason));
    }

    test('claims that are there twice', async () => {
        const text = JSON.stringify(claims());
        await refused(await siteToken({ payload: Buffer.from(`{"sub":"1",${text.slice(1)}`) }), /claims/);
        await accepted(await siteToken({ payload: Buffer.from(text) }));
    });
});

/* ---- other versions and purposes --------------------------------------------------------------------------------- */

describe('other kinds of token are refused', () => {
    const version = /v4\.public/;

    test('v2.public with the same key', async () => {
        const key = site.secretKey.replace('k4.', 'k2.');
        const token = await V2.sign(claims(), key, { footer: footerOf(site.publicKey), iat: false });
        await refused(token, version);
        await refused(token.replace('v2.', 'v4.'), /signature/);
    });

    test('v1.public and v3.public', async () => {
        for (const V of [V1, V3]) {
            const key = await V.generateKey('public');
            await refused(await V.sign(claims(), key, { footer: footerOf(site.publicKey) }), version);
        }
    });

    test('v3.local and v4.local', async () => {
        const local = await V3.encrypt(claims(), await V3.generateKey('local'), { footer: footerOf(site.publicKey) });
        await refused(local, version);
        await refused(local.replace('v3.local', 'v4.local'), version);
        await refused(local.replace('v3.local', 'v4.public'), /signature/);
        await refused((await siteToken()).replace('v4.public', 'v4.local'), version);
    });

    test('a JWT, and nothing', async () => {
        await refused('eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.', version);
        await refused('x', version);
    });
});

/* ---- damage ------------------------------------------------------------------------------------------------------ */

describe('a damaged token is refused', () => {
    test('one bit flipped, at places all over it', async () => {
        const token = Buffer.from(await siteToken());
        await accepted(token);
        const step = Math.ceil(token.length / 48);
        for (let at = 0, bit = 0; at < token.length; at += step, bit = (bit + 3) % 8) {
            const copy = Buffer.from(token);
            copy[at] ^= 1 << bit;
            await refused(copy);
        }
    });

    test('cut off, and with something added', async () => {
        const token = await siteToken();
        const dot = token.lastIndexOf('.');
        for (const length of [token.length - 1, token.length - 2, dot + 1, dot, dot - 1, 100, 10, 9]) {
            await refused(token.slice(0, length));
        }
        for (const tail of ['A', '=', '.', '.AAAA', ' ']) await refused(token + tail);
        await refused(`v4.public.${token}`);
    });

    test('leftover bits and the other alphabet', async () => {
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        // The footer has 61 bytes, so that its last character carries leftover bits.
        const token = await siteToken();
        const last = alphabet.indexOf(token.at(-1));
        assert.equal(last & 15, 0);
        for (const other of [last | 1, last | 8]) await refused(token.slice(0, -1) + alphabet[other]);
        let special = token;
        for (let i = 0; i < 50 && !/[-_]/.test(special); i++) special = await siteToken();
        await refused(special.replaceAll('-', '+').replaceAll('_', '/'));
        // Some decoders take any byte above 0x7f for a "_".
        const bytes = Buffer.from(special);
        const place = bytes.indexOf('_') >= 0 ? bytes.indexOf('_') : bytes.indexOf('-');
        bytes[place] |= 0x80;
        await refused(bytes);
    });
});
