/*
 * For who reads Spanish: nothing of it is English, from the first thing that shows on, and nothing of it is worse.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { expected, latest, PASSWORD, PHONE, stage, toPlace } from './browser.mjs';
import { englishFinder } from './english.mjs';
import { assertAccessible, measure, overflow } from './sight.mjs';

const porch = stage();
const NARROW = { width: 320, height: 640 };
const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor();
const languageOf = (page) => page.evaluate(() => document.documentElement.lang);
const catalogueFile = /\/words\.es-[^/]*\.js$/;

/* Half-faded text is nobody's to judge. */
const open = (options) => porch.open({ locale: 'es-MX', reducedMotion: 'reduce', ...options });
let english;
before(async () => {
    english = await englishFinder();
});

async function enter(page, who) {
    await page.getByLabel('Nombre de usuario').fill(who);
    await page.getByLabel('Contraseña', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.getByRole('navigation', { name: 'Principal' }).waitFor();
}

const posts = (page) => page.getByRole('region', { name: 'Lo más nuevo' }).getByRole('article');

/* Every view, with what can stand in it. */
async function eachView(page, visit) {
    await heading(page, 'Hola de nuevo');
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.getByRole('alert').filter({ hasText: 'Por favor, escriba' }).waitFor();
    await visit('sign in');
    await page.getByLabel('Nombre de usuario').fill('sarah');
    await page.getByLabel('Contraseña', { exact: true }).fill('no es esta');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'no coinciden' }).waitFor();
    await visit('a wrong password');
    await page.goto('/#/join/no-such-code');
    await page.getByRole('button', { name: 'Unirme al equipo' }).click();
    await page.getByText('Por favor, díganos su nombre.').waitFor();
    await visit('join');
    await page.getByLabel('Su nombre').fill('Nadie');
    await page.getByLabel('Elija una contraseña').fill('tres palabras suaves');
    await page.getByRole('button', { name: 'Unirme al equipo' }).click();
    await page.getByRole('alert').filter({ hasText: 'Este enlace ya no sirve' }).waitFor();
    await visit('a dead invite');

    await page.goto('/#/');
    await enter(page, 'sarah');
    await posts(page).first().waitFor();
    await page.getByText('Ahora solo usted está aquí').waitFor();
    await visit('feed');
    await page.getByRole('button', { name: 'Escriba a su equipo' }).click();
    await page.getByRole('button', { name: 'Publicar' }).click();
    await page.getByText('Por favor, escriba algo primero.').waitFor();
    const { id } = await porch.api('member1', 'POST', '/posts', { body: 'Hola a todos' });
    await page.getByRole('button', { name: /mensajes? nuevos?$/ }).waitFor();
    await visit('feed with a form and the button for new posts');
    await page.getByRole('button', { name: 'Cancelar' }).click();

    await page.goto(`/#/posts/${id}`);
    await page.getByRole('article').waitFor();
    /* By key: a tap so soon and so near would count as the second of two. */
    await page.getByRole('button', { name: /^Me gusta/ }).press('Enter');
    await page.getByRole('button', { name: /^Le gusta/ }).waitFor();
    await visit('post');
    await page.goto('/#/posts/999999');
    await page.getByRole('heading', { name: 'Este mensaje ya no está' }).waitFor();
    await visit('post that is gone');
    await page.goto('/#/notices');
    await page.getByRole('listitem').filter({ hasText: 'Coach Sarah fijó un mensaje' }).first().waitFor();
    assert.doesNotMatch(await page.locator('.notice-list').textContent(), /pinned a post/);
    await visit('notices');
    await page.goto('/#/together');
    /* By hand: so soon after another a key would count as the second of two. */
    await page.getByRole('region', { name: 'Pasos', exact: true }).getByRole('button', { name: /^\+500/ }).click();
    await page.getByText('Usted sumó 500.').waitFor();
    await page.getByText('Para coaches').click();
    await visit('together');
    await page.goto('/#/chat');
    await page.getByRole('list', { name: 'Mensajes' }).getByRole('listitem').last().waitFor();
    await page.getByRole('button', { name: 'Más', exact: true }).last().click();
    await visit('chat');
    await page.getByRole('button', { name: 'Empezar otro chat' }).click();
    await page.getByRole('button', { name: 'Empezar este chat' }).click();
    await page.getByText('Por favor, ponga un nombre al chat.').waitFor();
    await visit('starting another chat');
    await porch.api('sarah', 'POST', '/digests', {});
    await page.goto('/#/digest');
    await page.getByRole('button', { name: 'Me sirve', exact: true }).first().waitFor();
    await visit('digest');
    await page.goto('/#/more');
    await heading(page, 'Más');
    await visit('more');
    await page.goto('/#/settings');
    await heading(page, 'Ajustes');
    await page.getByLabel('Enlace o código').waitFor();
    await visit('settings');
    await page.goto('/#/corner');
    await page.getByRole('button', { name: 'Hacer un enlace' }).click();
    await page.getByRole('button', { name: 'Copiar el enlace' }).waitFor();
    await page.getByText(/personas en el equipo/).waitFor();
    await visit('corner');
    await page.goto('/#/nowhere');
    await heading(page, 'Aquí no hay nada');
    await visit('nowhere');
}

const allow = [expected.status(401), expected.status(404)];

for (const colorScheme of ['dark', 'light']) {
    test(`a Spanish browser shows Spanish everywhere, and axe finds nothing: ${colorScheme}`, async () => {
        const page = await open({ colorScheme, allow });
        await eachView(page, async (view) => {
            assert.deepEqual(await english(page), [], view);
            await assertAccessible(page, `${view}, ${colorScheme}`);
        });
        assert.equal(await languageOf(page), 'es');
        await page.leave();
    });
}

test('the longer words fit 320 px, in the largest text too', async () => {
    for (const textSize of ['normal', 'larger']) {
        const page = await open({ viewport: NARROW, allow });
        await page.evaluate((theme) => localStorage.setItem('porchlight.theme', theme), JSON.stringify({ textSize }));
        await page.reload();
        await eachView(page, async (view) => {
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `${view}, ${textSize}`);
            assert.deepEqual(await measure(page), [], `${view}, ${textSize}`);
        });
        await page.leave();
    }
});

test('an admin finds no English either', async () => {
    const page = await open({ viewport: NARROW });
    await enter(page, 'admin');
    await page.goto('/#/admin');
    await heading(page, 'Administrar');
    await page.getByText('Listo. Puede leer y guardar.').waitFor();
    await page.getByText(/2 equipos con \d+ personas en total/).waitFor();
    await page.locator('.switch').click();
    await page.getByRole('heading', { name: '¿Recibir todo al momento?' }).waitFor();
    assert.deepEqual(await english(page), []);
    assert.deepEqual(await overflow(page), { scrolls: false, wide: [] });
    await page.leave();
});

/* What the page has shown since it was opened. */
async function watchText(page) {
    await page.addInitScript(() => {
        window.shown = new Set();
        const look = () => window.shown.add(document.querySelector('#app')?.textContent ?? '');
        new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
    });
    await page.reload();
    return () => page.evaluate(() => [...window.shown].filter(Boolean));
}

test('no English flashes up before the Spanish has come', async () => {
    const page = await open();
    await page.route(catalogueFile, async (route) => {
        /* By then a page that did not wait would show itself. */
        await page.waitForFunction(() => document.readyState === 'complete');
        await route.continue();
    });
    const shown = await watchText(page);
    await heading(page, 'Hola de nuevo');
    const texts = await shown();
    assert.ok(texts.length > 0);
    for (const text of texts) assert.doesNotMatch(text, /Welcome|Sign|moment,/);
    await page.leave();
});

test('who reads English loads no Spanish', async () => {
    const page = await open({ locale: 'en-US' });
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.reload({ waitUntil: 'networkidle' });
    await heading(page, 'Welcome back');
    assert.ok(asked.length > 2);
    assert.deepEqual(asked.filter((it) => catalogueFile.test(it)), []);
    assert.equal(await languageOf(page), 'en');
    assert.ok((await english(page)).length > 5, 'English would be found');
    await page.leave();
});

test('when the Spanish does not come, the page speaks English and says so', async () => {
    const page = await open({ allow: [expected.lost] });
    await page.route(catalogueFile, (route) => route.abort());
    await page.reload();
    await heading(page, 'Welcome back');
    assert.equal(await languageOf(page), 'en');
    await page.leave();
});

test('the language is chosen at the door, is kept, and is changed in the settings', async () => {
    const page = await open({ locale: 'en-US', viewport: PHONE });
    await heading(page, 'Welcome back');
    const link = page.getByRole('button', { name: 'Español' });
    assert.equal(await link.getAttribute('lang'), 'es');
    assert.ok((await link.boundingBox()).y < PHONE.height / 2, 'it is seen without a search');
    await link.click();
    await heading(page, 'Hola de nuevo');
    await page.reload();
    await heading(page, 'Hola de nuevo');
    assert.equal(await page.title(), 'Entrar · Porchlight');
    await enter(page, 'member2');
    await posts(page).first().waitFor();
    await page.goto('/#/settings');
    await page.getByRole('radio', { name: 'Español', checked: true }).waitFor();
    await page.getByText('English', { exact: true }).click();
    await heading(page, 'Settings');
    await page.getByRole('radio', { name: 'English', checked: true }).waitFor();
    assert.equal(await page.title(), 'Settings · Porchlight');
    await page.goto('/#/');
    await latest(page).first().waitFor();
    await page.leave();
});

test('the choice stays when somebody signs out', async () => {
    const page = await open({ locale: 'en-US' });
    await page.getByRole('button', { name: 'Español' }).click();
    await enter(page, 'member3');
    await toPlace(page, /^Ajustes/, 'Más');
    await page.getByRole('button', { name: 'Salir' }).click();
    await page.getByRole('region', { name: 'Sesión cerrada' }).getByText('Usted ya salió.').waitFor();
    assert.deepEqual(await english(page), []);
    await heading(page, 'Hola de nuevo');
    await page.leave();
});

test('a pin pops up in Spanish', async () => {
    const page = await open();
    await enter(page, 'member4');
    await posts(page).first().waitFor();
    const { id } = await porch.api('member5', 'POST', '/posts', { body: 'Para mañana' });
    await porch.api('sarah', 'PUT', `/posts/${id}/pin`);
    const toast = page.getByRole('region', { name: 'Aviso nuevo' });
    await toast.getByText('Coach Sarah fijó un mensaje').waitFor();
    assert.deepEqual(await english(page), []);
    await page.leave();
});

test('what the server refuses is said in Spanish', async () => {
    const page = await open({ allow: [expected.status(400)] });
    await enter(page, 'member4');
    await page.getByRole('button', { name: 'Escriba a su equipo' }).click();
    await page.getByLabel('Escriba a su equipo').fill('Hola');
    const detail = 'The field "body" has characters that cannot be shown.';
    const json = { type: '/docs#invalid', status: 400, detail };
    await page.route(/\/posts$/, (route) =>
        route.request().method() === 'POST' ? route.fulfill({ status: 400, json }) : route.fallback(),
    );
    await page.getByRole('button', { name: 'Publicar' }).click();
    const problem = page.getByText(/El servidor no aceptó esto\. Por favor, revise lo que escribió\./);
    await problem.first().waitFor();
    assert.doesNotMatch(await page.locator('#app').textContent(), /cannot be shown/);
    await page.leave();
});
