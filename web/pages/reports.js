// SPDX-License-Identifier: Apache-2.0
// Indicators of what is on this device: a table each, a picture of it, a file of it, on paper.
import { useState } from 'preact/hooks';
import { sheet } from './api.js';
import { hand } from './documents.js';
import { csvOf } from './export.js';
import { Field } from './field.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { useLook } from './look.js';
import { codeLabel } from './schema.js';
import { addDays, dayOf, isoOf, showDay, showInstant, showNumber, t, today } from './text.js';

// Of which list the codes of a report are.
const lists = { I1: 'network_phase', I6: 'milestone', I7: 'session_kind', I12: 'structure_kind', I16: 'accreditation_kind', I20: 'axis', I21: 'method', I24: 'exit_situation' };
const said = () => ({
    ISP: t('Ensemble (ISP)'), 'RIS+ERIS': t('Dossiers RIS et ERIS'), active_begin: t('Actifs au début'), entries: t('Entrées'), exits: t('Sorties'), active_end: t('Actifs à la fin'),
    durable: t('Durables'), transition: t('De transition'), other_positive: t('Autres positives'), neutral: t('Neutres'), no_solution: t('Sans solution'), undecided: t('À décider'), positive: t('Positives, hors neutres'),
    left: t('Ont quitté L2'), good_job: t('Emploi durable et de qualité'), other_job: t('Autre emploi'), no_job: t('Sans emploi'), unknown: t('Inconnu'),
    started: t('Contrats commencés'), same_employer: t('Chez le même employeur'), any_job: t('Dans un emploi'), any_job_prudent: t('Dans un emploi, inconnus compris'), all: t('Ensemble'),
    referral_session: t('De la passerelle à la première séance'), entry_agreement: t("De l'entrée à la convention"), entry_job: t("De l'entrée à l'emploi"),
    signature: t('Signature du PIIS'), review: t('Évaluations du PIIS'), near: t("près d'un palier"), ok: t('en ordre'), soon: t('bientôt'), late: t('en retard'), done: t('fait'),
    accreditation_end: t("Fin de l'agrément"), activity_report: t("Rapport d'activité"), renewal_open: t('Renouvellement, dès'), renewal_due: t('Renouvellement, au plus tard'),
    participants: t('Participants'), unemployed: t("Demandeurs d'emploi"), long_term: t('… de longue durée'), inactive: t('Inactifs'), employed: t('En emploi'), refused: t('Ont refusé de répondre'), refus: t('Ont refusé de répondre'),
    isced_0_2: t('CITE 0 à 2'), isced_3_4: t('CITE 3 et 4'), isced_5_8: t('CITE 5 à 8'), homeless: t('Sans-abri'), rural: t('Zone rurale'), incomplete: t('Entrée incomplète, non comptée'),
    exit: t('Dans les 4 semaines'), m6: t('Après six mois'),
    dossiers: t('Dossiers'), without_birth_date: t('Sans date de naissance'), without_pathway: t('Sans parcours'), old_drafts: t('Vieux brouillons'), old_conflicts: t('Vieux conflits'), duplicates: t('Doublons possibles'), late_deadlines: t('Échéances dépassées'),
});
function wordOf(report, code) {
    const known = codeLabel({ list: lists[report.name] }, code);
    const ages = code.match(/^age_(\d+)_(\d+|up)$/);
    if (known !== code) return known;
    if (ages) return ages[2] === 'up' ? t('{0} ans et plus', ages[1]) : t('de {0} à {1} ans', ages[1], ages[2]);
    return (report.name !== 'I8' && report.name !== 'I14' && said()[code]) || code;
}
// A figure as people read it; what is hidden or not known says so.
function show(report, column, row) {
    const value = row[column.key];
    if ((row.masked || []).includes(column.key)) return t('caché');
    if (value === null || value === undefined) return column.kind === 'text' ? '' : '—';
    if (column.kind === 'text') return wordOf(report, value);
    if (column.kind === 'date') return showDay(value);
    if (column.kind === 'share') return t('{0} %', showNumber(value));
    return showNumber(value);
}
const isText = (column) => column.kind === 'text' || column.kind === 'date';

// What the picture shows: a bar a row, or for a single row without words a bar a column.
function barsOf(report, rows) {
    const heads = report.columns.filter((c) => c.kind === 'text');
    const figures = report.columns.filter((c) => ['count', 'tally', 'number'].includes(c.kind));
    if (figures.length === 0) return { title: '', bars: [] };
    if (heads.length === 0) return { title: '', bars: rows.flatMap((row) => figures.filter((c) => c.kind !== 'number').map((c) => ({ label: c.label, value: row[c.key], text: show(report, c, row) }))) };
    const main = figures.find((c) => c.key === 'all') || figures[0];
    return { title: main.label, bars: rows.map((row) => ({ label: heads.map((c) => show(report, c, row)).filter(Boolean).join(' · '), value: row[main.key], text: show(report, main, row) })) };
}

const STEP = 42;
const BARS_MAX = 40;
function Chart({ report, rows }) {
    const { title, bars } = barsOf(report, rows);
    const most = Math.max(0, ...bars.map((one) => one.value || 0));
    if (most === 0 || bars.length > BARS_MAX) return null;
    return html`<figure class="chart"><svg width="100%" height=${bars.length * STEP} role="img" aria-label=${t('Image de « {0} » ; le tableau donne les chiffres', report.label)}>
        ${bars.map((one, i) => html`<g key=${i}><text x="0" y=${i * STEP + 15}>${one.label}</text><text class="figure" x="100%" y=${i * STEP + 15} text-anchor="end">${one.text}</text>
            <rect class="ground" x="0" y=${i * STEP + 21} width="100%" height="12" rx="2" /><rect class="bar" x="0" y=${i * STEP + 21} width=${`${(100 * (one.value || 0)) / most}%`} height="12" rx="2" /></g>`)}</svg>
        ${title && html`<figcaption>${title}</figcaption>`}</figure>`;
}

// The periods people ask for; `to` is the day after the last one.
function periods() {
    const now = dayOf(today());
    const first = (year, month) => isoOf(new Date(year, month, 1));
    const [y, m] = [now.getFullYear(), now.getMonth()];
    const q = m - (m % 3);
    return [['year', t('Cette année'), first(y, 0), first(y + 1, 0)], ['quarter', t('Ce trimestre'), first(y, q), first(y, q + 3)], ['month', t('Ce mois'), first(y, m), first(y, m + 1)],
        ['last_month', t('Le mois passé'), first(y, m - 1), first(y, m)], ['last_quarter', t('Le trimestre passé'), first(y, q - 3), first(y, q)], ['last_year', t("L'année passée"), first(y - 1, 0), first(y, 0)]];
}

// What was asked stays while one goes from one indicator to the next.
let remembered = null;
const byDefault = () => {
    const [, , from, to] = periods()[0];
    return { from, last: addDays(to, -1), at: today(), mine: false };
};

function Result({ report, ask }) {
    const words = new URLSearchParams({ at: ask.at, from: ask.from, to: addDays(ask.last, 1), ...(ask.mine ? { mine: 1 } : {}) });
    const { told, problem } = useLook(`/api/report/${report.name}?${words}`);
    const [failed, setFailed] = useState('');
    if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
    if (!told) return null;
    const span = t('Du {0} au {1}, état du {2}', showDay(ask.from), showDay(ask.last), showDay(ask.at));
    const heads = report.columns.map((c) => c.label);
    const name = `${report.name}-${ask.from}-${ask.last}`;
    const plain = (c, row) => (isText(c) || row[c.key] === null ? show(report, c, row) : row[c.key]);
    const csv = () => hand(new Blob([csvOf([heads, ...told.rows.map((row) => report.columns.map((c) => (typeof row[c.key] === 'number' ? String(row[c.key]).replace('.', ',') : show(report, c, row))))])], { type: 'text/csv' }), `${name}.csv`);
    const xlsx = async () => {
        try {
            hand(await sheet({ kinds: report.columns.map((c) => (isText(c) ? 'text' : 'real')), name: report.name, rows: [heads, ...told.rows.map((row) => report.columns.map((c) => plain(c, row)))],
                about: t('À propos'), notes: [[t('Indicateur'), `${report.name} ${report.label}`], [t('Période'), span], [t('Dossiers'), ask.mine ? t('les miens') : t('tous ceux de cet appareil')], [t('Exporté le'), showInstant(new Date().toISOString())]] }), `${name}.xlsx`);
            setFailed('');
        } catch (error) {
            setFailed(error.message);
        }
    };
    return html`<section class="card report"><h2>${report.name} · ${report.label}</h2><p class="lead">${span}${ask.mine ? ` · ${t('mes dossiers')}` : ''}</p>
        ${told.rows.length === 0 ? html`<p class="nothing">${t('Rien à compter dans cette période.')}</p>` : html`<${Chart} report=${report} rows=${told.rows} />
        <div class="scroll" tabindex="0" role="region" aria-label=${report.label}><table><caption class="hidden">${report.label}, ${span}</caption>
            <thead><tr>${report.columns.map((c) => html`<th key=${c.key} scope="col" class=${isText(c) ? '' : 'figure'}>${c.label}</th>`)}</tr></thead>
            <tbody>${told.rows.map((row, i) => html`<tr key=${i}>${report.columns.map((c, k) => (k === 0 && c.kind === 'text' ? html`<th key=${c.key} scope="row">${show(report, c, row)}</th>` : html`<td key=${c.key} class=${isText(c) ? '' : 'figure'}>${show(report, c, row)}</td>`))}</tr>`)}</tbody></table></div>`}
        <p class="buttons"><button type="button" class="quiet small" onClick=${xlsx}>XLSX</button><button type="button" class="quiet small" onClick=${csv}>CSV</button>
            <button type="button" class="quiet small" onClick=${() => print()}><${Icon} name="print" />${t('Imprimer')}</button></p><p class="problem" role="alert">${failed}</p></section>`;
}

export function Reports({ parts, go, status }) {
    const { told: list } = useLook('/api/reports');
    const [ask, setAsk] = useState(remembered || byDefault());
    const set = (more) => setAsk((old) => (remembered = { ...old, ...more }));
    if (!list) return html`<h1>${t('Chiffres')}</h1>`;
    const report = list.find((one) => one.name === parts[0]) || list[0];
    const choices = periods();
    const chosen = choices.find(([, , from, to]) => from === ask.from && addDays(to, -1) === ask.last)?.[0] || '';
    const take = (key) => {
        const found = choices.find(([one]) => one === key);
        if (found) set({ from: found[2], last: addDays(found[3], -1), at: found[3] <= today() ? addDays(found[3], -1) : today() });
    };
    const day = (name, label) => html`<${Field} field=${{ name, label, kind: 'date' }} value=${ask[name]} change=${(v) => v && set({ [name]: v })} />`;
    return html`<h1>${t('Chiffres')}</h1>
        ${!status.gone && !status.complete && !status.example && html`<p class="waiting">${t('Tous les dossiers ne sont pas encore arrivés sur cet appareil : ces chiffres sont incomplets.')}</p>`}
        <section class="card asked"><h2 class="hidden">${t('Ce qui est demandé')}</h2><div class="fields">
            <div class="field"><label for="report">${t('Indicateur')}</label><select id="report" value=${report.name} onChange=${(e) => go(`#/reports/${e.target.value}`)}>${list.map((one) => html`<option key=${one.name} value=${one.name}>${one.name} · ${one.label}</option>`)}</select></div>
            <div class="field"><label for="period">${t('Période')}</label><select id="period" value=${chosen} onChange=${(e) => take(e.target.value)}>${chosen === '' && html`<option value="">${t('autre')}</option>`}${choices.map(([key, label]) => html`<option key=${key} value=${key}>${label}</option>`)}</select></div>
            ${day('from', t('Du'))}${day('last', t('Au'))}${day('at', t('État à la date du'))}</div>
            <label class="tick"><input type="checkbox" checked=${ask.mine} onChange=${(e) => set({ mine: e.target.checked })} /> ${t('Mes dossiers seulement')}</label></section>
        <${Result} key=${report.name} report=${report} ask=${ask} />`;
}
