// SPDX-License-Identifier: Apache-2.0
// One day of two jobcoaches and a manager: laptops that synchronise in the morning, hours without
// network, the same visit written twice, a power cut, forty seconds of network, and what must be
// true in the evening.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, ended, inspectAll, open, world } from './world.js';

let w;
let browser;
const id = {};
const ui = {};
// As the browser counts days, wherever this runs.
const day = (days) => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Brussels' }).format(Date.now() + days * 86400000);
const who = { J: 'anna', C: 'bilal' };

// 3: no network; 4: done, somebody must decide.
function sync(name) {
    try {
        w.cli(name, 'sync');
    } catch (error) {
        assert.ok([3, 4].includes(error.status), String(error.stderr));
    }
}
const listed = (name, table, ...filter) => JSON.parse(w.cli(name, '--json', 'list', table, ...filter));
const onServer = (table) => JSON.parse(w.jalonctl('--json', table, 'list'));

before(async () => {
    w = await world(who.J, who.C);
    const model = w.jalonctl('pathway_model', 'add', 'name=Modèle fictif', `structure=${w.structure}`);
    w.jalonctl('phase', 'add', `model=${model}`, 'rank=1', 'code=JC5', 'label=Suivi en emploi');
    sync(who.J);
    for (const [key, name] of [['one', 'Premier'], ['two', 'Second'], ['three', 'Tiers']]) {
        id[key] = w.cli(who.J, 'add', 'person', `name=${name}`, 'first_name=Zoé', 'street=Rue Ancienne 1', 'city=Ville-Fictive', 'birth_date=3/4/1990');
        id[`${key}Path`] = w.cli(who.J, 'add', 'pathway', `person=${id[key]}`, `model=${model}`, 'entry=2/1/2026', 'state=open');
        id[`${key}Visit`] = w.cli(who.J, 'add', 'session', `person=${id[key]}`, 'kind=individual', `date=${day(0)}`, 'start=9h00', 'minutes=45', 'subject=Visite prévue', 'state=draft');
    }
    id.permis = w.cli(who.J, 'add', 'action', `pathway=${id.onePath}`, 'who=person', 'label=Permis B', 'state=planned', `due=${day(-3)}`);
    w.cli(who.J, 'add', 'action', `pathway=${id.twoPath}`, 'who=jobcoach', 'label=Appeler la mutuelle', 'state=planned', `due=${day(-1)}`);
    id.company = w.cli(who.J, 'add', 'company', 'name=Menuiserie Fictive', 'access=Sonner à la porte verte');
    id.contract = w.cli(who.J, 'add', 'contract', `person=${id.two}`, `employer_company=${id.company}`, 'kind=CDD', `start=${day(-92)}`, `expected_end=${day(90)}`);
    sync(who.J);
    sync(who.C);
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
async function laptop(name) {
    ui[name] = await w.ui(name);
    const opened = await open(browser, ui[name].url);
    await opened.page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    opened.go = (address) => opened.page.goto(`${new URL(opened.page.url()).origin}/${address}`);
    return opened;
}
const field = (page, label) => page.locator('.field', { hasText: label });

test('a day without network, and what is true in the evening', async () => {
    // 07:40: both are in step; home shows the visits of the day and what is late.
    let J = await laptop(who.J);
    await J.page.getByText('Tout est envoyé').waitFor();
    for (const name of ['Premier', 'Second', 'Tiers']) await J.page.getByRole('link', { name: new RegExp(name) }).first().waitFor();
    await J.page.getByText('Permis B').first().waitFor();
    await J.page.getByText('Appeler la mutuelle').first().waitFor();
    await inspectAll(J.page, 'acceptance-morning');
    // 08:10: no more network.
    await w.unserve();

    // Visit 1. The sheet, the phone, the action, the session.
    await J.go(`#/visit/${id.one}`);
    await J.page.getByText('Permis B').waitFor();
    await J.page.getByRole('link', { name: 'Le dossier' }).click();
    await J.page.getByRole('checkbox', { name: 'Permis B' }).check();
    await J.page.getByText(/fait le/).waitFor();
    await J.page.getByRole('button', { name: 'Ajouter : Téléphone, courriel' }).click();
    await J.page.locator('form.new').getByLabel('Numéro ou adresse').fill('0400 00 00 01');
    await J.page.locator('form.new').getByRole('button', { name: 'Ajouter' }).click();
    await J.page.locator('li', { hasText: '0400 00 00 01' }).getByText('ici seulement').waitFor();
    await J.page.getByRole('button', { name: "Modifier l'identité" }).click();
    await J.page.getByLabel('Rue et n°').fill('Rue de Jeanne 2');
    await field(J.page, 'Rue et n°').locator('.mark.saved').waitFor();
    await J.page.getByRole('link', { name: "Aujourd'hui" }).click();
    await J.page.getByRole('link', { name: /Premier/ }).first().click();
    await J.page.getByRole('heading', { name: /^Séance du/ }).waitFor();
    await J.page.locator('.field', { hasText: 'Type' }).locator('select').selectOption('tripartite');
    await J.page.getByLabel('Durée (min)').fill('45');
    await J.page.getByLabel('Objet').fill('Visite tripartite');
    await J.page.getByLabel('Compte rendu').fill('Incident à la scie, médiation faite.');
    await J.page.getByLabel('Prochaine date').fill('demain');
    await field(J.page, 'Prochaine date').locator('.mark.saved').waitFor();
    await J.page.getByRole('button', { name: 'Valider la séance' }).click();
    await J.page.getByText('✓ Validée').waitFor();

    // The accompagnatrice writes the same visit, moves the action, edits the address, adds a phone.
    const visit = w.cli(who.C, 'add', 'session', `person=${id.one}`, 'kind=tripartite', `date=${day(0)}`, 'minutes=45', 'subject=Visite à l\'atelier', 'state=validated');
    w.cli(who.C, 'set', 'action', id.permis, `due=${day(20)}`, 'state=in_progress');
    w.cli(who.C, 'set', 'person', id.one, 'street=Rue de Claire 3');
    w.cli(who.C, 'add', 'contact_point', `person=${id.one}`, 'kind=phone', 'value=0400 00 00 02');
    // At the office another end of the contract is entered.
    w.cli(who.C, 'set', 'contract', id.contract, `actual_end=${day(30)}`, 'end_reason=other_job');

    // Visit 2: the M3 point with two scores, an earlier end announced.
    await J.go(`#/person/${id.two}`);
    await J.page.getByRole('button', { name: 'Noter le point : 3 mois' }).click();
    const form = J.page.locator('form.new');
    await form.getByLabel('En poste').selectOption('same');
    await form.getByLabel('Satisfaction (personne)').fill('4');
    await form.getByLabel('Satisfaction (entreprise)').fill('3');
    await form.getByRole('button', { name: 'Ajouter' }).click();
    await J.page.getByText('personne 4/5 · entreprise 3/5').waitFor();
    await J.page.locator('.contract').getByRole('link', { name: /Menuiserie Fictive/ }).click();
    await J.page.getByLabel('Fin réelle').fill(`${day(15).slice(8)}/${day(15).slice(5, 7)}/${day(15).slice(0, 4)}`);
    await J.page.getByLabel('Fin réelle').blur();
    await field(J.page, 'Fin réelle').locator('.mark.saved').waitFor();

    // Visit 3: one unknown until then; the office enters the same person.
    await J.go('#/persons');
    await J.page.getByRole('button', { name: 'Nouvelle personne' }).click();
    await J.page.locator('form.new').getByLabel('Nom', { exact: false }).first().fill('Nouveau');
    await J.page.locator('form.new').getByLabel('Prénom').fill('Théo');
    await J.page.locator('form.new').getByLabel('Naissance').fill('5/5/1995');
    await J.page.locator('form.new').getByRole('button', { name: 'Ajouter' }).click();
    await J.page.getByRole('heading', { name: 'Théo Nouveau' }).waitFor();
    w.cli(who.C, 'add', 'person', 'name=Nouveau', 'first_name=Théo', 'birth_date=5/5/1995');

    // 16:30: a power cut in the middle of a sentence; the draft is there to the last field.
    await J.go(`#/session/${id.threeVisit}`);
    await J.page.getByLabel('Objet').fill('Séance par métier');
    await J.page.getByLabel('Compte rendu').pressSequentially('Neuf personnes, une phrase cou');
    await field(J.page, 'Compte rendu').locator('.mark.saved').waitFor();
    // What the browser says on its console of a process that is gone is no fault of the page's.
    assert.deepEqual(J.errors, []);
    await ended(ui[who.J].child, 'SIGKILL');
    await J.page.getByText('Jalon est fermé sur cet appareil').waitFor();
    await J.context.close();
    const cut = listed(who.J, 'session', 'subject=Séance par métier');
    assert.equal(cut.length, 1);
    assert.equal(listed(who.J, 'session_note', `session=${cut[0].id}`)[0].text, 'Neuf personnes, une phrase cou');

    // 17:10: the network comes and goes while it sends; later all of it is there.
    const before = JSON.parse(w.cli(who.J, '--json', 'status')).unsent;
    assert.ok(before > 5);
    sync(who.J); // the server is away: nothing lost
    assert.equal(JSON.parse(w.cli(who.J, '--json', 'status')).unsent, before);
    await w.serve(w.address);
    sync(who.C);
    J = await laptop(who.J);
    await ended(w.server, 'SIGKILL');
    await w.serve(w.address);
    await J.page.getByRole('button', { name: 'Synchroniser' }).click();
    await J.page.getByText('Tout est envoyé').waitFor({ timeout: 60000 });
    sync(who.C);

    // Nothing lost, nothing doubled: both phones, the action done, the later address shown.
    for (const name of [who.J, who.C]) {
        assert.deepEqual(listed(name, 'contact_point', `person=${id.one}`).map((one) => one.value).sort(), ['0400 00 00 01', '0400 00 00 02'], name);
        assert.equal(listed(name, 'action').find((one) => one.id === id.permis).state, 'done', name);
        assert.equal(listed(name, 'job_followup', `contract=${id.contract}`).length, 1, name);
        assert.equal(listed(name, 'person').find((one) => one.id === id.one).street, 'Rue de Claire 3', name);
    }
    assert.equal(onServer('session').filter((one) => one.person === id.one && one.kind === 'tripartite').length, 2);
    assert.ok(onServer('session').some((one) => one.id === visit));

    // What waits: the other address, the end of the contract, two possible doubles.
    await J.go('#/inbox');
    await J.page.getByText('Rue de Jeanne 2').waitFor();
    const end = J.page.locator('article', { hasText: 'Fin réelle' });
    await end.getByText("la première valeur reste jusqu'à la décision").waitFor();
    await end.getByText('Une autre personne décide ; rien à faire ici.').waitFor();
    assert.equal(onServer('contract')[0].actual_end, day(30));
    await J.page.getByText('même personne, même jour, deux agents').waitFor();
    await J.page.getByText('même nom, même date de naissance').waitFor();
    await inspectAll(J.page, 'acceptance-evening');
    const person = J.page.locator('article', { hasText: 'même nom, même date de naissance' });
    await person.getByRole('button', { name: 'Oui, réunir' }).click();
    await person.waitFor({ state: 'detached' });
    await J.page.getByText('Tout est envoyé').waitFor();
    sync(who.C);
    for (const name of [who.J, who.C]) assert.equal(listed(name, 'person', 'name=Nouveau').length, 1, name);

    // The banner and the marks of the dossier lead to what waits.
    await J.go(`#/person/${id.one}`);
    await J.page.locator('.page-head').getByText('à décider').click();
    await J.page.getByText('Rue de Jeanne 2').waitFor();
    assert.deepEqual(J.errors, []);
    await J.context.close();
});
