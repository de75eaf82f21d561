// SPDX-License-Identifier: Apache-2.0
// Contracts of a person with their follow-up points: what was noted, what is due.
import { useState } from 'preact/hooks';
import { NewForm } from './form.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { Sent } from './marks.js';
import { Records } from './records.js';
import { codesOf, table as tableOf, words } from './schema.js';
import { addDays, dayOf, isoOf, showDay, t, today } from './text.js';

const label = (table, name, value, names) => words(tableOf(table).field.get(name), value, names);

// When a point is due: W1 a week after the start, M3 three months after; the last day of a month
// that has no such day. Null for a code that says no time.
export function dueOf(start, milestone) {
    const m = milestone.match(/^([WM])(\d{1,2})$/);
    if (!m) return null;
    if (m[1] === 'W') return addDays(start, 7 * Number(m[2]));
    const from = dayOf(start);
    const to = new Date(from.getFullYear(), from.getMonth() + Number(m[2]) + 1, 0);
    to.setDate(Math.min(from.getDate(), to.getDate()));
    return isoOf(to);
}

function Points({ contract }) {
    const { answer } = useRows('job_followup', { contract: contract.id, sort: 'date', limit: 100 });
    const [at, setAt] = useState('');
    if (!answer) return null;
    const now = today();
    const table = tableOf('job_followup');
    const over = contract.actual_end && contract.actual_end < now;
    const points = codesOf(table.field.get('milestone')).map(({ code, label: name }) => ({
        code, name, due: dueOf(contract.start, code), done: answer.rows.filter((r) => r.row.milestone === code),
    })).filter((p) => p.done.length > 0 || p.due).sort((a, b) => (a.due || '').localeCompare(b.due || ''));
    const score = (row) => [row.person_score && t('personne {0}/5', row.person_score), row.company_score && t('entreprise {0}/5', row.company_score), row.incident && t('incident'), row.mediation && t('médiation')];
    return html`<div class="points"><h4>${t("Points d'emploi")}</h4><ul class="rows">${points.map((p) => html`<li key=${p.code}><strong>${p.name}</strong>
        ${p.done.map(({ row, unsent }) => html`<a key=${row.id} href=${`#/row/job_followup/${row.id}`}>${showDay(row.date)}</a><span class="details">${[label('job_followup', 'in_job', row.in_job), ...score(row)].filter(Boolean).join(' · ')}</span><${Sent} unsent=${unsent} id=${row.id} />`)}
        ${p.done.length === 0 && html`<span class=${`details${!over && p.due < now ? ' late' : ''}`}>${!over && p.due < now ? `▲ ${t('dû le {0}', showDay(p.due))}` : t('prévu le {0}', showDay(p.due))}</span>
            ${at !== p.code && html`<button type="button" class="quiet small" onClick=${() => setAt(p.code)} aria-label=${t('Noter le point : {0}', p.name)}>${t('Noter')}</button>`}`}</li>`)}</ul>
        ${at && html`<${NewForm} table=${table} fixed=${{ contract: contract.id, milestone: at }} initial=${{ date: now }} done=${() => setAt('')} cancel=${() => setAt('')} />`}</div>`;
}

function Contract({ one, names }) {
    const { row } = one;
    const employer = names[row.employer_structure] || names[row.employer_company] || t('employeur à préciser');
    const dates = [showDay(row.start), row.actual_end ? t('fini le {0}', showDay(row.actual_end)) : row.expected_end && t("jusqu'au {0}", showDay(row.expected_end))];
    return html`<article class="contract"><p><a href=${`#/row/contract/${row.id}`}><strong>${label('contract', 'kind', row.kind)} · ${employer}</strong></a>
            <span class="details">${[...dates, row.hours_week && t('{0} h/sem.', String(row.hours_week).replace('.', ',')), label('contract', 'occupation', row.occupation), label('contract', 'end_reason', row.end_reason)].filter(Boolean).join(' · ')}</span><${Sent} unsent=${one.unsent} id=${row.id} /></p>
        <${Points} contract=${row} />
        <${Records} table="contract_aid" query=${{ contract: row.id }} sort="start" heading=${t('Aides')} level=${4} fixed=${{ contract: row.id }} line=${(a) => html`<a href=${`#/row/contract_aid/${a.row.id}`}>${label('contract_aid', 'aid', a.row.aid)}</a> <span class="details">${showDay(a.row.start)}${a.row.end ? ` – ${showDay(a.row.end)}` : ''}</span>`} /></article>`;
}

export function Employment({ person }) {
    const { answer } = useRows('contract', { person, sort: 'start', desc: 1, limit: 50 });
    const [adding, setAdding] = useState(false);
    if (!answer) return null;
    return html`<section class=${`card${answer.total === 0 && !adding ? ' related bare' : ''}`}><div class="head-line"><h2>${t('Contrats')} <span class="number">${answer.total || ''}</span></h2>
            ${!adding && html`<button type="button" class="quiet small" onClick=${() => setAdding(true)} aria-label=${t('Ajouter : {0}', t('Contrats'))}>${t('Ajouter')}</button>`}</div>
        ${adding && html`<${NewForm} table=${tableOf('contract')} fixed=${{ person }} initial=${{ start: today() }} done=${() => setAdding(false)} cancel=${() => setAdding(false)} />`}
        ${answer.rows.map((one) => html`<${Contract} key=${one.row.id} one=${one} names=${answer.names} />`)}</section>`;
}
