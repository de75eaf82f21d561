// SPDX-License-Identifier: Apache-2.0
// The first page: what is on today, what is due, what waits for a person.
import { html } from './html.js';
import { useRows } from './list.js';
import { addressOf } from './related.js';
import { table as tableOf, words } from './schema.js';
import { addDays, showDay, showLongDay, t, tn, today } from './text.js';

const DAYS = 7;
const AHEAD = 30; // of deadlines

function Block({ heading, table: name, query, empty, line }) {
    const { answer } = useRows(name, query);
    if (!answer) return null;
    return html`<section class="card"><h2>${heading} <span class="number">${answer.total || ''}</span></h2>
        ${answer.total === 0 ? html`<p class="nothing">${empty}</p>` : html`<ul class="rows">${answer.rows.map((one) => html`<li key=${one.row.id}>${line(one, answer.names)}</li>`)}</ul>`}
        ${answer.total > answer.rows.length && html`<p class="note">${tn('et {0} autre', 'et {0} autres', answer.total - answer.rows.length)}</p>`}</section>`;
}

export function Today({ status }) {
    const now = today();
    const session = tableOf('session');
    const person = (one, names) => names[one.row.person] || words(session.field.get('kind'), one.row.kind);
    const visit = (one, names) => html`<a href=${addressOf('session', one.row.id)}>${one.row.start || '—'} ${person(one, names)}</a> <span class="details">${[one.row.subject, one.row.place].filter(Boolean).join(' · ')}</span>`;
    const next = (one, names) => html`<a href=${addressOf('session', one.row.id)}>${showDay(one.row.next_date)} ${person(one, names)}</a> <span class="details">${one.row.subject || ''}</span>`;
    const draft = (one, names) => html`<a href=${addressOf('session', one.row.id)}>${showDay(one.row.date)} ${person(one, names)}</a> <span class="details">${one.row.subject || ''}</span>`;
    const due = (one) => html`<a href=${addressOf('action', one.row.id)}>${one.row.label}</a> <span class=${`details ${one.row.due < now ? 'late' : ''}`}>${one.row.due < now ? `▲ ${t('en retard')} · ` : ''}${showDay(one.row.due)}</span>`;
    const deadline = (one) => html`<a href=${addressOf('deadline', one.row.id)}>${one.row.label}</a> <span class=${`details ${one.row.due < now ? 'late' : ''}`}>${one.row.due < now ? `▲ ${t('en retard')} · ` : ''}${showDay(one.row.due)}</span>`;
    const waiting = status && !status.gone ? status.conflicts + status.quarantined + status.duplicates : 0;
    return html`<div class="page-head"><h1>${t("Aujourd'hui")}</h1><span class="sent">${showLongDay(now)}</span>
            <a class="button" href="#/persons">${t('Ouvrir un dossier')}</a></div>
        ${waiting > 0 && html`<p class="waiting"><a href="#/inbox">${tn('{0} point attend une décision', '{0} points attendent une décision', waiting)}</a></p>`}
        <div class="columns even">
            <${Block} heading=${t('Séances du jour')} table="session" query=${{ date: now, sort: 'start', limit: 20 }} empty=${t("Aucune séance notée aujourd'hui.")} line=${visit} />
            <${Block} heading=${t('Prochains rendez-vous')} table="session" query=${{ 'next_date.from': now, 'next_date.to': addDays(now, DAYS), sort: 'next_date', limit: 20 }} empty=${t('Aucun rendez-vous dans les sept jours.')} line=${next} />
            <${Block} heading=${t('Actions à échéance')} table="action" query=${{ 'due.to': addDays(now, DAYS), state: ['', 'planned', 'in_progress'], sort: 'due', limit: 20 }} empty=${t('Aucune action à échéance.')} line=${due} />
            <${Block} heading=${t('Échéances')} table="deadline" query=${{ 'due.to': addDays(now, AHEAD), state: ['', 'todo', 'postponed'], sort: 'due', limit: 20 }} empty=${t('Aucune échéance dans les trente jours.')} line=${deadline} />
            <${Block} heading=${t('Brouillons à valider')} table="session" query=${{ state: ['', 'draft'], sort: 'date', desc: 1, limit: 10 }} empty=${t('Aucun brouillon.')} line=${draft} />
        </div>`;
}
