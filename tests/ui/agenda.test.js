// SPDX-License-Identifier: Apache-2.0
// The week, and what leaves it for a calendar others may see.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { browse, inspectAll, jalon, open, run, world } from './world.js';

let w;
let browser;
let anna;
const day = (n) => {
    const at = new Date(2026, 10, 25 + n); // a Wednesday
    return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`;
};
before(async () => {
    w = await world('anna', 'bilal');
    const person = w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Zoé');
    w.cli('anna', 'add', 'session', `person=${person}`, 'kind=individual', `date=${day(0)}`, 'start=09:30', 'minutes=45',
        'place=Atelier Fictif', 'subject=Prise de poste délicate', `next_date=${day(7)}`);
    w.cli('anna', 'add', 'deadline', 'of_table=person', `of_row=${person}`, 'label=Carte à renouveler', `due=${day(1)}`, 'state=todo');
    w.cli('anna', 'sync');
    w.cli('bilal', 'sync');
    w.cli('bilal', 'add', 'session', `person=${person}`, 'kind=phone', `date=${day(0)}`, 'start=16:00', 'minutes=15', 'subject=De quelqu’un d’autre');
    w.cli('bilal', 'sync');
    w.cli('anna', 'sync');
    anna = await w.ui('anna');
    browser = await browse();
});
after(async () => {
    await browser?.close();
    await w?.end();
});

test('one’s own week, on the screen and on paper', async () => {
    const { context, page, errors } = await open(browser, anna.url);
    await page.getByRole('link', { name: 'Agenda' }).click();
    await page.getByRole('heading', { name: /^Semaine du/ }).waitFor();
    await page.goto(`${new URL(page.url()).origin}/#/agenda/${day(0)}`);
    await page.getByRole('heading', { name: 'Semaine du 23/11/2026 au 29/11/2026' }).waitFor();
    const wednesday = page.locator('.day', { hasText: 'mercredi 25' });
    await wednesday.getByRole('link', { name: 'Exemple Zoé' }).waitFor();
    assert.match(await wednesday.innerText(), /09:30–10:15[\s\S]*Entretien individuel · Prise de poste délicate · Atelier Fictif/);
    assert.doesNotMatch(await page.locator('.days').innerText(), /quelqu’un d’autre/);
    await page.locator('.day', { hasText: 'jeudi 26' }).getByRole('link', { name: 'Carte à renouveler' }).waitFor();
    await inspectAll(page, 'agenda');
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByRole('navigation').isVisible(), false);
    assert.equal(await page.getByText('Dans votre calendrier').isVisible(), false);
    assert.ok(await wednesday.isVisible());
    await page.emulateMedia({ media: 'screen' });
    await page.getByRole('button', { name: 'Semaine suivante' }).click();
    await page.getByRole('heading', { name: 'Semaine du 30/11/2026 au 06/12/2026' }).waitFor();
    await page.locator('.day', { hasText: 'mercredi 2' }).getByText('Prochain rendez-vous').waitFor();
    assert.deepEqual(errors, []);
    await context.close();
});

test('a calendar gets initials, and names only when asked', async () => {
    const { context, page, errors } = await open(browser, w.cli('anna', 'ui', '--no-open'));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.goto(`${new URL(page.url()).origin}/#/agenda/${day(0)}`);
    const written = async () => {
        const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Enregistrer le fichier' }).click()]);
        assert.equal(download.suggestedFilename(), 'jalon.ics');
        return readFileSync(await download.path(), 'utf8');
    };
    const plain = await written();
    assert.match(plain, /^BEGIN:VCALENDAR\r\n/);
    assert.match(plain, /DTSTART:20261125T093000\r\nDTEND:20261125T101500\r\nSUMMARY:Entretien individuel : E\.Z\.\r\nLOCATION:Atelier Fictif\r\n/);
    assert.doesNotMatch(plain, /Exemple|Zoé|délicate|renouveler/);
    await page.getByLabel('avec les noms et les objets').check();
    assert.match((await written()).replaceAll('\r\n ', ''), /SUMMARY:Entretien individuel : Exemple Zoé \(Prise de poste délicate\)/);
    assert.deepEqual(errors, []);
    await context.close();
    // The command line writes the same file.
    const file = join(mkdtempSync(join(w.dir, 'ical-')), 'a.ics');
    run(jalon, '--data', w.clients.anna, 'agenda', '--from', '25/11/2026', '--ical', file);
    const own = (text) => text.replace(/DTSTAMP:\w+/g, '');
    assert.ok(own(readFileSync(file, 'utf8')).includes('SUMMARY:Entretien individuel : E.Z.'));
});
