// SPDX-License-Identifier: Apache-2.0
// A bilan: one level and finding for each axis, compared with another version, locked when done.
import { useState } from 'preact/hooks';
import { NewForm, RowField, useRow } from './form.js';
import { History } from './history.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { Sent } from './marks.js';
import { Legend, Radar } from './radar.js';
import { useChange } from './records.js';
import { codeLabel, codesOf, table as tableOf } from './schema.js';
import { showDay, t, today } from './text.js';

const LEVELS = 4;
// Of these only the level is noted here; the words belong into the vault.
const bare = ['health', 'justice'];

const levelWords = () => [t('bloqué'), t('difficile'), t('en chemin'), t('presque réglé'), t('réglé')];

function Axis({ assessment, axis, row, before, locked }) {
    const [id, setId] = useState(row?.id);
    const table = tableOf('assessment_axis');
    const state = useRow('assessment_axis', id, { draft: { assessment, axis: axis.code }, made: setId });
    const [open, setOpen] = useState(false);
    if (!state.told) return null;
    const level = state.told.row.level;
    const mark = state.marks.level || {};
    const given = level !== null && level !== undefined && level !== '';
    return html`<tr><th scope="row">${axis.label}</th>
        <td><fieldset class="levels" disabled=${locked}><legend class="hidden">${axis.label}</legend>
            ${Array.from({ length: LEVELS + 1 }, (_, n) => html`<label key=${n} title=${levelWords()[n]}><input type="radio" name=${`level-${axis.code}`} checked=${given && Number(level) === n} onChange=${() => { state.change('level', n); state.flush(); }} /> ${n}<span class="hidden"> ${levelWords()[n]}</span></label>`)}</fieldset>
            ${mark.error && html`<p class="note error">${mark.error}</p>`}</td>
        <td class="kind-int">${before ?? '—'}</td>
        <td>${given && before !== null && before !== undefined ? (Number(level) > before ? html`<span class="up">▲ +${Number(level) - before}</span>` : Number(level) < before ? html`<span class="down">▼ ${Number(level) - before}</span>` : '=') : ''}</td>
        <td>${bare.includes(axis.code) ? html`<span class="details">${t('le niveau seulement')}</span>`
            : html`<button type="button" class="quiet small" aria-expanded=${open} onClick=${() => setOpen(!open)} aria-label=${t('Constat : {0}', axis.label)}>${state.told.row.finding ? '✎ ' : ''}${t('Constat')}</button>
                ${open && html`<div class="finding">${['finding', 'strength', 'seen_with_person'].map((name) => html`<${RowField} key=${name} state=${state} table=${table} name=${name} disabled=${locked} />`)}</div>`}`}</td></tr>`;
}

function Versions({ pathway, current, chosen, choose }) {
    const { answer } = useRows('assessment', { pathway, sort: 'version', desc: 1, limit: 99 });
    if (!answer) return null;
    const others = answer.rows.filter((one) => one.row.id !== current);
    if (others.length === 0) return null;
    return html`<label class="short">${t('Comparer avec')} <select value=${chosen} onChange=${(e) => choose(e.target.value)}><option value="">—</option>
        ${others.map(({ row }) => html`<option key=${row.id} value=${row.id}>${t('Bilan {0}', row.version)} · ${showDay(row.date)}</option>`)}</select></label>`;
}

const NOBODY = '00000000-0000-0000-0000-000000000000';

export function Assessment({ parts, go }) {
    const id = parts[0];
    const table = tableOf('assessment');
    const state = useRow('assessment', id);
    const axes = useRows('assessment_axis', { assessment: id, limit: 100 }).answer;
    const [other, setOther] = useState(null);
    const row = state.told?.row;
    const previous = useRows('assessment', { pathway: row?.pathway || NOBODY, sort: 'version', desc: 1, limit: 99 }).answer;
    const chosen = other ?? previous?.rows.find((one) => one.row.version < row.version)?.row.id ?? '';
    const against = useRows('assessment_axis', { assessment: chosen || NOBODY, limit: 100 }).answer;
    const { problem, change } = useChange();
    const [again, setAgain] = useState(false);
    if (state.missing) return html`<h1>${table.label}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!row || !axes || !previous) return null;
    const locked = row.state === 'locked';
    const list = codesOf(tableOf('assessment_axis').field.get('axis'));
    const field = tableOf('assessment_axis').field.get('axis');
    const levelOf = (answer, code) => answer?.rows.find((one) => one.row.axis === code)?.row.level ?? null;
    const rated = list.filter(({ code }) => levelOf(axes, code) !== null || levelOf(against, code) !== null);
    const compared = previous.rows.find((one) => one.row.id === chosen)?.row;
    const shapes = [{ name: t('Bilan {0} du {1}', row.version, showDay(row.date)), levels: rated.map(({ code }) => levelOf(axes, code)) },
        ...(compared ? [{ name: t('Bilan {0} du {1}', compared.version, showDay(compared.date)), levels: rated.map(({ code }) => levelOf(against, code)) }] : [])];
    return html`<div class="page-head"><h1>${t('Bilan {0} du {1}', row.version, showDay(row.date))}</h1><${Sent} unsent=${state.told.unsent} id=${id} />
            <span class=${`badge ${locked ? 'done' : ''}`}>${locked ? `✓ ${t('verrouillé')}` : t('brouillon')}</span>
            <button type="button" class="quiet" onClick=${() => print()}>${t('Imprimer')}</button></div>
        <p class="lead"><a href=${`#/row/pathway/${row.pathway}`}>${t('Parcours')}</a></p>
        <section class="card"><div class="tools"><${Versions} pathway=${row.pathway} current=${id} chosen=${chosen} choose=${setOther} /></div>
            <div class="scroll" tabindex="0" role="region" aria-label=${t('Axes et niveaux')}><table class="axes"><caption>${t('De 0, bloqué, à 4, réglé')}</caption>
                <thead><tr><th scope="col">${field.label}</th><th scope="col">${t('Niveau')}</th><th scope="col">${compared ? t('Bilan {0}', compared.version) : t('Avant')}</th><th scope="col">${t('Écart')}</th><th scope="col">${t('Constat')}</th></tr></thead>
                <tbody>${list.map((axis) => html`<${Axis} key=${axis.code} assessment=${id} axis=${axis} row=${axes.rows.find((one) => one.row.axis === axis.code)?.row} before=${levelOf(against, axis.code)} locked=${locked} />`)}</tbody></table></div></section>
        ${rated.length > 0 && html`<section class="card picture-of"><h2>${t('En image')}</h2><${Radar} axes=${rated.map(({ code }) => codeLabel(field, code))} versions=${shapes} /><${Legend} versions=${shapes} /></section>`}
        ${!locked && html`<p class="buttons"><button type="button" disabled=${rated.length === 0} onClick=${() => change('assessment', state.told, { state: 'locked' })}>${t('Verrouiller ce bilan')}</button> <span class="note">${t('ensuite il ne change plus ; le suivant sera une nouvelle version')}</span></p>`}
        ${locked && !again && html`<p class="buttons"><button type="button" onClick=${() => setAgain(true)}>${t('Nouvelle version')}</button></p>`}
        ${again && html`<section class="card"><${NewForm} table=${table} fixed=${{ pathway: row.pathway, state: 'draft' }} initial=${{ version: String(Math.max(...previous.rows.map((one) => one.row.version)) + 1), date: today() }} only=${['version', 'date']} done=${(made) => go(`#/assessment/${made.row.id}`)} cancel=${() => setAgain(false)} /></section>`}
        <p class="problem" role="alert">${problem}</p>
        <${History} table=${table} id=${id} />`;
}
