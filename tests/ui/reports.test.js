// SPDX-License-Identifier: Apache-2.0
// Indicators in the page: the figures of the command line, in words and a picture, in a file.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { browse, inspectAll, open, world } from './world.js';

let w;
let browser;
before(async () => {
    w = await world('anna');
    const model = w.jalonctl('pathway_model', 'add', 'name=Modèle fictif', `structure=${w.structure}`);
    w.cli('anna', 'sync');
    const staff = JSON.parse(w.cli('anna', '--json', 'list', 'staff'))[0].id;
    ['CDI', 'interim', 'death', 'no_news', 'CDI'].forEach((reason, i) => {
        const person = w.cli('anna', 'add', 'person', `name=Fictif${'abcde'[i].repeat(4)}`, 'first_name=Zoé');
        const pathway = w.cli('anna', 'add', 'pathway', `person=${person}`, `model=${model}`, 'entry=2026-01-05');
        w.cli('anna', 'add', 'exit', `pathway=${pathway}`, `date=2026-0${i + 2}-10`, `reason=${reason}`);
        if (i < 2) w.cli('anna', 'add', 'assignment', `pathway=${pathway}`, `staff=${staff}`, 'role=referent', 'start=2026-01-05');
    });
    for (const minutes of [45, 60]) w.cli('anna', 'add', 'session', 'kind=group', 'date=2026-03-02', `minutes=${minutes}`, 'state=validated');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});

test('exits of a period: the figures of the command line, as a table, a picture and a file', async () => {
    const { page, context, errors } = await open(browser, (await w.ui('anna')).url);
    await page.getByRole('link', { name: 'Chiffres' }).click();
    await page.getByLabel('Indicateur').selectOption('I3');
    await page.getByRole('heading', { name: 'I3 · Sorties positives' }).waitFor();
    for (const [label, day] of [['Du', '1/2/2026'], ['Au', '31/5/2026'], ['État à la date du', '31/5/2026']]) {
        await page.getByLabel(label, { exact: true }).fill(day);
        await page.getByLabel(label, { exact: true }).blur();
    }
    const table = page.getByRole('table');
    await table.getByText('Sans solution').waitFor();
    const cells = await table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText)));
    assert.deepEqual(cells, [['Durables', '1', '25 %'], ['Neutres', '1', '25 %'], ['Sans solution', '1', '25 %'], ['De transition', '1', '25 %'], ['Positives, hors neutres', '2', '66,67 %']]);
    const told = JSON.parse(w.cli('anna', '--json', 'report', 'I3', '--from', '2026-02-01', '--to', '2026-06-01', '--at', '2026-05-31')).rows;
    assert.deepEqual(told.map((row) => String(row.pathways)), cells.map((row) => row[1]));
    const bars = await page.locator('.chart .bar').evaluateAll((all) => all.map((bar) => bar.getAttribute('width')));
    assert.deepEqual(bars, ['50%', '50%', '50%', '50%', '100%']);
    await inspectAll(page, 'reports');
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
    assert.equal(file.suggestedFilename(), 'I3-2026-02-01-2026-05-31.csv');
    assert.equal(readFileSync(await file.path(), 'utf8').split('\r\n')[5], 'Positives, hors neutres;2;66,67');
    const [book] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'XLSX' }).click()]);
    assert.equal(readFileSync(await book.path()).subarray(0, 2).toString(), 'PK');
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByRole('button', { name: 'CSV' }).isVisible(), false);
    assert.ok(await table.isVisible());
    await page.emulateMedia({ media: 'screen' });
    await page.getByLabel('Mes dossiers seulement').check();
    await page.getByText('· mes dossiers').waitFor();
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 3);
    await page.getByLabel('Indicateur').selectOption('I7'); // what was asked stays
    await page.getByRole('heading', { name: 'I7 · Heures' }).waitFor();
    await page.getByRole('row', { name: /Collective|Groupe|collectif/i }).getByText('1,75').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
});

test('every indicator opens, and speaks no code of the program', async () => {
    const { page, context, errors } = await open(browser, w.cli('anna', 'ui', '--no-open'));
    await page.getByRole('link', { name: 'Chiffres' }).click();
    const names = await page.getByLabel('Indicateur').locator('option').evaluateAll((all) => all.map((one) => one.value));
    assert.equal(names.length, 25);
    for (const name of names) {
        await page.getByLabel('Indicateur').selectOption(name);
        await page.getByRole('heading', { name: new RegExp(`^${name} · `) }).waitFor();
        const words = await page.locator('.report').innerText();
        assert.doesNotMatch(words, /\b[a-z]+_[a-z0-9_]+\b|undefined|NaN/, name);
    }
    assert.deepEqual(errors, []);
    await context.close();
});
