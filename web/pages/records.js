// SPDX-License-Identifier: Apache-2.0
// Short dense lists of the rows of one table, for the pages that know what they show.
import { useEffect, useState } from 'preact/hooks';
import { ApiError, save } from './api.js';
import { NewForm, RowForm } from './form.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { Sent } from './marks.js';
import { proposals } from './related.js';
import { editable, table as tableOf, words } from './schema.js';
import { t } from './text.js';

// Change fields of a row at a press of a button; what goes wrong is said beside it.
export function useChange() {
    const [problem, setProblem] = useState('');
    const change = async (table, one, values) => {
        try {
            const told = await save(table, one?.row.id, values);
            setProblem('');
            return told;
        } catch (error) {
            setProblem(error instanceof ApiError ? error.message : String(error));
            return null;
        }
    };
    return { problem, change };
}

// What was just ticked is shown at once, until the program says anew. [shown, wish]
export function useWish(said) {
    const [wished, wish] = useState(undefined);
    useEffect(() => wish(undefined), [said]);
    return [wished ?? said, wish];
}

// A row read at a glance; each field is changed once `open` was pressed.
export function Facts({ state, table, heading, open, close }) {
    const [editing, setEditing] = useState(false);
    const { row } = state.told;
    const facts = editable(table).filter((f) => !f.title && !f.author && row[f.name] !== null && row[f.name] !== '');
    return html`<section class="card"><div class="head-line"><h2>${heading}</h2>
            <button type="button" class="quiet small" aria-expanded=${editing} onClick=${() => setEditing(!editing)} aria-label=${editing ? close : open}>${editing ? t('Fermer') : t('Modifier')}</button></div>
        ${editing ? html`<${RowForm} state=${state} table=${table} />`
            : html`<dl class="facts">${facts.map((f) => html`<div key=${f.name}><dt>${f.label}</dt><dd>${words(f, row[f.name], state.names)}</dd></div>`)}</dl>
                ${facts.length === 0 && html`<p class="nothing">${t('Rien de noté.')}</p>`}`}</section>`;
}

// A button that opens the form of a new row.
export function Adder({ table, label, fixed, initial = {}, only, done }) {
    const [adding, setAdding] = useState(false);
    if (!adding) return html`<button type="button" class="quiet small" onClick=${() => setAdding(true)}>${label}</button>`;
    const made = (told) => {
        setAdding(false);
        done?.(told);
    };
    return html`<${NewForm} table=${tableOf(table)} fixed=${fixed} initial=${{ ...proposals(tableOf(table)), ...initial }} only=${only} done=${made} cancel=${() => setAdding(false)} />`;
}

// line(one, names): what stands for a row. fixed: values of new rows; only: fields asked for.
export function Records({ table: name, query, heading, line, fixed, initial = {}, only, sort, desc = true, shown = 5, empty, level = 3, label }) {
    const table = tableOf(name);
    const [adding, setAdding] = useState(false);
    const [all, setAll] = useState(false);
    const { answer, problem } = useRows(name, { ...query, sort, desc: desc ? 1 : '', limit: all ? 500 : shown });
    if (!answer) return problem ? html`<p class="problem" role="alert">${problem}</p>` : null;
    const Heading = `h${level}`;
    const title = heading || table.label;
    return html`<div class=${`records${answer.total === 0 && !adding ? ' bare' : ''}`}><div class="head-line"><${Heading}>${title} <span class="number">${answer.total || ''}</span><//>
            ${fixed && !adding && html`<button type="button" class="quiet small" onClick=${() => setAdding(true)} aria-label=${t('Ajouter : {0}', label || title)}>${t('Ajouter')}</button>`}</div>
        ${adding && html`<${NewForm} table=${table} fixed=${fixed} initial=${{ ...proposals(table), ...initial }} only=${only} done=${() => setAdding(false)} cancel=${() => setAdding(false)} />`}
        ${answer.total === 0 && !adding && empty && html`<p class="nothing">${empty}</p>`}
        ${answer.total > 0 && html`<ul class="rows">${answer.rows.map((one) => html`<li key=${one.row.id}>${line(one, answer.names)}<${Sent} unsent=${one.unsent} id=${one.row.id} /></li>`)}</ul>`}
        ${answer.total > answer.rows.length && html`<p class="more-rows"><button type="button" class="quiet small" onClick=${() => setAll(true)}>${t('Tout montrer ({0})', answer.total)}</button></p>`}</div>`;
}
