// SPDX-License-Identifier: Apache-2.0
// Any row of any table, and any table: what has no page of its own.
import { useState } from 'preact/hooks';
import { remove } from './api.js';
import { NewForm, RowForm, useRow } from './form.js';
import { History } from './history.js';
import { html } from './html.js';
import { List } from './list.js';
import { Sent } from './marks.js';
import { addressOf, proposals, Related } from './related.js';
import { allTables, editable, related, table as tableOf } from './schema.js';
import { t } from './text.js';

export function RowPage({ parts }) {
    const [name, id] = parts;
    const table = tableOf(name);
    const state = useRow(name, id);
    const [problem, setProblem] = useState('');
    if (!table) return html`<h1>${t('Page inconnue')}</h1>`;
    if (state.missing) return html`<h1>${table.label}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!state.told) return null;
    const { row, title, unsent } = state.told;
    const parents = table.fields.filter((f) => f.kind === 'ref' && row[f.name] && !f.author && !f.tie);
    const erase = async (deleted) => {
        try {
            await remove(name, id, deleted);
        } catch (error) {
            setProblem(error.message);
        }
    };
    return html`<div class="page-head"><h1>${table.label}${title ? ` : ${title}` : ''}</h1><${Sent} unsent=${unsent} id=${row.id} />${row.deleted && html`<span class="badge">${t('Supprimée')}</span>`}</div>
        ${parents.length > 0 && html`<p class="lead">${parents.map((f, i) => html`${i ? ' · ' : ''}<a key=${f.name} href=${addressOf(f.ref, row[f.name])}>${f.label} : ${state.names[row[f.name]] || '…'}</a>`)}</p>`}
        <p class="problem" role="alert">${problem}</p>
        <section class="card"><h2 class="hidden">${table.label}</h2><${RowForm} state=${state} table=${table} />
            ${!table.program_only && html`<p class="buttons"><button type="button" class="quiet" onClick=${() => erase(!row.deleted)}>${row.deleted ? t('Rétablir la fiche') : t('Supprimer la fiche')}</button></p>`}</section>
        ${related(name).map((one) => html`<${Related} key=${one.table.name} table=${one.table.name} field=${one.field.name} id=${id} />`)}
        <${History} table=${table} id=${id} />`;
}

export function TablePage({ parts, go }) {
    const table = tableOf(parts[0]);
    const [q, setQ] = useState('');
    const [adding, setAdding] = useState(false);
    if (!table) return html`<h1>${t('Page inconnue')}</h1>`;
    const columns = editable(table).filter((f) => !f.title && !f.prose && !f.author).slice(0, 4).map((f) => f.name);
    return html`<h1>${table.label}</h1>
        <div class="tools"><label class="search">${t('Chercher')} <input type="search" value=${q} onInput=${(e) => setQ(e.target.value)} /></label>
            ${!table.program_only && !adding && html`<button type="button" onClick=${() => setAdding(true)}>${t('Ajouter')}</button>`}</div>
        ${adding && html`<section class="card"><h2>${t('Ajouter : {0}', table.label)}</h2><${NewForm} table=${table} initial=${proposals(table)} done=${(made) => go(addressOf(table.name, made.row.id))} cancel=${() => setAdding(false)} /></section>`}
        <${List} table=${table} query=${{ q }} columns=${columns} link=${(one) => addressOf(table.name, one.row.id)} />`;
}

export function Everything() {
    return html`<h1>${t('Toutes les listes')}</h1><section class="card"><h2 class="hidden">${t('Listes')}</h2><ul class="plain-list">${allTables().filter((one) => !one.program_only)
        .map((one) => html`<li key=${one.name}><a href=${`#/table/${one.name}`}>${one.label}</a></li>`)}</ul></section>`;
}
