// SPDX-License-Identifier: Apache-2.0
// A person's dossier: who it is, what was done, what comes next.
import { useState } from 'preact/hooks';
import { Documents } from './documents.js';
import { Erasure } from './erasure.js';
import { Employment } from './employment.js';
import { useRow } from './form.js';
import { History } from './history.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { useLook } from './look.js';
import { Sent, useMarks } from './marks.js';
import { Pathway } from './pathway.js';
import { Adder, Facts, Records, useChange } from './records.js';
import { Related } from './related.js';
import { related, table as tableOf, words } from './schema.js';
import { showDay, t, tn, today } from './text.js';

// What the page shows by itself; the rest opens when it is asked for.
const shown = ['session', 'session_note', 'session_addendum', 'contact_point', 'pathway', 'contract', 'consent', 'referral', 'status_period', 'obstacle'];
const label = (table, name, value, names) => words(tableOf(table).field.get(name), value, names);

function ageOn(birth, day) {
    const years = Number(day.slice(0, 4)) - Number(birth.slice(0, 4));
    return day.slice(5) < birth.slice(5) ? years - 1 : years;
}

function Contacts({ person }) {
    const link = ({ row }) => (row.kind === 'email' ? `mailto:${row.value}` : `tel:${row.value.replace(/[^+\d]/g, '')}`);
    return html`<section class="card"><${Records} table="contact_point" query=${{ person }} sort="kind" desc=${false} level=${2} fixed=${{ person }} initial=${{ kind: 'phone' }} empty=${t('Ni téléphone ni courriel.')}
        line=${(one) => html`<a href=${link(one)}>${one.row.value}</a> <span class="details">${[label('contact_point', 'kind', one.row.kind), one.row.note].filter(Boolean).join(' · ')}</span>
            <a class="small" href=${`#/row/contact_point/${one.row.id}`} aria-label=${t('Modifier : {0}', one.row.value)}>${t('Modifier')}</a>`} /></section>`;
}

function Sessions({ person, go }) {
    const { answer } = useRows('session', { person, sort: 'date', desc: 1, limit: 1 });
    const [all, setAll] = useState(5);
    const list = useRows('session', { person, sort: 'date', desc: 1, limit: all }).answer;
    if (!answer || !list) return null;
    return html`<section class="card"><div class="head-line"><h2>${t('Séances')} <span class="number">${answer.total || ''}</span></h2>
            <button type="button" class="quiet small" onClick=${() => go(`#/session/new/${person}`)} aria-label=${t('Ajouter : {0}', t('Séances'))}>${t('Ajouter')}</button></div>
        ${answer.total === 0 && html`<p class="nothing">${t('Aucune séance notée.')}</p>`}
        <ul class="rows">${list.rows.map((one) => html`<li key=${one.row.id}><a href=${`#/session/${one.row.id}`}>${showDay(one.row.date)}</a>
            <span class="details">${[label('session', 'kind', one.row.kind), one.row.subject, one.row.place, one.row.minutes && t('{0} min', one.row.minutes)].filter(Boolean).join(' · ')}</span>
            <span class=${`badge ${one.row.state === 'validated' ? 'done' : ''}`}>${one.row.state === 'validated' ? t('validée') : t('brouillon')}</span><${Sent} unsent=${one.unsent} id=${one.row.id} /></li>`)}</ul>
        ${list.total > list.rows.length && html`<p class="more-rows"><button type="button" class="quiet small" onClick=${() => setAll(all + 50)}>${t('Montrer les précédentes ({0})', list.total - list.rows.length)}</button></p>`}</section>`;
}

function Consents({ person }) {
    const { problem, change } = useChange();
    const state = (row) => (row.withdrawn_on ? t('retiré le {0}', showDay(row.withdrawn_on)) : row.until && row.until < today() ? t('échu le {0}', showDay(row.until)) : t('donné le {0}', showDay(row.given_on)));
    return html`<section class="card"><${Records} table="consent" query=${{ person }} sort="given_on" heading=${t('Consentements')} level=${2} fixed=${{ person }} initial=${{ given_on: today(), mode: 'signed' }}
        line=${(one, names) => html`<a href=${`#/row/consent/${one.row.id}`}>${label('consent', 'purpose', one.row.purpose)}</a>
            <span class=${`details${one.row.withdrawn_on ? ' struck' : ''}`}>${[names[one.row.recipient], label('consent', 'shares', one.row.shares), state(one.row)].filter(Boolean).join(' · ')}</span>
            ${!one.row.withdrawn_on && html`<button type="button" class="quiet small" onClick=${() => change('consent', one, { withdrawn_on: today() })} aria-label=${t('Retirer : {0}', label('consent', 'purpose', one.row.purpose))}>${t('Retirer')}</button>`}`} />
        <p class="problem" role="alert">${problem}</p></section>`;
}

function Referrals({ person }) {
    return html`<section class="card"><${Records} table="referral" query=${{ person }} sort="sent_on" heading=${t('Passerelles')} level=${2}
        line=${(one, names) => html`<a href=${`#/referral/${one.row.id}`}>${names[one.row.to] || '…'}</a>
            <span class="details">${[showDay(one.row.sent_on), label('referral', 'answer', one.row.answer) || t('sans réponse'), label('referral', 'refusal', one.row.refusal), one.row.appointment && t('rendez-vous {0}', showDay(one.row.appointment))].filter(Boolean).join(' · ')}</span>`} />
        <p><a href=${`#/referral/new/${person}`}>${t('Orienter vers une autre structure')}</a></p></section>`;
}

function Situation({ person }) {
    const { problem, change } = useChange();
    const period = (row) => `${showDay(row.start)}${row.end ? ` – ${showDay(row.end)}` : ''}`;
    return html`<section class="card"><${Records} table="status_period" query=${{ person }} sort="start" level=${2} fixed=${{ person }} initial=${{ start: today() }}
            line=${(one) => html`<a href=${`#/row/status_period/${one.row.id}`}>${label('status_period', 'code', one.row.code)}</a> <span class=${`details${one.row.end ? ' struck' : ''}`}>${period(one.row)}</span>
                ${!one.row.end && html`<button type="button" class="quiet small" onClick=${() => change('status_period', one, { end: today() })} aria-label=${t('Finir : {0}', label('status_period', 'code', one.row.code))}>${t('Finir')}</button>`}`} />
        <${Records} table="obstacle" query=${{ person }} sort="start" heading=${t('Freins')} level=${2} fixed=${{ person }} initial=${{ start: today() }}
            line=${(one) => html`<a href=${`#/row/obstacle/${one.row.id}`}>${label('obstacle', 'theme', one.row.theme)}</a> <span class=${`details${one.row.end ? ' struck' : ''}`}>${[one.row.severity !== null && t('gêne {0} sur 4', one.row.severity), one.row.note, period(one.row)].filter(Boolean).join(' · ')}</span>`} />
        <p class="problem" role="alert">${problem}</p></section>`;
}

// A heading with its number; rows are looked at only when it is opened, since that is noted.
function Rest({ table, field, id }) {
    const { answer } = useRows(table.name, { [field.name]: id, limit: 0 });
    const [open, setOpen] = useState(false);
    if (!answer) return null;
    return html`<details class="rest" onToggle=${(e) => setOpen(e.target.open)}><summary>${table.label} <span class="number">${answer.total || ''}</span></summary>
        ${open && html`<${Related} table=${table.name} field=${field.name} id=${id} />`}</details>`;
}

// Refused work that left no row here: it is named where one looks for it.
function Lost({ id }) {
    const { lost } = useMarks();
    const addresses = lost.get(id) || [];
    if (addresses.length === 0) return null;
    return html`<p class="waiting stop"><a href=${addresses[0]}>▲ ${tn('{0} saisie de ce dossier a été refusée : à corriger', '{0} saisies de ce dossier ont été refusées : à corriger', addresses.length)}</a></p>`;
}

// What cannot both be so; two open steps are said with the pathway.
function Overlaps({ id }) {
    const { told } = useLook(`/api/overlaps/${id}`);
    const others = (told || []).filter((one) => one.kind !== 'two_open_steps');
    return others.map((one) => html`<p class="waiting" key=${one.rows.join()}>▲ ${one.text} : ${one.rows.map((row, i) => html`${i ? ' · ' : ' '}<a key=${row} href=${`#/row/${one.table}/${row}`}>${i ? t('la seconde fiche') : t('la première fiche')}</a>`)}</p>`);
}

export function Person({ parts, go, status }) {
    const id = parts[0];
    const table = tableOf('person');
    const state = useRow('person', id);
    const pathways = useRows('pathway', { person: id, sort: 'entry', desc: 1, limit: 20 }).answer;
    const agreements = useRows('agreement', { pathway: pathways?.rows.length ? pathways.rows.map((one) => one.row.id) : '00000000-0000-0000-0000-000000000000', limit: 30 }).answer;
    if (state.missing) return html`<h1>${t('Dossier')}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!state.told || !pathways) return null;
    const { row, unsent } = state.told;
    const name = [row.first_name, row.name].filter(Boolean).join(' ');
    const lead = [row.birth_date && t('{0} ({1} ans)', showDay(row.birth_date), ageOn(row.birth_date, today())), [row.street, row.postcode, row.city].filter(Boolean).join(' ')].filter(Boolean);
    const rest = related('person').filter((one) => !shown.includes(one.table.name));
    const also = [...pathways.rows, ...(agreements?.rows || [])].map((one) => one.row.id);
    return html`<div class="page-head"><h1>${name || t('(sans titre)')}</h1><${Sent} unsent=${unsent} id=${id} />
            <span class="acts"><a href=${`#/visit/${id}`}>${t('Fiche de visite')}</a>
                <a class="button" href=${`#/session/new/${id}`}>${t('Nouvelle séance')}</a></span></div>
        ${lead.length > 0 && html`<p class="lead">${lead.join(' · ')}</p>`}
        <${Lost} id=${id} />
        <${Overlaps} id=${id} />
        <div class="columns dossier"><div>
            ${pathways.rows.map((one) => html`<${Pathway} key=${one.row.id} one=${one} names=${pathways.names} />`)}
            ${pathways.total === 0 && html`<section class="card"><h2>${t('Parcours')}</h2><p class="nothing">${t("Aucun parcours n'est ouvert.")}</p><${Adder} table="pathway" label=${t('Ouvrir un parcours')} fixed=${{ person: id }} initial=${{ entry: today(), state: 'open' }} only=${['model', 'entry', 'orientation', 'occupation', 'public', 'method', 'autonomy']} /></section>`}
            <${Sessions} person=${id} go=${go} />
            <${Employment} person=${id} />
            <${Documents} table="person" id=${id} also=${also} />
        </div><div>
            <${Contacts} person=${id} />
            <${Facts} state=${state} table=${table} heading=${t('Identité')} open=${t("Modifier l'identité")} close=${t("Fermer l'identité")} />
            <${Situation} person=${id} />
            <${Consents} person=${id} />
            <${Referrals} person=${id} />
            <section class="card"><h2>${t('Autres rubriques')}</h2>
                ${rest.map((one) => html`<${Rest} key=${one.table.name} table=${one.table} field=${one.field} id=${id} />`)}
                ${pathways.total > 0 && html`<${Adder} table="pathway" label=${t('Ouvrir un autre parcours')} fixed=${{ person: id }} initial=${{ entry: today(), state: 'open' }} />`}</section>
            <${History} table=${table} id=${id} />
            <${Erasure} person=${id} status=${status} />
        </div></div>`;
}
