/*
 * What `make install` and `make deb` put where, and the manual pages. The rest needs root and a network: `make deb-test`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { run, sanitizer, temporaryFolder } from './harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);
const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(PORCHLIGHT_|MAKE|MFLAGS|SAN$)/.test(name)),
);
const make = (...words) => execute('make', ['--no-print-directory', ...words], { cwd: root, env: environment });
const filesBelow = (folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
        .sort();

/* The page as a reader sees it, without the marks of emphasis. */
async function page(name) {
    const folder = temporaryFolder('man');
    const file = join(folder, name);
    const { stdout } = await run(['man'], { input: readFileSync(join(root, 'packaging/man', `${name}.in`), 'utf8') });
    writeFileSync(file, stdout);
    const shown = await execute('mandoc', ['-Tutf8', '-Owidth=200', file]);
    return { file, text: shown.stdout.replace(/.\x08/g, '').replaceAll('‐', '-') };
}

const help = async (...words) => (await run([...words, '--help'])).stdout;
const commandsOf = (text) => [...text.matchAll(/^ {2}([a-z]+(?: [a-z]+)?)(?: [A-Z[][^ ]*(?: \[?[a-z|A-Z\]]+)*)? {2,}/gm)].map((found) => found[1]);
const optionsOf = (text) => [...text.matchAll(/^ {2}(--[a-z-]+)/gm)].map((found) => found[1]);

describe('the manual pages', () => {
    let manual;
    let configuration;
    before(async () => {
        manual = await page('porchlight.1');
        configuration = await page('porchlight.conf.5');
    });

    test('porchlight(1) has every command with every option that its help has', async () => {
        const commands = commandsOf((await help()).split('Start here')[0]);
        assert.ok(commands.length >= 20, `${commands}`);
        const sections = new Map(
            [...manual.text.matchAll(/^ {3}(\S.*)\n((?: {5}.*\n|\n)*)/gm)].map(([, title, text]) => [title, text]),
        );
        for (const command of commands) {
            const [title, text] = [...sections].find(([it]) => it === command || it.startsWith(`${command} `)) ?? [];
            assert.ok(title, `${command} has no section`);
            for (const option of optionsOf(await help(...command.split(' '))))
                if (['--data', '--config', '--help'].includes(option)) assert.ok(manual.text.includes(option));
                else assert.match(text, new RegExp(`^ {5}${option}( |$)`, 'm'), `${command} ${option}`);
        }
        assert.ok(!manual.text.includes('--test-clock'), 'what is hidden stays so');
    });

    test('porchlight.conf(5) has every key, and its variable', async () => {
        const keys = optionsOf(await help('serve'))
            .map((option) => option.slice(2))
            .filter((key) => !['config', 'help'].includes(key));
        assert.ok(keys.length >= 18);
        for (const key of keys) {
            assert.match(configuration.text, new RegExp(`^ {5}${key} = `, 'm'), key);
            assert.ok(configuration.text.includes(`PORCHLIGHT_${key.toUpperCase().replaceAll('-', '_')}.`), key);
        }
    });

    test('are shown without a warning', async () => {
        for (const { file } of [manual, configuration]) {
            const { stdout } = await execute('mandoc', ['-Tlint', '-W', 'warning', file]);
            assert.equal(stdout, '');
            const { stderr } = await execute('groff', ['-ww', '-mandoc', '-Tutf8', '-z', file]);
            assert.equal(stderr, '');
        }
    });
});

describe('an installation', { skip: sanitizer && 'it is that of the plain build' }, () => {
    const folder = temporaryFolder('install');
    const at = (path) => join(folder, path);
    const install = () => make('install', `DESTDIR=${folder}`, 'PREFIX=/opt/porch');

    test('puts everything where it is told, and nothing else', async () => {
        await install();
        assert.deepEqual(filesBelow(folder), [
            'etc/porchlight/porchlight.conf',
            'opt/porch/bin/porchlight',
            'opt/porch/lib/systemd/system/porchlight.service',
            'opt/porch/lib/systemd/system/porchlight.socket',
            'opt/porch/share/doc/porchlight/operating.md',
            'opt/porch/share/man/man1/porchlight.1',
            'opt/porch/share/man/man5/porchlight.conf.5',
        ]);
        assert.equal(statSync(at('opt/porch/bin/porchlight')).mode & 0o777, 0o755);
        assert.equal((await run(['--version'], { bin: at('opt/porch/bin/porchlight') })).code, 0);
    });

    test('finds its configuration by itself, unless something else is said', async () => {
        const root = temporaryFolder('root');
        await make('install', `DESTDIR=${root}`, 'PREFIX=/usr');
        const conf = join(root, 'etc/porchlight/porchlight.conf');
        const data = join(root, 'var');
        writeFileSync(conf, readFileSync(conf, 'utf8').replace('data = /var/lib/porchlight', `data = ${data}`));
        const installed = (args, env) => run(args, { bin: join(root, 'usr/bin/porchlight'), env });
        assert.ok((await installed(['user', 'list'])).stderr.includes(`there is no community in ${data};`));
        assert.equal((await installed(['migrate'])).code, 0);
        assert.equal((await installed(['user', 'list'])).code, 0);
        const other = join(root, 'other');
        for (const [args, env] of [[['--data', other]], [[`--data=${other}`]], [[], { PORCHLIGHT_DATA: other }]])
            assert.ok((await installed(['user', 'list', ...args], env)).stderr.includes(`there is no community in ${other};`));
        writeFileSync(conf, 'nonsense\n');
        assert.match((await installed(['user', 'list'])).stderr, /porchlight\.conf:1: /);
        assert.equal((await installed(['user', 'list', '--data', data])).code, 0);
    });

    test('has units that name the program and its configuration', async () => {
        const unit = readFileSync(at('opt/porch/lib/systemd/system/porchlight.service'), 'utf8');
        assert.match(unit, /^ExecStart=\/opt\/porch\/bin\/porchlight serve --config \/etc\/porchlight\/porchlight\.conf$/m);
        assert.doesNotMatch(unit, /@[A-Z]+@|^(ExecPaths|NoExecPaths|Bind.*Paths)=/m, 'a reload must see the new program');
    });

    test('has a configuration that is understood, also with every example in it', async () => {
        const file = at('etc/porchlight/porchlight.conf');
        for (const text of [readFileSync(file, 'utf8'), readFileSync(file, 'utf8').replace(/^#(?=[a-z-]+ = )/gm, '')]) {
            const tried = at('tried.conf');
            writeFileSync(tried, text);
            const { code, stderr } = await run(['check', '--config', tried, '--data', at('nowhere')]);
            assert.equal(code, 0, stderr);
        }
    });

    test('keeps a configuration that is there, and leaves it when it goes', async () => {
        const file = at('etc/porchlight/porchlight.conf');
        appendFileSync(file, '# ours\n');
        await install();
        assert.match(readFileSync(file, 'utf8'), /# ours\n$/);
        await make('uninstall', `DESTDIR=${folder}`, 'PREFIX=/opt/porch');
        assert.deepEqual(filesBelow(folder).filter((name) => name !== 'tried.conf'), ['etc/porchlight/porchlight.conf']);
    });

    test('is well guarded', { skip: !existsSync('/usr/bin/systemd-analyze') && 'there is no systemd-analyze' }, async () => {
        await install();
        const unit = at('opt/porch/lib/systemd/system/porchlight.service');
        const words = ['security', '--offline=true', '--no-pager', '--threshold=15', unit]; // of 100; a plain unit has 96
        await assert.doesNotReject(execute('systemd-analyze', words));
    });
});

describe('a Debian package', { skip: sanitizer && 'it is that of the plain build' }, () => {
    const folder = temporaryFolder('deb');
    let listed;
    let control;
    before(async () => {
        await make('man');
        const { stdout } = await execute('packaging/deb.sh', [folder], { cwd: root, env: { ...environment, VERSION: '9.8.7~6' } });
        const file = stdout.trim();
        assert.match(file, /\/porchlight_9\.8\.7~6_[a-z0-9]+\.deb$/);
        listed = (await execute('dpkg-deb', ['--contents', file])).stdout;
        mkdirSync(join(folder, 'control'));
        await execute('dpkg-deb', ['--control', file, join(folder, 'control')]);
        control = readFileSync(join(folder, 'control/control'), 'utf8');
    });

    test('has the program, the pages, the units and the configuration, all of them root’s', () => {
        const lines = listed.trim().split('\n');
        for (const line of lines) assert.match(line, /^\S+ root\/root /);
        const names = lines.filter((line) => line.startsWith('-')).map((line) => line.split(' ./')[1]);
        assert.deepEqual(names.sort(), [
            'etc/porchlight/porchlight.conf',
            'lib/systemd/system/porchlight.service',
            'lib/systemd/system/porchlight.socket',
            'usr/bin/porchlight',
            'usr/share/doc/porchlight/CHANGELOG.md',
            'usr/share/doc/porchlight/changelog.gz',
            'usr/share/doc/porchlight/copyright',
            'usr/share/doc/porchlight/operating.md',
            'usr/share/man/man1/porchlight.1.gz',
            'usr/share/man/man5/porchlight.conf.5.gz',
        ]);
    });

    test('names its version and the libraries that the program is linked with', () => {
        assert.match(control, /^Version: 9\.8\.7~6$/m);
        for (const library of ['libc6', 'libmicrohttpd12', 'libsodium23', 'libsqlite3-0', 'libjansson4'])
            assert.match(control, new RegExp(`^Depends: .*\\b${library}\\b`, 'm'));
        assert.doesNotMatch(control, /@[A-Z]+@/);
        assert.equal(readFileSync(join(folder, 'control/conffiles'), 'utf8'), '/etc/porchlight/porchlight.conf\n');
    });

    test('has maintainer scripts that a shell understands, and that delete no data', async () => {
        for (const name of ['postinst', 'prerm', 'postrm']) {
            const file = join(folder, 'control', name);
            assert.equal(statSync(file).mode & 0o777, 0o755);
            await execute('sh', ['-n', file]);
            assert.doesNotMatch(readFileSync(file, 'utf8'), /\brm\b/);
        }
    });
});
