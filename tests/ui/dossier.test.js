// SPDX-License-Identifier: Apache-2.0
// A person's dossier: pathway and steps, actions, contracts and their points, documents, consents.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { browse, inspectAll, open, run, world } from './world.js';

let w;
let browser;
let ui;
let person;
let pathway;
let phases;
before(async () => {
    w = await world('anna', 'bilal');
    const model = w.jalonctl('pathway_model', 'add', 'name=Modèle fictif', `structure=${w.structure}`);
    phases = ['Accueil', 'Projet', 'Recherche active'].map((label, i) =>
        w.jalonctl('phase', 'add', `model=${model}`, `rank=${i + 1}`, `code=P${i + 1}`, `label=${label}`));
    w.cli('anna', 'sync');
    person = w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Zoé', 'city=Ville-Fictive', 'birth_date=3/4/1990');
    w.cli('anna', 'add', 'contact_point', `person=${person}`, 'kind=phone', 'value=0400 00 00 01');
    pathway = w.cli('anna', 'add', 'pathway', `person=${person}`, `model=${model}`, 'entry=2/1/2026', 'state=open');
    w.cli('anna', 'add', 'step', `pathway=${pathway}`, `phase=${phases[0]}`, 'start=2/1/2026');
    const goal = w.cli('anna', 'add', 'objective', `pathway=${pathway}`, 'theme=mobility', 'label=Se déplacer seule', 'state=in_progress');
    w.cli('anna', 'add', 'action', `pathway=${pathway}`, `objective=${goal}`, 'who=person', 'label=Permis B', 'state=planned', 'due=1/2/2026');
    w.cli('anna', 'add', 'session', `person=${person}`, 'kind=individual', 'date=5/1/2026', 'minutes=45', 'subject=Accueil', 'state=validated');
    w.cli('anna', 'sync');
    w.cli('bilal', 'sync');
    ui = await w.ui('anna');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
const fresh = async () => {
    const opened = await open(browser, w.cli('anna', 'ui', '--no-open'));
    await opened.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    await opened.page.goto(`${new URL(opened.page.url()).origin}/#/person/${person}`);
    await opened.page.getByRole('heading', { name: 'Zoé Exemple' }).waitFor();
    return opened;
};
const listed = (table, ...filter) => JSON.parse(w.cli('anna', '--json', 'list', table, ...filter));

test('two people moved the pathway: a banner, one press closes one', async () => {
    w.cli('bilal', 'add', 'step', `pathway=${pathway}`, `phase=${phases[1]}`, 'start=9/2/2026');
    w.cli('bilal', 'sync');
    const { context, page, errors } = await fresh();
    await page.getByText('2 étapes ouvertes').waitFor();
    await inspectAll(page, 'dossier-two-steps');
    await page.getByRole('button', { name: 'Clore « P1 Accueil » du 02/01/2026' }).click();
    await page.getByText('02/01/2026 – 09/02/2026').waitFor();
    assert.equal(await page.getByText('étapes ouvertes').count(), 0);
    await page.getByRole('button', { name: 'Passer à cette étape' }).click();
    await page.locator('.track .now', { hasText: 'Recherche active' }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll('.track .now').length === 1);
    assert.equal(listed('step').length, 3);
    assert.deepEqual(errors, []);
    await context.close();
});

test('an action is ticked done, another one added', async () => {
    const { context, page, errors } = await fresh();
    await page.getByText('▲ en retard · 01/02/2026').waitFor();
    // A tick stays where it was put, whatever comes in before it is saved.
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route('**/api/save', async (route) => { await held; await route.continue(); });
    await page.getByRole('checkbox', { name: 'Permis B' }).check();
    w.cli('anna', 'add', 'action', `pathway=${pathway}`, 'label=Lire les annonces', 'who=person', 'state=planned');
    await page.getByRole('checkbox', { name: 'Lire les annonces' }).waitFor();
    assert.ok(await page.getByRole('checkbox', { name: 'Permis B' }).isChecked());
    release();
    await page.getByText(/fait le /).waitFor();
    await page.unroute('**/api/save');
    const action = listed('action').find((one) => one.label === 'Permis B');
    assert.equal(action.state, 'done');
    assert.match(action.done_on, /^\d{4}-\d\d-\d\d$/);
    await page.getByLabel('Nouvelle action').fill('Écrire un CV');
    await page.locator('.plan').getByLabel('Échéance').fill('demain');
    await page.getByRole('button', { name: "Ajouter l'action" }).click();
    await page.getByRole('checkbox', { name: 'Écrire un CV' }).waitFor();
    await page.getByText('Projet professionnel').click();
    await page.getByLabel('Motivation').fill('Travailler dehors');
    await page.locator('.field', { hasText: 'Motivation' }).locator('.mark.saved').waitFor();
    assert.match(w.cli('anna', '--json', 'list', 'pathway_plan'), /Travailler dehors/);
    await inspectAll(page, 'dossier');
    assert.deepEqual(errors, []);
    await context.close();
});

test('a contract brings its follow-up points, and one is noted', async () => {
    const { context, page, errors } = await fresh();
    await page.getByRole('button', { name: 'Ajouter : Contrats' }).click();
    const form = page.locator('form.new');
    await form.getByLabel('Type').selectOption('CDD');
    await form.getByLabel('Début').fill('30/11/2025');
    await form.getByRole('combobox', { name: 'Employeur (structure)' }).fill('atelier');
    await page.getByRole('option', { name: /Atelier Fictif/ }).click();
    await form.getByRole('button', { name: 'Ajouter' }).click();
    await page.getByText('dû le 28/02/2026').waitFor(); // three months after 30/11
    await page.getByRole('button', { name: 'Noter le point : 3 mois' }).click();
    await form.getByLabel('En poste').selectOption('same');
    await form.getByLabel('Satisfaction (personne)').fill('4');
    await form.getByRole('button', { name: 'Ajouter' }).click();
    await page.getByText('personne 4/5').waitFor();
    assert.equal(listed('job_followup')[0].milestone, 'M3');
    await inspectAll(page, 'dossier-contract');
    assert.deepEqual(errors, []);
    await context.close();
});

test('a file is attached in the page, goes to the server, is opened by a colleague', async () => {
    const { context, page, errors } = await fresh();
    const file = join(w.dir, 'attestation.txt');
    writeFileSync(file, 'Attestation fictive, ligne par ligne.\n'.repeat(20000)); // several pieces
    await page.getByLabel('Type de document').selectOption('certificate');
    await page.getByLabel('Joindre un fichier').setInputFiles(file);
    const mine = page.locator('.document', { hasText: 'attestation.txt' });
    await mine.getByText('ici et sur le serveur').waitFor();
    await inspectAll(page, 'dossier-document');
    const saved = page.waitForEvent('download');
    await mine.getByRole('button', { name: 'Ouvrir' }).click();
    const download = await saved;
    assert.equal(download.suggestedFilename(), 'attestation.txt');
    run('cmp', file, await download.path());
    w.cli('bilal', 'sync');
    const theirs = await w.ui('bilal');
    const other = await open(browser, theirs.url);
    await other.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    await other.page.goto(`${new URL(other.page.url()).origin}/#/person/${person}`);
    const there = other.page.locator('.document', { hasText: 'attestation.txt' });
    await there.getByRole('button', { name: 'Faire venir' }).click();
    await there.getByText('ici et sur le serveur').waitFor();
    const again = other.page.waitForEvent('download');
    await there.getByRole('button', { name: 'Ouvrir' }).click();
    run('cmp', file, await (await again).path());
    assert.deepEqual([...errors, ...other.errors], []);
    await context.close();
    await other.context.close();
});

test('a picture shows in the page', async () => {
    const { context, page, errors } = await fresh();
    const file = join(w.dir, 'plan.svg');
    writeFileSync(file, '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>');
    await page.getByLabel('Joindre un fichier').setInputFiles(file);
    await page.locator('.document', { hasText: 'plan.svg' }).getByRole('button', { name: 'Ouvrir' }).click();
    const picture = page.getByRole('img', { name: 'plan.svg' });
    await picture.waitFor();
    await page.waitForFunction(() => document.querySelector('img.picture').naturalWidth === 40);
    assert.deepEqual(errors, []);
    await context.close();
});

test('a consent is withdrawn by one press; what it was stays readable', async () => {
    const { context, page, errors } = await fresh();
    await page.getByRole('button', { name: 'Ajouter : Consentements' }).click();
    const form = page.locator('form.new');
    await form.getByLabel('Finalité').selectOption('information');
    await form.getByRole('button', { name: 'Ajouter' }).click();
    await page.getByText(/donné le/).waitFor();
    await page.getByRole('button', { name: /^Retirer\s: / }).click();
    await page.getByText(/retiré le/).waitFor();
    assert.match(listed('consent')[0].withdrawn_on, /^\d{4}/);
    assert.deepEqual(errors, []);
    await context.close();
});

test('what is only here says so, until it is on the server', async () => {
    const { context, page, errors } = await fresh();
    await w.unserve();
    await page.getByRole('button', { name: 'Ajouter : Téléphone, courriel' }).click();
    await page.locator('form.new').getByLabel('Numéro ou adresse').fill('0400 00 00 02');
    await page.locator('form.new').getByRole('button', { name: 'Ajouter' }).click();
    await page.locator('li', { hasText: '0400 00 00 02' }).getByText('ici seulement').waitFor();
    await page.getByText(/sur cet appareil seulement/).waitFor();
    assert.equal(await page.getByText('Tout est envoyé').count(), 0);
    await w.serve(w.address);
    await page.getByRole('button', { name: 'Synchroniser' }).click();
    await page.locator('li', { hasText: '0400 00 00 02' }).getByText('sur le serveur').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
});
