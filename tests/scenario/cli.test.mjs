/* The command line on files, without a server: help, mistakes, import and export, the demo, members and tokens. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { binary, cliOn, demoData, mustOn, run, temporaryFolder } from './harness.mjs';

const commands = [
    'serve', 'check', 'migrate', 'demo', 'import', 'export', 'backup', 'backups', 'restore', 'doctor', 'user add', 'user passwd', 'user disable', 'user enable',
    'user list', 'team add', 'team list', 'invite', 'invites', 'mute', 'hide', 'show', 'token issue', 'token verify', 'token revoke', 'token keys', 'flag',
];

/* A file in a folder of its own. */
function fileOf(...lines) {
    const file = join(temporaryFolder('file'), 'in.jsonl');
    writeFileSync(file, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
    return file;
}

/* A community without anybody. */
async function emptyData() {
    const data = temporaryFolder();
    await mustOn(data, ['migrate']);
    return data;
}

/* Ends with this status and one line on stderr, nothing on stdout. */
async function refused(args, status, pattern, options) {
    const result = await run(args, options);
    assert.equal(result.code, status, `${args.join(' ')}: ${result.stderr}`);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /^porchlight: [^\n]+\n$/, 'one line');
    assert.match(result.stderr, pattern);
}

const exported = (data) => mustOn(data, ['export', '-']);

describe('help', () => {
    test('lists every command, aligned', async () => {
        const { code, stdout } = await run(['--help']);
        assert.equal(code, 0);
        for (const command of commands) assert.match(stdout, new RegExp(`^  ${command}( .*)?  [A-Z]`, 'm'));
        assert.doesNotMatch(stdout, /clock/, 'that one is for tests');
        const columns = new Set([...stdout.matchAll(/^  (?:user|token|flag|serve)[^\n]*?  +(?=[A-Z])/gm)].map((found) => found[0].length));
        assert.equal(columns.size, 1, 'the summaries begin in one column');
        for (const line of stdout.split('\n')) assert.ok(line.length <= 110, line);
    });
    for (const command of commands) {
        test(`${command} --help`, async () => {
            const { code, stdout, stderr } = await run([...command.split(' '), '--help']);
            assert.equal(code, 0);
            assert.equal(stderr, '');
            assert.match(stdout, new RegExp(`^Usage: porchlight ${command} `, 'm'));
            assert.match(stdout, /^ {2}--data DIR {2,}\S/m);
            assert.match(stdout, new RegExp(`^Examples:\n  .*porchlight ${command}`, 'm'));
            for (const line of stdout.split('\n')) assert.ok([...line].length <= 110, line);
            assert.equal((await run(['help', ...command.split(' ')])).stdout, stdout);
        });
    }
    test('a group of commands, and none at all', async () => {
        assert.match((await run(['token', '--help'])).stdout, /token issue[^]*token keys/);
        const { code, stderr } = await run([]);
        assert.equal(code, 2);
        assert.match(stderr, /Usage:/);
    });
    test('--version names the program and its libraries', async () => {
        assert.match((await run(['--version'])).stdout, /^porchlight \d+\.\d+\.\d+\n( {2}\S+ +\d[\d.]+\n)+$/);
    });
});

describe('what is not understood ends with 2 and one line', () => {
    const data = temporaryFolder();
    before(() => mustOn(data, ['migrate']));
    const table = [
        [['serv'], /unknown command "serv"; did you mean "serve"\?/],
        [['frobnicate'], /unknown command "frobnicate"/],
        [['user'], /user needs one of: add, passwd, disable, enable/],
        [['user', 'disabel', 'x'], /unknown command "user disabel"; did you mean "user disable"\?/],
        [['--data', 'x', 'demo'], /the command comes first/],
        [['serve', '--pol-interval', '1s'], /unknown option --pol-interval; did you mean --poll-interval\?/],
        [['serve', '--poll-interval'], /--poll-interval needs a value/],
        [['serve', '--poll-interval', 'soon'], /--poll-interval must be a duration/],
        [['serve', 'now'], /serve: unexpected argument "now"/],
        [['demo', '--uses', '3'], /does not take the option --uses/],
        [['import'], /import needs FILE/],
        [['user', 'add', 'mary'], /--name is missing/],
        [['user', 'add', 'Mary Jones', '--name', 'Mary'], /cannot be a user name/],
        [['token', 'issue'], /either --user NAME or --service NAME/],
        [['token', 'issue', '--user', 'a', '--service', 'b'], /either --user NAME or --service NAME/],
        [['token', 'revoke'], /either a token or --user NAME/],
        [['flag', 'realtime', 'maybe'], /on or off/],
    ];
    for (const [args, pattern] of table) {
        test(args.join(' '), () => refused(args[0].startsWith('-') ? args : [...args, '--data', data], 2, pattern));
    }
    test('an unknown variable', () => refused(['check', '--data', data], 2, /PORCHLIGHT_POL_INTERVAL in the environment; did you mean/,
        { env: { PORCHLIGHT_POL_INTERVAL: '1s' } }));
    test('a bad variable', () => refused(['check', '--data', data], 2, /PORCHLIGHT_GRACE must be a duration/, { env: { PORCHLIGHT_GRACE: 'x' } }));
    test('a bad configuration file', async () => {
        const file = join(data, 'p.conf');
        writeFileSync(file, '# ours\nissuer = walkers\ncolour = red\n');
        await refused(['serve', '--data', data, '--config', file], 2, /p\.conf:3: unknown key "colour"/);
        await refused(['check', '--data', data, '--config', `${file}x`], 2, /cannot read the configuration .*No such file/);
    });
    test('an address that cannot be one', () => refused(['serve', '--data', data, '--listen', 'nowhere'], 2, /--listen must be ADDRESS:PORT/));
});

describe('check', () => {
    test('a folder that is not there yet is fine', async () => {
        const data = join(temporaryFolder(), 'none');
        const { code, stdout } = await run(['check', '--data', data, '--listen', '[::1]:9000']);
        assert.equal(code, 0);
        assert.match(stdout, /listen +\[::1\]:9000\npublic URL +http:\/\/\[::1\]:9000\n/);
        assert.ok(!existsSync(data), 'check changes nothing');
    });
    test('the demo is in order', async () => {
        assert.match(await mustOn(await demoData(), ['check']), /schema +(\d+) of \1\ncontent +33 members, 2 teams, 120 posts, /);
    });
    test('a file that is no database is a fault of the data', async () => {
        const data = temporaryFolder();
        writeFileSync(join(data, 'porchlight.db'), 'this is not a database, only some words that are long enough to be read as one'.repeat(20));
        const { code, stderr } = await cliOn(data, ['check']);
        assert.equal(code, 1);
        assert.match(stderr, /^porchlight: /m);
    });
    test('what options say is read from file, environment and line', async () => {
        const data = temporaryFolder();
        const file = join(data, 'p.conf');
        writeFileSync(file, 'listen = 127.0.0.1:1\npublic-url = https://file.example/\n');
        const config = ['check', '--data', data, '--config', file];
        assert.match((await run(config)).stdout, /127\.0\.0\.1:1\npublic URL +https:\/\/file\.example\n/);
        const env = { PORCHLIGHT_LISTEN: '127.0.0.1:2' };
        assert.match((await run(config, { env })).stdout, /127\.0\.0\.1:2\n/);
        assert.match((await run([...config, '--listen', '127.0.0.1:3'], { env })).stdout, /127\.0\.0\.1:3\n/);
    });
});

describe('demo', () => {
    test('makes the community, prints the sign-ins, and is harmless when repeated', async () => {
        const data = join(temporaryFolder(), 'deep', 'er');
        const first = await mustOn(data, ['demo']);
        for (const word of ['sarah', 'dave', 'member1 to member20', 'member21 to member30', 'admin', 'porchlight']) assert.ok(first.includes(word), word);
        assert.equal(statSync(data).mode & 0o777, 0o700);
        const before = await exported(data);
        assert.match(await mustOn(data, ['demo']), /there already/);
        assert.equal(await exported(data), before);
    });
    test('is what it should be', async () => {
        const records = (await exported(await demoData())).split('\n').map((line) => JSON.parse(line));
        const of = (type) => records.filter((record) => record.type === type);
        const users = new Map(of('user').map((user) => [user.id, user]));
        assert.equal(users.size, 33);
        assert.deepEqual(of('team').map((team) => [users.get(team.id).username, team.name]), [['sarah', 'Morning Walkers'], ['dave', 'Strong Together']]);
        for (const { teamId, userId } of of('membership')) {
            const number = Number(users.get(userId).username.slice(6));
            if (number) assert.equal(users.get(teamId).username, number <= 20 ? 'sarah' : 'dave');
        }
        assert.equal(of('post').length, 120);
        assert.equal(new Set(of('post').map((post) => post.body)).size, 120, 'nobody says the same thing twice');
        assert.ok(of('post').some((post) => post.pinnedAt) && of('like').length > 400 && of('notice').some((notice) => notice.kind === 'win' && notice.teamId === null));
        const steps = of('counterChange');
        assert.ok(of('counter').length === 1 && steps.length > 100 && new Set(steps.map((it) => it.userId)).size > 15);
        assert.ok(steps.every((it, i) => i === 0 || it.createdAt > steps[i - 1].createdAt) && Date.parse(steps[0].createdAt) < Date.now() - 13 * 86400e3);
        const reached = of('notice').filter((notice) => notice.title.includes('steps combined'));
        assert.equal(Number(reached.at(-1).title.replace(/\D/g, '')), of('counter')[0].milestone, 'the milestones are told');
        const times = of('post').map((post) => Date.parse(post.createdAt));
        assert.deepEqual(times, [...times].sort((a, b) => a - b));
        assert.ok(times.at(-1) < Date.now() && times.at(-1) > Date.now() - 86400e3 && times[0] < Date.now() - 30 * 86400e3);
        for (const record of records) for (const key of ['createdAt', 'joinedAt', 'pinnedAt', 'editedAt'])
            if (record[key]) assert.ok(Date.parse(record[key]) <= Date.now(), 'nothing lies ahead');
    });
    test('leaves a community of its own alone', async () => {
        const data = await emptyData();
        await mustOn(data, ['user', 'add', 'mary', '--name', 'Mary']);
        const before = await exported(data);
        assert.match(await mustOn(data, ['demo']), /left as it is/);
        assert.equal(await exported(data), before);
    });
});

describe('import and export', () => {
    const user = { type: 'user', id: '7', username: 'mary', name: 'Mary “the Walker” Jones', role: 'coach' };
    const team = { type: 'team', id: '7', name: 'Évening\u00a0Walkers' };
    const post = { type: 'post', id: '5', teamId: '7', authorId: '7', body: 'One\nTwo\t"three" \\ \u2028 😀', topics: ['sleep', 'tea'], createdAt: '2026-01-31T08:30:00+01:00' };

    test('export(import(export(x))) is export(x), byte by byte', async () => {
        const once = await exported(await demoData());
        const data = await emptyData();
        await mustOn(data, ['import', '-'], { input: once });
        assert.equal(await exported(data), once);
        assert.match(await mustOn(data, ['import', '-'], { input: once }), /: 0 new, 0 updated, \d+ unchanged/);
        assert.equal(await exported(data), once);
    });
    test('odd but right characters survive', async () => {
        const data = await emptyData();
        await mustOn(data, ['import', fileOf(user, team, post)]);
        const found = (await exported(data)).split('\n').map((line) => JSON.parse(line));
        assert.equal(found.find((record) => record.type === 'user').name, user.name);
        assert.equal(found.find((record) => record.type === 'team').name, team.name);
        assert.equal(found.find((record) => record.type === 'post').body, post.body);
        assert.equal(found.find((record) => record.type === 'post').createdAt, '2026-01-31T07:30:00.000Z');
    });
    test('the same file twice changes nothing, a changed line one thing', async () => {
        const data = await emptyData();
        const file = fileOf(user, team, post);
        assert.match(await mustOn(data, ['import', file]), /^Read 3 records: 3 new, 0 updated, 0 unchanged\.$/);
        const before = await exported(data);
        assert.match(await mustOn(data, ['import', file]), /^Read 3 records: 0 new, 0 updated, 3 unchanged\.$/);
        assert.equal(await exported(data), before);
        assert.match(await mustOn(data, ['import', fileOf(user, team, { ...post, topics: [] })]), /0 new, 1 updated, 2 unchanged/);
    });
    test('a bad line is named, and nothing is changed', async () => {
        const data = await emptyData();
        await mustOn(data, ['import', fileOf(user)]);
        const before = await exported(data);
        const table = [
            [[{ ...user, name: 'Other' }, team, '{"type":"post"}'], /^porchlight: \S+in\.jsonl, line 3: a post needs the field "id"\n$/],
            [[team, 'nonsense'], /in\.jsonl, line 2: The line is not valid JSON/],
            [[post], /in\.jsonl, line 1: there is no team "7"/],
            [[{ ...user, id: '8' }], /in\.jsonl, line 1: The sign-in name "mary" is taken/],
            [[team, `{"type":"user","id":"9","username":"zz","name":"${'x'.repeat(70000)}"}`], /in\.jsonl, line 2: the line is over 65536 bytes/],
        ];
        for (const [lines, pattern] of table) {
            const result = await cliOn(data, ['import', fileOf(...lines)]);
            assert.equal(result.code, 1);
            assert.equal(result.stdout, '');
            assert.match(result.stderr, pattern);
            assert.equal(await exported(data), before);
        }
    });
    test('the ids of another community are not laid over this one', async () => {
        const data = await demoData();
        const before = await exported(data);
        const theirs = [{ type: 'user', id: '901', username: 'nell', name: 'Nell' }, { type: 'user', id: '2', username: 'ruth', name: 'Ruth' }];
        for (const words of [['import'], ['import', '--dry-run']]) {
            const { code, stdout, stderr } = await cliOn(data, [...words, fileOf(...theirs)]);
            assert.equal(code, 1);
            assert.equal(stdout, '');
            assert.match(stderr, /^porchlight: \S+in\.jsonl, line 2: the id "2" belongs to \w+ here, not to ruth\n$/);
        }
        assert.equal(await exported(data), before);
    });
    test('a dry run says what it would do and does nothing', async () => {
        const data = await demoData();
        const before = await exported(data);
        const file = fileOf({ type: 'user', id: '901', username: 'nell', name: 'Nell' }, ...before.split('\n').slice(0, 3));
        assert.match(await mustOn(data, ['import', '--dry-run', file]), /^Read 4 records: 1 new, 0 updated, 3 unchanged\. This was a dry run: nothing was changed\.$/);
        assert.equal(await exported(data), before);
        assert.match(await mustOn(data, ['import', file]), /^Read 4 records: 1 new, 0 updated, 3 unchanged\.$/);
        assert.notEqual(await exported(data), before);
    });
    test('progress is for terminals', async () => {
        const lines = Array.from({ length: 3000 }, (_, i) => ({ type: 'user', id: String(i + 1), username: `u${i + 1}`, name: 'U' }));
        const { code, stderr } = await cliOn(await emptyData(), ['import', fileOf(...lines)]);
        assert.equal(code, 0);
        assert.equal(stderr, '');
    });
    test('files: what cannot be read or written, and who may read an export', async () => {
        const data = await demoData();
        const folder = temporaryFolder();
        await refused(['import', join(folder, 'none'), '--data', data], 1, /cannot read .*none: No such file/);
        await refused(['import', folder, '--data', data], 1, /it is a directory/);
        await refused(['export', join(folder, 'no', 'where'), '--data', data], 1, /cannot write .*No such file/);
        const file = join(folder, 'out.jsonl');
        await mustOn(data, ['export', file]);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.equal(readFileSync(file, 'utf8').trimEnd(), await exported(data));
        assert.ok(!existsSync(`${file}.partial`));
        assert.equal((await cliOn(data, ['export', '/dev/full'])).code, 1);
    });
    test('an export follows no link that somebody laid where it writes first', async () => {
        const folder = temporaryFolder();
        const file = join(folder, 'out.jsonl');
        const theirs = join(folder, 'theirs');
        writeFileSync(theirs, 'mine\n', { mode: 0o644 });
        symlinkSync(theirs, `${file}.partial`);
        await mustOn(await demoData(), ['export', file]);
        assert.equal(readFileSync(theirs, 'utf8'), 'mine\n');
        assert.ok(lstatSync(file).isFile());
        assert.equal(statSync(file).mode & 0o777, 0o600);
    });
    test('there has to be a community to export', () => refused(['export', '-', '--data', temporaryFolder()], 1, /no community/));
});

describe('members, teams, tokens', () => {
    test('user add, team add, invite', async () => {
        const data = await emptyData();
        assert.match(await mustOn(data, ['user', 'add', 'Ruth', '--name', 'Ruth G.', '--role', 'coach']), /^Added ruth \(Ruth G\.\), coach\.\nPassword: (\w{4}-){3}\w{4}$/);
        await refused(['user', 'add', 'mary', '--name', 'M', '--team', 'ruth', '--data', data], 1, /ruth has no team/);
        assert.match(await mustOn(data, ['team', 'add', 'ruth', '--name', 'Late Risers']), /Late Risers/);
        await refused(['team', 'add', 'ruth', '--name', 'Again', '--data', data], 1, /./);
        assert.equal(await mustOn(data, ['user', 'add', 'mary', '--name', 'Mary', '--team', 'ruth', '--password-stdin'], { input: 'correct horse\n' }),
            'Added mary (Mary), member in the team Late Risers.');
        await refused(['user', 'add', 'mary', '--name', 'M', '--data', data], 1, /taken/);
        await refused(['user', 'add', 'short', '--name', 'S', '--password-stdin', '--data', data], 1, /a password has 8 to 200 characters/, { input: 'short\n' });
        assert.match(await mustOn(data, ['invite', 'ruth', '--public-url', 'https://walkers.example']), /^https:\/\/walkers\.example\/#\/join\/[0-9A-Z-]+$/);
        const hash = JSON.parse((await exported(data)).split('\n').find((line) => line.includes('"mary"'))).password;
        assert.match(hash, /^\$argon2id\$/);
        await mustOn(data, ['user', 'passwd', 'mary', '--password-stdin'], { input: 'another horse\n' });
        assert.ok(!(await exported(data)).includes(hash));
        await refused(['user', 'disable', 'nobody', '--data', data], 1, /no member with the user name "nobody"/);
    });
    test('user list, team list', async () => {
        const data = await demoData();
        await mustOn(data, ['user', 'add', 'zoe', '--name', 'Zoë „Z“ Q.']);
        await mustOn(data, ['user', 'disable', 'member7']);
        const lines = (await mustOn(data, ['user', 'list'])).split('\n');
        assert.equal(lines.length, 35);
        assert.match(lines[0], /^USER +NAME +ROLE +TEAM +STATE$/);
        const at = [...lines[0]].join('').indexOf('ROLE');
        for (const line of lines) assert.match([...line].slice(at).join(''), /^(ROLE|member|coach|admin) +\S/, line);
        assert.match(lines.find((line) => line.startsWith('sarah ')), / coach +Morning Walkers +active$/);
        assert.match(lines.find((line) => line.startsWith('member7 ')), / member +Morning Walkers +disabled$/);
        assert.match(lines.find((line) => line.startsWith('zoe ')), /^zoe +Zoë „Z“ Q\. +member +- +active$/);
        const users = JSON.parse(await mustOn(data, ['user', 'list', '--json']));
        assert.deepEqual(users.map((user) => user.username), lines.slice(1).map((line) => line.split(' ')[0]));
        assert.deepEqual(users.at(-1), { id: '34', username: 'zoe', name: 'Zoë „Z“ Q.', role: 'member', team: null, disabled: false, createdAt: users.at(-1).createdAt });
        assert.ok(!JSON.stringify(users).includes('argon2'));

        assert.match(await mustOn(data, ['team', 'list']), /^COACH +NAME +MEMBERS\ndave +Strong Together +11\nsarah +Morning Walkers +20$/);
        const teams = JSON.parse(await mustOn(data, ['team', 'list', '--json']));
        assert.deepEqual(teams.map((team) => [team.coach, team.name, team.memberCount]), [['dave', 'Strong Together', 11], ['sarah', 'Morning Walkers', 20]]);
        assert.deepEqual(JSON.parse(await mustOn(await emptyData(), ['team', 'list', '--json'])), []);
    });
    test('token issue prints the token only; verify says what it says', async () => {
        const data = await demoData();
        const token = await mustOn(data, ['token', 'issue', '--user', 'member1', '--ttl', '1h']);
        assert.match(token, /^v4\.public\.[\w-]+\.[\w-]+$/);
        assert.match(await mustOn(data, ['token', 'verify', token]), /^The token holds\.\n {2}for {7}member1 \(Mary Jones\), member\n/);
        assert.match(await mustOn(data, ['token', 'verify', '-'], { input: `${token}\n` }), /holds/);
        const service = await mustOn(data, ['token', 'issue', '--service', 'newsletter']);
        assert.match(await mustOn(data, ['token', 'verify', service]), /the service newsletter/);
        await refused(['token', 'verify', `${token.slice(0, -60)}${'A'.repeat(60)}`, '--data', data], 1, /./);
        await refused(['token', 'verify', token, '--data', data, '--audience', 'other'], 1, /./);
        await refused(['token', 'issue', '--user', 'nobody', '--data', data], 1, /no member/);
    });
    test('token revoke and user disable void what was issued', async () => {
        const data = await demoData();
        const issue = (name) => mustOn(data, ['token', 'issue', '--user', name]);
        const [one, two] = [await issue('member1'), await issue('member1')];
        await mustOn(data, ['token', 'revoke', '-'], { input: one });
        await refused(['token', 'verify', one, '--data', data], 1, /revoked/);
        await mustOn(data, ['token', 'verify', two]);
        await mustOn(data, ['token', 'revoke', '--user', 'member1']);
        await refused(['token', 'verify', two, '--data', data], 1, /signed out everywhere/);
        const three = await issue('member2');
        await mustOn(data, ['user', 'disable', 'member2']);
        await refused(['token', 'verify', three, '--data', data], 1, /disabled/);
        await refused(['token', 'issue', '--user', 'member2', '--data', data], 1, /disabled/);
        await mustOn(data, ['user', 'enable', 'member2']);
        await mustOn(data, ['token', 'verify', await issue('member2')]);
    });
    test('token keys rotate: old tokens hold, new ones have the new key', async () => {
        const data = await demoData();
        const before = await mustOn(data, ['token', 'issue', '--user', 'dave']);
        await mustOn(data, ['token', 'keys', 'rotate']);
        const keys = await mustOn(data, ['token', 'keys']);
        assert.match(keys, /^(k4\.pid\.\S+)\n {2}public {3}k4\.public\.\S+\n {2}made [^\n]+\n {2}state {4}signs\nk4\.pid\.[^]*verifies only/);
        assert.doesNotMatch(keys, /secret/);
        await mustOn(data, ['token', 'verify', before]);
        const after = await mustOn(data, ['token', 'issue', '--user', 'dave']);
        assert.ok((await mustOn(data, ['token', 'verify', after])).includes(/^k4\.pid\.\S+/.exec(keys)[0]));
    });
    test('flag', async () => {
        const data = await demoData();
        assert.equal(await mustOn(data, ['flag']), 'realtime off');
        assert.equal(await mustOn(data, ['flag', 'realtime']), 'off');
        assert.equal(await mustOn(data, ['flag', 'realtime', 'on']), 'realtime is now on.');
        assert.equal(await mustOn(data, ['flag', 'realtime']), 'on');
        assert.equal(await mustOn(data, ['flag', 'realtime', 'off']), 'realtime is now off.');
        await refused(['flag', 'realtim', 'off', '--data', data], 1, /did you mean realtime\?/);
    });
    test('clock needs a server that allows it', async () => {
        await refused(['clock', 'advance', '1s', '--data', await demoData()], 1, /no server with --test-clock on/);
    });
});

describe('the data directory', () => {
    test('two commands at once both get their turn', async () => {
        const data = await emptyData();
        const names = Array.from({ length: 8 }, (_, i) => `user${i}`);
        await Promise.all(names.map((name) => mustOn(data, ['user', 'add', name, '--name', name])));
        assert.equal((await exported(data)).split('\n').length, 8);
    });
    test('a slip in its name makes no community', async () => {
        const data = join(temporaryFolder(), 'typo');
        for (const args of [['user', 'add', 'mary', '--name', 'Mary'], ['team', 'add', 'mary', '--name', 'T'], ['flag', 'realtime', 'on'], ['token', 'keys', 'rotate'], ['import', '-'], ['export', '-'], ['token', 'issue', '--user', 'mary']]) {
            const { code, stdout, stderr } = await cliOn(data, args);
            assert.deepEqual([code, stdout], [1, '']);
            assert.equal(stderr, `porchlight: there is no community in ${data}; \`porchlight serve\` or \`migrate\` makes one\n`);
            assert.ok(!existsSync(data), args.join(' '));
        }
        await mustOn(data, ['demo']);
    });
    test('who may not read or write it is told which file, and whose it is', async () => {
        const data = await demoData();
        const program = join(temporaryFolder('program'), 'porchlight');
        copyFileSync(binary, program);
        for (const path of [dirname(program), program, data]) chmodSync(path, 0o755);
        // Modes do not stop root: then somebody else tries.
        const somebody = process.getuid() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', program] : [program];
        const attempt = (...args) => run([...somebody.slice(1), ...args, '--data', data], { bin: somebody[0] });
        const owner = userInfo().username;
        chmodSync(join(data, 'lock'), 0o666);
        for (const file of ['porchlight.db', 'rooms.db']) chmodSync(join(data, file), 0o666);
        if (process.getuid() === 0) {
            const { stderr } = await attempt('user', 'add', 'mary', '--name', 'M');
            assert.equal(stderr, `porchlight: cannot write in ${data}: Permission denied; ${data} belongs to ${owner}, and this is nobody\n`);
        }
        chmodSync(data, 0o777);
        for (const [file, mode, args, verb] of [['porchlight.db', 0o000, ['export', '-'], 'read'], ['porchlight.db', 0o444, ['user', 'add', 'mary', '--name', 'M'], 'write'], ['lock', 0o000, ['flag', 'realtime', 'on'], 'open']]) {
            chmodSync(join(data, 'rooms.db'), 0o666);
            chmodSync(join(data, 'porchlight.db'), 0o666);
            chmodSync(join(data, file), mode);
            const { code, stderr } = await attempt(...args);
            assert.equal(code, 1);
            const path = join(data, file);
            assert.match(stderr, new RegExp(`^porchlight: cannot ${verb} ${path}: Permission denied; ${path} belongs to ${owner}, and this is \\S+\\n$`));
        }
    });
    test('a file in its place is named', async () => {
        const file = join(temporaryFolder(), 'data');
        writeFileSync(file, '');
        await refused(['migrate', '--data', file], 1, /is not a directory/);
        mkdirSync(`${file}.d`);
        assert.match(await mustOn(`${file}.d`, ['migrate']), /^Made the database with schema \d+\.$/);
        assert.match(await mustOn(`${file}.d`, ['migrate']), /up to date/);
    });
});
