// SPDX-License-Identifier: Apache-2.0
// One field for everything: a name with or without its accents, a number however it is grouped.
import { useEffect, useState } from 'preact/hooks';
import { get } from './api.js';
import { html } from './html.js';
import { titleOf } from './list.js';
import { Sent } from './marks.js';
import { addressOf } from './related.js';
import { editable, table as tableOf, words } from './schema.js';
import { t, tn } from './text.js';

const WAIT_MS = 150; // after the last key
const SHOWN = 60;

function details(table, row, names) {
    return editable(table).filter((f) => !f.title && !f.author && !f.prose && row[f.name] !== null && row[f.name] !== '').slice(0, 4)
        .map((f) => words(f, row[f.name], names)).join(' · ');
}

export function Search({ parts }) {
    const [q, setQ] = useState(decodeURIComponent(parts[0] || ''));
    const [told, setTold] = useState(null);
    const [problem, setProblem] = useState('');
    useEffect(() => {
        let current = true;
        const timer = setTimeout(() => {
            history.replaceState(null, '', `#/search/${encodeURIComponent(q.trim())}`);
            if (q.trim() === '') setTold(null);
            else get(`/api/search?${new URLSearchParams({ q, limit: SHOWN })}`)
                .then((answer) => { if (current) { setTold(answer); setProblem(''); } })
                .catch((error) => current && setProblem(error.message));
        }, WAIT_MS);
        return () => {
            current = false;
            clearTimeout(timer);
        };
    }, [q]);
    const groups = new Map();
    for (const one of told?.rows || []) groups.set(one.table, [...(groups.get(one.table) || []), one]);
    const sounds = told?.rows.some((one) => one.sounds);
    return html`<h1>${t('Chercher')}</h1>
        <div class="tools"><label class="search">${t('Nom, téléphone, entreprise, mots d\'une note')} <input type="search" value=${q} autofocus onInput=${(e) => setQ(e.target.value)} /></label></div>
        <p class="problem" role="alert">${problem}</p>
        <p class="note shown" role="status">${told && (told.rows.length === 0 ? t('Rien ne répond à cette recherche.') : tn('{0} résultat', '{0} résultats', told.rows.length))}${sounds ? ` · ${t('noms qui sonnent pareil')}` : ''}</p>
        ${[...groups].map(([name, list]) => html`<section class="card" key=${name}><h2>${tableOf(name).label} <span class="number">${list.length}</span></h2>
            <ul class="rows">${list.map(({ found }) => html`<li key=${found.row.id}><a href=${addressOf(name, found.row.id)}>${titleOf(found)}</a> <span class="details">${details(tableOf(name), found.row, told.names)}</span><${Sent} unsent=${found.unsent} id=${found.row.id} /></li>`)}</ul></section>`)}`;
}
