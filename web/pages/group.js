// SPDX-License-Identifier: Apache-2.0
// Who was at a group session: a tick for each person, then minutes and a note of his own. Each
// tick and each key is saved at once, as everywhere.
import { useEffect, useState } from 'preact/hooks';
import { remove, rows, save } from './api.js';
import { NewForm, RowField, useRow } from './form.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { titleOf, useRows } from './list.js';
import { table as tableOf } from './schema.js';
import { showDay, t, tn } from './text.js';

const NOBODY = '00000000-0000-0000-0000-000000000000';
const MANY = 500;

// A person's presence: how long, or why not; both saved as they are typed.
function Presence({ id, name, disabled }) {
    const state = useRow('attendance', id);
    if (!state.told) return null;
    const table = tableOf('attendance');
    return html`<div class="presence" role="group" aria-label=${t('Présence de {0}', name)}>
        <${RowField} state=${state} table=${table} name="status" disabled=${disabled} />
        <${RowField} state=${state} table=${table} name="minutes" disabled=${disabled} /></div>`;
}

function Note({ session, person, name, id, disabled }) {
    const [noteId, setNoteId] = useState(id);
    const state = useRow('session_note', noteId, { draft: async () => ({ session: await session.ensure(), person }), made: setNoteId });
    if (!state.told) return null;
    return html`<div role="group" aria-label=${t('Note sur {0}', name)}><${RowField} state=${state} table=${tableOf('session_note')} name="text" disabled=${disabled} /></div>`;
}

function useAttendances(session) {
    const id = session.told.row.id || NOBODY;
    const here = useRows('attendance', { session: id, limit: MANY }).answer;
    const notes = useRows('session_note', { session: id, limit: MANY }).answer;
    const [problem, setProblem] = useState('');
    const [wished, setWished] = useState({}); // ticks on their way: a box shows them at once
    const wish = (person, on) => setWished((old) => ({ ...old, [person]: on }));
    const of = (answer, person) => answer?.rows.find((one) => one.row.person === person)?.row;
    const tick = async (person) => {
        wish(person, true);
        try {
            const sessionId = await session.ensure();
            const { date, minutes } = session.told.row;
            const gone = (await rows('attendance', { session: sessionId, person, deleted: 1, limit: 1 })).rows[0];
            if (gone) await remove('attendance', gone.row.id, false);
            else await save('attendance', '', { session: sessionId, person, date, status: 'present', minutes: String(minutes ?? '') });
            setProblem('');
        } catch (error) {
            wish(person, undefined);
            setProblem(error.message);
        }
    };
    const untick = async (row) => {
        wish(row.person, false);
        try {
            await remove('attendance', row.id, true);
            setProblem('');
        } catch (error) {
            wish(row.person, undefined);
            setProblem(error.message);
        }
    };
    const ticked = (person) => wished[person] ?? Boolean(of(here, person));
    // Once the program says the same, it alone says it.
    useEffect(() => {
        if (here) setWished((old) => Object.fromEntries(Object.entries(old).filter(([person, on]) => on !== undefined && on !== Boolean(of(here, person)))));
    }, [here]);
    return { here, notes, of, tick, untick, ticked, problem };
}

// The group that met the last time, to be taken over with one press.
function Again({ session, tick, present }) {
    const [last, setLast] = useState(null);
    const own = session.told.row.id;
    useEffect(() => {
        let current = true;
        const load = async () => {
            const before = (await rows('session', { kind: 'group', sort: 'date', desc: 1, limit: 5 })).rows.find((one) => one.row.id !== own);
            const were = before ? (await rows('attendance', { session: before.row.id, limit: MANY })).rows : [];
            if (current) setLast(before ? { date: before.row.date, people: were.map((one) => one.row.person) } : null);
        };
        load().catch(() => {});
        return () => {
            current = false;
        };
    }, []);
    const missing = last ? last.people.filter((person) => !present.includes(person)) : [];
    if (missing.length === 0) return null;
    return html`<button type="button" class="quiet" onClick=${async () => { for (const person of missing) await tick(person); }}><${Icon} name="group" />
        ${tn('Reprendre la personne du {1}', 'Reprendre les {0} personnes du {1}', missing.length, showDay(last.date))}</button>`;
}

export function Attendances({ session, disabled }) {
    const [q, setQ] = useState('');
    const [adding, setAdding] = useState(false);
    const { here, notes, of, tick, untick, ticked, problem } = useAttendances(session);
    const people = useRows('person', { q, sort: 'title', limit: 200 }).answer;
    if (!here || !people || !notes) return null;
    const present = here.rows.map((one) => one.row.person);
    const count = here.rows.filter((one) => one.row.status === 'present').length;
    const shown = disabled ? people.rows.filter((one) => present.includes(one.row.id)) : people.rows;
    return html`<section class="card group"><div class="head-line"><h2>${t('Participants')} <span class="number" role="status">${tn('{0} présent', '{0} présents', count)}</span></h2></div>
        ${!disabled && html`<div class="tools"><label class="search">${t('Chercher')} <input type="search" value=${q} onInput=${(e) => setQ(e.target.value)} /></label>
            <${Again} session=${session} tick=${tick} present=${present} />
            ${!adding && html`<button type="button" class="quiet" onClick=${() => setAdding(true)}>${t("Quelqu'un de nouveau")}</button>`}</div>`}
        ${adding && html`<div class="both-sides"><${NewForm} table=${tableOf('person')} only=${['first_name', 'name']} label=${t('Ajouter et cocher')}
            done=${async (made) => { setAdding(false); setQ(''); await tick(made.row.id); }} cancel=${() => setAdding(false)} /></div>`}
        <p class="problem" role="alert">${problem}</p>
        <ul class="ticks">${shown.map((one) => {
            const row = of(here, one.row.id);
            const name = titleOf(one);
            return html`<li key=${one.row.id} class=${row ? 'in' : ''}>
                <label class="check"><input type="checkbox" checked=${ticked(one.row.id)} disabled=${disabled} onChange=${() => (row ? untick(row) : tick(one.row.id))} /> ${name}</label>
                ${row && html`<${Presence} key=${row.id} id=${row.id} name=${name} disabled=${disabled} />
                    <${Note} key=${`n${one.row.id}`} session=${session} person=${one.row.id} name=${name} id=${of(notes, one.row.id)?.id} disabled=${disabled} />`}</li>`;
        })}</ul>
        ${people.total > shown.length && !disabled && html`<p class="note">${t('Les {0} premières personnes ; cherchez les autres par leur nom.', shown.length)}</p>`}</section>`;
}
