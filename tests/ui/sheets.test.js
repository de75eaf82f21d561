// SPDX-License-Identifier: Apache-2.0
// Sheets for one task: before a visit, of a company.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, inspectAll, open, world } from './world.js';

let w;
let browser;
let person;
let company;
const iso = (days) => new Date(Date.now() + days * 86400000).toISOString().slice(0, 10);
before(async () => {
    w = await world('anna');
    const model = w.jalonctl('pathway_model', 'add', 'name=Modèle fictif', `structure=${w.structure}`);
    const phase = w.jalonctl('phase', 'add', `model=${model}`, 'rank=1', 'code=P1', 'label=Accueil');
    w.cli('anna', 'sync');
    person = w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Zoé', 'street=Rue Fictive 3', 'city=Ville-Fictive', 'emergency=sa sœur');
    w.cli('anna', 'add', 'contact_point', `person=${person}`, 'kind=phone', 'value=0400 00 00 01');
    const pathway = w.cli('anna', 'add', 'pathway', `person=${person}`, `model=${model}`, 'entry=2/1/2026', 'state=open');
    w.cli('anna', 'add', 'step', `pathway=${pathway}`, `phase=${phase}`, 'start=2/1/2026');
    w.cli('anna', 'add', 'action', `pathway=${pathway}`, 'who=person', 'label=Permis B', 'state=planned', 'due=1/2/2026');
    w.cli('anna', 'add', 'action', `pathway=${pathway}`, 'who=jobcoach', 'label=Appeler le service', 'state=done');
    for (const [i, day] of [-40, -30, -20, -10].entries()) {
        const session = w.cli('anna', 'add', 'session', `person=${person}`, 'kind=individual', `date=${iso(day)}`, 'minutes=45', `subject=Visite ${i + 1}`, 'state=draft');
        w.cli('anna', 'add', 'session_note', `session=${session}`, `person=${person}`, `text=Compte rendu ${i + 1}.`);
    }
    company = w.cli('anna', 'add', 'company', 'name=Menuiserie Fictive', 'street=Zone 4', 'city=Ville-Fictive', 'access=Sonner à la porte verte');
    w.cli('anna', 'add', 'contact', `company=${company}`, 'name=Mme Fictive', 'role=Cheffe d\'atelier', 'phone=0400 00 00 09');
    const position = w.cli('anna', 'add', 'position', `company=${company}`, 'kind=offer', 'title=Aide-menuisier', 'places=3', 'state=open', 'start=1/1/2026');
    w.cli('anna', 'add', 'contract', `person=${person}`, `employer_company=${company}`, `position=${position}`, 'kind=CDD', `start=${iso(-100)}`, `expected_end=${iso(60)}`);
    w.cli('anna', 'add', 'company_note', `company=${company}`, `date=${iso(-5)}`, 'text=Cherche pour janvier.');
    w.cli('anna', 'add', 'obstacle', `person=${person}`, 'theme=housing', `start=${iso(-9)}`, 'note=Chambre provisoire');
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

test('before a visit: access, contact, the last three sessions, what is open', async () => {
    const { context, page, errors } = await fresh(`#/person/${person}`);
    await page.getByRole('link', { name: 'Fiche de visite' }).click();
    await page.getByText('Sonner à la porte verte').waitFor();
    for (const text of ['0400 00 00 01', '0400 00 00 09', 'Rue Fictive 3', 'sa sœur', 'Permis B', 'Compte rendu 4.', 'Compte rendu 2.', 'Accueil'])
        await page.getByText(text, { exact: false }).first().waitFor();
    await page.getByText(/▲ dû le/).first().waitFor();
    assert.equal(await page.getByText('Compte rendu 1.').count(), 0);
    assert.equal(await page.getByText('Appeler le service').count(), 0);
    await inspectAll(page, 'visit');
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByRole('button', { name: 'Imprimer' }).count(), 0);
    const paper = await page.pdf({ format: 'A4' });
    const sheets = paper.toString('latin1').match(/\/Type\s*\/Page\b/g).length;
    assert.ok(sheets <= 2, `${sheets} sheets`);
    assert.deepEqual(errors, []);
    await context.close();
});

test('of a company: contacts, notes, free places, contracts, and nothing social', async () => {
    const { context, page, errors } = await fresh(`#/company/${company}`);
    await page.getByText('Mme Fictive').waitFor();
    await page.getByText('Cherche pour janvier.').waitFor();
    await page.getByText('2 places libres').waitFor();
    await page.locator('section', { hasText: 'Contrats' }).getByText('Exemple Zoé').waitFor();
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.reload();
    await page.getByText('2 places libres').waitFor();
    const secret = ['session', 'session_note', 'obstacle', 'status_period', 'sensitive_fact', 'objective', 'action', 'identity_number', 'assessment_axis'];
    assert.deepEqual(asked.filter((url) => secret.some((table) => url.includes(`/api/rows/${table}?`))), []);
    assert.equal(await page.getByText('Chambre provisoire').count(), 0);
    await page.getByRole('button', { name: 'Modifier la fiche' }).click();
    await page.getByLabel('Consignes de visite').fill('Sonner à la porte bleue');
    await page.locator('.banner', { hasText: 'porte bleue' }).waitFor();
    await inspectAll(page, 'company');
    assert.deepEqual(errors, []);
    await context.close();
});
