// SPDX-License-Identifier: Apache-2.0
// For whom coordinates: who follows how many, what is due with whom, whose work was not heard of.
// Of notes it shows nothing.
import { html } from './html.js';
import { useRows } from './list.js';
import { useLook } from './look.js';
import { addressOf } from './related.js';
import { table as tableOf, words } from './schema.js';
import { addDays, showDay, showInstant, showNumber, t, tn, today } from './text.js';

const COORDINATOR = 4;
export const coordinates = (status) => !status.gone && Boolean(status.roles & COORDINATOR);

function Load({ one, caseload }) {
    const over = one.weighted > caseload;
    return html`<span class="load"><svg width="100%" height="8" aria-hidden="true"><rect class="ground" width="100%" height="8" rx="2" /><rect class=${over ? 'bar over' : 'bar'} width=${`${Math.min(100, (100 * one.weighted) / (caseload || 1))}%`} height="8" rx="2" /></svg>
        ${over ? html`<strong>▲ ${t('{0} sur {1}', showNumber(one.weighted), caseload)}</strong>` : t('{0} sur {1}', showNumber(one.weighted), caseload)}</span>`;
}
const figure = (n, atLeast) => (n === 0 ? '—' : atLeast ? t('{0} ou plus', showNumber(n)) : showNumber(n));

function Members({ team }) {
    return html`<section class="card"><h2>${t('Qui suit combien')} <span class="number">${team.members.length || ''}</span></h2>
        ${team.members.length === 0 ? html`<p class="nothing">${t("Aucun jobcoach n'est actif dans cette structure.")}</p>` : html`<div class="scroll" tabindex="0" role="region" aria-label=${t('Qui suit combien')}><table class="stack team">
            <caption class="hidden">${t('Qui suit combien')}</caption>
            <thead><tr><th scope="col">${t('Agent')}</th><th scope="col" class="figure">${t('Parcours')}</th><th scope="col">${t('Charge, par ETP')}</th><th scope="col" class="figure">${t("Points d'emploi dus")}</th><th scope="col" class="figure">${t('Échéances dépassées')}</th><th scope="col" class="figure">${t('Vieux brouillons')}</th><th scope="col">${t('Dernière séance reçue')}</th></tr></thead>
            <tbody>${team.members.map((one) => html`<tr key=${one.staff}><th scope="row">${one.name}</th>
                <td class="figure" data-label=${t('Parcours')}>${showNumber(one.pathways)}</td><td data-label=${t('Charge, par ETP')}><${Load} one=${one} caseload=${team.caseload} /></td>
                <td class="figure" data-label=${t("Points d'emploi dus")}>${figure(one.points, one.at_least)}</td><td class="figure" data-label=${t('Échéances dépassées')}>${figure(one.lates, one.at_least)}</td><td class="figure" data-label=${t('Vieux brouillons')}>${figure(one.drafts)}</td>
                <td data-label=${t('Dernière séance reçue')}><span class=${one.silent ? 'details late' : ''}>${one.silent ? '▲ ' : ''}${showInstant(one.last)}</span></td></tr>`)}</tbody></table></div>
        <p class="note shown">${tn("▲ : rien reçu depuis plus de {0} jour ; l'appareil est peut-être resté sans réseau.", "▲ : rien reçu depuis plus de {0} jours ; l'appareil est peut-être resté sans réseau.", team.silent_days)}</p>`}</section>`;
}

function Endings({ days }) {
    const now = today();
    const { answer } = useRows('contract', { 'expected_end.from': now, 'expected_end.to': addDays(now, days), actual_end: '', sort: 'expected_end', limit: 50 });
    if (!answer) return null;
    const kind = tableOf('contract').field.get('kind');
    return html`<section class="card"><h2>${t('Contrats qui finissent')} <span class="number">${answer.total || ''}</span></h2>
        ${answer.total === 0 ? html`<p class="nothing">${tn('Aucun dans {0} jour.', 'Aucun dans les {0} jours.', days)}</p>` : html`<ul class="rows">${answer.rows.map(({ row }) => html`<li key=${row.id}><a href=${`#/person/${row.person}`}>${answer.names[row.person] || '…'}</a>
            <span class="details">${[showDay(row.expected_end), words(kind, row.kind), answer.names[row.employer_structure] || answer.names[row.employer_company]].filter(Boolean).join(' · ')}</span></li>`)}</ul>`}</section>`;
}

function Dues() {
    const { told } = useLook('/api/today');
    if (!told) return null;
    const due = told.filter((one) => one.kind === 'point' || (one.kind === 'deadline' && one.late));
    return html`<section class="card"><h2>${t('Ce qui est dû')} <span class="number">${due.length || ''}</span></h2>
        ${due.length === 0 ? html`<p class="nothing">${t("Rien n'est en retard.")}</p>` : html`<ul class="rows">${due.slice(0, 50).map((one) => html`<li key=${one.row.id}><a href=${one.person ? `#/person/${one.person}` : addressOf('deadline', one.row.id)}>${one.name || one.row.label}</a>
            <span class=${`details ${one.late ? 'late' : ''}`}>${one.late ? `▲ ${t('en retard')} · ` : ''}${showDay(one.day)}${one.name ? ` · ${one.row.label}` : ''}</span></li>`)}</ul>`}
        ${due.length > 50 && html`<p class="note shown">${tn('et {0} autre', 'et {0} autres', due.length - 50)}</p>`}</section>`;
}

export function Team() {
    const { told: team, problem } = useLook('/api/team');
    if (problem) return html`<h1>${t('Équipe')}</h1><p class="problem" role="alert">${problem}</p>`;
    if (!team) return html`<h1>${t('Équipe')}</h1>`;
    return html`<h1>${t('Équipe')}</h1><${Members} team=${team} /><div class="columns even"><${Dues} /><${Endings} days=${team.contract_end_days} /></div>`;
}
