// SPDX-License-Identifier: Apache-2.0
// One process holds the replica and serves the pages, whatever it was started for.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { browse, ended, jalon, open, run, stay, world } from './world.js';

let w;
let browser;
before(async () => {
    w = await world('anna');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});

test('jalon alone starts the pages, and a second time shows those that run', async () => {
    const home = join(w.dir, 'home');
    mkdirSync(home);
    symlinkSync(w.clients.anna, join(home, 'jalon'));
    const env = { XDG_DATA_HOME: home, DISPLAY: '', WAYLAND_DISPLAY: '' };
    const first = await stay(jalon, [], /https?:\S+/, env);
    w.running.push(first.child);
    const second = run('/usr/bin/env', `XDG_DATA_HOME=${home}`, 'DISPLAY=', 'WAYLAND_DISPLAY=', jalon);
    const port = (link) => new URL(link).port;
    assert.equal(port(second), port(first.found[0]));
    assert.notEqual(second, first.found[0]);
    const one = await open(browser, first.found[0]);
    await one.page.getByText('Tout est envoyé').waitFor();
    // The second link is of the same session: what is open goes on, and so does what it opens.
    const other = await one.context.newPage();
    await other.goto(second);
    await other.getByText('Tout est envoyé').waitFor();
    await one.page.getByRole('link', { name: 'Personnes' }).click();
    await one.page.getByRole('heading', { name: 'Personnes' }).waitFor();
    await one.context.close();
    await ended(first.child, 'SIGTERM');
});

test('the pages are served by a process that was started to sync only', async () => {
    const live = await stay(jalon, ['--data', w.clients.anna, '--json', 'sync', '--live'], /"event":"synced"/);
    w.running.push(live.child);
    const { context, page, errors } = await open(browser, w.cli('anna', 'ui', '--no-open'));
    await page.getByText('Tout est envoyé').waitFor();
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByRole('button', { name: 'Nouvelle personne' }).click();
    await page.getByLabel('Nom', { exact: false }).first().fill('Exemple');
    await page.getByLabel('Prénom').fill('Élise');
    await page.getByRole('button', { name: 'Ajouter' }).click();
    await page.getByRole('heading', { name: 'Élise Exemple' }).waitFor();
    await page.getByText('Tout est envoyé').waitFor();
    assert.match(w.jalonctl('--json', 'person', 'list'), /Élise/);
    // What another command saves is seen at once.
    w.cli('anna', 'add', 'person', 'name=Fictif', 'first_name=Abel');
    await page.getByRole('link', { name: 'Personnes' }).click();
    await page.getByRole('link', { name: 'Fictif Abel' }).waitFor();
    assert.deepEqual(errors, []);
    await ended(live.child, 'SIGTERM');
    await page.getByText('Jalon est fermé sur cet appareil').waitFor();
    await context.close();
});
