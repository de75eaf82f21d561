// SPDX-License-Identifier: Apache-2.0
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, inspectAll, open, world } from './world.js';

let w;
let ui;
let browser;
before(async () => {
    w = await world('anna');
    ui = await w.ui('anna');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});

test('a person is added in the page and reaches the server', async () => {
    const { context, page, errors } = await open(browser, ui.url);
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByRole('button', { name: 'Nouvelle personne' }).click();
    await page.getByLabel('Nom', { exact: false }).first().fill('Exemple');
    await page.getByLabel('Prénom').fill('Zoé');
    await page.getByLabel('Naissance').fill('3/4/1990');
    await inspectAll(page, 'person-new');
    await page.getByRole('button', { name: 'Ajouter' }).click();
    await page.getByText('Tout est envoyé').waitFor();
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByRole('row', { name: /Exemple Zoé/ }).getByText('sur le serveur').waitFor();
    await inspectAll(page, 'persons');
    assert.match(w.jalonctl('--json', 'person', 'list'), /"birth_date": ?"1990-04-03"/);
    assert.deepEqual(errors, []);
    await context.close();
});

test('a link lets in once', async () => {
    const { context, page } = await open(browser, ui.url);
    await page.getByText("Cette adresse ne sert qu'une fois").waitFor();
    await context.close();
    const fresh = w.cli('anna', 'ui', '--no-open');
    assert.notEqual(fresh, ui.url);
    const again = await open(browser, fresh);
    await again.page.getByRole('heading', { level: 1 }).waitFor();
    await again.page.reload();
    await again.page.getByRole('link', { name: 'Personnes' }).waitFor();
    await again.context.close();
});
