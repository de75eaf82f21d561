// SPDX-License-Identifier: Apache-2.0
// A jobcoach's work: a dossier, a session written with and without network, what two people wrote
// at once.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, ended, inspectAll, open, world } from './world.js';

let w;
let browser;
let anna;
let person;
before(async () => {
    w = await world('anna', 'bilal');
    person = w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Zoé', 'city=Ville-Fictive');
    w.cli('anna', 'add', 'contact_point', `person=${person}`, 'kind=phone', 'value=0400 00 00 01');
    w.cli('anna', 'sync');
    w.cli('bilal', 'sync');
    anna = await w.ui('anna');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
const fresh = async (name) => {
    const opened = await open(browser, w.cli(name, 'ui', '--no-open'));
    await opened.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    return opened;
};

test('a session is a draft from the first key on, and is validated', async () => {
    const { context, page, errors } = await fresh('anna');
    await page.getByRole('heading', { name: "Aujourd'hui" }).waitFor();
    await page.getByRole('link', { name: 'Ouvrir un dossier' }).click();
    await page.getByRole('link', { name: 'Exemple Zoé' }).click();
    await page.getByRole('heading', { name: 'Zoé Exemple' }).waitFor();
    await page.getByText('0400 00 00 01').waitFor();
    await inspectAll(page, 'person');
    await page.getByRole('link', { name: 'Nouvelle séance' }).click();
    await page.getByLabel('Compte rendu').fill("Prise de poste à l'atelier.\nÀ revoir : les horaires.");
    await page.getByText('Brouillon').waitFor();
    await page.getByLabel('Objet').fill('Prise de poste');
    await page.getByLabel('Heure').fill('9h30');
    await page.getByLabel('Prochaine date').fill('demain');
    await page.getByRole('heading', { name: /Séance du/ }).waitFor();
    await page.locator('.field', { hasText: 'Prochaine date' }).locator('.mark.saved').waitFor();
    await inspectAll(page, 'session-draft');
    await page.getByText('Tout est envoyé').waitFor();
    // From the press on it is not all sent, although nobody has answered yet.
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route('**/api/save', async (route) => { await held; await route.continue(); });
    await page.getByRole('button', { name: 'Valider la séance' }).click();
    await page.getByText('sur cet appareil seulement').waitFor();
    release();
    await page.getByText('✓ Validée').waitFor();
    await page.unroute('**/api/save');
    await page.getByText('Tout est envoyé').waitFor();
    assert.ok(await page.getByLabel('Objet').isDisabled());
    const [row] = JSON.parse(w.jalonctl('--json', 'session', 'list'));
    assert.equal(row.subject, 'Prise de poste');
    assert.equal(row.start, '09:30');
    assert.equal(row.state, 'validated');
    const [note] = JSON.parse(w.jalonctl('--json', 'session_note', 'list'));
    assert.match(note.text, /les horaires/);
    await page.getByText('Historique').click();
    await page.locator('.history').getByText('Exemple anna').first().waitFor();
    await page.getByRole('link', { name: "Aujourd'hui" }).click();
    await page.getByText('Prochains rendez-vous').waitFor();
    await page.getByRole('link', { name: /Exemple Zoé/ }).first().waitFor();
    await inspectAll(page, 'today');
    assert.deepEqual(errors, []);
    await context.close();
});

test('a name typed badly is refused in its field, with the reason', async () => {
    const { context, page } = await fresh('anna');
    await page.goto(`${new URL(page.url()).origin}/#/person/${person}`);
    await page.getByRole('button', { name: "Modifier l'identité" }).click();
    const date = page.getByLabel('Naissance');
    await date.fill('31/2/1990');
    await date.blur();
    await page.getByText('date non comprise').waitFor();
    assert.equal(await date.getAttribute('aria-invalid'), 'true');
    await date.fill('4/3/1990');
    await date.blur();
    await page.locator('.field', { hasText: 'Naissance' }).locator('.mark.saved').waitFor();
    assert.equal(await date.inputValue(), '04/03/1990');
    await context.close();
});

test('without network everything goes on, and the line says so', async () => {
    const { context, page, errors } = await fresh('anna');
    await page.getByText('Tout est envoyé').waitFor();
    await w.unserve();
    await page.goto(`${new URL(page.url()).origin}/#/person/${person}`);
    await page.getByRole('button', { name: "Modifier l'identité" }).click();
    await page.getByLabel("Contact d'urgence").fill('sa sœur');
    await page.getByText('Envoi impossible : ').waitFor();
    await page.getByText('rien n\'est perdu').waitFor();
    assert.match(await page.locator('.status').innerText(), /1 modification sur cet appareil seulement/);
    assert.equal(await page.getByText('Tout est envoyé').count(), 0);
    await inspectAll(page, 'offline');
    w.cli('bilal', 'set', 'person', person, 'emergency=le voisin');
    await w.serve(w.address);
    try {
        w.cli('bilal', 'sync');
    } catch (error) {
        assert.equal(error.status, 4); // somebody must decide
    }
    await page.getByRole('button', { name: 'Synchroniser' }).click();
    await page.getByRole('link', { name: /À décider 1/ }).click();
    await page.getByRole('heading', { name: '1 saisie concurrente' }).waitFor();
    await page.getByText('le voisin').waitFor();
    await page.getByText('sa sœur').waitFor();
    await page.getByText('Exemple bilal', { exact: false }).waitFor();
    await inspectAll(page, 'inbox');
    const other = page.locator('.sides section', { hasText: 'sa sœur' });
    await other.getByRole('button').click();
    await page.getByText("Rien n'attend une décision.").waitFor();
    await page.getByText('Tout est envoyé').waitFor();
    const [row] = JSON.parse(w.jalonctl('--json', 'person', 'list'));
    assert.equal(row.emergency, 'sa sœur');
    assert.deepEqual(errors, []);
    await context.close();
});

test('what came in while one typed is shown beside it, and one decides', async () => {
    const { context, page } = await fresh('anna');
    await page.goto(`${new URL(page.url()).origin}/#/person/${person}`);
    await page.getByRole('button', { name: "Modifier l'identité" }).click();
    const city = page.getByLabel('Localité');
    await city.waitFor();
    // The page asks for nothing more: it keeps what it saw.
    await page.route('**/api/row/**', (route) => route.abort());
    w.cli('bilal', 'set', 'person', person, 'city=Autre-Ville');
    w.cli('bilal', 'sync');
    await page.waitForFunction(async () => (await (await fetch('/api/rows/person?q=autre')).json()).total === 1);
    await city.fill('Ma-Ville');
    await page.getByText("quelqu'un d'autre a changé ce champ").waitFor();
    await page.getByText('À présent : Autre-Ville').waitFor();
    assert.equal(await city.inputValue(), 'Ma-Ville');
    await page.getByRole('button', { name: "Garder ce que j'ai écrit" }).click();
    await page.locator('.field', { hasText: 'Localité' }).locator('.mark.saved').waitFor();
    assert.match(w.cli('anna', '--json', 'list', 'person'), /"city":"Ma-Ville"/);
    await context.close();
});

test('killed in mid-sentence, what was typed a second ago is there', async () => {
    const { context, page } = await fresh('anna');
    await page.goto(`${new URL(page.url()).origin}/#/session/new/${person}`);
    await page.getByLabel('Compte rendu').pressSequentially('Une phrase coupée au mil');
    await page.locator('.field', { hasText: 'Compte rendu' }).locator('.mark.saved').waitFor();
    await ended(anna.child, 'SIGKILL');
    await page.getByText('Jalon est fermé sur cet appareil').waitFor();
    anna = await w.ui('anna');
    const again = await open(browser, anna.url);
    await again.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    await again.page.locator('section', { hasText: 'Brouillons à valider' }).getByRole('link').first().click();
    assert.equal(await again.page.getByLabel('Compte rendu').inputValue(), 'Une phrase coupée au mil');
    await context.close();
    await again.context.close();
});

test('with the keyboard alone: search, open, write', async () => {
    const { context, page } = await fresh('anna');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.goto(`${new URL(page.url()).origin}/#/persons`);
    await page.getByLabel('Chercher').focus();
    await page.keyboard.type('zoe');
    const link = page.getByRole('link', { name: 'Exemple Zoé' });
    await link.waitFor();
    for (let i = 0; i < 20 && !(await link.evaluate((one) => one === document.activeElement)); i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Zoé Exemple' }).waitFor();
    await context.close();
});

test('every list and every form made from the declaration opens', async () => {
    const { context, page, errors } = await fresh('anna');
    const origin = new URL(page.url()).origin;
    await page.getByRole('link', { name: 'Listes' }).click();
    await page.getByRole('heading', { name: 'Toutes les listes' }).waitFor();
    await inspectAll(page, 'lists');
    const addresses = await page.locator('.plain-list a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.ok(addresses.length > 20);
    for (const address of addresses) {
        await page.goto(origin + '/' + address);
        await page.getByRole('button', { name: 'Ajouter' }).first().click();
        await page.locator('form.new').waitFor();
    }
    await page.goto(`${origin}/#/table/company`);
    await page.getByRole('button', { name: 'Ajouter' }).first().click();
    await page.locator('form.new').getByLabel('Nom').fill('Menuiserie Fictive');
    await inspectAll(page, 'company-new');
    await page.locator('form.new').getByRole('button', { name: 'Ajouter' }).click();
    await page.getByRole('heading', { name: /Menuiserie Fictive/ }).waitFor();
    await inspectAll(page, 'company');
    assert.deepEqual(errors, []);
    await context.close();
});
