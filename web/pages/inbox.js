// SPDX-License-Identifier: Apache-2.0
// What waits for a person: two values of one field, what the server refused, what may have been
// entered twice. Nothing is lost whatever is chosen; a decision can be taken back.
import { useState } from 'preact/hooks';
import { Field } from './field.js';
import { html } from './html.js';
import { useDecision, useLook, useTitles, Values } from './look.js';
import { reasonOf } from './refused.js';
import { addressOf } from './related.js';
import { table as tableOf, words } from './schema.js';
import { showInstant, t, tn } from './text.js';

// ---- conflicts ----

const whys = () => ({
    concurrent: t('deux saisies sans se voir : la plus récente est affichée'), text_overlap: t('le même paragraphe a été changé des deux côtés'),
    review: t("la première valeur reste jusqu'à la décision"), undeleted: t('une saisie a ramené une fiche supprimée en même temps'),
    two_referents: t("deux référents à la fois, chacun sans voir l'autre : l'autre valeur met fin à celui-ci"),
    incomparable: t("deux états dont aucun ne va plus loin que l'autre"),
});
const decisions = () => ({
    current: t('La valeur affichée a été gardée.'), other: t("L'autre valeur a été prise."),
    value: t('Une troisième valeur a été écrite.'), mixed: t('Les deux ont été mêlées.'),
});

// Of several fields one side each, or a text written from both.
function Mix({ one, table, names, shown, decide, close }) {
    const fields = Object.keys(one.other).map((name) => table.field.get(name)).filter(Boolean);
    const both = (f) => [shown[f.name], one.other[f.name]].filter(Boolean).join('\n\n');
    const [values, setValues] = useState(Object.fromEntries(fields.map((f) => [f.name, (f.prose ? both(f) : shown[f.name]) ?? ''])));
    const [titles, setTitles] = useState({});
    const save = async () => {
        if (await decide('/api/resolve', { id: one.id, keep: 'current', set: values, again: one.state === 'decided' })) close();
    };
    return html`<div class="mix"><div class="fields">${fields.map((f) => html`<${Field} key=${f.name} field=${f} value=${values[f.name]} name=${titles[values[f.name]] || names[values[f.name]]} required=${false} long=${f.prose}
            change=${(v, title) => { setValues((old) => ({ ...old, [f.name]: v })); if (title) setTitles((old) => ({ ...old, [v]: title })); }}>
            ${!f.prose && (shown[f.name] ?? '') !== (one.other[f.name] ?? '') && html`<p class="buttons">${[shown[f.name], one.other[f.name]].map((v, i) => html`<button key=${i} type="button" class="quiet small" onClick=${() => setValues((old) => ({ ...old, [f.name]: v ?? '' }))}>${words(f, v, names) || t('(vide)')}</button>`)}</p>`}<//>`)}</div>
        <p class="buttons"><button type="button" onClick=${save}>${t('Enregistrer ce mélange')}</button><button type="button" class="quiet" onClick=${close}>${t('Annuler')}</button></p></div>`;
}

function Side({ heading, table, values, names, by, at, where, children }) {
    return html`<section><h4>${heading}</h4><${Values} table=${table} values=${values} names=${names} />
        <p class="who">${[by || t('le programme'), showInstant(at), where].filter(Boolean).join(' · ')}</p>${children}</section>`;
}

function Conflict({ one }) {
    const table = tableOf(one.of_table);
    const { problem, decide } = useDecision();
    const [mixing, setMixing] = useState(false);
    const shown = one.present || one.current;
    const names = useTitles(table, shown, one.other, one.base);
    const decided = one.state === 'decided';
    const may = one.may_decide && !mixing;
    const choose = (keep) => decide('/api/resolve', { id: one.id, keep, again: decided });
    const mixable = Object.keys(one.other || {}).some((name) => table?.field.has(name));
    const base = Object.values(one.base || {}).some((v) => v !== null);
    return html`<article class="card conflict"><h3><a href=${addressOf(one.of_table, one.of_row)}>${table?.label} : ${one.row_title}</a></h3>
        <p class="lead">${whys()[one.reason] || t('deux saisies concurrentes')}${decided && html` — <strong>${decisions()[one.decision] || one.decision}</strong> ${one.decided_by_name}${one.decided_reason ? ` : ${one.decided_reason}` : ''}`}</p>
        <div class="sides">
            <${Side} heading=${decided ? t('La première valeur') : t('Affichée à présent')} table=${table} values=${decided ? one.current : shown} names=${names} by=${one.current_by_name} at=${one.current_at}>
                ${may && html`<button type="button" onClick=${() => choose('current')} disabled=${decided && one.decision === 'current'}>${decided ? t('Revenir à celle-ci') : t('Garder celle-ci')}</button>`}<//>
            <${Side} heading=${t("L'autre valeur")} table=${table} values=${one.other} names=${names} by=${one.other_by_name} at=${one.other_at} where=${one.other_device ? t('appareil {0}', one.other_device) : ''}>
                ${may && html`<button type="button" class="quiet" onClick=${() => choose('other')} disabled=${decided && one.decision === 'other'}>${t('Prendre celle-là')}</button>`}<//>
        </div>
        ${decided && html`<p class="note">${t('Affichée à présent')} :</p><${Values} table=${table} values=${shown} names=${names} />`}
        ${mixing && html`<${Mix} one=${one} table=${table} names=${names} shown=${shown} decide=${decide} close=${() => setMixing(false)} />`}
        ${may && mixable && html`<p class="buttons"><button type="button" class="quiet small" onClick=${() => setMixing(true)}>${t('Mêler les deux')}</button></p>`}
        ${base && html`<details><summary>${t('Valeur de départ')}</summary><${Values} table=${table} values=${one.base} names=${names} /></details>`}
        ${!one.may_decide && html`<p class="note">${t('Une autre personne décide ; rien à faire ici.')}</p>`}
        <p class="problem" role="alert">${problem}</p></article>`;
}

// ---- what was refused: its own page ----

function Refused({ one }) {
    const first = one.changes[0];
    return html`<article class="card"><h3><a href=${`#/refused/${one.id}`}>${t('Saisie refusée du {0}', showInstant(one.edited))}</a></h3>
        <p>${t('Motif : {0}', reasonOf(one.reason))}</p>
        ${first && html`<p class="details">${tableOf(first.table)?.label || first.table}${one.changes.length > 1 ? ` · ${tn('{0} changement', '{0} changements', one.changes.length)}` : ''}</p>`}
        ${one.state !== 'open' && html`<p class="note">${one.state === 'discarded' ? t('abandonnée le {0}', showInstant(one.closed)) : t('enregistrée de nouveau le {0}', showInstant(one.closed))}${one.note ? ` : ${one.note}` : ''}</p>`}
        ${one.state === 'open' && html`<p class="buttons"><a class="button" href=${`#/refused/${one.id}`}>${t('Ouvrir et corriger')}</a></p>`}</article>`;
}

// ---- doubles ----

const lookalikes = () => ({
    'name birth_date': t('même nom, même date de naissance'), 'sound birth_date': t('nom qui sonne pareil, même date de naissance'),
    'name birth_date_swapped': t('même nom, jour et mois de naissance inversés'),
    'sound birth_date_swapped': t('nom qui sonne pareil, jour et mois de naissance inversés'), name: t('même nom'),
    'name postcode': t('même nom, même code postal'), company_no: t("même numéro d'entreprise"),
    'person date': t('même personne, même jour, deux agents'), 'company date': t('même entreprise, même jour, deux agents'),
});

function Duplicate({ one }) {
    const { problem, decide } = useDecision();
    const [reason, setReason] = useState('');
    const table = tableOf(one.kind);
    const open = one.state === 'open' || !one.state;
    const names = useTitles(table, one.left_row, one.right_row);
    const say = (decision) => decide('/api/duplicate', { id: one.id, decision, reason });
    const shown = table ? table.fields.filter((f) => !f.tie && ((one.left_row?.[f.name] ?? null) !== null || (one.right_row?.[f.name] ?? null) !== null)) : [];
    const differs = (f) => one.left_row && one.right_row && one.left_row[f.name] !== one.right_row[f.name];
    const title = (row) => table?.fields.filter((f) => f.title).map((f) => words(f, row[f.name], names)).join(' ');
    const head = (row, id) => (row ? html`<a href=${addressOf(one.kind, id)}>${title(row)}</a>` : t("Une fiche qui n'est pas ici"));
    return html`<article class="card conflict"><h3>${t('Est-ce la même chose ?')} <span class="number">${table?.label}</span></h3>
        ${one.why && html`<p class="lead">${lookalikes()[one.why] || t('ressemblance')}</p>`}
        <div class="scroll" tabindex="0" role="region" aria-label=${t('Les deux fiches')}><table class="two"><caption class="hidden">${t('Les deux fiches')}</caption>
            <thead><tr><td></td><th scope="col">${head(one.left_row, one.left)}</th><th scope="col">${head(one.right_row, one.right)}</th></tr></thead>
            <tbody>${shown.map((f) => html`<tr key=${f.name} class=${differs(f) ? 'differs' : ''}><th scope="row">${f.label}${differs(f) ? html` <span class="hidden">${t('(différent)')}</span>` : ''}</th>
                ${[one.left_row, one.right_row].map((row, i) => html`<td key=${i}>${row ? words(f, row[f.name], names) : ''}</td>`)}</tr>`)}</tbody></table></div>
        ${one.here && html`<div class="tools"><label class="search">${t('Pourquoi (facultatif)')} <input type="text" value=${reason} maxlength="400" onInput=${(e) => setReason(e.target.value)} /></label></div>`}
        ${one.here && open && html`<p class="buttons"><button type="button" onClick=${() => say('same')}>${t('Oui, réunir')}</button>
            <button type="button" class="quiet" onClick=${() => say('different')}>${t('Non, garder les deux')}</button></p>`}
        ${!open && html`<p><strong>${one.state === 'same' ? t('Réunies.') : t('Gardées séparées.')}</strong> ${one.decided_reason || ''}</p>`}
        ${one.here && !open && html`<p class="buttons"><button type="button" class="quiet" onClick=${() => say('undo')}>${t('Revenir sur cette décision')}</button></p>`}
        <p class="problem" role="alert">${problem}</p></article>`;
}

// ---- the page ----

function Part({ heading, list, Item }) {
    return list.length > 0 && html`<h2>${heading}</h2>${list.map((one) => html`<${Item} key=${one.id} one=${one} />`)}`;
}

function Decided() {
    const { told: conflicts } = useLook('/api/conflicts?decided=1');
    const { told: refused } = useLook('/api/inbox?closed=1');
    const { told: doubles } = useLook('/api/duplicates?decided=1');
    if (!conflicts || !refused || !doubles) return null;
    const settled = conflicts.filter((one) => one.state === 'decided');
    const closed = refused.quarantine.filter((one) => one.state !== 'open');
    const same = doubles.filter((one) => one.state === 'same' || one.state === 'different');
    if (settled.length + closed.length + same.length === 0) return html`<p class="empty card">${t("Rien n'a encore été décidé ici.")}</p>`;
    return html`<${Part} heading=${t('Saisies concurrentes décidées')} list=${settled} Item=${Conflict} />
        <${Part} heading=${t('Saisies refusées réglées')} list=${closed} Item=${Refused} />
        <${Part} heading=${t('Doublons décidés')} list=${same} Item=${Duplicate} />`;
}

export function Inbox() {
    const { told: inbox, problem } = useLook('/api/inbox');
    const [past, setPast] = useState(false);
    if (problem) return html`<h1>${t('À décider')}</h1><p class="problem" role="alert">${problem}</p>`;
    if (!inbox) return html`<h1>${t('À décider')}</h1>`;
    const none = inbox.conflicts.length + inbox.quarantine.length + inbox.duplicates.length === 0;
    return html`<div class="page-head"><h1>${t('À décider')}</h1>
            <button type="button" class="quiet" aria-pressed=${past} onClick=${() => setPast(!past)}>${past ? t('Ce qui attend') : t('Déjà décidé')}</button></div>
        <p class="lead">${t("Rien n'est perdu, quel que soit le choix : les deux valeurs restent dans l'historique.")}</p>
        ${past ? html`<${Decided} />` : html`${none && html`<p class="empty card">${t("Rien n'attend une décision.")}</p>`}
        <${Part} heading=${tn('{0} saisie concurrente', '{0} saisies concurrentes', inbox.conflicts.length)} list=${inbox.conflicts} Item=${Conflict} />
        <${Part} heading=${tn('{0} saisie refusée par le serveur', '{0} saisies refusées par le serveur', inbox.quarantine.length)} list=${inbox.quarantine} Item=${Refused} />
        <${Part} heading=${tn('{0} doublon possible', '{0} doublons possibles', inbox.duplicates.length)} list=${inbox.duplicates} Item=${Duplicate} />`}`;
}
