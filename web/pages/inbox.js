// SPDX-License-Identifier: Apache-2.0
// What waits for a person: two values of one field, what the server refused, what may have been
// entered twice. Nothing is lost whatever is chosen; a decision can be taken back.
import { useEffect, useState } from 'preact/hooks';
import { get, listen, post } from './api.js';
import { html } from './html.js';
import { addressOf } from './related.js';
import { table as tableOf, words } from './schema.js';
import { showInstant, t, tn } from './text.js';

function useInbox() {
    const [inbox, setInbox] = useState(null);
    const load = () => get('/api/inbox').then(setInbox).catch((problem) => setInbox({ problem: problem.message }));
    useEffect(() => {
        load();
        return listen((what) => (what === 'saved' || what === 'synced') && load());
    }, []);
    return { inbox, load };
}

// Run a decision; what goes wrong is said beside its buttons.
function useDecision(load) {
    const [problem, setProblem] = useState('');
    const decide = async (path, body) => {
        try {
            await post(path, body);
            setProblem('');
            load();
        } catch (error) {
            setProblem(error.message);
        }
    };
    return { problem, decide };
}

function Values({ table, values }) {
    const names = Object.keys(values || {});
    return html`<dl class="values">${names.map((name) => {
        const field = table?.field.get(name);
        return html`<div key=${name}><dt>${field ? field.label : name === 'deleted' ? t('Supprimée') : name}</dt><dd>${(field ? words(field, values[name]) : String(values[name])) || t('(vide)')}</dd></div>`;
    })}</dl>`;
}

function Conflict({ one, load }) {
    const table = tableOf(one.of_table);
    const { problem, decide } = useDecision(load);
    const shown = one.present || one.current;
    return html`<article class="card conflict"><h3><a href=${addressOf(one.of_table, one.of_row)}>${table?.label} : ${one.row_title}</a></h3>
        <div class="sides">
            <section><h4>${t('Affichée à présent')}</h4><${Values} table=${table} values=${shown} /><p class="who">${one.current_by_name || t('le programme')} · ${showInstant(one.current_at)}</p>
                ${one.may_decide && html`<button type="button" onClick=${() => decide('/api/resolve', { id: one.id, keep: 'current' })}>${t('Garder celle-ci')}</button>`}</section>
            <section><h4>${t("L'autre valeur")}</h4><${Values} table=${table} values=${one.other} /><p class="who">${one.other_by_name || t('le programme')} · ${showInstant(one.other_at)}</p>
                ${one.may_decide && html`<button type="button" class="quiet" onClick=${() => decide('/api/resolve', { id: one.id, keep: 'other' })}>${t('Prendre celle-là')}</button>`}</section>
        </div>
        ${one.base && Object.values(one.base).some((v) => v !== null) && html`<p class="note">${t('Au départ :')} ${Object.entries(one.base).map(([name, v]) => words(table?.field.get(name) || { kind: 'text' }, v)).join(' · ')}</p>`}
        ${!one.may_decide && html`<p class="note">${t('Une autre personne décide ; rien à faire ici.')}</p>`}
        <p class="problem" role="alert">${problem}</p></article>`;
}

function Refused({ one, load }) {
    const { problem, decide } = useDecision(load);
    const [reason, setReason] = useState('');
    return html`<article class="card"><h3>${t('Saisie refusée du {0}', showInstant(one.edited))}</h3>
        <p>${t('Motif du serveur : {0}', one.reason)}</p>
        ${one.changes.map((change) => html`<div key=${change.no}><h4>${tableOf(change.table)?.label || change.table}</h4><${Values} table=${tableOf(change.table)} values=${change.fields} /></div>`)}
        <p class="buttons"><button type="button" onClick=${() => decide('/api/resubmit', { id: one.id })}>${t('Enregistrer de nouveau')}</button></p>
        <div class="tools"><label class="search">${t("Raison de l'abandon")} <input type="text" value=${reason} onInput=${(e) => setReason(e.target.value)} /></label>
            <button type="button" class="quiet" disabled=${reason.trim() === ''} onClick=${() => decide('/api/discard', { id: one.id, reason })}>${t('Abandonner')}</button></div>
        <p class="problem" role="alert">${problem}</p></article>`;
}

function Duplicate({ one, load }) {
    const { problem, decide } = useDecision(load);
    const table = tableOf(one.kind);
    const side = (row, id) => html`<section>${row ? html`<h4><a href=${addressOf(one.kind, id)}>${table?.fields.filter((f) => f.title).map((f) => words(f, row[f.name])).join(' ')}</a></h4>
        <${Values} table=${table} values=${Object.fromEntries(Object.entries(row).filter(([n, v]) => table?.field.has(n) && v !== null && !table.field.get(n).title && table.field.get(n).kind !== 'ref'))} />` : html`<h4>${t("Une fiche qui n'est pas ici")}</h4>`}</section>`;
    return html`<article class="card conflict"><h3>${t('Est-ce la même chose ?')}</h3>
        <div class="sides">${side(one.left_row, one.left)}${side(one.right_row, one.right)}</div>
        ${one.here && html`<p class="buttons"><button type="button" onClick=${() => decide('/api/duplicate', { id: one.id, decision: 'same' })}>${t('Oui, réunir')}</button>
            <button type="button" class="quiet" onClick=${() => decide('/api/duplicate', { id: one.id, decision: 'different' })}>${t('Non, garder les deux')}</button></p>`}
        <p class="problem" role="alert">${problem}</p></article>`;
}

export function Inbox() {
    const { inbox, load } = useInbox();
    if (!inbox) return html`<h1>${t('À décider')}</h1>`;
    if (inbox.problem) return html`<h1>${t('À décider')}</h1><p class="problem" role="alert">${inbox.problem}</p>`;
    const none = inbox.conflicts.length + inbox.quarantine.length + inbox.duplicates.length === 0;
    const part = (heading, list, Item) => list.length > 0 && html`<h2>${heading}</h2>${list.map((one) => html`<${Item} key=${one.id} one=${one} load=${load} />`)}`;
    return html`<h1>${t('À décider')}</h1>
        <p class="lead">${t("Rien n'est perdu, quel que soit le choix : les deux valeurs restent dans l'historique.")}</p>
        ${none && html`<p class="empty card">${t("Rien n'attend une décision.")}</p>`}
        ${part(tn('{0} saisie concurrente', '{0} saisies concurrentes', inbox.conflicts.length), inbox.conflicts, Conflict)}
        ${part(tn('{0} saisie refusée par le serveur', '{0} saisies refusées par le serveur', inbox.quarantine.length), inbox.quarantine, Refused)}
        ${part(tn('{0} doublon possible', '{0} doublons possibles', inbox.duplicates.length), inbox.duplicates, Duplicate)}`;
}
