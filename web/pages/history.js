// SPDX-License-Identifier: Apache-2.0
// What became of a row: who changed what, when, and whether the server knows.
import { useState } from 'preact/hooks';
import { get, row } from './api.js';
import { html } from './html.js';
import { words } from './schema.js';
import { showInstant, t } from './text.js';

export function History({ table, id }) {
    const [moments, setMoments] = useState(null);
    const [names, setNames] = useState({});
    const [problem, setProblem] = useState('');
    const open = async (event) => {
        if (!event.target.open) return;
        try {
            const [told, now] = await Promise.all([get(`/api/history/${table.name}/${id}`), row(table.name, id)]);
            const people = [...new Set(told.history.map((m) => m.by).filter(Boolean))];
            const staff = await Promise.all(people.map((one) => row('staff', one).then((s) => [one, s.title]).catch(() => [one, one])));
            setNames({ ...now.names, ...Object.fromEntries(staff) });
            setMoments(told.history.reverse());
        } catch (error) {
            setProblem(error.message);
        }
    };
    return html`<details class="card history" onToggle=${open}><summary>${t('Historique')}</summary>
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
        ${moments && html`<ol>${moments.map((m, i) => html`<li key=${i}><p class="who">${showInstant(m.at)} · ${names[m.by] || t('le programme')}${m.sent ? '' : ` · ${t('pas encore envoyé')}`}</p>
            <dl>${m.changes.map((c) => {
                const field = table.field.get(c.field);
                if (!field || c.after === c.before) return null;
                return html`<div key=${c.field}><dt>${field.label}</dt><dd>${c.before !== null && html`<del>${words(field, c.before, names)}</del> `}<ins>${words(field, c.after, names) || t('(vide)')}</ins></dd></div>`;
            })}</dl></li>`)}</ol>`}
    </details>`;
}
