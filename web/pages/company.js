// SPDX-License-Identifier: Apache-2.0
// A company as all who work with it may see it: how to get in, whom to ask for, what was noted, its
// positions and contracts. Nothing social, of health or of justice is asked for here.
import { Documents } from './documents.js';
import { useRow } from './form.js';
import { History } from './history.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { Sent } from './marks.js';
import { Facts, Records } from './records.js';
import { table as tableOf, words } from './schema.js';
import { showDay, t, tn, today } from './text.js';

const label = (table, name, value, names) => words(tableOf(table).field.get(name), value, names);

// Free places are counted, never kept: those of the position less its running contracts.
function Position({ one }) {
    const { row } = one;
    const { answer } = useRows('contract', { position: row.id, limit: 1000 });
    if (!answer) return null;
    const now = today();
    const taken = answer.rows.filter((c) => !c.row.actual_end || c.row.actual_end > now).length;
    const free = Math.max(0, (row.places || 0) - taken);
    return html`<a href=${`#/row/position/${row.id}`}>${row.title}</a> <span class="details">${[label('position', 'kind', row.kind), label('position', 'occupation', row.occupation), row.start && showDay(row.start), label('position', 'state', row.state)].filter(Boolean).join(' · ')}</span>
        <span class=${`badge${free > 0 ? ' done' : ''}`}>${free === 0 ? t('aucune place libre') : tn('{0} place libre', '{0} places libres', free)}</span>`;
}

function Contracts({ id, field, heading }) {
    const { answer } = useRows('contract', { [field]: id, sort: 'start', desc: 1, limit: 100 });
    if (!answer || answer.total === 0) return null;
    return html`<section class="card"><h2>${heading} <span class="number">${answer.total}</span></h2>
        <ul class="rows">${answer.rows.map((one) => html`<li key=${one.row.id}><a href=${`#/row/contract/${one.row.id}`}>${answer.names[one.row.person]}</a>
            <span class="details">${[label('contract', 'kind', one.row.kind), label('contract', 'occupation', one.row.occupation), showDay(one.row.start) + (one.row.actual_end ? ` – ${showDay(one.row.actual_end)}` : one.row.expected_end ? ` – ${t('prévu')} ${showDay(one.row.expected_end)}` : '')].filter(Boolean).join(' · ')}</span>
            <${Sent} unsent=${one.unsent} id=${one.row.id} /></li>`)}</ul></section>`;
}

export function Company({ parts }) {
    const id = parts[0];
    const table = tableOf('company');
    const state = useRow('company', id);
    if (state.missing) return html`<h1>${table.label}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!state.told) return null;
    const { row, unsent } = state.told;
    const phone = (number) => html`<a href=${`tel:${number.replace(/[^+\d]/g, '')}`}>${number}</a>`;
    return html`<div class="page-head"><h1>${row.name}</h1><${Sent} unsent=${unsent} id=${id} />
            <button type="button" class="quiet" onClick=${() => print()}>${t('Imprimer')}</button></div>
        ${row.access && html`<p class="banner calm"><strong>${table.field.get('access').label} :</strong> ${row.access}</p>`}
        <div class="columns dossier"><div>
            <section class="card"><${Records} table="contact" query=${{ company: id }} sort="title" desc=${false} heading=${t('Contacts')} level=${2} fixed=${{ company: id }} shown=${20} empty=${t('Personne à appeler pour le moment.')}
                line=${({ row: c }) => html`<a href=${`#/row/contact/${c.id}`}>${c.name}</a> <span class="details">${c.role || ''}${c.preferred ? ` · ${t('à appeler en premier')}` : ''}</span>${c.phone && phone(c.phone)}${c.email && html`<a href=${`mailto:${c.email}`}>${c.email}</a>`}`} /></section>
            <section class="card"><${Records} table="position" query=${{ company: id }} sort="start" heading=${t('Postes et offres')} level=${2} fixed=${{ company: id }} shown=${20} line=${(one) => html`<${Position} one=${one} />`} /></section>
            <section class="card"><${Records} table="company_note" query=${{ company: id }} sort="date" heading=${t('Notes')} level=${2} fixed=${{ company: id }}
                line=${({ row: n }, names) => html`<a href=${`#/row/company_note/${n.id}`}>${showDay(n.date)}</a> <span class="details">${names[n.by] || ''}</span><p class="said">${n.text}</p>`} /></section>
            <${Contracts} id=${id} field="employer_company" heading=${t('Contrats')} />
            <${Contracts} id=${id} field="user_company" heading=${t('Mises à disposition (Art. 60)')} />
        </div><div>
            <${Facts} state=${state} table=${table} heading=${t('Fiche')} open=${t('Modifier la fiche')} close=${t('Fermer la fiche')} />
            <${Documents} table="company" id=${id} />
            <${History} table=${table} id=${id} />
        </div></div>`;
}
