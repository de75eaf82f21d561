// SPDX-License-Identifier: Apache-2.0
// How long the pages of a large replica take: sh tests/ui/run.sh build/release ./measure.js. No
// test: it prints milliseconds (median and worst of RUNS), from the click to the painted words.
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { browse, jalon, open, run, world } from './world.js';

const PERSONS = Number(process.env.PERSONS ?? 10000);
const SESSIONS = Number(process.env.SESSIONS ?? 100000);
const RUNS = Number(process.env.RUNS ?? 7);
const DAYS_BACK = 1500;
const DAYS = 1530;

let drawn = 1;
const draw = (n) => {
    drawn = (drawn * 48271) % 2147483647;
    return drawn % n;
};
const pick = (list) => list[draw(list.length)];
const two = (n) => String(n).padStart(2, '0');
const hex = (n, digits) => n.toString(16).padStart(digits, '0');
const idOf = (n) => `0192f000-0000-7000-8000-${hex(n, 12)}`;
const syllables = ['ba', 'cho', 'dé', 'fi', 'gou', 'ha', 'lo', 'mi', 'né', 'po', 'ru', 'sa', 'ti', 'va', 'zo'];
const name = () => {
    const text = pick(syllables) + pick(syllables) + pick(syllables);
    return text[0].toUpperCase() + text.slice(1);
};
const day = (n) => {
    const at = new Date();
    at.setDate(at.getDate() + n);
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};
const subjects = ['Recherche de stage', 'Entretien de suivi', 'Prise de poste', 'Préparation au contrat', 'Visite en entreprise', 'Bilan de mi-parcours'];
const words = ['horaire', 'transport', 'garde', 'soudure', 'vente', 'magasin', 'cuisine', 'chantier', 'néerlandais', 'confiance'];

async function table(file, head, count, line) {
    const out = createWriteStream(file);
    out.write(`${head}\n`);
    for (let i = 0; i < count; i++)
        if (!out.write(`${line(i)}\n`)) await once(out, 'drain');
    out.end();
    await once(out, 'finish');
}

async function fill(w) {
    const persons = join(w.dir, 'persons.csv');
    const sessions = join(w.dir, 'sessions.csv');
    await table(persons, 'id,name,first_name,city', PERSONS, (i) => `${idOf(i)},${name()},${name()},${pick(['Bruxelles', 'Namur', 'Liège', 'Mons', 'Wavre'])}`);
    await table(sessions, 'person,kind,date,start,minutes,place,subject,state,next_date', SESSIONS, (i) =>
        `${idOf(i % PERSONS)},individual,${day(draw(DAYS) - DAYS_BACK)},${two(8 + draw(9))}:30,${15 * (1 + draw(6))},${pick(['Bureau', 'Atelier', 'Domicile'])},`
        + `${pick(subjects)} ${pick(words)} ${pick(words)},${i % 200 ? 'validated' : 'draft'},${i % 5 ? '' : day(draw(DAYS) - DAYS_BACK)}`);
    run(jalon, '--data', w.clients.anna, 'import', 'person', persons);
    run(jalon, '--data', w.clients.anna, 'import', 'session', sessions);
    run(jalon, '--data', w.clients.anna, 'sync');
    run(jalon, '--data', w.clients.anna, 'search', 'Bruxelles'); // the first one makes the indexes
}

// In the page: go there, and say when the words stand on the screen.
const timed = ({ hash, selector, value }) => new Promise((done) => {
    const start = performance.now();
    const found = () => {
        if (!document.querySelector(selector)) return false;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - start), 0));
        return true;
    };
    const watch = new MutationObserver(found);
    watch.observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
    if (value === undefined) {
        location.hash = hash;
        return;
    }
    const field = document.querySelector('main input[type=search]');
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
});

function say(what, list) {
    const sorted = [...list].sort((a, b) => a - b);
    const text = (n) => n.toFixed(0).padStart(6);
    console.log(`${what.padEnd(44)}${text(sorted[Math.floor(sorted.length / 2)])}${text(sorted[sorted.length - 1])}`);
}

async function first(browser, w) {
    const list = [];
    for (let i = 0; i < RUNS; i++) {
        const url = w.cli('anna', 'ui', '--no-open');
        const context = await browser.newContext({ locale: 'fr-BE', viewport: { width: 1280, height: 800 } });
        const page = await context.newPage();
        await page.addInitScript(() => {
            new MutationObserver((_, watch) => {
                if (document.querySelectorAll('main .columns > section').length < 5) return;
                watch.disconnect();
                requestAnimationFrame(() => setTimeout(() => { globalThis.painted = performance.now(); }, 0));
            }).observe(document, { childList: true, subtree: true });
        });
        await page.goto(url);
        list.push(await (await page.waitForFunction(() => globalThis.painted)).jsonValue());
        await context.close();
    }
    say('first page, all of it', list);
}

// What the program takes to answer, without the page.
async function asked(page, what, paths) {
    const list = [];
    for (const path of paths) {
        list.push(await page.evaluate(async (one) => {
            const start = performance.now();
            const answer = await fetch(one, { credentials: 'same-origin', cache: 'no-store' });
            await answer.text();
            if (!answer.ok) throw new Error(`${one}: ${answer.status}`);
            return performance.now() - start;
        }, path));
    }
    say(what, list);
}

const w = await world('anna');
let browser;
try {
    await fill(w);
    const ui = await w.ui('anna');
    browser = await browse();
    console.log(`${`ms: ${PERSONS} persons, ${SESSIONS} sessions, ${RUNS} runs`.padEnd(44)}median worst`);
    await first(browser, w);
    const { page } = await open(browser, w.cli('anna', 'ui', '--no-open'));
    await page.getByRole('heading', { level: 1 }).waitFor();
    const again = async (what, steps) => {
        const list = [];
        for (const step of steps) {
            list.push(await page.evaluate(timed, step));
            await page.goto(`${new URL(ui.url).origin}/#/help`);
            await page.waitForLoadState('networkidle');
        }
        say(what, list);
    };
    const many = (step) => Array.from({ length: RUNS }, (_, i) => step(i));
    await again('today', many(() => ({ hash: '#/', selector: 'main .columns > section:nth-of-type(5)' })));
    await again('persons', many(() => ({ hash: '#/persons', selector: 'main tbody tr' })));
    await again('sessions', many(() => ({ hash: '#/sessions', selector: 'main tbody tr' })));
    await again('a dossier', many((i) => ({ hash: `#/person/${idOf(i * 31)}`, selector: 'main .dossier' })));
    await again('agenda', many((i) => ({ hash: `#/agenda/${day(-7 * i)}`, selector: 'main .days .entry' })));
    await asked(page, 'asked: agenda of a week', many((i) => `/api/agenda?from=${day(-7 * i - 7)}&to=${day(-7 * i - 1)}`));
    await asked(page, 'asked: persons by name', many((i) => `/api/rows/person?sort=title&limit=50&offset=${i * 50}`));
    await asked(page, 'asked: sessions, newest', many((i) => `/api/rows/session?sort=date&desc=1&limit=50&offset=${i * 50}`));
    await asked(page, 'asked: drafts, newest', many(() => '/api/rows/session?state=&state=draft&sort=date&desc=1&limit=10'));
    await asked(page, 'asked: today’s sessions', many(() => `/api/rows/session?date=${day(0)}&sort=start&limit=20`));
    await asked(page, 'asked: next appointments', many(() => `/api/rows/session?next_date.from=${day(0)}&next_date.to=${day(7)}&sort=next_date&limit=20`));
    await asked(page, 'asked: schema', many(() => '/api/schema'));
    await asked(page, 'asked: status', many(() => '/api/status'));
    await asked(page, 'asked: search of a name as it is typed', ['b', 'ba', 'bac', 'bach', 'bacho', 'bachod', 'bachodé'].map((q) => `/api/search?q=${encodeURIComponent(q)}&limit=60`));
    await asked(page, 'asked: search of a word of many', words.map((q) => `/api/search?q=${encodeURIComponent(q)}&limit=60`));
    await asked(page, 'asked: search of two words of many', words.map((q, i) => `/api/search?q=${encodeURIComponent(`${q} ${words[(i + 1) % words.length]}`)}&limit=60`));
    await asked(page, 'asked: persons with a word', ['b', 'ba', 'bac', 'bach', 'bacho', 'zo', 'namur'].map((q) => `/api/rows/person?q=${q}&sort=title&limit=50`));
} finally {
    await browser?.close();
    await w.end();
}
