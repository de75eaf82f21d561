// SPDX-License-Identifier: Apache-2.0
// A list as a file: exactly the rows and columns it shows. The reason is asked for, and noted with
// each dossier the rows belong to.
import { useState } from 'preact/hooks';
import { rows, sheet } from './api.js';
import { hand } from './documents.js';
import { html } from './html.js';
import { titleOf } from './list.js';
import { words } from './schema.js';
import { showInstant, t, tn } from './text.js';

const PAGE = 1000;

// All rows of the query, page by page.
async function everything(table, query, reason) {
    const found = { rows: [], names: {} };
    for (;;) {
        const answer = await rows(table.name, { ...query, limit: PAGE, offset: found.rows.length || '', export: reason });
        found.rows.push(...answer.rows);
        Object.assign(found.names, answer.names);
        if (answer.rows.length === 0 || found.rows.length >= answer.total) return found;
    }
}
const cells = (table, columns, one, names) => [titleOf(one), ...columns.map((name) => words(table.field.get(name), one.row[name], names))];

// A cell that a spreadsheet would take for a formula begins with an apostrophe.
export function csvOf(lines) {
    const cell = (text) => {
        const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(,\d+)?$/.test(text) ? `'${text}` : text;
        return /[;"\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
    };
    return `\ufeff${lines.map((line) => line.map((one) => cell(String(one))).join(';')).join('\r\n')}\r\n`;
}

export function Export({ table, query, columns, caption }) {
    const [open, setOpen] = useState(false);
    const [reason, setReason] = useState('');
    const [said, setSaid] = useState('');
    const [problem, setProblem] = useState('');
    const heads = [t('Nom'), ...columns.map((name) => table.field.get(name).label)];
    const name = (end) => `${table.name}.${end}`;
    const about = (count) => [[t('Liste'), caption || table.label], [t('Fiches'), String(count)], [t('Exporté le'), showInstant(new Date().toISOString())], [t('Raison'), reason],
        ...columns.map((one) => [table.field.get(one).label, one])];
    const make = {
        xlsx: ({ rows: list, names }) => sheet({
            kinds: ['text', ...columns.map((one) => table.field.get(one).kind)],
            name: caption || table.label,
            rows: [heads, ...list.map((one) => [titleOf(one), ...columns.map((column) => {
                const field = table.field.get(column);
                return ['date', 'int', 'real', 'bool'].includes(field.kind) ? one.row[column] : words(field, one.row[column], names);
            })])],
            about: t('À propos'), notes: about(list.length),
        }),
        csv: ({ rows: list, names }) => new Blob([csvOf([heads, ...list.map((one) => cells(table, columns, one, names))])], { type: 'text/csv' }),
        json: ({ rows: list }) => new Blob([`${JSON.stringify(list.map((one) => ({ id: one.row.id, title: one.title, ...Object.fromEntries(columns.map((column) => [column, one.row[column]])) })), null, 1)}\n`], { type: 'application/json' }),
    };
    const give = async (form) => {
        try {
            const found = await everything(table, query, reason.trim());
            hand(await make[form](found), name(form));
            setSaid(tn('{0} fiche exportée', '{0} fiches exportées', found.rows.length));
            setProblem('');
        } catch (error) {
            setProblem(error.message);
        }
    };
    if (!open) return html`<p class="export"><button type="button" class="quiet small" onClick=${() => setOpen(true)}>${t('Exporter cette liste')}</button></p>`;
    return html`<section class="card export"><h2>${t('Exporter cette liste')}</h2>
        <p class="lead">${t('Les lignes et les colonnes affichées, rien de plus. La raison est notée dans chaque dossier concerné.')}</p>
        <div class="tools"><label class="search">${t('Raison')} <input type="text" value=${reason} maxlength="200" onInput=${(e) => setReason(e.target.value)} /></label>
            ${[['xlsx', 'XLSX'], ['csv', 'CSV'], ['json', 'JSON']].map(([form, label], i) => html`<button key=${form} type="button" class=${i === 0 ? '' : 'quiet'} disabled=${reason.trim() === ''} onClick=${() => give(form)}>${label}</button>`)}
            <button type="button" class="quiet" onClick=${() => setOpen(false)}>${t('Fermer')}</button></div>
        <p class="note shown" role="status">${said}</p><p class="problem" role="alert">${problem}</p></section>`;
}
