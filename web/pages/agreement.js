// SPDX-License-Identifier: Apache-2.0
// An agreement: who engages in what, signed on the screen or on paper. The first signature freezes
// what stands above it.
import { useState } from 'preact/hooks';
import { attach, post } from './api.js';
import { Documents } from './documents.js';
import { RowForm, useRow } from './form.js';
import { History } from './history.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { Sent } from './marks.js';
import { Records } from './records.js';
import { codesOf, table as tableOf, words } from './schema.js';
import { fileOf, SignaturePad } from './signature.js';
import { showDay, t, tn, today } from './text.js';

const label = (table, name, value, names) => words(tableOf(table).field.get(name), value, names);
const shown = ['kind', 'parties', 'start', 'end', 'content', 'review_months'];

// One party signs: strokes, or the scan of the signed sheet.
function Sign({ agreement, title, done }) {
    const [signer, setSigner] = useState('person');
    const [name, setName] = useState('');
    const [strokes, setStrokes] = useState([]);
    const [scan, setScan] = useState(null);
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState('');
    const sign = async () => {
        setBusy(true);
        try {
            const about = t('{0}, le {1} : {2}', name.trim(), showDay(today()), title);
            const file = scan || new Blob([fileOf(strokes, about)], { type: 'image/svg+xml' });
            const told = await attach('agreement', agreement, file, { kind: 'agreement', title: scan ? scan.name : `${about}.svg`, mime: scan ? scan.type : 'image/svg+xml' });
            await post('/api/sign', { agreement, signer, name: name.trim(), signed_on: today(), document: told.row.id });
            done();
        } catch (error) {
            setProblem(error.message);
        }
        setBusy(false);
    };
    const field = tableOf('agreement_signature').field;
    return html`<section class="card"><h2>${t('Signer')}</h2>
        <div class="tools"><label class="short">${field.get('signer').label} <select value=${signer} onChange=${(e) => setSigner(e.target.value)}>${codesOf(field.get('signer')).map((c) => html`<option key=${c.code} value=${c.code}>${c.label}</option>`)}</select></label>
            <label class="search">${t('Nom de qui signe')} <input type="text" value=${name} maxlength="120" autocomplete="off" onInput=${(e) => setName(e.target.value)} /></label></div>
        ${!scan && html`<${SignaturePad} strokes=${strokes} change=${setStrokes} />`}
        <div class="tools"><label class="file">${scan ? scan.name : t('Signé sur papier : joindre le scan')} <input type="file" accept="image/*,application/pdf" onChange=${(e) => setScan(e.target.files[0] || null)} /></label>
            ${scan && html`<button type="button" class="quiet" onClick=${() => setScan(null)}>${t("Signer plutôt à l'écran")}</button>`}</div>
        <p class="note shown">${t('La première signature fige le texte ci-dessus, pour tous.')}</p>
        <p class="buttons"><button type="button" disabled=${busy || name.trim() === '' || (!scan && strokes.length === 0)} onClick=${sign}>${t('Enregistrer la signature')}</button>
            <button type="button" class="quiet" onClick=${done}>${t('Annuler')}</button></p>
        <p class="problem" role="alert">${problem}</p></section>`;
}

export function Agreement({ parts }) {
    const id = parts[0];
    const table = tableOf('agreement');
    const state = useRow('agreement', id);
    const signatures = useRows('agreement_signature', { agreement: id, sort: 'signed_on', limit: 50 }).answer;
    const [signing, setSigning] = useState(false);
    if (state.missing) return html`<h1>${table.label}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!state.told || !signatures) return null;
    const { row, unsent } = state.told;
    const frozen = Boolean(row.digest) || signatures.total > 0;
    const kind = label('agreement', 'kind', row.kind);
    return html`<div class="agreement"><div class="page-head"><h1>${t('{0} du {1}', kind, showDay(row.start))}</h1><${Sent} unsent=${unsent} id=${id} />
            <span class=${`badge ${frozen ? 'done' : ''}`}>${frozen ? `✓ ${tn('{0} signature, texte figé', '{0} signatures, texte figé', signatures.total)}` : t('à signer')}</span>
            <button type="button" class="quiet" onClick=${() => print()}>${t('Imprimer')}</button></div>
        <p class="lead"><a href=${`#/row/pathway/${row.pathway}`}>${t('Parcours')}</a></p>
        <section class="card"><h2>${t('Engagements')}</h2>
            ${frozen ? html`<dl class="facts">${shown.filter((n) => n !== 'content' && row[n] !== null && row[n] !== '').map((n) => html`<div key=${n}><dt>${table.field.get(n).label}</dt><dd>${label('agreement', n, row[n], state.names)}</dd></div>`)}</dl><p class="said">${row.content}</p><p class="note shown">${table.field.get('digest').label} : <code>${row.digest}</code></p>`
                : html`<${RowForm} state=${state} table=${table} only=${shown} long=${['content']} />`}</section>
        <section class="card"><h2>${t('Signatures')}</h2>
            ${signatures.total === 0 && html`<p class="nothing">${t('Personne n\'a encore signé.')}</p>`}
            <ul class="rows">${signatures.rows.map((one) => html`<li key=${one.row.id}><strong>${one.row.name}</strong> <span class="details">${label('agreement_signature', 'signer', one.row.signer)} · ${showDay(one.row.signed_on)}</span><${Sent} unsent=${one.unsent} id=${one.row.id} /></li>`)}</ul>
            ${!signing && html`<p class="buttons"><button type="button" onClick=${async () => { await state.flush(); setSigning(true); }}>${t('Signer')}</button></p>`}</section>
        ${signing && html`<${Sign} agreement=${id} title=${kind} done=${() => setSigning(false)} />`}
        <section class="card"><${Records} table="action" query=${{ agreement: id }} sort="due" desc=${false} shown=${50} heading=${t('Actions de chaque partie')} level=${2} fixed=${{ agreement: id, pathway: row.pathway }} initial=${{ state: 'planned' }} only=${['who', 'label', 'due']}
            line=${(one) => html`<a href=${`#/row/action/${one.row.id}`}>${one.row.label}</a> <span class="details">${[label('action', 'who', one.row.who), one.row.due && showDay(one.row.due), label('action', 'state', one.row.state)].filter(Boolean).join(' · ')}</span>`} /></section>
        <${Documents} table="agreement" id=${id} />
        <${History} table=${table} id=${id} /></div>`;
}
