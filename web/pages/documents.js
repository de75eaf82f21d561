// SPDX-License-Identifier: Apache-2.0
// Documents of a row: attach a file, have one sent here, open it. The content goes after the
// records, so each says where it is.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, attach, content, get, listen, post } from './api.js';
import { html } from './html.js';
import { useRows } from './list.js';
import { Sent } from './marks.js';
import { codeLabel, codesOf, table as tableOf, words } from './schema.js';
import { showNumber, t } from './text.js';

const KILO = 1000;
function showSize(bytes) {
    if (bytes < KILO * KILO) return t('{0} ko', showNumber(Math.max(1, Math.round(bytes / KILO))));
    return t('{0} Mo', showNumber(Math.round((bytes * 10) / KILO / KILO) / 10));
}

const places = () => ({
    unsent: ['◐', t('contenu ici seulement')], here: ['●', t('ici et sur le serveur')], wanted: ['…', t('en chemin')],
    away: ['○', t('sur le serveur')], damaged: ['▲', t('contenu abîmé')],
});

function useContent(id) {
    const [state, setState] = useState(null);
    useEffect(() => {
        let current = true;
        const look = () => get(`/api/document/${id}`).then((s) => current && setState(s)).catch(() => {});
        look();
        const stop = listen((what) => what !== 'gone' && look());
        return () => {
            current = false;
            stop();
        };
    }, [id]);
    return state;
}

// Hand the bytes to the browser as a file of this name.
export function hand(blob, name) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = name || 'document';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
function asData(blob) {
    return new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result);
        reader.readAsDataURL(blob);
    });
}
const pictures = ['image/png', 'image/jpeg', 'image/svg+xml'];

// One document; `open`: whether its picture shows from the start.
export function Document({ one, open: shown }) {
    const state = useContent(one.row.id);
    const [picture, setPicture] = useState('');
    const [problem, setProblem] = useState('');
    const doc = one.row;
    const name = doc.title || t('document');
    const ready = state && (state.state === 'here' || state.state === 'unsent');
    const open = async (aside) => {
        try {
            const blob = await content(doc.id, doc.size, doc.mime);
            if (pictures.includes(doc.mime) && !aside) setPicture(await asData(blob));
            else hand(blob, doc.title);
            setProblem('');
        } catch (error) {
            setProblem(error.message);
        }
    };
    useEffect(() => {
        if (shown && ready && pictures.includes(doc.mime)) open(false);
    }, [shown, ready]);
    const ask = () => post(`/api/fetch/${doc.id}`, {}).catch((error) => setProblem(error.message));
    const place = state && places()[state.state];
    return html`<div class="document"><p><strong>${name}</strong> <span class="details">${codeLabel(tableOf('document').field.get('kind'), doc.kind)} · ${showSize(doc.size)}</span>
            ${place && html`<span class="sent" data-state=${state.state}><span aria-hidden="true">${place[0]}</span> ${place[1]}</span>`} <${Sent} unsent=${one.unsent} id=${doc.id} /></p>
        <p class="buttons">${ready && html`<button type="button" class="quiet small" onClick=${() => open(false)} aria-label=${t('Ouvrir : {0}', name)}>${t('Ouvrir')}</button>`}
            ${ready && pictures.includes(doc.mime) && html`<button type="button" class="quiet small" onClick=${() => open(true)} aria-label=${t('Enregistrer ailleurs : {0}', name)}>${t('Enregistrer ailleurs')}</button>`}
            ${state && state.state === 'away' && html`<button type="button" class="quiet small" onClick=${ask} aria-label=${t('Faire venir : {0}', name)}>${t('Faire venir')}</button>`}</p>
        ${picture && html`<img class="picture" src=${picture} alt=${name} />`}
        <p class="problem" role="alert">${problem}</p></div>`;
}

// of: the row they belong to; rows: also those of these rows, for a dossier.
export function Documents({ table, id, also = [], heading }) {
    const { answer } = useRows('document', { of_row: [id, ...also], sort: 'title', limit: 200 });
    const field = tableOf('document').field.get('kind');
    const [kind, setKind] = useState('other');
    const [busy, setBusy] = useState('');
    const [problem, setProblem] = useState('');
    const input = useRef(null);
    if (!answer) return null;
    const send = async (files) => {
        setProblem('');
        for (const file of files) {
            setBusy(file.name);
            try {
                await attach(table, id, file, { kind, title: file.name, mime: file.type });
            } catch (error) {
                setProblem(error instanceof ApiError ? error.message : t('ce fichier ne se lit pas'));
            }
        }
        setBusy('');
        input.current.value = '';
    };
    return html`<section class="card documents"><h2>${heading || t('Documents')} <span class="number">${answer.total || ''}</span></h2>
        ${answer.rows.map((one) => html`<${Document} key=${one.row.id} one=${one} />`)}
        <div class="tools"><label class="short">${t('Type de document')}
                <select value=${kind} onChange=${(e) => setKind(e.target.value)}>${codesOf(field).map(({ code }) => html`<option key=${code} value=${code}>${words(field, code)}</option>`)}</select></label>
            <label class="file">${t('Joindre un fichier')}
                <input type="file" multiple ref=${input} disabled=${busy !== ''} onChange=${(e) => send([...e.target.files])} /></label></div>
        <p class="note" role="status">${busy && t('{0} est enregistré…', busy)}</p>
        <p class="problem" role="alert">${problem}</p></section>`;
}
