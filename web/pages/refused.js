// SPDX-License-Identifier: Apache-2.0
// A refused entry: why, what was wanted, what is here now; corrected and saved again, made an
// addendum, or given up with a reason. It stays readable.
import { useEffect, useRef, useState } from 'preact/hooks';
import { save } from './api.js';
import { Field } from './field.js';
import { html } from './html.js';
import { useDecision, useLook, useTitles } from './look.js';
import { addressOf } from './related.js';
import { table as tableOf, words } from './schema.js';
import { showInstant, t } from './text.js';

const reasons = () => ({
    rights: t('vos droits ne le permettaient pas (ou plus)'), invalid: t('une valeur ne convient pas'),
    frozen: t('la fiche était déjà validée ou verrouillée'), missing_row: t("une fiche nécessaire n'existe pas sur le serveur"),
    depends_on_refused: t("elle dépend d'une saisie refusée"), unknown_table: t('le serveur ne connaît pas cette table : il est plus ancien'),
    scope: t("la fiche n'appartient à aucune structure connue"), mass_change: t('trop de suppressions à la fois : une personne doit confirmer'),
    consent: t('le consentement manquait, était retiré ou ne couvrait pas cela'), erased: t('ce dossier a été effacé à la demande de deux personnes'),
});
export const reasonOf = (word) => reasons()[word] || t('sans raison connue');

// One change of it: a field each, with what it holds here now when that is something else.
function Change({ change, values, set, left, leave, alone, disabled }) {
    const table = tableOf(change.table);
    const names = useTitles(table, change.fields, change.now, change.before);
    const [titles, setTitles] = useState({});
    if (!table) return html`<p>${t('le serveur ne connaît pas cette table : il est plus ancien')}</p>`;
    const fields = Object.keys(change.fields).map((name) => table.field.get(name)).filter(Boolean);
    return html`<section class="card"><div class="head-line"><h2>${table.label}</h2>
            ${!alone && !disabled && html`<label class="tick"><input type="checkbox" checked=${!left} onChange=${() => leave(!left)} /> ${t('enregistrer ce changement')}</label>`}</div>
        ${change.here && html`<p class="lead"><a href=${addressOf(change.table, change.row)}>${t('La fiche à présent')}</a></p>`}
        ${!change.here && change.kind === 'insert' && html`<p class="lead">${t("elle n'existe que dans cette saisie refusée")}</p>`}
        <div class="fields">${fields.map((f) => {
            const value = values[f.name] !== undefined ? values[f.name] : change.fields[f.name];
            const now = change.now && change.now[f.name] !== change.fields[f.name];
            return html`<${Field} key=${f.name} field=${f} value=${value} name=${titles[value] || names[value]} disabled=${disabled || left || f.kind === 'id'} required=${false} long=${f.prose}
                change=${(v, title) => { set(f.name, v); if (title) setTitles((old) => ({ ...old, [v]: title })); }}>
                ${now && html`<p class="now">${t('ici maintenant : {0}', words(f, change.now[f.name], names) || t('(vide)'))}</p>`}<//>`;
        })}</div></section>`;
}

export function RefusedPage({ parts, go }) {
    const id = `${parts[0]}/${parts[1]}`;
    const { told, problem: missing } = useLook(`/api/refused/${id}`);
    const { problem, decide } = useDecision();
    const [values, setValues] = useState({});
    const [left, setLeft] = useState([]);
    const [reason, setReason] = useState('');
    const page = useRef(null);
    // The error leads to its field.
    useEffect(() => {
        if (told?.state === 'open') page.current?.querySelector('.fields input:enabled, .fields textarea:enabled, .fields select:enabled')?.focus();
    }, [told?.id]);
    if (missing) return html`<h1>${t('Saisie refusée')}</h1><p class="problem" role="alert">${missing}</p>`;
    if (!told) return html`<h1>${t('Saisie refusée')}</h1>`;
    const open = told.state === 'open';
    const note = told.changes.find((c) => c.table === 'session_note' && c.fields.text);
    // What others have changed since is saved only as it stands here, before one's eyes.
    const wished = () => {
        const set = {};
        for (const change of told.changes) {
            if (left.includes(change.no)) continue;
            for (const [name, value] of Object.entries(values[change.no] || {})) set[`${change.no}.${name}`] = value;
            if (change.kind === 'update' && change.now)
                for (const [name, now] of Object.entries(change.now))
                    if (now !== change.before?.[name] && !(`${change.no}.${name}` in set) && tableOf(change.table)?.field.has(name)) set[`${change.no}.${name}`] = change.fields[name] ?? '';
        }
        return set;
    };
    const again = async () => {
        if (await decide('/api/resubmit', { id, set: wished(), without: left.join(',') })) go('#/inbox');
    };
    const discard = async (why) => {
        if (await decide('/api/discard', { id, reason: why })) go('#/inbox');
    };
    return html`<div ref=${page}><div class="page-head"><h1>${t('Saisie refusée du {0}', showInstant(told.edited))}</h1></div>
        <p class="banner">${t('Motif : {0}', reasonOf(told.reason))}. ${t("Rien n'est perdu : corrigez et enregistrez de nouveau, ou abandonnez-la.")}</p>
        ${told.changes.map((change) => html`<${Change} key=${change.no} change=${change} values=${values[change.no] || {}} alone=${told.changes.length === 1} disabled=${!open || told.cut}
            set=${(name, v) => setValues((old) => ({ ...old, [change.no]: { ...old[change.no], [name]: v } }))}
            left=${left.includes(change.no)} leave=${(out) => setLeft((old) => (out ? [...old, change.no] : old.filter((n) => n !== change.no)))} />`)}
        ${told.cut && html`<p class="note">${t("le reste a quitté cet appareil avec le dossier ; le serveur l'a gardé, la coordination peut le reprendre")}</p>`}
        ${open && html`<section class="card"><h2>${t('Que faire ?')}</h2>
            <p class="buttons">${!told.cut && html`<button type="button" onClick=${again}>${t('Enregistrer de nouveau')}</button>`}
                ${told.reason === 'frozen' && note && html`<${ToAddendum} note=${note} done=${() => discard(t('devenue un ajout'))} />`}</p>
            <div class="tools"><label class="search">${t("Raison de l'abandon")} <input type="text" value=${reason} maxlength="400" onInput=${(e) => setReason(e.target.value)} /></label>
                <button type="button" class="quiet" disabled=${reason.trim() === ''} onClick=${() => discard(reason)}>${t('Abandonner')}</button></div></section>`}
        ${!open && html`<p class="card empty">${told.state === 'discarded' ? t('abandonnée le {0}', showInstant(told.closed)) : t('enregistrée de nouveau le {0}', showInstant(told.closed))}${told.note ? ` : ${told.note}` : ''}</p>`}
        <p class="problem" role="alert">${problem}</p></div>`;
}

// A note that came after the session was validated: what was written becomes an addendum.
function ToAddendum({ note, done }) {
    const { told } = useLook(`/api/row/session_note/${note.row}`);
    const [problem, setProblem] = useState('');
    const session = note.fields.session || told?.row.session;
    const person = note.fields.person || told?.row.person;
    const make = async () => {
        try {
            await save('session_addendum', '', { session, person, text: note.fields.text });
            done();
        } catch (error) {
            setProblem(error.message);
        }
    };
    return session && person && html`<button type="button" onClick=${make}>${t('En faire un ajout')}</button><span class="problem" role="alert">${problem}</span>`;
}
