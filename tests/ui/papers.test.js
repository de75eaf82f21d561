// SPDX-License-Identifier: Apache-2.0
// A bilan compared and locked, an agreement signed on the screen and frozen, a referral with what
// it shares and its refusal.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { browse, inspectAll, jalon, open, run, world } from './world.js';

let w;
let browser;
let person;
let pathway;
before(async () => {
    w = await world('anna');
    const model = w.jalonctl('pathway_model', 'add', 'name=Modèle fictif', `structure=${w.structure}`);
    const centre = w.jalonctl('structure', 'add', 'Centre Fictif', '--type', 'CISP_EFT');
    const carla = w.jalonctl('staff', 'add', 'Carla Exemple', '--structure', centre, '--role', 'jobcoach');
    w.clients.carla = join(w.dir, 'carla');
    run(jalon, '--data', w.clients.carla, 'enrol', w.jalonctl('invite', carla));
    w.cli('anna', 'sync');
    person = w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Zoé');
    pathway = w.cli('anna', 'add', 'pathway', `person=${person}`, `model=${model}`, 'entry=2/1/2026', 'state=open');
    const old = w.cli('anna', 'add', 'assessment', `pathway=${pathway}`, 'version=1', 'date=3/2/2026', 'state=draft');
    for (const [axis, level] of [['housing', 1], ['mobility', 2], ['language', 3], ['digital', 0]])
        w.cli('anna', 'add', 'assessment_axis', `assessment=${old}`, `axis=${axis}`, `level=${level}`);
    w.cli('anna', 'set', 'assessment', old, 'state=locked');
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
const listed = (table) => JSON.parse(w.cli('anna', '--json', 'list', table));

test('a bilan: levels, comparison with the one before, picture and table, lock', async () => {
    const now = w.cli('anna', 'add', 'assessment', `pathway=${pathway}`, 'version=2', 'date=5/6/2026', 'state=draft');
    const { context, page, errors } = await fresh(`#/assessment/${now}`);
    const line = (name) => page.getByRole('row', { name: new RegExp(name) });
    for (const [name, level] of [['Logement', 3], ['Mobilité', 1], ['Langue', 3]])
        await line(name).getByRole('radio', { name: new RegExp(`^${level} `) }).check();
    await line('Logement').getByText('▲ +2').waitFor();
    await line('Mobilité').getByText('▼ -1').waitFor();
    await line('Logement').getByRole('button', { name: 'Constat : Logement' }).click();
    await line('Logement').getByLabel('Constat', { exact: true }).fill('A trouvé un studio.');
    await line('Logement').locator('.mark.saved').waitFor();
    assert.equal(await page.locator('svg.radar .shape').count(), 2);
    await line('Santé').getByText('le niveau seulement').waitFor();
    await inspectAll(page, 'assessment');
    await page.getByRole('button', { name: 'Verrouiller ce bilan' }).click();
    await page.getByText('✓ verrouillé').waitFor();
    assert.ok(await line('Logement').getByRole('radio').first().isDisabled());
    assert.deepEqual(listed('assessment_axis').filter((a) => a.assessment === now).map((a) => [a.axis, a.level]).sort(), [['housing', 3], ['language', 3], ['mobility', 1]]);
    await page.getByRole('button', { name: 'Nouvelle version' }).click();
    await page.locator('form.new').getByRole('button', { name: 'Ajouter' }).click();
    await page.getByRole('heading', { name: /^Bilan 3/ }).waitFor();
    assert.deepEqual(errors, []);
    await context.close();
});

test('an agreement is signed on the screen and by scan; its text is frozen for all', async () => {
    const id = w.cli('anna', 'add', 'agreement', `pathway=${pathway}`, 'kind=PIIS', 'parties=Zoé Exemple, CPAS Fictif', 'start=1/6/2026', 'content=Chacun tient parole.');
    const { context, page, errors } = await fresh(`#/agreement/${id}`);
    await page.getByLabel('Engagements').fill('Chacun tient parole.\n\nPoint tous les trois mois.');
    await page.locator('.mark.saved').first().waitFor();
    await page.getByRole('button', { name: 'Signer' }).click();
    await page.getByLabel('Nom de qui signe').fill('Zoé Exemple');
    const pad = await page.locator('.pad').boundingBox();
    await page.mouse.move(pad.x + 40, pad.y + 90);
    await page.mouse.down();
    for (const [x, y] of [[80, 40], [120, 120], [200, 60], [260, 110]]) await page.mouse.move(pad.x + x, pad.y + y);
    await page.mouse.up();
    await inspectAll(page, 'agreement-signing');
    await page.getByRole('button', { name: 'Enregistrer la signature' }).click();
    await page.getByText('✓ 1 signature, texte figé').waitFor();
    assert.equal(await page.getByLabel('Engagements').count(), 0);
    let [agreement] = listed('agreement');
    const { digest } = agreement;
    assert.match(digest, /^[0-9a-f]{64}$/);
    const [signature] = listed('agreement_signature');
    assert.equal(signature.name, 'Zoé Exemple');
    const picture = listed('document').find((one) => one.id === signature.document);
    assert.equal(picture.mime, 'image/svg+xml');
    assert.throws(() => w.cli('anna', 'set', 'agreement', id, 'content=Autre chose.'), /verrouillé/);
    assert.throws(() => w.cli('anna', 'set', 'agreement', id, 'digest='), /verrouillé/);
    const scan = join(w.dir, 'convention-signée.pdf');
    writeFileSync(scan, '%PDF-1.4 fictif');
    await page.getByRole('button', { name: 'Signer' }).click();
    await page.getByLabel('Nom de qui signe').fill('CPAS Fictif');
    await page.locator('label', { hasText: 'Partie' }).locator('select').selectOption('CPAS');
    await page.getByLabel('Signé sur papier').setInputFiles(scan);
    await page.getByRole('button', { name: 'Enregistrer la signature' }).click();
    await page.getByText('✓ 2 signatures, texte figé').waitFor();
    [agreement] = listed('agreement');
    assert.equal(agreement.digest, digest);
    await page.getByText('Tout est envoyé').waitFor();
    assert.equal(JSON.parse(w.jalonctl('--json', 'agreement_signature', 'list')).length, 2);
    await inspectAll(page, 'agreement');
    assert.deepEqual(errors, []);
    await context.close();
});

test('a referral shows what it shares, under which consent; a refusal stays in sight', async () => {
    const { context, page, errors } = await fresh(`#/person/${person}`);
    await page.getByRole('link', { name: 'Orienter vers une autre structure' }).click();
    await page.getByRole('heading', { name: 'Orienter Zoé Exemple' }).waitFor();
    await page.getByRole('combobox', { name: 'Vers' }).fill('centre');
    await page.getByRole('option', { name: 'Centre Fictif' }).click();
    await page.getByRole('combobox', { name: 'Agent destinataire' }).fill('carla');
    await page.getByRole('option', { name: /Carla/ }).click();
    await page.getByText('Aucun consentement en cours ne couvre cela').waitFor();
    await page.locator('.will-share').getByText('Parcours').waitFor();
    const send = page.getByRole('button', { name: 'Noter le consentement et envoyer' });
    assert.ok(await send.isDisabled());
    for (const point of await page.locator('.point input').all()) await point.check();
    await inspectAll(page, 'referral-new');
    await send.click();
    await page.getByRole('heading', { name: 'Passerelle vers Centre Fictif' }).waitFor();
    await page.getByText('Consentement donné le').waitFor();
    const [consent] = listed('consent');
    assert.equal(consent.purpose, 'share_structure');
    assert.equal(listed('referral')[0].consent, consent.id);
    await page.getByText('Tout est envoyé').waitFor();
    await page.getByText('En attente de réponse').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Accepter et ouvrir un dossier' }).count(), 0);
    // Whom it names answers.
    w.cli('carla', 'sync');
    const theirs = await w.ui('carla');
    const other = await open(browser, theirs.url);
    await other.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    const [{ id }] = listed('referral');
    await other.page.goto(`${new URL(other.page.url()).origin}/#/referral/${id}`);
    await other.page.getByLabel('Motif de refus').selectOption('no_position');
    await inspectAll(other.page, 'referral-answer');
    await other.page.getByRole('button', { name: 'Refuser avec ce motif' }).click();
    await other.page.getByText('Tout est envoyé').waitFor();
    await page.getByText(/^Refusée\s:/).waitFor();
    await inspectAll(page, 'referral');
    await page.goto(`${new URL(page.url()).origin}/#/referral/new/${person}`);
    await page.getByRole('combobox', { name: 'Vers' }).fill('centre');
    await page.getByRole('option', { name: 'Centre Fictif' }).click();
    await page.getByText(/^✓ Donné le/).waitFor();
    await page.getByRole('combobox', { name: 'Agent destinataire' }).fill('carla');
    await page.getByRole('option', { name: /Carla/ }).click();
    for (const point of await page.locator('.point input').all()) await point.check();
    await page.getByRole('button', { name: 'Envoyer la passerelle' }).click();
    await page.getByText('En attente de réponse').waitFor();
    await page.getByText('Tout est envoyé').waitFor();
    const again = listed('referral').find((one) => one.id !== id);
    await other.page.goto(`${new URL(other.page.url()).origin}/#/table/referral`);
    await other.page.getByText('2 fiches').waitFor();
    await other.page.goto(`${new URL(other.page.url()).origin}/#/referral/${again.id}`);
    await other.page.getByRole('button', { name: 'Accepter et ouvrir un dossier' }).click();
    await other.page.getByRole('heading', { name: 'Zoé Exemple' }).waitFor();
    assert.deepEqual(JSON.parse(w.cli('carla', '--json', 'list', 'person', `structure=${again.to}`)).length, 1);
    await page.locator('.badge.done', { hasText: 'Acceptée' }).waitFor();
    // What was refused leaves whom it named: asked for again it is not there.
    assert.deepEqual([...errors, ...other.errors.filter((one) => !one.includes('404'))], []);
    await other.context.close();
    await context.close();
});
