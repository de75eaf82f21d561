// SPDX-License-Identifier: Apache-2.0
// What a record shows of itself: only here, on the server, refused, or to be decided; the last two
// lead to where it is put right.
import { useEffect, useState } from 'preact/hooks';
import { get, listen } from './api.js';
import { html } from './html.js';
import { t } from './text.js';

// row id → address of what is wrong with it; one look for all records of a page. lost: person →
// addresses of refused work that left no row.
const none = () => ({ wrong: new Map(), open: new Map(), lost: new Map() });
let marks = none();
let looking = null;
const watchers = new Set();

async function look() {
    try {
        const inbox = await get('/api/inbox');
        const next = none();
        for (const one of inbox.conflicts) next.open.set(one.of_row, '#/inbox');
        for (const one of inbox.quarantine)
            for (const change of one.changes) {
                const address = `#/refused/${one.id}`;
                const person = change.fields?.person;
                if (change.here) next.wrong.set(change.row, address);
                else if (person) next.lost.set(person, [...new Set([...(next.lost.get(person) || []), address])]);
            }
        marks = next;
        watchers.forEach((on) => on(marks));
    } catch {
        // The status line says when the program is gone.
    }
    looking = null;
}
function lookSoon() {
    looking = looking || look();
}
listen((what) => what !== 'gone' && watchers.size > 0 && lookSoon());

export function useMarks() {
    const [now, setNow] = useState(marks);
    useEffect(() => {
        watchers.add(setNow);
        if (watchers.size === 1) lookSoon();
        return () => watchers.delete(setNow);
    }, []);
    return now;
}

export function Sent({ unsent, id }) {
    const { wrong, open } = useMarks();
    if (id && wrong.has(id)) return html`<a class="sent wrong" href=${wrong.get(id)}><span aria-hidden="true">▲</span> ${t('refusée : à corriger')}</a>`;
    if (id && open.has(id)) return html`<a class="sent open" href=${open.get(id)}><span aria-hidden="true">◆</span> ${t('à décider')}</a>`;
    return unsent
        ? html`<span class="sent here"><span aria-hidden="true">◐</span> ${t('ici seulement')}</span>`
        : html`<span class="sent"><span aria-hidden="true">●</span> ${t('sur le serveur')}</span>`;
}
