// SPDX-License-Identifier: Apache-2.0
// Short dense lists of the rows of one table, for the pages that know what they show.
import { useState } from 'preact/hooks';
import { ApiError, save } from './api.js';
import { NewForm } from './form.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { Sent } from './marks.js';
import { proposals } from './related.js';
import { table as tableOf } from './schema.js';
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
    const words = heading || table.label;
    return html`<div class=${`records${answer.total === 0 && !adding ? ' bare' : ''}`}><div class="head-line"><${Heading}>${words} <span class="number">${answer.total || ''}</span><//>
            ${fixed && !adding && html`<button type="button" class="quiet small" onClick=${() => setAdding(true)} aria-label=${t('Ajouter : {0}', label || words)}>${t('Ajouter')}</button>`}</div>
        ${adding && html`<${NewForm} table=${table} fixed=${fixed} initial=${{ ...proposals(table), ...initial }} only=${only} done=${() => setAdding(false)} cancel=${() => setAdding(false)} />`}
        ${answer.total === 0 && !adding && empty && html`<p class="nothing">${empty}</p>`}
        ${answer.total > 0 && html`<ul class="rows">${answer.rows.map((one) => html`<li key=${one.row.id}>${line(one, answer.names)}<${Sent} unsent=${one.unsent} id=${one.row.id} /></li>`)}</ul>`}
        ${answer.total > answer.rows.length && html`<p class="more-rows"><button type="button" class="quiet small" onClick=${() => setAll(true)}>${t('Tout montrer ({0})', answer.total)}</button></p>`}</div>`;
}
