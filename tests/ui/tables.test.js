// SPDX-License-Identifier: Apache-2.0
// Lists go out as they are shown, with a reason that is noted; spreadsheets come in after a try.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { browse, inspectAll, open, run, world } from './world.js';

let w;
let browser;
before(async () => {
    w = await world('anna', 'bilal');
    w.cli('bilal', 'add', 'person', 'name==Exemple', 'first_name=Zoé', 'city=Liège-Fictive', 'birth_date=3/4/1990');
    w.cli('bilal', 'add', 'person', 'name=Fictif', 'first_name=Élise', 'city=Namur-Fictive');
    w.cli('bilal', 'sync');
    w.cli('anna', 'sync');
    w.pages = await w.ui('anna');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
async function fresh(address) {
    const opened = await open(browser, w.cli('anna', 'ui', '--no-open'));
    await opened.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    await opened.page.goto(`${new URL(opened.page.url()).origin}/${address}`);
    return opened;
}
async function saved(page, form) {
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: form, exact: true }).click();
    return (await waiting).path();
}

test('exactly what shows goes out, in three forms, and the reason is noted', async () => {
    const { context, page, errors } = await fresh('#/persons');
    await page.getByLabel('Chercher').fill('zoe');
    await page.getByText('1 fiche', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Exporter cette liste' }).click();
    assert.ok(await page.getByRole('button', { name: 'XLSX' }).isDisabled());
    await page.getByLabel('Raison').fill('réunion fictive');
    await inspectAll(page, 'export');
    const csv = readFileSync(await saved(page, 'CSV'), 'utf8');
    assert.equal(csv, "\ufeffNom;Naissance;Localité\r\n'=Exemple Zoé;03/04/1990;Liège-Fictive\r\n");
    const json = JSON.parse(readFileSync(await saved(page, 'JSON'), 'utf8'));
    assert.deepEqual(json.map((one) => [one.title, one.birth_date, one.city]), [['=Exemple Zoé', '1990-04-03', 'Liège-Fictive']]);
    const xlsx = join(w.dir, 'liste.xlsx');
    writeFileSync(xlsx, readFileSync(await saved(page, 'XLSX')));
    const cells = run('python3', '-c', `import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z: print(''.join(z.read(n).decode() for n in z.namelist() if 'sheet' in n or 'shared' in n.lower()))`, xlsx);
    for (const word of ['=Exemple Zoé', 'Liège-Fictive', 'réunion fictive', '32966']) assert.ok(cells.includes(word), word);
    assert.ok(!cells.includes('Élise') && !cells.includes('<f>'));
    await page.getByText('1 fiche exportée').waitFor();
    const person = json[0].id;
    const opened = JSON.parse(w.cli('anna', '--json', 'access', person));
    assert.match(JSON.stringify(opened), /réunion fictive/);
    const others = JSON.parse(w.cli('anna', '--json', 'list', 'access_log'));
    assert.ok(others.every((one) => one.person === person));
    assert.deepEqual(errors, []);
    await context.close();
});

test('a table comes in: columns chosen, tried, then saved; the choice is remembered', async () => {
    const { context, page, errors } = await fresh('#/import');
    const file = join(w.dir, 'ancien.csv');
    // As a spreadsheet of here writes it: Windows-1252, semicolons, its own titles.
    writeFileSync(file, Buffer.from('Nom de famille;Prénom;Né le;Remarque\r\nImport;Noé;4/5/1991;x\r\nImport;"Zoé; Anne";31/2/1990;y\r\nImport;Théo;;z\r\n', 'latin1'));
    await page.getByLabel('Choisir le fichier').setInputFiles(file);
    await page.getByText('Zoé; Anne').waitFor();
    assert.equal(await page.getByLabel('Colonne Prénom').inputValue(), 'first_name');
    assert.equal(await page.getByLabel('Colonne Remarque').inputValue(), '');
    await page.getByLabel('Colonne Nom de famille').selectOption('name');
    await page.getByLabel('Colonne Né le').selectOption('birth_date');
    await page.getByRole('button', { name: 'Essayer' }).click();
    await page.getByText('2 nouvelles').waitFor();
    await page.getByText('1 rejetée').waitFor();
    await page.getByRole('row', { name: /^3 Né le il faut une date/ }).waitFor(); // the column by the name it has in the file
    await inspectAll(page, 'import');
    assert.equal(JSON.parse(w.cli('anna', '--json', 'list', 'person', 'name=Import')).length, 0);
    await page.getByRole('button', { name: 'Enregistrer 2 lignes' }).click();
    await page.getByText('Enregistré sur cet appareil').waitFor();
    assert.deepEqual(JSON.parse(w.cli('anna', '--json', 'list', 'person', 'name=Import')).map((p) => p.first_name).sort(), ['Noé', 'Théo']);
    // One of them is changed meanwhile: it stays when the import is undone.
    const theo = JSON.parse(w.cli('anna', '--json', 'list', 'person', 'first_name=Théo'))[0].id;
    w.cli('anna', 'set', 'person', theo, 'city=Ville-Fictive');
    await page.getByRole('button', { name: 'Annuler cet import' }).click();
    await page.getByText('1 fiche reprise · 1 laissée, changée depuis').waitFor();
    assert.deepEqual(JSON.parse(w.cli('anna', '--json', 'list', 'person', 'name=Import')).map((p) => p.first_name), ['Théo']);
    // Chosen once, known the next time.
    await page.reload();
    await page.getByLabel('Choisir le fichier').setInputFiles(file);
    await page.waitForFunction(() => document.querySelector('select[aria-label="Colonne Né le"]')?.value === 'birth_date');
    assert.deepEqual(errors, []);
    await context.close();
});

test('a search finds names without accents, numbers in any grouping, and leads there', async () => {
    const person = JSON.parse(w.cli('anna', '--json', 'list', 'person', 'first_name=Élise'))[0].id;
    w.cli('anna', 'add', 'contact_point', `person=${person}`, 'kind=phone', 'value=0400 12 34 56');
    w.cli('anna', 'add', 'company', 'name=Menuiserie de l\'Été', 'city=Ville-Fictive');
    const { context, page, errors } = await fresh('#/search');
    const field = page.getByRole('searchbox');
    await field.fill('elise');
    await page.getByRole('link', { name: /Fictif Élise/ }).waitFor();
    await inspectAll(page, 'search');
    await field.fill('0400123456');
    await page.getByText('0400 12 34 56').waitFor();
    await field.fill('menuiserie ete');
    await page.getByRole('link', { name: /Menuiserie/ }).click();
    await page.getByRole('heading', { name: /Menuiserie/ }).waitFor();
    await page.goBack();
    assert.equal(await page.getByRole('searchbox').inputValue(), 'menuiserie ete');
    await page.getByRole('searchbox').fill('xyzzy');
    await page.getByText('Rien ne répond à cette recherche.').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
});
