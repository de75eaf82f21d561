// SPDX-License-Identifier: Apache-2.0
// What the trade asks of the pages: points that are due, who may be here already, what cannot
// both be so, a dossier erased by two people.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, inspectAll, open, world } from './world.js';

let w;
let browser;
let person;
let contract;
const iso = (days) => {
    const at = new Date();
    at.setDate(at.getDate() + days);
    return at.toLocaleDateString('sv');
};
before(async () => {
    w = await world('anna');
    w.enrol('carole', 'coordinator');
    person = w.cli('anna', 'add', 'person', 'name=Éloïse-Fictive', 'first_name=Zoé', 'birth_date=3/4/1990', 'city=Ville-Fictive');
    const firm = w.cli('anna', 'add', 'company', 'name=Firme fictive');
    contract = w.cli('anna', 'add', 'contract', `person=${person}`, `employer_company=${firm}`, 'kind=CDI', `start=${iso(-95)}`);
    w.cli('anna', 'sync');
    w.cli('carole', 'sync');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
const fresh = async (name, hash = '') => {
    if (!w.running.some((child) => child.owner === name)) {
        const { child } = await w.ui(name);
        child.owner = name;
    }
    const opened = await open(browser, w.cli(name, 'ui', '--no-open'));
    await opened.page.getByRole('heading', { name: "Aujourd'hui" }).waitFor();
    if (hash) await opened.page.goto(`${new URL(opened.page.url()).origin}/${hash}`);
    return opened;
};

test('a follow-up point that is due is noted on the first page by one press', async () => {
    const { context, page, errors } = await fresh('anna');
    const points = page.locator('section', { has: page.getByRole('heading', { name: "Points d'emploi" }) });
    await points.getByRole('link', { name: /Éloïse-Fictive/ }).first().waitFor();
    const due = await points.getByRole('listitem').count();
    await inspectAll(page, 'today-points');
    await points.getByRole('button', { name: 'Noter le point' }).last().click();
    await points.getByLabel('Satisfaction (personne)').waitFor();
    await inspectAll(page, 'today-point-form');
    await points.getByRole('button', { name: 'Annuler' }).click();
    await points.getByRole('button', { name: 'Toujours en poste' }).last().click();
    await points.getByText('Le point est noté.').waitFor();
    await page.waitForFunction((n) => [...document.querySelectorAll('section')].find((s) => s.querySelector('h2')?.textContent.startsWith("Points d'emploi")).querySelectorAll('li').length === n, due - 1);
    const [row] = JSON.parse(w.cli('anna', '--json', 'list', 'job_followup'));
    assert.equal(row.contract, contract);
    assert.equal(row.milestone, 'M3');
    assert.equal(row.in_job, 'same');
    assert.equal(row.date, iso(0));
    assert.deepEqual(errors, []);
    await context.close();
});

test('on a narrow page the head leaves room for the work', async () => {
    const { context, page } = await fresh('anna');
    await page.setViewportSize({ width: 320, height: 640 });
    for (const text of ['Tout est envoyé', 'dernier envoi complet']) await page.getByText(text).waitFor();
    const head = await page.evaluate(() => document.querySelector('main').getBoundingClientRect().top);
    assert.ok(head <= 140.5, `${head} px`);
    await page.getByRole('button', { name: 'Synchroniser' }).waitFor();
    await page.getByRole('link', { name: 'Réglages' }).click();
    await page.getByRole('heading', { name: 'Réglages' }).waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
    const wide = await page.evaluate(() => document.querySelector('header').getBoundingClientRect().height);
    assert.ok(wide < 60, `${wide} px: more than one line`);
    await context.close();
});

test('while a person is being written, who may be here already is shown', async () => {
    const { context, page, errors } = await fresh('anna', '#/persons');
    await page.getByRole('button', { name: 'Nouvelle personne' }).click();
    await page.getByRole('textbox', { name: 'Nom', exact: true }).fill('eloise fictive');
    await page.getByRole('textbox', { name: 'Prénom' }).fill('ZOE');
    await page.getByLabel('Naissance').fill('3/4/1990');
    const maybe = page.locator('.maybe');
    await maybe.getByRole('link', { name: /Éloïse-Fictive/ }).waitFor();
    await inspectAll(page, 'person-candidates');
    await page.getByRole('textbox', { name: 'Nom', exact: true }).fill('Tout-autre');
    await page.getByRole('textbox', { name: 'Prénom' }).fill('Marc');
    await page.getByLabel('Naissance').fill('1/1/1970');
    await maybe.getByRole('link').waitFor({ state: 'detached' });
    assert.equal(JSON.parse(w.cli('anna', '--json', 'list', 'person')).length, 1);
    assert.deepEqual(errors, []);
    await context.close();
});

test('two situations at once are said in the dossier', async () => {
    const first = w.cli('anna', 'add', 'status_period', `person=${person}`, 'code=RIS', 'start=1/2/2026');
    const second = w.cli('anna', 'add', 'status_period', `person=${person}`, 'code=DEI_paid', 'start=1/3/2026');
    const { context, page, errors } = await fresh('anna', `#/person/${person}`);
    const banner = page.locator('.waiting', { hasText: 'situations' });
    await banner.waitFor();
    const found = await banner.getByRole('link').evaluateAll((links) => links.map((a) => a.hash).sort());
    assert.deepEqual(found, [first, second].map((id) => `#/row/status_period/${id}`).sort());
    await inspectAll(page, 'dossier-overlap');
    w.cli('anna', 'set', 'status_period', first, 'end=1/3/2026');
    await banner.waitFor({ state: 'detached' });
    assert.deepEqual(errors, []);
    await context.close();
});

test('who coordinates sees who follows how many, what is due with whom, and what ends', async () => {
    const model = w.jalonctl('pathway_model', 'add', 'name=Modèle fictif', `structure=${w.structure}`);
    w.cli('anna', 'sync');
    const anna = JSON.parse(w.cli('anna', '--json', 'list', 'staff')).find((one) => one.first_name === 'anna' || one.name === 'anna').id;
    const pathway = w.cli('anna', 'add', 'pathway', `person=${person}`, `model=${model}`, `entry=${iso(-95)}`);
    w.cli('anna', 'add', 'assignment', `pathway=${pathway}`, `staff=${anna}`, 'role=referent', `start=${iso(-95)}`);
    w.cli('anna', 'set', 'contract', contract, `expected_end=${iso(20)}`);
    w.cli('anna', 'add', 'session_note', `session=${w.cli('anna', 'add', 'session', 'kind=individual', `person=${person}`, `date=${iso(-10)}`, 'minutes=30')}`, `person=${person}`, 'text=SECRETFICTIF');
    w.cli('anna', 'sync');
    w.cli('carole', 'sync');
    const { context, page, errors } = await fresh('carole');
    await page.getByRole('link', { name: 'Équipe' }).click();
    const row = page.getByRole('row', { name: /anna/ });
    await row.waitFor();
    assert.deepEqual(await row.getByRole('cell').allInnerTexts(), ['1', '1 sur 20', '1', '—', '1', await row.getByRole('cell').last().innerText()]);
    const ends = page.locator('section', { has: page.getByRole('heading', { name: 'Contrats qui finissent' }) });
    await ends.getByRole('link', { name: /Éloïse-Fictive/ }).waitFor();
    await page.getByRole('heading', { name: /Ce qui est dû/ }).waitFor();
    await inspectAll(page, 'team');
    assert.doesNotMatch(await page.content(), /SECRETFICTIF/);
    w.jalonctl('parameter', 'add', 'key=contract_end_days', 'value=19', `structure=${w.structure}`, 'valid_from=2020-01-01');
    await ends.getByText('Aucun dans les 19 jours.').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
});

test('an erasure is asked by one person and signed by another one in another role', async () => {
    const { context, page, errors } = await fresh('anna', `#/person/${person}`);
    await page.getByRole('button', { name: "Demander l'effacement" }).click();
    await page.getByRole('button', { name: "Demander l'effacement" }).click();
    await page.getByText("Jusque-là rien n'est effacé.").waitFor();
    assert.equal(await page.getByRole('button', { name: /Signer/ }).count(), 0);
    await inspectAll(page, 'erasure-asked');
    await page.getByText('Tout est envoyé').waitFor();
    w.cli('carole', 'sync');
    const other = await fresh('carole', '#/settings');
    await other.page.getByText('attend votre signature').waitFor();
    await inspectAll(other.page, 'settings-erasure');
    await other.page.getByRole('link', { name: /^Dossier/ }).click();
    await other.page.getByRole('button', { name: "Signer l'effacement…" }).click();
    await other.page.getByText('Personne ne pourra le rendre.').waitFor();
    await inspectAll(other.page, 'erasure-sign');
    await other.page.getByRole('button', { name: 'Effacer définitivement ce dossier' }).click();
    await other.page.getByRole('heading', { name: 'Dossier' }).waitFor();
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByText('Aucune personne pour le moment.').waitFor();
    assert.deepEqual(JSON.parse(w.jalonctl('--json', 'person', 'list')), []);
    // The browser notes by itself that what was open is gone.
    assert.deepEqual(errors.filter((text) => !text.includes('404')), []);
    await other.context.close();
    await context.close();
});
