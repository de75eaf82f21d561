// SPDX-License-Identifier: Apache-2.0
// A pathway: its steps, who accompanies, what was agreed and what is to be done.
import { useState } from 'preact/hooks';
import { RowField, useRow } from './form.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { Sent } from './marks.js';
import { Adder, Records, useChange, useWish } from './records.js';
import { codesOf, table as tableOf, words } from './schema.js';
import { readDay, showDay, t, tn, today } from './text.js';

const label = (table, name, value, names) => words(tableOf(table).field.get(name), value, names);

// ---- steps ----

// Of two open steps one is closed by one press: the earlier where the later begins, the later today.
function endFor(step, steps) {
    const later = steps.filter((s) => s.row.start > step.row.start || (s.row.start === step.row.start && s.row.id > step.row.id));
    const end = later.length ? later[0].row.start : today();
    return end < step.row.start ? step.row.start : end;
}

function NextStep({ pathway, open, change }) {
    const { answer } = useRows('phase', { model: pathway.model, sort: 'rank', limit: 50 });
    const [phase, setPhase] = useState('');
    if (!answer || answer.total === 0) return null;
    const rank = Math.max(0, ...open.map((s) => answer.rows.find((p) => p.row.id === s.row.phase)?.row.rank || 0));
    const next = answer.rows.find((p) => p.row.rank > rank) || answer.rows[0];
    const chosen = phase || next.row.id;
    const move = async () => {
        const made = await change('step', null, { pathway: pathway.id, phase: chosen, start: today() });
        if (!made) return;
        for (const one of open) await change('step', one, { end: today() });
        setPhase('');
    };
    return html`<div class="tools tight"><label class="short">${t('Étape suivante')}
            <select value=${chosen} onChange=${(e) => setPhase(e.target.value)}>${answer.rows.map((p) => html`<option key=${p.row.id} value=${p.row.id}>${p.row.label}</option>`)}</select></label>
        <button type="button" class="quiet" onClick=${move}>${open.length ? t('Passer à cette étape') : t('Ouvrir cette étape')}</button></div>`;
}

function Steps({ pathway }) {
    const { answer } = useRows('step', { pathway: pathway.id, sort: 'start', limit: 200 });
    const { problem, change } = useChange();
    if (!answer) return null;
    const open = answer.rows.filter((s) => !s.row.end);
    const name = (s) => answer.names[s.row.phase] || '…';
    return html`<div class="steps">
        ${open.length > 1 && html`<div class="banner" role="status"><p><strong>${tn('{0} étape ouverte', '{0} étapes ouvertes', open.length)}</strong> ${t('Deux personnes ont sans doute avancé ce parcours sans se voir. Laquelle est close ?')}</p>
            <p class="buttons">${open.map((s) => html`<button key=${s.row.id} type="button" onClick=${() => change('step', s, { end: endFor(s, open) })}>${t('Clore « {0} » du {1}', name(s), showDay(s.row.start))}</button>`)}</p></div>`}
        ${answer.total > 0 && html`<ol class="track" aria-label=${t('Étapes')}>${answer.rows.map((s) => html`<li key=${s.row.id} class=${s.row.end ? '' : 'now'}><a href=${`#/row/step/${s.row.id}`}>${name(s)}</a>
            <span class="details">${showDay(s.row.start)}${s.row.end ? ` – ${showDay(s.row.end)}` : ` · ${t('en cours')}`}</span><${Sent} unsent=${s.unsent} id=${s.row.id} /></li>`)}</ol>`}
        <${NextStep} pathway=${pathway} open=${open} change=${change} />
        <p class="problem" role="alert">${problem}</p></div>`;
}

// ---- objectives and actions ----

const ended = ['done', 'dropped'];

function Action({ one, names, change }) {
    const { row } = one;
    const done = row.state === 'done';
    const late = !ended.includes(row.state) && row.due && row.due < today();
    const [ticked, wish] = useWish(done);
    const tick = async () => {
        wish(!done);
        if (!(await change('action', one, done ? { state: 'in_progress', done_on: '' } : { state: 'done', done_on: today() }))) wish(undefined);
    };
    return html`<li class=${`action${ended.includes(row.state) ? ' over' : ''}`}>
        <label class="tick"><input type="checkbox" checked=${ticked} onChange=${tick} /> <span>${row.label}</span></label>
        <span class=${`details${late ? ' late' : ''}`}>${[label('action', 'who', row.who), row.due && !done && (late ? `▲ ${t('en retard')} · ${showDay(row.due)}` : showDay(row.due)), done && row.done_on && t('fait le {0}', showDay(row.done_on)), row.state === 'dropped' && label('action', 'state', row.state), row.result].filter(Boolean).join(' · ')}</span>
        <a class="small" href=${`#/row/action/${row.id}`} aria-label=${t('Modifier : {0}', row.label)}>${t('Modifier')}</a><${Sent} unsent=${one.unsent} id=${row.id} /></li>`;
}

function NewAction({ pathway, objective, change }) {
    const [text, setText] = useState('');
    const [due, setDue] = useState('');
    const [who, setWho] = useState('person');
    const day = readDay(due);
    const add = async (event) => {
        event.preventDefault();
        if (text.trim() === '' || day === null) return;
        const made = await change('action', null, { pathway, label: text.trim(), who, state: 'planned', ...(objective ? { objective } : {}), ...(day ? { due: day } : {}) });
        if (!made) return;
        setText('');
        setDue('');
    };
    return html`<form class="tools tight" onSubmit=${add} noValidate>
        <label class="search">${t('Nouvelle action')} <input type="text" value=${text} maxlength="400" onInput=${(e) => setText(e.target.value)} /></label>
        <label class="brief">${t('Qui')} <select value=${who} onChange=${(e) => setWho(e.target.value)}>${codesOf(tableOf('action').field.get('who')).map((c) => html`<option key=${c.code} value=${c.code}>${c.label}</option>`)}</select></label>
        <label class="brief">${t('Échéance')} <input type="text" value=${due} aria-invalid=${day === null ? 'true' : undefined} onInput=${(e) => setDue(e.target.value)} onBlur=${() => day && setDue(showDay(day))} /></label>
        <button type="submit" class="quiet" disabled=${text.trim() === '' || day === null}>${t("Ajouter l'action")}</button></form>`;
}

function Plan({ pathway }) {
    const goals = useRows('objective', { pathway, sort: 'due', limit: 200 });
    const actions = useRows('action', { pathway, sort: 'due', limit: 500 });
    const { problem, change } = useChange();
    const [at, setAt] = useState('');
    const [showAll, setShowAll] = useState(false);
    if (!goals.answer || !actions.answer) return null;
    const all = actions.answer.rows;
    const kept = (list) => (showAll ? list : list.filter((a) => !ended.includes(a.row.state) || (a.row.done_on || '') >= today()));
    const part = (list) => html`<ul class="rows">${kept(list).map((one) => html`<${Action} key=${one.row.id} one=${one} names=${actions.answer.names} change=${change} />`)}</ul>`;
    const free = all.filter((a) => !goals.answer.rows.some((g) => g.row.id === a.row.objective));
    const over = all.length - kept(all).length;
    return html`<div class="plan">
        ${goals.answer.rows.map((g) => {
            const mine = all.filter((a) => a.row.objective === g.row.id);
            return html`<div key=${g.row.id} class="goal"><p><a href=${`#/row/objective/${g.row.id}`}><strong>${g.row.label}</strong></a> <span class="details">${[label('objective', 'theme', g.row.theme), g.row.due && showDay(g.row.due), label('objective', 'state', g.row.state)].filter(Boolean).join(' · ')}</span><${Sent} unsent=${g.unsent} id=${g.row.id} /></p>${part(mine)}
                ${at === g.row.id ? html`<${NewAction} pathway=${pathway} objective=${g.row.id} change=${change} />` : html`<button type="button" class="quiet small" onClick=${() => setAt(g.row.id)} aria-label=${t('Ajouter une action : {0}', g.row.label)}>${t('Ajouter une action')}</button>`}</div>`;
        })}
        ${free.length > 0 && html`<div class="goal"><p><strong>${t('Sans objectif')}</strong></p>${part(free)}</div>`}
        ${at === '' && html`<${NewAction} pathway=${pathway} change=${change} />`}
        ${(over > 0 || showAll) && html`<p><button type="button" class="quiet small" aria-expanded=${showAll} onClick=${() => setShowAll(!showAll)}>${showAll ? t('Cacher ce qui est fini') : tn('Montrer {0} action finie', 'Montrer {0} actions finies', over)}</button></p>`}
        <p class="problem" role="alert">${problem}</p></div>`;
}

// ---- the project in the person's own words ----

function Project({ pathway }) {
    const { answer } = useRows('pathway_plan', { pathway, limit: 1 });
    return answer && html`<${ProjectOf} pathway=${pathway} id=${answer.rows[0]?.row.id} />`;
}
function ProjectOf({ pathway, id }) {
    const [own, setOwn] = useState(id);
    const table = tableOf('pathway_plan');
    const state = useRow('pathway_plan', own, { draft: { pathway }, made: setOwn });
    if (!state.told) return null;
    return html`<div class="fields">${['project', 'motivation', 'strengths'].map((name) => html`<${RowField} key=${name} state=${state} table=${table} name=${name} />`)}</div>`;
}

export function Pathway({ one, names }) {
    const { row } = one;
    const facts = ['orientation', 'occupation', 'public', 'method', 'autonomy'].filter((n) => row[n] !== null).map((n) => `${tableOf('pathway').field.get(n).label} : ${label('pathway', n, row[n], names)}`);
    const [open, setOpen] = useState(false);
    return html`<section class="card pathway"><div class="head-line"><h2><a href=${`#/row/pathway/${row.id}`}>${t('Parcours du {0}', showDay(row.entry))}</a> <span class="number">${names[row.model]}</span></h2>
            <span class=${`badge ${row.state === 'closed' ? 'done' : ''}`}>${label('pathway', 'state', row.state) || t('ouvert')}</span><${Sent} unsent=${one.unsent} id=${row.id} /></div>
        ${facts.length > 0 && html`<p class="lead">${facts.join(' · ')}</p>`}
        <${Steps} pathway=${row} />
        <h3>${t('Objectifs et actions')}</h3>
        <${Plan} pathway=${row.id} />
        <${Adder} table="objective" label=${t('Nouvel objectif')} fixed=${{ pathway: row.id }} initial=${{ state: 'planned' }} only=${['theme', 'label', 'due']} />
        <details onToggle=${(e) => setOpen(e.target.open)}><summary>${t('Projet professionnel')}</summary>${open && html`<${Project} pathway=${row.id} />`}</details>
        <${Records} table="assignment" query=${{ pathway: row.id }} sort="start" heading=${t('Qui accompagne')} fixed=${{ pathway: row.id }} line=${(a, n) => html`<a href=${`#/row/assignment/${a.row.id}`}>${n[a.row.staff] || a.row.external}</a> <span class="details">${label('assignment', 'role', a.row.role)} · ${showDay(a.row.start)}${a.row.end ? ` – ${showDay(a.row.end)}` : ''}</span>`} />
        <${Records} table="assessment" query=${{ pathway: row.id }} sort="version" heading=${t('Bilans')} fixed=${{ pathway: row.id }} line=${(a) => html`<a href=${`#/assessment/${a.row.id}`}>${t('Bilan {0}', a.row.version)}</a> <span class="details">${showDay(a.row.date)} · ${label('assessment', 'state', a.row.state)}</span>`} />
        <${Records} table="agreement" query=${{ pathway: row.id }} sort="start" heading=${t('Conventions')} fixed=${{ pathway: row.id }} line=${(a) => html`<a href=${`#/agreement/${a.row.id}`}>${label('agreement', 'kind', a.row.kind)}</a> <span class="details">${showDay(a.row.start)}${a.row.end ? ` – ${showDay(a.row.end)}` : ''} · ${a.row.parties}</span>`} />
        <${Records} table="eligibility_check" query=${{ pathway: row.id }} sort="at" heading=${t('Éligibilité')} fixed=${{ pathway: row.id }} line=${(a) => html`<a href=${`#/row/eligibility_check/${a.row.id}`}>${label('eligibility_check', 'scheme', a.row.scheme)}</a> <span class="details">${label('eligibility_check', 'result', a.row.result)} · ${showDay(a.row.at)}</span>`} />
        <${Records} table="exit" query=${{ pathway: row.id }} sort="date" heading=${t('Sortie')} fixed=${{ pathway: row.id }} line=${(a) => html`<a href=${`#/row/exit/${a.row.id}`}>${label('exit', 'reason', a.row.reason)}</a> <span class="details">${showDay(a.row.date)}</span>`} />
    </section>`;
}
