// SPDX-License-Identifier: Apache-2.0
// More tabs than a browser opens connections to one host: each works, each hears what is saved, and
// the one that listens for the others may go.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, open, world } from './world.js';

const TABS = 8;

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

const persons = (count) => (page) => page.getByText(count === 1 ? '1 fiche' : `${count} fiches`, { exact: true }).waitFor();

test('eight tabs open and hear what is saved, also when the first ones are closed', async () => {
    const ui = await w.ui('anna');
    const address = new URL('/#/persons', ui.url).href;
    w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Zoé');
    const { context, page: first, errors } = await open(browser, ui.url);
    await first.getByRole('link', { name: 'Personnes' }).click();
    const pages = [first];
    while (pages.length < TABS) {
        const page = await context.newPage();
        page.on('pageerror', (e) => errors.push(String(e)));
        await page.goto(address);
        await persons(1)(page);
        pages.push(page);
    }
    w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Yves');
    await Promise.all(pages.map(persons(2)));

    // Whoever listened goes twice; what was saved in between is not missed.
    for (const count of [3, 4]) {
        await pages.shift().close();
        w.cli('anna', 'add', 'person', 'name=Exemple', `first_name=Fictif ${count}`);
        await Promise.all(pages.map(persons(count)));
    }

    // A tab saves: the others see it.
    await pages[0].getByRole('link', { name: 'Exemple Zoé' }).click();
    await pages[0].getByRole('button', { name: "Modifier l'identité" }).click();
    await pages[0].getByLabel(/^Prénom/).first().fill('Zélie');
    await pages[0].keyboard.press('Tab');
    await Promise.all(pages.slice(1).map((page) => page.getByRole('link', { name: 'Exemple Zélie' }).waitFor()));
    assert.deepEqual(errors, []);

    // One answer says that the pages are shut: each tab shuts.
    const csrf = await pages[0].evaluate(async () => (await (await fetch('/api/session')).json()).csrf);
    await pages[0].evaluate((word) => fetch('/api/lock', {
        method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json', 'X-Jalon-Csrf': word },
    }).then((a) => a.status), csrf);
    await Promise.all(pages.map((page) => page.getByRole('heading', { name: 'Jalon est verrouillé' }).waitFor()));

    // A new link lets a new tab in, and that one hears too, among tabs that are shut.
    const again = await context.newPage();
    await again.goto(link());
    await again.getByRole('link', { name: 'Personnes' }).click();
    await persons(4)(again);
    w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Xavier');
    await persons(5)(again);
    await context.close();
});

function link() {
    return w.cli('anna', 'ui', '--no-open').match(/https?:\S+/)[0];
}
