// SPDX-License-Identifier: Apache-2.0
// The first page: what is on today, what is due, what waits for a person.
import { useState } from 'preact/hooks';
import { save } from './api.js';
import { NewForm } from './form.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { useLook } from './look.js';
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

const overdue = (one) => (one.late ? `▲ ${t('en retard')} · ` : '');

// A follow-up point: still at work with one press, anything else in its form.
function Point({ one, noted }) {
    const [open, setOpen] = useState(false);
    const [problem, setProblem] = useState('');
    const about = { contract: one.row.of_row, milestone: one.row.rule.replace('followup_', '') };
    const still = () => save('job_followup', '', { ...about, date: today(), in_job: 'same' }).then(noted, (error) => setProblem(error.message));
    return html`<li><a href=${one.person ? `#/person/${one.person}` : addressOf('deadline', one.row.id)}>${one.name || one.row.label}</a>
        <span class=${`details ${one.late ? 'late' : ''}`}>${overdue(one)}${showDay(one.day)}${one.name ? ` · ${one.row.label}` : ''}</span>
        ${!open && html`<span class="acts"><button type="button" class="quiet small" onClick=${still} aria-label=${t('Toujours en poste : {0}', one.name)}>${t('Toujours en poste')}</button>
            <button type="button" class="quiet small" onClick=${() => setOpen(true)} aria-label=${t('Noter le point : {0}', one.name)}>${t('Noter…')}</button></span>`}
        <p class="problem" role="alert">${problem}</p>
        ${open && html`<${NewForm} table=${tableOf('job_followup')} fixed=${about} only=${['date', 'in_job', 'person_score', 'company_score', 'incident', 'mediation']} initial=${{ date: today(), in_job: 'same' }} done=${noted} cancel=${() => setOpen(false)} label=${t('Noter')} />`}</li>`;
}

// What is due by rule, as the program reckons it.
function Due() {
    const { told } = useLook('/api/today');
    const [noted, setNoted] = useState('');
    if (!told) return null;
    const points = told.filter((one) => one.kind === 'point');
    const others = told.filter((one) => one.kind === 'deadline' && one.days <= AHEAD);
    return html`<section class="card"><h2>${t("Points d'emploi")} <span class="number">${points.length || ''}</span></h2>
            ${noted && html`<p role="status">${t('Le point est noté.')} <a href=${`#/row/job_followup/${noted}`}>${t('Ouvrir')}</a></p>`}
            ${points.length === 0 ? html`<p class="nothing">${t("Aucun point d'emploi n'est dû.")}</p>`
                : html`<ul class="rows">${points.map((one) => html`<${Point} key=${one.row.id} one=${one} noted=${(made) => setNoted(made.row.id)} />`)}</ul>`}</section>
        <section class="card"><h2>${t('Échéances')} <span class="number">${others.length || ''}</span></h2>
            ${others.length === 0 ? html`<p class="nothing">${t('Aucune échéance dans les trente jours.')}</p>`
                : html`<ul class="rows">${others.map((one) => html`<li key=${one.row.id}><a href=${addressOf('deadline', one.row.id)}>${one.row.label}</a>
                    <span class=${`details ${one.late ? 'late' : ''}`}>${overdue(one)}${showDay(one.day)}${one.name ? ` · ${one.name}` : ''}</span></li>`)}</ul>`}</section>`;
}

export function Today({ status }) {
    const now = today();
    const session = tableOf('session');
    const person = (one, names) => names[one.row.person] || words(session.field.get('kind'), one.row.kind);
    const visit = (one, names) => html`<a href=${addressOf('session', one.row.id)}>${one.row.start || '—'} ${person(one, names)}</a> <span class="details">${[one.row.subject, one.row.place].filter(Boolean).join(' · ')}</span>`;
    const next = (one, names) => html`<a href=${addressOf('session', one.row.id)}>${showDay(one.row.next_date)} ${person(one, names)}</a> <span class="details">${one.row.subject || ''}</span>`;
    const draft = (one, names) => html`<a href=${addressOf('session', one.row.id)}>${showDay(one.row.date)} ${person(one, names)}</a> <span class="details">${one.row.subject || ''}</span>`;
    const due = (one) => html`<a href=${addressOf('action', one.row.id)}>${one.row.label}</a> <span class=${`details ${one.row.due < now ? 'late' : ''}`}>${one.row.due < now ? `▲ ${t('en retard')} · ` : ''}${showDay(one.row.due)}</span>`;
    const waiting = status && !status.gone ? status.conflicts + status.quarantined + status.duplicates : 0;
    return html`<div class="page-head"><h1>${t("Aujourd'hui")}</h1><span class="sent">${showLongDay(now)}</span>
            <a class="button" href="#/persons">${t('Ouvrir un dossier')}</a></div>
        ${waiting > 0 && html`<p class="waiting"><a href="#/inbox">${tn('{0} point attend une décision', '{0} points attendent une décision', waiting)}</a></p>`}
        <div class="columns even">
            <${Block} heading=${t('Séances du jour')} table="session" query=${{ date: now, sort: 'start', limit: 20 }} empty=${t("Aucune séance notée aujourd'hui.")} line=${visit} />
            <${Block} heading=${t('Prochains rendez-vous')} table="session" query=${{ 'next_date.from': now, 'next_date.to': addDays(now, DAYS), sort: 'next_date', limit: 20 }} empty=${t('Aucun rendez-vous dans les sept jours.')} line=${next} />
            <${Block} heading=${t('Actions à échéance')} table="action" query=${{ 'due.to': addDays(now, DAYS), state: ['', 'planned', 'in_progress'], sort: 'due', limit: 20 }} empty=${t('Aucune action à échéance.')} line=${due} />
            <${Due} />
            <${Block} heading=${t('Brouillons à valider')} table="session" query=${{ state: ['', 'draft'], sort: 'date', desc: 1, limit: 10 }} empty=${t('Aucun brouillon.')} line=${draft} />
        </div>`;
}
