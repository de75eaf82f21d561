// SPDX-License-Identifier: Apache-2.0
// A device that belongs to nobody yet: an invitation that is good or not, and dossiers to try.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { browse, ended, inspectAll, jalon, open, run, world } from './world.js';

let w;
let browser;
let staff;
const data = (name) => join(w.dir, name);
before(async () => {
    w = await world();
    staff = w.jalonctl('staff', 'add', 'Dominique Fictif', '--structure', w.structure, '--role', 'jobcoach');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});
async function welcome(name) {
    const ui = await w.ui(name);
    const opened = await open(browser, ui.url);
    await opened.page.getByRole('heading', { name: 'Bienvenue dans Jalon' }).waitFor();
    return { ...opened, ui };
}
async function type(page, code) {
    await page.getByRole('button', { name: "J'ai une invitation" }).click();
    await page.getByLabel("Code d'invitation").fill(code);
    await page.getByRole('button', { name: 'Inscrire cet appareil' }).click();
}
// A letter typed wrongly.
const spoilt = (code) => code.slice(0, -1) + (code.endsWith('2') ? '3' : '2');

test('two ways lead on, and nothing else is asked', async () => {
    const { context, page, errors } = await welcome('nobody');
    assert.deepEqual(await page.getByRole('button').allInnerTexts(), ["J'ai une invitation", "Essayer avec des données d'exemple"]);
    assert.equal(await page.getByRole('navigation').count(), 0);
    await inspectAll(page, 'welcome');
    await page.getByRole('button', { name: "J'ai une invitation" }).click();
    assert.ok(await page.getByLabel("Code d'invitation").evaluate((one) => one === document.activeElement));
    await inspectAll(page, 'welcome-code');
    assert.deepEqual(errors, []);
    await context.close();
});

test('a code may be typed as it comes, and the dossiers arrive', async () => {
    const other = w.jalonctl('invite', staff);
    run(jalon, '--data', data('first'), 'enrol', other);
    run(jalon, '--data', data('first'), 'add', 'person', 'name=Exemple', 'first_name=Zoé');
    run(jalon, '--data', data('first'), 'sync');
    const { context, page, errors } = await welcome('typed');
    const code = w.jalonctl('invite', staff);
    await type(page, ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'i')}\n`);
    await page.getByText("Bienvenue dans « Réseau d'essai », Dominique Fictif.").waitFor();
    await page.getByText('Tout est envoyé').waitFor();
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByRole('link', { name: 'Exemple Zoé' }).waitFor();
    assert.equal(JSON.parse(run(jalon, '--data', data('typed'), '--json', 'status')).live.connected, true);
    // The browser itself reports each answer that refuses; there was none.
    assert.deepEqual(errors, []);
    await context.close();
});

test('a code may come in a file', async () => {
    const { context, page } = await welcome('filed');
    const file = join(w.dir, 'invitation.txt');
    writeFileSync(file, `${w.jalonctl('invite', staff)}\n`);
    await page.getByRole('button', { name: "J'ai une invitation" }).click();
    await page.getByLabel('Lire un fichier').setInputFiles(jalon);
    await page.getByText("Une photo du code QR ne se lit pas ici").waitFor();
    await page.getByLabel('Lire un fichier').setInputFiles(file);
    await page.getByRole('button', { name: 'Inscrire cet appareil' }).click();
    await page.getByText('Bienvenue dans «').waitFor();
    await context.close();
});

test('a code that does not pass says which way, and whom to ask', async () => {
    const { context, page } = await welcome('wrong');
    const code = w.jalonctl('invite', staff);
    const again = async (text) => {
        await page.getByLabel("Code d'invitation").fill(text);
        await page.getByRole('button', { name: 'Inscrire cet appareil' }).click();
    };
    await type(page, spoilt(code));
    await page.getByText("Ce n'est pas un code complet").waitFor();
    await page.getByText('à la personne qui vous a donné celle-ci').waitFor();
    assert.equal(await page.getByLabel("Code d'invitation").getAttribute('aria-invalid'), 'true');
    await inspectAll(page, 'welcome-wrong');

    run(jalon, '--data', data('user'), 'enrol', code);
    await again(code);
    await page.getByText('Ce code a déjà servi pour un autre appareil').waitFor();

    // An invitation the server does not know: its data are those from before it was made.
    await w.unserve();
    cpSync(data('server'), data('older'), { recursive: true });
    await w.serve(w.address);
    const lost = w.jalonctl('invite', staff);
    await w.unserve();
    await again(lost);
    await page.getByText('Le serveur ne répond pas').waitFor();
    await page.getByText('le code reste bon').waitFor();
    renameSync(data('server'), data('newer'));
    renameSync(data('older'), data('server'));
    await w.serve(w.address);
    await again(lost);
    await page.getByText('Le serveur ne connaît pas (ou plus) ce code').waitFor();
    await again(w.jalonctl('invite', staff));
    await page.getByText('Bienvenue dans «').waitFor();
    await context.close();
});

test('dossiers to try are marked, stay here, and go with one click', async () => {
    const { context, page, errors, ui } = await welcome('trying');
    await page.getByRole('button', { name: "Essayer avec des données d'exemple" }).click();
    await page.getByText("Données d'exemple").waitFor();
    await page.getByRole('heading', { name: 'Séances du jour 3' }).waitFor();
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByText('9 fiches').waitFor();
    assert.equal(await page.getByRole('row', { name: /EXEMPLE/ }).count(), 9);
    await inspectAll(page, 'example-persons');
    await page.getByRole('link', { name: /Zoé/ }).click();
    await page.getByRole('button', { name: "Modifier l'identité" }).click();
    await page.getByLabel("Contact d'urgence").fill('sa sœur');
    await page.locator('.field', { hasText: "Contact d'urgence" }).locator('.mark.saved').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
    await ended(ui.child, 'SIGTERM');

    // It is still there another time; the device's own replica stays empty, and nothing can sync.
    const again = await w.ui('trying');
    assert.deepEqual(JSON.parse(run(jalon, '--data', data('trying'), '--json', 'list', 'person')), []);
    const second = await open(browser, again.url);
    await second.page.getByText("Données d'exemple").waitFor();
    await ended(again.child, 'SIGTERM');
    const code = w.jalonctl('invite', staff);
    assert.throws(() => run(jalon, '--data', join(data('trying'), 'example'), 'sync'), /pas encore inscrit/);
    assert.throws(() => run(jalon, '--data', join(data('trying'), 'example'), 'enrol', code), /déjà inscrit/);
    await second.context.close();

    const third = await w.ui('trying');
    const { page: last, context: end } = await open(browser, third.url);
    await last.getByRole('button', { name: 'Retirer les exemples' }).click();
    await last.getByRole('heading', { name: 'Bienvenue dans Jalon' }).waitFor();
    await type(last, w.jalonctl('invite', staff));
    await last.getByText('Bienvenue dans «').waitFor();
    await last.getByText('Tout est envoyé').waitFor();
    assert.doesNotMatch(w.jalonctl('--json', 'person', 'list'), /EXEMPLE/);
    assert.doesNotMatch(w.jalonctl('--json', 'company', 'list'), /EXEMPLE/);
    await end.close();
});
