// SPDX-License-Identifier: Apache-2.0
// Lists of rows: searched, sorted and in pages by the program, not here.
import { useEffect, useState } from 'preact/hooks';
import { listen, rows } from './api.js';
import { html } from './html.js';
import { Export } from './export.js';
import { Sent } from './marks.js';
import { words } from './schema.js';
import { t, tn } from './text.js';

// The rows a query gives, looked up again when something was saved or came in.
export function useRows(table, query) {
    const [answer, setAnswer] = useState(null);
    const [problem, setProblem] = useState('');
    const key = JSON.stringify([table, query]);
    useEffect(() => {
        let current = true;
        const load = () =>
            rows(table, query)
                .then((found) => { if (current) { setAnswer(found); setProblem(''); } })
                .catch((error) => current && setProblem(error.message));
        load();
        const stop = listen((what) => what !== 'gone' && what !== 'status' && load());
        return () => {
            current = false;
            stop();
        };
    }, [key]);
    return { answer, problem };
}

export function titleOf(one) {
    return one.title || t('(sans titre)');
}

// columns: names of fields; link: row → address; a head can be pressed to sort by it.
export function List({ table, query = {}, columns, link, empty, limit = 50, sort, desc, caption }) {
    const [order, setOrder] = useState({ sort: sort || 'title', desc: Boolean(desc) });
    const [page, setPage] = useState(0);
    useEffect(() => setPage(0), [JSON.stringify(query)]);
    const { answer, problem } = useRows(table.name, { ...query, sort: order.sort, desc: order.desc ? 1 : '', limit, offset: page * limit || '' });
    if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
    if (!answer) return null;
    if (answer.total === 0) return html`<p class="empty">${empty || t('Rien ici pour le moment.')}</p>`;
    const head = (name, label) => {
        const on = order.sort === name;
        return html`<th scope="col" aria-sort=${on ? (order.desc ? 'descending' : 'ascending') : undefined}>
            <button type="button" class="head" onClick=${() => setOrder({ sort: name, desc: on && !order.desc })}>${label}<span aria-hidden="true">${on ? (order.desc ? ' ▾' : ' ▴') : ''}</span></button></th>`;
    };
    const pages = Math.ceil(answer.total / limit);
    return html`<div class="list"><div class="scroll" tabindex="0" role="region" aria-label=${caption || table.label}><table>
        <caption class="hidden">${caption || table.label}</caption>
        <thead><tr>${head('title', t('Nom'))}${columns.map((name) => head(name, table.field.get(name).label))}<th scope="col">${t('État')}</th></tr></thead>
        <tbody>${answer.rows.map((one) => html`<tr key=${one.row.id}>
            <th scope="row"><a href=${link(one)}>${titleOf(one)}</a></th>
            ${columns.map((name) => html`<td key=${name} class=${`kind-${table.field.get(name).kind}`}>${words(table.field.get(name), one.row[name], answer.names)}</td>`)}
            <td><${Sent} unsent=${one.unsent} id=${one.row.id} /></td></tr>`)}</tbody></table></div>
        <p class="foot"><span>${tn('{0} fiche', '{0} fiches', answer.total)}</span>
        ${pages > 1 && html`<span class="pages"><button type="button" class="quiet" disabled=${page === 0} onClick=${() => setPage(page - 1)}>${t('Précédent')}</button>
            ${t('page {0} sur {1}', page + 1, pages)}
            <button type="button" class="quiet" disabled=${page + 1 >= pages} onClick=${() => setPage(page + 1)}>${t('Suivant')}</button></span>`}</p></div>
        <${Export} table=${table} query=${{ ...query, sort: order.sort, desc: order.desc ? 1 : '' }} columns=${columns} caption=${caption} />`;
}
