// SPDX-License-Identifier: Apache-2.0
// A referral on one screen: to whom, what will be shared under which consent, the five points of
// shared secrecy; afterwards the answer, a refusal with its reason, and how long it took.
import { useState } from 'preact/hooks';
import { save } from './api.js';
import { Field } from './field.js';
import { useRow } from './form.js';
import { History } from './history.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { useDecision } from './look.js';
import { Sent } from './marks.js';
import { useChange } from './records.js';
import { codesOf, table as tableOf, words } from './schema.js';
import { dayOf, showDay, t, tn, today } from './text.js';

const label = (table, name, value, names) => words(tableOf(table).field.get(name), value, names);
const points = ['informed', 'agrees', 'bound', 'same_mission', 'needed'];
const DAY_MS = 24 * 3600 * 1000;
const daysBetween = (a, b) => Math.round((dayOf(b) - dayOf(a)) / DAY_MS);

// Of what there will be to read: tables by facet, with how many rows there are now.
const facts = ['contact_point', 'pathway', 'contract', 'internship', 'session', 'training', 'candidacy', 'skill_validation', 'person_language'];
const notes = ['status_period', 'obstacle', 'session_note'];
function Count({ table, person }) {
    const { answer } = useRows(table, { person, limit: 0 });
    return answer && answer.total > 0 ? html`<li>${tableOf(table).label} <span class="number">${answer.total}</span></li>` : null;
}
function WillShare({ person, shares }) {
    return html`<div class="will-share"><h3>${t('Ce que le destinataire pourra lire')}</h3>
        <ul class="chips"><li>${t('Identité')}</li>${facts.map((table) => html`<${Count} key=${table} table=${table} person=${person} />`)}</ul>
        ${shares === 'facts_notes' && html`<h3>${t('… et, sous le secret professionnel')}</h3><ul class="chips">${notes.map((table) => html`<${Count} key=${table} table=${table} person=${person} />`)}<li>${t('Objectifs et actions')}</li></ul>`}
        <p class="note shown">${shares === 'facts_notes' ? t('Jamais : le coffre (santé, justice, numéro national).') : t('Jamais : les comptes rendus, les freins, le coffre.')}</p></div>`;
}

const covers = (row, to, shares, day) => row.purpose === 'share_structure' && !row.withdrawn_on && (!row.recipient || row.recipient === to)
    && (row.shares === 'facts_notes' || row.shares === shares) && row.given_on <= day && (!row.until || row.until >= day);

function NewReferral({ person, go }) {
    const table = tableOf('referral');
    const state = useRow('person', person);
    const consents = useRows('consent', { person, purpose: 'share_structure', limit: 100 }).answer;
    const [values, setValues] = useState({ shares: 'facts', sent_on: today() });
    const [names, setNames] = useState({});
    const [mode, setMode] = useState('signed');
    const [until, setUntil] = useState('');
    const [checked, setChecked] = useState([]);
    const [problem, setProblem] = useState('');
    const [busy, setBusy] = useState(false);
    if (!state.told || !consents) return null;
    const { row } = state.told;
    const set = (name) => (v, title) => {
        setValues((old) => ({ ...old, [name]: v }));
        if (title) setNames((old) => ({ ...old, [v]: title }));
    };
    const known = values.to && consents.rows.find((one) => covers(one.row, values.to, values.shares, values.sent_on));
    const field = (name) => html`<${Field} key=${name} field=${table.field.get(name)} value=${values[name] ?? ''} name=${names[values[name]]} change=${set(name)} />`;
    const tick = (name) => setChecked((old) => (old.includes(name) ? old.filter((n) => n !== name) : [...old, name]));
    const ready = values.to && values.shares && checked.length === points.length && !busy;
    const send = async () => {
        setBusy(true);
        try {
            let consent = known?.row.id;
            if (!consent) {
                const given = { person, purpose: 'share_structure', recipient: values.to, shares: values.shares, given_on: values.sent_on, mode };
                consent = (await save('consent', '', until ? { ...given, until } : given)).row.id;
            }
            const filled = Object.fromEntries(Object.entries(values).filter(([, v]) => v !== ''));
            const made = await save('referral', '', { person, consent, answer: 'pending', ...filled, ...Object.fromEntries(points.map((p) => [p, true])) });
            go(`#/referral/${made.row.id}`);
        } catch (error) {
            setProblem(error.message);
            setBusy(false);
        }
    };
    const consent = tableOf('consent');
    return html`<h1>${t('Orienter {0}', `${row.first_name} ${row.name}`)}</h1>
        <div class="columns even"><div>
            <section class="card"><h2>${t('Vers qui ?')}</h2><div class="fields">${['to', 'staff', 'resource', 'sent_on', 'reason'].map(field)}</div></section>
            <section class="card"><h2>${t('Secret partagé')}</h2><p class="note shown">${t('Les cinq points sont demandés chaque fois, et gardés.')}</p>
                ${points.map((name) => html`<p key=${name} class="point"><label class="tick"><input type="checkbox" checked=${checked.includes(name)} onChange=${() => tick(name)} /> <span>${table.field.get(name).label}</span></label></p>`)}</section>
        </div><div>
            <section class="card"><h2>${t('Ce qui est partagé')}</h2><div class="fields">${field('shares')}</div><${WillShare} person=${person} shares=${values.shares} /></section>
            <section class="card"><h2>${t('Sous quel consentement ?')}</h2>
                ${!values.to && html`<p class="nothing">${t("Choisissez d'abord le destinataire.")}</p>`}
                ${known && html`<p>✓ ${t('Donné le {0} : {1}', showDay(known.row.given_on), label('consent', 'shares', known.row.shares))}${known.row.until ? ` · ${t("jusqu'au {0}", showDay(known.row.until))}` : ''}</p>`}
                ${values.to && !known && html`<p class="banner">${t("Aucun consentement en cours ne couvre cela : il sera noté avec l'envoi, si la personne le donne.")}</p>
                    <div class="fields"><${Field} field=${consent.field.get('mode')} value=${mode} change=${setMode} /><${Field} field=${consent.field.get('until')} value=${until} change=${setUntil} /></div>`}</section>
        </div></div>
        <p class="buttons"><button type="button" disabled=${!ready} onClick=${send}>${known || !values.to ? t('Envoyer la passerelle') : t('Noter le consentement et envoyer')}</button><a class="button plain-button" href=${`#/person/${person}`}>${t('Annuler')}</a></p>
        <p class="problem" role="alert">${problem}</p>`;
}

// ---- what became of it ----

// The one it goes to answers; the one it comes from may withdraw it.
function Answer({ told, change, mine }) {
    const { row } = told;
    const [refusal, setRefusal] = useState('');
    const [day, setDay] = useState('');
    const { problem, decide } = useDecision();
    const field = tableOf('referral').field;
    if (row.answer !== 'pending' && row.answer) return null;
    const accept = async () => {
        const made = await decide('/api/accept', { id: row.id, set: day ? { appointment: day } : {} });
        if (made) location.hash = `#/person/${made.id}`;
    };
    return html`<section class="card"><h2>${mine ? t('Répondre') : t('En attente de réponse')}</h2><p class="lead">${tn('sans réponse depuis {0} jour', 'sans réponse depuis {0} jours', daysBetween(row.sent_on, today()))}</p>
        ${mine && html`<div class="fields"><${Field} field=${field.get('appointment')} value=${day} change=${setDay} /><${Field} field=${field.get('refusal')} value=${refusal} change=${setRefusal} /></div>`}
        <p class="buttons">${mine ? html`<button type="button" onClick=${accept}>${t('Accepter et ouvrir un dossier')}</button>
            <button type="button" class="quiet" disabled=${refusal === ''} onClick=${() => change('referral', told, { answer: 'refused', refusal })}>${t('Refuser avec ce motif')}</button>`
            : html`<button type="button" class="quiet" onClick=${() => change('referral', told, { answer: 'withdrawn' })}>${t('Retirer la passerelle')}</button>`}</p>
        <p class="problem" role="alert">${problem}</p></section>`;
}

export function Referral({ parts, go, status }) {
    return parts[0] === 'new' ? html`<${NewReferral} person=${parts[1]} go=${go} />` : html`<${ReferralOf} id=${parts[0]} structure=${status?.structure} />`;
}
function ReferralOf({ id, structure }) {
    const table = tableOf('referral');
    const state = useRow('referral', id);
    const consent = useRow('consent', state.told?.row.consent);
    const { problem, change } = useChange();
    if (state.missing) return html`<h1>${table.label}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!state.told) return null;
    const { row, unsent } = state.told;
    const { names } = state;
    const answered = row.answer && row.answer !== 'pending';
    const steps = [[t('Envoyée'), row.sent_on], [t('Rendez-vous'), row.appointment], [t('Début effectif'), row.started_on], [t('Fin'), row.ended_on]].filter(([, day]) => day);
    const agreed = consent.told?.row;
    return html`<div class="page-head"><h1>${t('Passerelle vers {0}', names[row.to] || '…')}</h1><${Sent} unsent=${unsent} id=${id} />
            <span class=${`badge ${row.answer === 'accepted' ? 'done' : ''}`}>${label('referral', 'answer', row.answer) || t('sans réponse')}</span></div>
        <p class="lead"><a href=${`#/person/${row.person}`}>${names[row.person] || t('Le dossier')}</a> · ${t('de {0}', names[row.from] || '…')}</p>
        ${row.answer === 'refused' && html`<p class="banner"><strong>${t('Refusée : {0}', label('referral', 'refusal', row.refusal) || t('sans motif'))}</strong></p>`}
        <div class="columns even"><section class="card"><h2>${t('Suivi')}</h2><ol class="track">${steps.map(([word, day]) => html`<li key=${word} class="now"><strong>${word}</strong> <span class="details">${showDay(day)}${day !== row.sent_on ? ` · ${tn('après {0} jour', 'après {0} jours', daysBetween(row.sent_on, day))}` : ''}</span></li>`)}</ol>
                ${row.reason && html`<p class="said">${row.reason}</p>`}
                ${answered && row.answer === 'accepted' && !row.started_on && html`<p class="buttons"><button type="button" onClick=${() => change('referral', state.told, { started_on: today() })}>${t("Commencée aujourd'hui")}</button></p>`}</section>
            <section class="card"><h2>${t('Ce qui est partagé')}</h2><p><strong>${label('referral', 'shares', row.shares)}</strong></p>
                ${agreed && html`<p>${agreed.withdrawn_on ? t('Consentement retiré le {0} : plus rien n\'est partagé.', showDay(agreed.withdrawn_on)) : t('Consentement donné le {0} ({1})', showDay(agreed.given_on), label('consent', 'mode', agreed.mode))} <a href=${`#/row/consent/${row.consent}`}>${t('Voir')}</a></p>`}
                <ul class="chips">${points.map((name) => html`<li key=${name}>${row[name] ? '✓' : '✗'} ${table.field.get(name).label}</li>`)}</ul></section></div>
        <${Answer} told=${state.told} change=${change} mine=${row.to === structure} />
        <p class="problem" role="alert">${problem}</p>
        <${History} table=${table} id=${id} />`;
}
