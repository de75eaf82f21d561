// SPDX-License-Identifier: Apache-2.0
// The erasure of a dossier: one person asks, another one in another role signs or declines.
import { useState } from 'preact/hooks';
import { NewForm } from './form.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { useChange } from './records.js';
import { codesOf, table as tableOf, words } from './schema.js';
import { showInstant, t, tn } from './text.js';

const bits = { jobcoach: 1, manager: 2, coordinator: 4 };
const rolesOf = (status) => Object.keys(bits).filter((role) => status.roles & bits[role]);

// Which role may sign what another one asked for; '' none.
function signerOf(row, status) {
    return row.by === status.staff ? '' : rolesOf(status).find((role) => role !== row.asked_as) || '';
}

function Order({ one, names, status }) {
    const { row } = one;
    const { problem, change } = useChange();
    const [sure, setSure] = useState(false);
    const field = (name) => tableOf('erasure').field.get(name);
    const role = signerOf(row, status);
    const open = !row.state || row.state === 'asked';
    const decide = (state) => change('erasure', one, { state, signed_as: role });
    return html`<div class="order"><p><strong>${words(field('state'), row.state || 'asked')}</strong>${' '}
            <span class="details">${[words(field('reason'), row.reason), names[row.by], words(field('asked_as'), row.asked_as), showInstant(row.created)].filter(Boolean).join(' · ')}</span></p>
        ${open && !role && html`<p class="note shown">${t("Une autre personne, dans un autre rôle, doit signer. Jusque-là rien n'est effacé.")}</p>`}
        ${open && role && !sure && html`<p class="buttons"><button type="button" class="quiet" onClick=${() => setSure(true)}>${t("Signer l'effacement…")}</button>
            <button type="button" class="quiet" onClick=${() => decide('declined')}>${t('Refuser')}</button></p>`}
        ${open && role && sure && html`<p class="waiting stop" role="alert">${t("Tout ce qui a été noté dans ce dossier sera détruit, ici, sur le serveur et sur chaque appareil. Personne ne pourra le rendre.")}</p>
            <p class="buttons"><button type="button" class="stop" onClick=${() => decide('confirmed')}>${t('Effacer définitivement ce dossier')}</button>
            <button type="button" class="quiet" onClick=${() => setSure(false)}>${t('Annuler')}</button></p>`}
        <p class="problem" role="alert">${problem}</p></div>`;
}

// In the dossier: what was asked, and the way to ask.
export function Erasure({ person, status }) {
    const { answer } = useRows('erasure', { dossier: person, limit: 20 });
    const [asking, setAsking] = useState(false);
    if (!answer || status.gone || status.example) return null;
    const waits = answer.rows.some((one) => !one.row.state || one.row.state === 'asked');
    const role = rolesOf(status)[0];
    return html`<section class=${`card${answer.total === 0 && !asking ? ' related bare' : ''}`}><div class="head-line"><h2>${t('Effacement')}</h2>
            ${role && !waits && !asking && html`<button type="button" class="quiet small" onClick=${() => setAsking(true)}>${t("Demander l'effacement")}</button>`}</div>
        ${asking && html`<p>${t("La personne peut le demander, ou la durée de conservation est passée. L'effacement se fait quand quelqu'un d'autre, dans un autre rôle, a signé.")}</p>
            <${NewForm} table=${tableOf('erasure')} only=${['reason']} fixed=${{ dossier: person, asked_as: role }} initial=${{ reason: codesOf(tableOf('erasure').field.get('reason'))[0].code }}
                done=${() => setAsking(false)} cancel=${() => setAsking(false)} label=${t("Demander l'effacement")} />`}
        ${answer.rows.map((one) => html`<${Order} key=${one.row.id} one=${one} names=${answer.names} status=${status} />`)}</section>`;
}

// In the settings: those that wait for a signature.
export function ErasuresWaiting({ status }) {
    const { answer } = useRows('erasure', { state: ['', 'asked'], limit: 20 });
    if (!answer || answer.total === 0) return null;
    const mine = (one) => (signerOf(one.row, status) ? t('attend votre signature') : t('attend une autre signature'));
    return html`<section class="card"><h2>${t('Effacements demandés')} <span class="number">${answer.total}</span></h2>
        <p>${tn("{0} dossier sera effacé quand une deuxième personne, dans un autre rôle, aura signé.", "{0} dossiers seront effacés quand une deuxième personne, dans un autre rôle, aura signé.", answer.total)}</p>
        <ul class="rows">${answer.rows.map((one) => html`<li key=${one.row.id}><a href=${`#/person/${one.row.dossier}`}>${t('Dossier')} ${one.row.dossier.slice(-6)}</a>
            <span class="details">${[words(tableOf('erasure').field.get('reason'), one.row.reason), mine(one)].join(' · ')}</span></li>`)}</ul></section>`;
}
