// SPDX-License-Identifier: Apache-2.0
// What the pages ask and no page's test sees word by word: what is due, what contradicts itself,
// what may be here already, what is taken back. Asked from a page, as the pages do.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { browse, open, world } from './world.js';

const NOBODY = '00000000-0000-7000-8000-000000000000';

let w;
let browser;
let page;
let csrf;
let person;
before(async () => {
    w = await world('anna');
    person = w.cli('anna', 'add', 'person', 'name=Exemple', 'first_name=Zoé', 'birth_date=3/4/1990');
    browser = await browse();
    ({ page } = await open(browser, (await w.ui('anna')).url));
    await page.getByRole('link', { name: "Aujourd'hui" }).waitFor();
    csrf = await page.evaluate(async () => (await (await fetch('/api/session')).json()).csrf);
});
after(async () => {
    await browser?.close();
    await w?.end();
});

// [status, body] of a GET, or with a body of a POST.
const ask = (path, body) => page.evaluate(async ([to, word, text]) => {
    const how = text === null ? {} : { method: 'POST', body: text, headers: { 'Content-Type': 'application/json', 'X-Jalon-Csrf': word } };
    const answer = await fetch(to, how);
    return [answer.status, await answer.json()];
}, [path, csrf, body === undefined ? null : JSON.stringify(body)]);
const listed = (table) => JSON.parse(w.cli('anna', '--json', 'list', table));

test('what is due on a day, and nothing of another day', async () => {
    const session = w.cli('anna', 'add', 'session', 'kind=individual', `person=${person}`, 'date=2026-11-16', 'minutes=30', 'state=draft', 'next_date=2026-11-18');
    const due = async (day) => (await ask(`/api/today?at=${day}`))[1].filter((one) => one.row.id === session).map((one) => [one.kind, one.table, one.day, one.days, one.person]);
    assert.deepEqual(await due('2026-11-16'), [['visit', 'session', '2026-11-16', 0, person]]);
    assert.deepEqual(await due('2026-11-18'), [['visit', 'session', '2026-11-18', 0, person]]);
    assert.deepEqual(await due('2026-11-17'), []);
    const [status, body] = await ask('/api/today?at=soon');
    assert.equal(status, 422);
    assert.ok(body.text.length > 0);
});

test('two statuses that exclude each other are told of one dossier only', async () => {
    const other = w.cli('anna', 'add', 'person', 'name=Fictif', 'first_name=Yves');
    assert.deepEqual(await ask(`/api/overlaps/${person}`), [200, []]);
    for (const code of ['RIS', 'DEI_paid']) w.cli('anna', 'add', 'status_period', `person=${person}`, `code=${code}`, 'start=2026-01-01');
    const [status, found] = await ask(`/api/overlaps/${person}`);
    assert.equal(status, 200);
    assert.deepEqual(found.map((one) => [one.kind, one.table, one.rows.length]), [['exclusive_status', 'status_period', 2]]);
    assert.ok(found[0].text.length > 0);
    assert.deepEqual((await ask(`/api/overlaps/${other}`))[1], []);
    assert.equal((await ask('/api/overlaps/--data=x'))[0], 404);
});

test('who may be here already is told before one saves, not the row itself', async () => {
    const [status, found] = await ask('/api/candidates/person?name=EXEMPLE&first_name=Zoe&birth_date=1990-04-03');
    assert.equal(status, 200);
    assert.deepEqual(found.map((one) => [one.row.id, one.why]), [[person, 'name birth_date']]);
    assert.ok(found[0].score > 0 && found[0].score <= 100 && found[0].text.length > 0 && found[0].title.length > 0);
    assert.deepEqual((await ask(`/api/candidates/person?name=Exemple&first_name=Zoé&birth_date=1990-04-03&except=${person}`))[1], []);
    assert.deepEqual((await ask('/api/candidates/person?name=Personne&first_name=Autre&birth_date=1971-01-01'))[1], []);
    assert.equal((await ask('/api/candidates/nothing?name=x'))[0], 404);
    assert.equal((await ask('/api/candidates/person?name=a&except=x'))[0], 404);
    assert.equal(listed('person').length, 2);
});

test('what is asked wrongly is taken back by nobody, and harms nothing', async () => {
    const before = listed('person').length;
    for (const wrong of [{}, { first: 0, last: 0 }, { first: 'x', last: 'y' }, { first: -1, last: 5 }, { first: 5, last: 1 }, { first: 1e30, last: 1e31 }]) {
        const [status, body] = await ask('/api/undo', wrong);
        assert.notEqual(status, 500, JSON.stringify(wrong));
        if (status === 200) assert.deepEqual(body, { undone: 0, kept: 0 }, JSON.stringify(wrong));
    }
    assert.equal(listed('person').length, before);
    const [status, body] = await ask('/api/resubmit', { id: '9/99', set: {} });
    assert.equal(status, 404);
    assert.ok(body.text.length > 0);
    assert.equal((await ask('/api/resubmit', { id: NOBODY, set: {} }))[0], 422);
    assert.equal((await ask('/api/resubmit', { set: {} }))[0], 422);
});
