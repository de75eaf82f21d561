// SPDX-License-Identifier: Apache-2.0
// A session: written as one speaks, every field saved as it is typed. A new one is a draft from
// the first key on.
import { useState } from 'preact/hooks';
import { Documents } from './documents.js';
import { RowField, RowForm, useRow } from './form.js';
import { Attendances } from './group.js';
import { History } from './history.js';
import { html } from './html.js';
import { List, useRows } from './list.js';
import { Sent } from './marks.js';
import { Related } from './related.js';
import { table as tableOf } from './schema.js';
import { showDay, t, today } from './text.js';

const MINUTES = 60;
const first = ['kind', 'date', 'start', 'minutes', 'subject', 'place'];

// The report on one person, in a row of its own: it is secret where the session is not.
function Note({ session, sessionId, person, disabled }) {
    const { answer } = useRows('session_note', { session: sessionId || '00000000-0000-0000-0000-000000000000', person, limit: 1 });
    if (!answer) return null;
    return html`<${NoteOf} session=${session} person=${person} id=${answer.rows[0]?.row.id} disabled=${disabled} />`;
}
function NoteOf({ session, person, id, disabled }) {
    const [noteId, setNoteId] = useState(id);
    const state = useRow('session_note', noteId, { draft: async () => ({ session: await session.ensure(), person }), made: setNoteId });
    if (!state.told) return null;
    return html`<${RowField} state=${state} table=${tableOf('session_note')} name="text" long=${true} disabled=${disabled} />`;
}

export function Session({ parts }) {
    const [id, setId] = useState(parts[0] === 'new' ? undefined : parts[0]);
    const forPerson = parts[0] === 'new' ? parts[1] : undefined;
    const table = tableOf('session');
    const state = useRow('session', id, {
        draft: { kind: forPerson ? 'individual' : 'group', person: forPerson || '', date: today(), minutes: String(MINUTES), state: 'draft' },
        made: (made) => {
            setId(made);
            history.replaceState(null, '', `#/session/${made}`);
        },
    });
    const who = useRow('person', state.told?.row.person || forPerson);
    if (state.missing) return html`<h1>${t('Séance')}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!state.told) return null;
    const { row, unsent } = state.told;
    const validated = row.state === 'validated';
    const person = row.person || forPerson;
    const name = who.told ? [who.told.row.first_name, who.told.row.name].join(' ') : '';
    const missing = first.filter((n) => table.field.get(n).required && !row[n] && row[n] !== 0).map((n) => table.field.get(n).label);
    return html`<div class="page-head"><h1>${id ? t('Séance du {0}', showDay(row.date)) : row.kind === 'group' ? t('Nouvelle séance de groupe') : t('Nouvelle séance')}</h1>
            ${id ? html`<${Sent} unsent=${unsent} id=${row.id} />` : html`<span class="sent">${t("rien d'écrit encore")}</span>`}
            <span class=${`badge ${validated ? 'done' : ''}`}>${validated ? `✓ ${t('Validée')}` : `✎ ${t('Brouillon')}`}</span></div>
        ${person && name && html`<p class="lead"><a href=${`#/person/${person}`}>${name}</a></p>`}
        <section class="card"><h2 class="hidden">${t('Séance')}</h2>
            <${RowForm} state=${state} table=${table} only=${first} />
            ${person && html`<${Note} session=${state} sessionId=${id} person=${person} disabled=${validated} />`}
            <${RowForm} state=${state} table=${table} only=${['next_date', 'company', 'project']} />
            ${id && !validated && html`<p class="buttons"><button type="button" disabled=${missing.length > 0} onClick=${async () => { await state.flush(); state.change('state', 'validated'); state.flush(); }}>${t('Valider la séance')}</button>
                <span class="note">${missing.length ? t('il manque : {0}', missing.join(', ')) : t('ensuite elle est verrouillée ; des ajouts restent possibles')}</span></p>`}
        </section>
        ${id && validated && person && html`<${Related} table="session_addendum" field="session" id=${id} heading=${t('Ajouts')} />`}
        ${!person && row.kind === 'group' && html`<${Attendances} session=${state} disabled=${validated} />`}
        ${id && !person && row.kind !== 'group' && html`<${Related} table="attendance" field="session" id=${id} heading=${t('Présences')} sort="title" />`}
        ${id && html`<${Related} table="session_staff" field="session" id=${id} heading=${t('Agents')} sort="title" />`}
        ${id && html`<${Documents} table="session" id=${id} />`}
        ${id && html`<${History} table=${table} id=${id} />`}`;
}

export function Sessions({ go }) {
    const table = tableOf('session');
    return html`<div class="page-head"><h1>${t('Séances')}</h1><button type="button" onClick=${() => go('#/session/new')}>${t('Séance de groupe')}</button></div>
        <${SessionList} table=${table} />`;
}
function SessionList({ table }) {
    const [from, setFrom] = useState('');
    return html`<div class="tools"><label class="short">${t('État')}
            <select value=${from} onChange=${(e) => setFrom(e.target.value)}><option value="">${t('toutes')}</option><option value="draft">${t('Brouillon')}</option><option value="validated">${t('Validée')}</option></select></label></div>
        <${List} table=${table} query=${from === 'draft' ? { state: ['', 'draft'] } : { state: from }} columns=${['date', 'person', 'place']} sort="date" desc=${true} link=${(one) => `#/session/${one.row.id}`} />`;
}
