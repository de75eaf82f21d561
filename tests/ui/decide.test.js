// SPDX-License-Identifier: Apache-2.0
// What waits for a person: two values, a refused entry, a double; each decided in the page, and
// taken back.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, ended, inspectAll, open, world } from './world.js';

let w;
let browser;
let person;
let pages;
before(async () => {
    w = await world('anna', 'bilal');
    person = w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Zoé', 'city=Ville-Fictive', 'birth_date=3/4/1990');
    w.cli('anna', 'sync');
    w.cli('bilal', 'sync');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
// 4: done, somebody must decide.
function sync(name) {
    try {
        w.cli(name, 'sync');
    } catch (error) {
        assert.equal(error.status, 4);
    }
}
// Without her pages nothing of anna's is sent until she syncs.
async function away() {
    await ended(pages.child, 'SIGTERM');
}
async function fresh(address = '#/inbox') {
    pages = await w.ui('anna');
    const opened = await open(browser, pages.url);
    await opened.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    await opened.page.goto(`${new URL(opened.page.url()).origin}/${address}`);
    return opened;
}
const listed = (table) => JSON.parse(w.cli('anna', '--json', 'list', table));

test('of two addresses the parts are mixed, and the decision is taken back', async () => {
    w.cli('anna', 'set', 'person', person, 'street=Rue Ancienne 1', 'postcode=4000', 'city=Liège-Fictive');
    w.cli('bilal', 'set', 'person', person, 'street=Rue Nouvelle 2', 'postcode=5000', 'city=Namur-Fictive');
    sync('anna');
    sync('bilal');
    sync('anna');
    const { context, page, errors } = await fresh();
    await page.getByRole('heading', { name: '1 saisie concurrente' }).waitFor();
    await page.getByText('deux saisies sans se voir').waitFor();
    await page.getByText('Exemple anna', { exact: false }).waitFor();
    await page.getByText('Exemple bilal', { exact: false }).waitFor();
    await page.getByText(/appareil \d/).waitFor();
    await page.getByRole('button', { name: 'Mêler les deux' }).click();
    await page.locator('.mix .field', { hasText: 'Rue et n°' }).getByRole('button', { name: 'Rue Ancienne 1' }).click();
    // What is the same on both sides leaves nothing to choose.
    assert.equal(await page.locator('.mix').getByRole('button', { name: '(vide)' }).count(), 0);
    await inspectAll(page, 'conflict-mix');
    await page.getByRole('button', { name: 'Enregistrer ce mélange' }).click();
    await page.getByText("Rien n'attend une décision.").waitFor();
    let [row] = listed('person');
    assert.deepEqual([row.street, row.postcode], ['Rue Ancienne 1', '5000']);
    await page.getByRole('button', { name: 'Déjà décidé' }).click();
    await page.getByText('Les deux ont été mêlées.').waitFor();
    await inspectAll(page, 'conflict-decided');
    await page.getByRole('button', { name: 'Prendre celle-là' }).click();
    await page.getByText("L'autre valeur a été prise.").waitFor();
    [row] = listed('person');
    assert.deepEqual([row.street, row.postcode, row.city], ['Rue Ancienne 1', '4000', 'Liège-Fictive']);
    await page.getByRole('button', { name: 'Revenir à celle-ci' }).click();
    await page.getByText('La valeur affichée a été gardée.').waitFor();
    [row] = listed('person');
    assert.deepEqual([row.street, row.postcode, row.city], ['Rue Nouvelle 2', '5000', 'Namur-Fictive']);
    assert.deepEqual(errors, []);
    await context.close();
    await away();
});

test('a note refused after the session was validated becomes an addendum by one press', async () => {
    const session = w.cli('anna', 'add', 'session', 'kind=individual', `person=${person}`, 'date=3/11/2026', 'minutes=30', 'state=draft');
    const note = w.cli('anna', 'add', 'session_note', `session=${session}`, `person=${person}`, 'text=Première version.');
    sync('anna');
    sync('bilal');
    w.cli('anna', 'set', 'session_note', note, 'text=Première version, et la suite.');
    w.cli('bilal', 'set', 'session', session, 'state=validated');
    sync('bilal');
    sync('anna');
    const { context, page, errors } = await fresh(`#/person/${person}`);
    await page.getByRole('link', { name: /À décider/ }).click();
    await page.getByRole('link', { name: 'Ouvrir et corriger' }).waitFor();
    await inspectAll(page, 'refused-list');
    await page.getByRole('link', { name: 'Ouvrir et corriger' }).click();
    await page.getByText('la fiche était déjà validée ou verrouillée').waitFor();
    await page.getByText('ici maintenant : Première version.').waitFor();
    await inspectAll(page, 'refused');
    await page.getByRole('button', { name: 'En faire un ajout' }).click();
    await page.getByText("Rien n'attend une décision.").waitFor();
    assert.equal(listed('session_addendum')[0].text, 'Première version, et la suite.');
    await page.getByRole('button', { name: 'Déjà décidé' }).click();
    await page.getByText('devenue un ajout').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
    await away();
});

test('a double is united, and taken apart again', async () => {
    w.cli('anna', 'add', 'person', 'name=Fictif', 'first_name=Élise', 'birth_date=1/2/1985', 'city=Ici');
    w.cli('bilal', 'add', 'person', 'name=Fictif', 'first_name=Elise', 'birth_date=1/2/1985', 'city=Ailleurs');
    sync('anna');
    sync('bilal');
    sync('anna');
    const { context, page, errors } = await fresh();
    await page.getByRole('heading', { name: '1 doublon possible' }).waitFor();
    await page.getByText('même nom, même date de naissance').waitFor();
    await page.locator('tr.differs', { hasText: 'Localité' }).waitFor();
    await inspectAll(page, 'duplicate');
    await page.getByLabel('Pourquoi (facultatif)').fill('la même adresse');
    await page.getByRole('button', { name: 'Oui, réunir' }).click();
    await page.getByText("Rien n'attend une décision.").waitFor();
    assert.equal(listed('person').filter((p) => p.name === 'Fictif').length, 1);
    await page.getByRole('button', { name: 'Déjà décidé' }).click();
    await page.getByText('Réunies.').waitFor();
    await page.getByText('la même adresse').waitFor();
    await page.getByRole('button', { name: 'Revenir sur cette décision' }).click();
    await page.getByRole('button', { name: 'Ce qui attend' }).click();
    await page.getByRole('button', { name: 'Non, garder les deux' }).click();
    await page.getByText("Rien n'attend une décision.").waitFor();
    assert.equal(listed('person').filter((p) => p.name === 'Fictif').length, 2);
    assert.deepEqual(errors, []);
    await context.close();
    await away();
});
