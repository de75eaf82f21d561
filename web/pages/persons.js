// SPDX-License-Identifier: Apache-2.0
// The list of persons: search, add.
import { useState } from 'preact/hooks';
import { Candidates } from './candidates.js';
import { html } from './html.js';
import { List } from './list.js';
import { NewForm } from './form.js';
import { table as tableOf } from './schema.js';
import { t } from './text.js';

export function Persons({ go }) {
    const [q, setQ] = useState('');
    const [adding, setAdding] = useState(false);
    const table = tableOf('person');
    return html`<h1>${t('Personnes')}</h1>
        <div class="tools">
            <label class="search">${t('Chercher')} <input type="search" value=${q} placeholder=${t('nom, prénom, localité…')} onInput=${(e) => setQ(e.target.value)} /></label>
            ${!adding && html`<button type="button" onClick=${() => setAdding(true)}>${t('Nouvelle personne')}</button>`}
        </div>
        <p class="ways"><a href="#/search">${t('Chercher partout')}</a> <a href="#/import">${t('Reprendre un tableau')}</a></p>
        ${adding && html`<section class="card"><h2>${t('Nouvelle personne')}</h2>
            <${NewForm} table=${table} only=${['name', 'first_name', 'birth_date', 'gender', 'city', 'language']}
                beside=${(values) => html`<${Candidates} table="person" values=${values} only=${['name', 'first_name', 'birth_date', 'city']} />`}
                done=${(made) => go(`#/person/${made.row.id}`)} cancel=${() => setAdding(false)} /></section>`}
        <${List} table=${table} query=${{ q }} columns=${['birth_date', 'city']} link=${(one) => `#/person/${one.row.id}`}
            empty=${q ? t('Personne ne répond à cette recherche.') : t('Aucune personne pour le moment.')} caption=${t('Personnes')} />`;
}
