// SPDX-License-Identifier: Apache-2.0
// A group session: nine persons, one of them unknown until then, with the keyboard.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, inspectAll, open, world } from './world.js';

let w;
let browser;
const names = ['Abel', 'Brice', 'Chloé', 'David', 'Élise', 'Farid', 'Gaëlle', 'Hugo'];
before(async () => {
    w = await world('anna');
    for (const name of names) w.cli('anna', 'add', 'person', 'name=Exemple', `first_name=${name}`);
    await w.ui('anna');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
const list = (table) => JSON.parse(w.jalonctl('--json', table, 'list'));
async function fresh() {
    const opened = await open(browser, w.cli('anna', 'ui', '--no-open'));
    await opened.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    return opened;
}

test('nine persons are ticked, one of them new, each with a note of his own', async () => {
    const { context, page, errors } = await fresh();
    await page.getByRole('link', { name: 'Séances' }).click();
    await page.getByRole('button', { name: 'Séance de groupe' }).click();
    await page.getByLabel('Durée (min)').fill('90');
    // As fast as a keyboard goes: the session is made by the first of them, once.
    await page.getByLabel('Exemple Abel').focus();
    for (let i = 0; i < names.length; i++) {
        await page.getByLabel(`Exemple ${names[i]}`, { exact: true }).focus();
        await page.keyboard.press('Space');
    }
    await page.getByText('8 présents').waitFor();
    await page.getByRole('button', { name: "Quelqu'un de nouveau" }).click();
    await page.getByLabel('Prénom').fill('Inès');
    await page.locator('form.new').getByLabel('Nom', { exact: false }).first().fill('Fictive');
    await page.keyboard.press('Enter');
    await page.getByText('9 présents').waitFor();
    await page.getByRole('group', { name: 'Note sur Exemple Chloé' }).getByRole('textbox').fill('A pris la parole.');
    await page.getByRole('group', { name: 'Note sur Fictive Inès' }).getByRole('textbox').fill('Première fois.');
    await page.getByRole('group', { name: 'Présence de Exemple Hugo' }).getByLabel('Présence').selectOption('excused');
    await page.getByText('8 présents').waitFor();
    await page.getByLabel('Exemple David', { exact: true }).uncheck();
    await page.getByText('7 présents').waitFor();
    await page.getByLabel('Exemple David', { exact: true }).check();
    await page.getByText('8 présents').waitFor();
    await inspectAll(page, 'group');
    await page.getByText('Tout est envoyé').waitFor();
    assert.equal(list('session').length, 1);
    const here = list('attendance');
    assert.equal(here.length, 9);
    assert.equal(here.filter((one) => one.status === 'present').length, 8);
    assert.deepEqual([...new Set(here.map((one) => one.minutes))], [90]);
    const notes = JSON.parse(w.cli('anna', '--json', 'list', 'session_note'));
    assert.deepEqual(notes.map((one) => one.text).sort(), ['A pris la parole.', 'Première fois.']);
    assert.deepEqual(errors, []);
    await context.close();
});

test('the same group the next time is one press', async () => {
    const { context, page, errors } = await fresh();
    await page.goto(`${new URL(page.url()).origin}/#/session/new`);
    await page.getByRole('button', { name: /^Reprendre les 9 personnes du/ }).click();
    await page.getByText('9 présents').waitFor();
    await page.getByRole('button', { name: 'Valider la séance' }).click();
    await page.getByText('✓ Validée').waitFor();
    assert.ok(await page.getByLabel('Exemple Abel', { exact: true }).isDisabled());
    await page.getByText('Tout est envoyé').waitFor();
    assert.equal(list('attendance').length, 18);
    assert.deepEqual(errors, []);
    await context.close();
});

test('two tabs at once: what one saves the other shows, and both may write', async () => {
    const { context, page } = await fresh();
    const [person] = JSON.parse(w.cli('anna', '--json', 'list', 'person'));
    const address = `${new URL(page.url()).origin}/#/row/person/${person.id}`;
    await page.goto(address);
    const other = await context.newPage();
    await other.goto(address);
    await other.getByLabel('Localité').waitFor();
    await page.getByLabel('Localité').fill('Ville-Fictive');
    await page.locator('.field', { hasText: 'Localité' }).locator('.mark.saved').waitFor();
    await other.waitForFunction(() => [...document.querySelectorAll('input')].some((one) => one.value === 'Ville-Fictive'));
    await other.getByLabel("Contact d'urgence").fill('la voisine');
    await page.waitForFunction(() => [...document.querySelectorAll('input')].some((one) => one.value === 'la voisine'));
    assert.equal(await page.getByLabel('Localité').inputValue(), 'Ville-Fictive');
    await context.close();
});
