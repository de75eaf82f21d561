// SPDX-License-Identifier: Apache-2.0
// Rows that hang on a row: a short list of each table, and a form to add one.
import { useState } from 'preact/hooks';
import { NewForm } from './form.js';
import { html } from './html.js';
import { titleOf, useRows } from './list.js';
import { Sent } from './marks.js';
import { editable, table as tableOf, words } from './schema.js';
import { t, today } from './text.js';

const SHOWN = 5;

// What a form proposes by itself.
export function proposals(table) {
    const first = table.fields.find((f) => f.kind === 'date' && f.required);
    const found = first ? { [first.name]: today() } : {};
    for (const f of table.fields) if (f.name === 'state' && f.codes?.length) found.state = f.codes[0];
    return found;
}
const own = ['person', 'session', 'company', 'assessment', 'agreement', 'referral']; // tables with a page made for them
export const addressOf = (table, id) => (own.includes(table) ? `#/${table}/${id}` : `#/row/${table}/${id}`);

// What stands beside the title in a short list.
function details(table, row, names, without) {
    return editable(table)
        .filter((f) => f.name !== without && !f.title && !f.author && row[f.name] !== null && f.kind !== 'bool')
        .slice(0, 3)
        .map((f) => (f.prose ? String(row[f.name]).slice(0, 80) : words(f, row[f.name], names)))
        .join(' · ');
}
function label(table, one) {
    const codes = table.fields.filter((f) => f.title && one.row[f.name] !== null);
    return codes.map((f) => words(f, one.row[f.name])).join(' · ') || titleOf(one);
}

export function Related({ table: name, field, id, heading, sort, desc = true, make, only, query = {} }) {
    const table = tableOf(name);
    const [adding, setAdding] = useState(false);
    const [all, setAll] = useState(false);
    const date = sort || table.fields.find((f) => f.kind === 'date' && f.title)?.name || table.fields.find((f) => f.kind === 'date')?.name || 'title';
    const { answer, problem } = useRows(name, { [field]: id, ...query, sort: date, desc: desc && date !== 'title' ? 1 : '', limit: all ? 500 : SHOWN });
    if (!answer) return problem ? html`<p class="problem" role="alert">${problem}</p>` : null;
    const writable = !table.program_only && table.writers !== 0;
    return html`<section class=${`card related${answer.total === 0 && !adding ? ' bare' : ''}`}>
        <div class="head-line"><h2>${heading || table.label} <span class="number">${answer.total || ''}</span></h2>
            ${writable && !adding && html`<button type="button" class="quiet" onClick=${() => (make ? make() : setAdding(true))} aria-label=${t('Ajouter : {0}', heading || table.label)}>${t('Ajouter')}</button>`}</div>
        ${adding && html`<${NewForm} table=${table} fixed=${{ [field]: id }} initial=${proposals(table)} only=${only} done=${() => setAdding(false)} cancel=${() => setAdding(false)} />`}
        ${answer.total > 0 && html`<ul class="rows">${answer.rows.map((one) => html`<li key=${one.row.id}><a href=${addressOf(name, one.row.id)}>${label(table, one)}</a>
            <span class="details">${details(table, one.row, answer.names, field)}</span><${Sent} unsent=${one.unsent} id=${one.row.id} /></li>`)}</ul>`}
        ${answer.total > answer.rows.length && html`<p class="more-rows"><button type="button" class="quiet" onClick=${() => setAll(true)}>${t('Tout montrer ({0})', answer.total)}</button></p>`}
    </section>`;
}
