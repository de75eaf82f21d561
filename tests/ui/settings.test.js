// SPDX-License-Identifier: Apache-2.0
// Language, theme, lock, help: what belongs to this person on this device.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, ended, inspectAll, open, world } from './world.js';

let w;
let browser;
let anna;
let person;
before(async () => {
    w = await world('anna');
    const names = [['Zola', 'Ève'], ['eloi', 'Nadia'], ['Abel', 'Marc'], ['Éloi', 'Karim'], ['Ève', 'Luca']];
    for (const [name, first] of names) person = w.cli('anna', 'add', 'person', `name=${name}`, `first_name=${first}`);
    w.cli('anna', 'add', 'session', `person=${person}`, 'kind=individual', 'date=2026-11-25', 'minutes=45');
    anna = await w.ui('anna');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
async function fresh() {
    const opened = await open(browser, w.cli('anna', 'ui', '--no-open'));
    await opened.page.getByRole('navigation').first().waitFor();
    return { ...opened, origin: new URL(opened.page.url()).origin };
}
const pages = () => ['#/', '#/agenda/2026-11-25', '#/persons', `#/person/${person}`, '#/sessions', '#/session/new', '#/inbox', '#/lists',
    '#/table/company', '#/table/staff_training', '#/settings', '#/help', '#/help/lost', '#/help/group'];

// Words of another language than the one chosen: English ones, and French ones that nobody
// translated. What people wrote is no word of ours.
async function strangers(page, origin, language) {
    const [en, own] = await page.evaluate((code) => Promise.all(['en', code].map(async (one) => (await fetch(`/i18n/${one}.json`)).json())), language);
    const words = (value) => (Array.isArray(value) ? value : [value]);
    const good = new Set(language === 'fr' ? Object.keys(en) : Object.values(own).flatMap(words));
    const bad = new Set(Object.values(en).flatMap(words).filter((one) => /[a-z]{3}/.test(one) && !good.has(one)));
    if (language !== 'fr') for (const one of Object.keys(en)) if (!good.has(one) && /[a-z]{3}/.test(one)) bad.add(one);
    const found = [];
    for (const address of pages()) {
        await page.goto(`${origin}/${address}`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        const texts = await page.evaluate(() => {
            const all = [];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) all.push(walker.currentNode.textContent.replace(/\s+/g, ' ').trim());
            for (const one of document.querySelectorAll('[aria-label],[placeholder]')) all.push(one.getAttribute('aria-label') || '', one.getAttribute('placeholder') || '');
            return all.filter(Boolean);
        });
        assert.ok(texts.length > 10, address);
        for (const text of texts) if (bad.has(text)) found.push(`${address}: ${text}`);
    }
    return found;
}

test('each language is spoken on every page, and nothing else', async () => {
    const { context, page, errors, origin } = await fresh();
    const first = { nl: 'Vandaag', de: 'Heute', en: 'Today', fr: "Aujourd'hui" };
    for (const language of ['nl', 'de', 'fr']) {
        await page.goto(`${origin}/#/settings`);
        await page.locator('#language').selectOption(language);
        await page.getByRole('link', { name: first[language] }).waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.lang), language);
        assert.deepEqual(await strangers(page, origin, language), [], language);
    }
    assert.deepEqual(errors, []);
    await context.close();
});

test('days, numbers and names follow the language', async () => {
    const { context, page, origin } = await fresh();
    const said = async (language, day, hundred) => {
        await page.goto(`${origin}/#/settings`);
        await page.locator('#language').selectOption(language);
        await page.waitForFunction((code) => document.documentElement.lang === code, language);
        await page.goto(`${origin}/#/agenda/2026-11-25`);
        await page.locator('.day', { hasText: day }).first().waitFor();
        assert.match(await page.getByRole('heading', { level: 1 }).innerText(), hundred);
    };
    await said('nl', /woensdag 25/i, /23\/11\/2026/);
    await page.goto(`${origin}/#/persons`);
    await page.getByRole('row', { name: /Abel/ }).waitFor();
    await said('de', /Mittwoch, 25|Mittwoch 25|25.*Mittwoch/i, /23\.11\.2026|23\/11\/2026/);
    await said('fr', /mercredi 25/i, /23\/11\/2026/);
    await page.goto(`${origin}/#/persons`);
    await page.getByText('5 fiches').waitFor();
    const order = await page.getByRole('rowheader').allInnerTexts();
    assert.deepEqual(order, ['Abel Marc', 'Éloi Karim', 'eloi Nadia', 'Ève Luca', 'Zola Ève']);
    await context.close();
});

test('the theme that was chosen holds against the system, and the settings stay', async () => {
    const { context, page, errors, origin } = await fresh();
    await page.goto(`${origin}/#/settings`);
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.locator('#theme').selectOption('dark');
    await page.waitForFunction((was) => getComputedStyle(document.body).backgroundColor !== was, light);
    await page.getByLabel("Nom de l'appareil").fill('Portable de démonstration');
    await page.getByLabel("Nom de l'appareil").blur();
    await page.locator('label', { hasText: "Nom de l'appareil" }).getByText('✓').waitFor();
    await inspectAll(page, 'settings');
    assert.deepEqual(errors, []);
    await context.close();
    await ended(anna.child, 'SIGTERM');
    anna = await w.ui('anna');
    const again = await open(browser, anna.url);
    await again.page.goto(`${new URL(anna.url).origin}/#/settings`);
    await again.page.getByLabel("Nom de l'appareil").waitFor();
    assert.equal(await again.page.getByLabel("Nom de l'appareil").inputValue(), 'Portable de démonstration');
    assert.notEqual(await again.page.evaluate(() => getComputedStyle(document.body).backgroundColor), light);
    assert.match(w.cli('anna', 'settings'), /^theme=dark$/m);
    w.cli('anna', 'settings', 'theme=');
    assert.throws(() => w.cli('anna', 'settings', 'theme=pink'), /light ou dark/);
    await again.context.close();
});

test('unused for ten minutes the pages lock, all of them, and a new link opens them', async () => {
    const { context, page, origin } = await fresh();
    const other = await context.newPage();
    await page.clock.install();
    await page.goto(`${origin}/#/person/${person}`);
    await page.reload();
    await page.getByRole('heading', { name: 'Luca Ève' }).waitFor();
    await other.goto(`${origin}/#/persons`);
    await other.getByRole('heading', { name: 'Personnes' }).waitFor();
    // The page's clock runs on meanwhile: far from the end, on a slow machine too.
    await page.clock.fastForward('05:00');
    assert.equal(await page.getByText('Jalon est verrouillé').count(), 0);
    // Both tabs' clocks go on: whichever is first ends the session.
    const end = context.waitForEvent('response', (answer) => answer.url().endsWith('/api/lock') && answer.status() === 200);
    await page.clock.fastForward('05:10');
    await page.getByRole('heading', { name: 'Jalon est verrouillé' }).waitFor();
    assert.doesNotMatch(await page.locator('body').innerText(), /Luca/);
    await page.clock.fastForward('00:05');
    await end;
    await other.getByRole('heading', { name: 'Jalon est verrouillé' }).waitFor();
    assert.equal((await page.request.get(`${origin}/api/rows/person`)).status(), 401);
    await inspectAll(other, 'locked');
    const back = await context.newPage();
    await back.goto(w.cli('anna', 'ui', '--no-open'));
    await back.getByRole('link', { name: 'Personnes' }).waitFor();
    await other.getByRole('button', { name: "C'est fait, continuer ici" }).click();
    await other.getByRole('heading', { name: 'Personnes' }).waitFor();
    await context.close();
});

test('what one typed just before locking is saved', async () => {
    const { context, page, origin } = await fresh();
    await page.goto(`${origin}/#/row/person/${person}`);
    await page.getByLabel('Localité').fill('Ville-Fictive');
    await page.keyboard.press('Tab');
    await page.getByRole('link', { name: 'Réglages' }).click();
    await page.getByRole('button', { name: 'Verrouiller maintenant' }).click();
    await page.getByRole('heading', { name: 'Jalon est verrouillé' }).waitFor();
    const found = JSON.parse(w.cli('anna', '--json', 'list', 'person')).find((one) => one.id === person);
    assert.equal(found.city, 'Ville-Fictive');
    await context.close();
});

test('help needs no network, says what to do for a lost device, and names nobody to the support', async () => {
    const { context, page, errors, origin } = await fresh();
    await w.unserve();
    await page.getByRole('link', { name: 'Aide' }).click();
    await page.getByRole('link', { name: 'Appareil perdu ou volé' }).click();
    await page.getByText('Appelez tout de suite votre coordination').waitFor();
    await inspectAll(page, 'help-lost');
    await page.goto(`${origin}/#/help`);
    const text = await page.locator('#support').inputValue();
    assert.match(text, /^Jalon \d+\.\d+\.\d+\n/);
    const status = JSON.parse(w.cli('anna', '--json', 'status'));
    for (const secret of ['Exemple', 'Luca', 'anna', "Réseau d'essai", 'Atelier', status.staff, status.structure, w.address.split(':')[0]])
        assert.ok(!text.includes(secret), secret);
    assert.ok(text.includes(String(status.device)));
    await page.getByRole('button', { name: 'Copier pour le support' }).click();
    await page.getByText(/^copié$|^sélectionné/).waitFor();
    await inspectAll(page, 'help');
    assert.deepEqual(errors, []);
    await context.close();
});
