// SPDX-License-Identifier: Apache-2.0
// What one reads before a visit, on the screen or on a sheet of A4: where, whom to call, what was
// said the last three times, what is open.
import { useEffect, useState } from 'preact/hooks';
import { row as fetchRow } from './api.js';
import { dueOf } from './employment.js';
import { useRow } from './form.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { codesOf, table as tableOf, words } from './schema.js';
import { addDays, showDay, showLongDay, t, today } from './text.js';

const NOBODY = '00000000-0000-0000-0000-000000000000';
const NOTE_CHARS = 600;
const label = (table, name, value, names) => words(tableOf(table).field.get(name), value, names);

function usePlain(table, id) {
    const [told, setTold] = useState(null);
    useEffect(() => {
        let current = true;
        setTold(null);
        if (id) fetchRow(table, id).then((one) => current && setTold(one)).catch(() => {});
        return () => {
            current = false;
        };
    }, [table, id]);
    return told;
}

function Line({ name, children }) {
    return html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
}
const placeOf = (row) => [row.street, [row.postcode, row.city].filter(Boolean).join(' ')].filter(Boolean).join(', ');

// Where the person works: how to get in, whom to ask for.
function Workplace({ contract, names }) {
    const id = contract.user_company || contract.employer_company;
    const company = usePlain('company', id);
    const contacts = useRows('contact', { company: id || NOBODY, sort: 'title', limit: 20 }).answer;
    const sites = useRows('site', { structure: contract.employer_structure || NOBODY, sort: 'title', limit: 10 }).answer;
    const now = today();
    const points = useRows('job_followup', { contract: contract.id, limit: 50 }).answer;
    const due = points && codesOf(tableOf('job_followup').field.get('milestone')).map(({ code, label: name }) => ({ code, name, due: dueOf(contract.start, code) }))
        .filter((p) => p.due && p.due <= addDays(now, 30) && !points.rows.some((r) => r.row.milestone === p.code));
    return html`<section class="card"><h2>${t('Lieu de travail')}</h2><dl class="facts">
        <${Line} name=${t('Employeur')}>${names[contract.employer_structure] || names[contract.employer_company] || ''} · ${label('contract', 'kind', contract.kind)} · ${showDay(contract.start)}${contract.expected_end ? ` – ${showDay(contract.expected_end)}` : ''}<//>
        ${company && html`<${Line} name=${t('Adresse')}>${[company.row.name, placeOf(company.row)].filter(Boolean).join(', ')}<//>
            ${company.row.access && html`<${Line} name=${t('Accès')}>${company.row.access}<//>`}`}
        ${(sites?.rows || []).map(({ row }) => html`<${Line} key=${row.id} name=${row.name}>${[placeOf(row), row.access, row.opening].filter(Boolean).join(' · ')}<//>`)}
        ${(contacts?.rows || []).map(({ row }) => html`<${Line} key=${row.id} name=${row.role || t('Contact')}>${row.name}${row.phone && html` · <a href=${`tel:${row.phone.replace(/[^+\d]/g, '')}`}>${row.phone}</a>`}${row.email ? ` · ${row.email}` : ''}<//>`)}
        ${due && due.map((p) => html`<${Line} key=${p.code} name=${t("Point d'emploi")}><span class=${p.due < now ? 'late' : ''}>${p.name} · ${p.due < now ? `▲ ${t('dû le {0}', showDay(p.due))}` : t('prévu le {0}', showDay(p.due))}</span><//>`)}
    </dl></section>`;
}

function LastSessions({ person }) {
    const list = useRows('session', { person, 'date.to': today(), sort: 'date', desc: 1, limit: 3 }).answer;
    const notes = useRows('session_note', { session: list?.rows.length ? list.rows.map((one) => one.row.id) : NOBODY, person, limit: 3 }).answer;
    if (!list) return null;
    const note = (id) => notes?.rows.find((one) => one.row.session === id)?.row.text || '';
    return html`<section class="card"><h2>${t('Trois dernières séances')}</h2>
        ${list.total === 0 && html`<p class="nothing">${t('Aucune séance notée.')}</p>`}
        ${list.rows.map(({ row }) => html`<article key=${row.id} class="past"><h3><a href=${`#/session/${row.id}`}>${showDay(row.date)}</a> ${[label('session', 'kind', row.kind), row.subject].filter(Boolean).join(' · ')}</h3>
            <p class="said">${note(row.id).slice(0, NOTE_CHARS)}${note(row.id).length > NOTE_CHARS ? '…' : ''}</p></article>`)}</section>`;
}

function OpenActions({ pathways }) {
    const list = useRows('action', { pathway: pathways.length ? pathways : NOBODY, state: ['', 'planned', 'in_progress'], sort: 'due', limit: 100 }).answer;
    const now = today();
    if (!list) return null;
    return html`<section class="card"><h2>${t('Actions ouvertes')} <span class="number">${list.total || ''}</span></h2>
        ${list.total === 0 && html`<p class="nothing">${t('Aucune action ouverte.')}</p>`}
        <ul class="rows">${list.rows.map(({ row }) => html`<li key=${row.id}><span class="box" aria-hidden="true">☐</span> <span>${row.label}</span>
            <span class=${`details${row.due && row.due < now ? ' late' : ''}`}>${[label('action', 'who', row.who), row.due && (row.due < now ? `▲ ${t('en retard')} · ${showDay(row.due)}` : showDay(row.due))].filter(Boolean).join(' · ')}</span></li>`)}</ul></section>`;
}

export function Visit({ parts }) {
    const id = parts[0];
    const state = useRow('person', id);
    const now = today();
    const contacts = useRows('contact_point', { person: id, sort: 'kind', limit: 20 }).answer;
    const pathways = useRows('pathway', { person: id, sort: 'entry', desc: 1, limit: 20 }).answer;
    const contracts = useRows('contract', { person: id, 'start.to': now, sort: 'start', desc: 1, limit: 10 }).answer;
    const next = useRows('session', { person: id, 'next_date.from': now, sort: 'next_date', limit: 1 }).answer;
    const steps = useRows('step', { pathway: pathways?.rows.length ? pathways.rows.map((one) => one.row.id) : NOBODY, end: [''], limit: 10 }).answer;
    if (state.missing) return html`<h1>${t('Fiche de visite')}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!state.told || !pathways || !contracts) return null;
    const { row } = state.told;
    const running = contracts.rows.filter((one) => !one.row.actual_end || one.row.actual_end >= now);
    return html`<div class="visit"><div class="page-head"><h1>${row.first_name} ${row.name}</h1><span class="sent">${t('Fiche de visite du {0}', showLongDay(now))}</span>
            <button type="button" onClick=${() => print()}>${t('Imprimer')}</button></div>
        <p class="buttons"><a href=${`#/person/${id}`}>${t('Le dossier')}</a> <a href=${`#/session/new/${id}`}>${t('Nouvelle séance')}</a></p>
        <div class="columns even">
            <section class="card"><h2>${t('Contact et accès')}</h2><dl class="facts">
                ${(contacts?.rows || []).map((one) => html`<${Line} key=${one.row.id} name=${label('contact_point', 'kind', one.row.kind)}>${one.row.kind === 'phone' ? html`<a href=${`tel:${one.row.value.replace(/[^+\d]/g, '')}`}>${one.row.value}</a>` : one.row.value} ${one.row.note || ''}<//>`)}
                ${placeOf(row) && html`<${Line} name=${t('Adresse')}>${placeOf(row)}<//>`}
                ${row.language && html`<${Line} name=${tableOf('person').field.get('language').label}>${label('person', 'language', row.language)}<//>`}
                ${row.emergency && html`<${Line} name=${tableOf('person').field.get('emergency').label}>${row.emergency}<//>`}
                ${next?.rows.length > 0 && html`<${Line} name=${t('Prochain rendez-vous')}>${showDay(next.rows[0].row.next_date)}<//>`}
                ${(steps?.rows || []).map((one) => html`<${Line} key=${one.row.id} name=${t('Étape en cours')}>${steps.names[one.row.phase]} · ${t('depuis le {0}', showDay(one.row.start))}<//>`)}
            </dl></section>
            ${running.map((one) => html`<${Workplace} key=${one.row.id} contract=${one.row} names=${contracts.names} />`)}
            <${OpenActions} pathways=${pathways.rows.map((one) => one.row.id)} />
            <${LastSessions} person=${id} />
        </div></div>`;
}
