// SPDX-License-Identifier: Apache-2.0
// A spreadsheet that exists already: which column is what, what it would do, and then do it. The
// try is the same work as the real one, forgotten at its end.
import { useState } from 'preact/hooks';
import { importFile, post } from './api.js';
import { html } from './html.js';
import { allTables, editable, table as tableOf } from './schema.js';
import { t, tn } from './text.js';

// ---- CSV: read and written again with the columns as the program names them ----

export function parseCsv(text) {
    const first = text.split(/\r?\n/, 1)[0];
    const mark = [';', '\t', ','].reduce((best, one) => (first.split(one).length > first.split(best).length ? one : best), ';');
    const lines = [[]];
    let cell = '';
    let quoted = false;
    const put = () => {
        lines[lines.length - 1].push(cell);
        cell = '';
    };
    for (let i = 0; i < text.length; i++) {
        const c = text[i];
        if (quoted && c === '"' && text[i + 1] === '"') {
            cell += c;
            i++;
        } else if (c === '"' && (quoted || cell === '')) {
            quoted = !quoted;
        } else if (!quoted && c === mark) {
            put();
        } else if (!quoted && (c === '\n' || c === '\r')) {
            if (c === '\r' && text[i + 1] === '\n') i++;
            put();
            lines.push([]);
        } else {
            cell += c;
        }
    }
    put();
    return lines.filter((line, i) => i === 0 || line.length > 1 || line[0] !== '');
}
const quote = (text) => (/[;"\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
export function writeCsv(lines, columns) {
    const kept = columns.map((name, i) => [name, i]).filter(([name]) => name);
    return `${[kept.map(([name]) => name), ...lines.slice(1).map((line) => kept.map(([, i]) => line[i] || ''))].map((line) => line.map(quote).join(';')).join('\r\n')}\r\n`;
}
function decode(bytes) {
    try {
        return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
        return new TextDecoder('windows-1252').decode(bytes);
    }
}

const plain = (text) => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/[^a-z0-9]/g, '');
// The field a title means, by its label or name; what was chosen for this layout before wins.
function propose(table, titles) {
    const known = JSON.parse(localStorage.getItem(`import ${table.name} ${titles.join('|')}`) || 'null');
    if (known) return known;
    const fields = editable(table);
    return titles.map((title) => (plain(title) === 'id' ? 'id' : fields.find((f) => plain(f.label) === plain(title) || plain(f.name) === plain(title))?.name || ''));
}

// ---- the page ----

// titleOf: a column by the name a person knows it under.
function Tally({ told, titleOf }) {
    return html`<ul class="chips" aria-label=${t('Résultat')}><li>${tn('{0} nouvelle', '{0} nouvelles', told.created)}</li><li>${tn('{0} modifiée', '{0} modifiées', told.updated)}</li><li>${tn('{0} inchangée', '{0} inchangées', told.unchanged)}</li><li>${tn('{0} rejetée', '{0} rejetées', told.rejected)}</li></ul>
        ${told.problems.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label=${t('Lignes rejetées')}><table><caption>${t('Lignes rejetées')}</caption><thead><tr><th scope="col">${t('Ligne')}</th><th scope="col">${t('Colonne')}</th><th scope="col">${t('Motif')}</th></tr></thead>
            <tbody>${told.problems.map((p, i) => html`<tr key=${i}><th scope="row">${p.line}</th><td>${titleOf(p.title)}</td><td>${p.text.startsWith(`${p.title} : `) ? p.text.slice(p.title.length + 3) : p.text}</td></tr>`)}</tbody></table></div>`}`;
}

export function Import({ go }) {
    const [name, setName] = useState('person');
    const [file, setFile] = useState(null); // {name, bytes} or with lines: a CSV
    const [columns, setColumns] = useState([]);
    const [told, setTold] = useState(null);
    const [problem, setProblem] = useState('');
    const [busy, setBusy] = useState(false);
    const [said, setSaid] = useState('');
    const table = tableOf(name);
    const choices = allTables().filter((one) => !one.program_only && one.writers !== 0).sort((a, b) => a.label.localeCompare(b.label, 'fr'));
    const take = async (chosen, into = table) => {
        setTold(null);
        setProblem('');
        const bytes = await chosen.arrayBuffer();
        const sheet = /\.xlsx$/i.test(chosen.name);
        const lines = sheet ? null : parseCsv(decode(bytes).replace(/^\ufeff/, ''));
        setFile({ name: chosen.name, bytes, lines, chosen });
        setColumns(sheet ? [] : propose(into, lines[0]));
    };
    const run = async (dry) => {
        setBusy(true);
        setProblem('');
        try {
            if (file.lines) localStorage.setItem(`import ${name} ${file.lines[0].join('|')}`, JSON.stringify(columns));
            setTold(await importFile(name, file.lines ? 'import.csv' : file.name, file.lines ? writeCsv(file.lines, columns) : file.bytes, dry));
        } catch (error) {
            setTold(null);
            setProblem(error.message);
        }
        setBusy(false);
    };
    const undo = async () => {
        setBusy(true);
        try {
            const { undone, kept } = await post('/api/undo', { first: told.first, last: told.last });
            setTold(null);
            setSaid(`${tn('{0} fiche reprise', '{0} fiches reprises', undone)}${kept ? ` · ${tn('{0} laissée, changée depuis', '{0} laissées, changées depuis', kept)}` : ''}`);
        } catch (error) {
            setProblem(error.message);
        }
        setBusy(false);
    };
    const titleOf = (field) => (file?.lines && file.lines[0][columns.indexOf(field)]) || table.fields.find((f) => f.name === field)?.label || field;
    const pick = (i, field) => {
        setColumns((old) => old.map((one, k) => (k === i ? field : one === field && field ? '' : one)));
        setTold(null);
    };
    return html`<h1>${t('Reprendre un tableau')}</h1>
        <section class="card"><div class="tools"><label class="short">${t('Ce que contient le tableau')} <select value=${name} onChange=${(e) => { setName(e.target.value); setTold(null); if (file) take(file.chosen, tableOf(e.target.value)); }}>${choices.map((one) => html`<option key=${one.name} value=${one.name}>${one.label}</option>`)}</select></label>
            <label class="file">${file ? file.name : t('Choisir le fichier (.xlsx, .csv)')} <input type="file" accept=".xlsx,.csv,.txt" onChange=${(e) => e.target.files[0] && take(e.target.files[0])} /></label></div></section>
        ${file?.lines && html`<section class="card"><h2>${t('Quelle colonne est quoi ?')}</h2><div class="scroll" tabindex="0" role="region" aria-label=${t('Colonnes')}><table class="stack"><caption class="hidden">${t('Colonnes')}</caption>
            <thead><tr><th scope="col">${t('Colonne')}</th><th scope="col">${t('Devient')}</th><th scope="col">${t('Par exemple')}</th></tr></thead>
            <tbody>${file.lines[0].map((title, i) => html`<tr key=${i}><th scope="row">${title || '—'}</th><td><select value=${columns[i]} aria-label=${t('Colonne {0}', title)} onChange=${(e) => pick(i, e.target.value)}><option value="">${t('laisser de côté')}</option><option value="id">${t('identifiant')}</option>${editable(table).map((f) => html`<option key=${f.name} value=${f.name}>${f.label}</option>`)}</select></td><td>${file.lines.slice(1, 4).map((line) => line[i]).filter(Boolean).join(' · ')}</td></tr>`)}</tbody></table></div></section>`}
        ${file && html`<p class="buttons"><button type="button" class=${told ? 'quiet' : ''} disabled=${busy} onClick=${() => run(true)}>${t('Essayer')}</button>
            ${told && !told.saved && told.created + told.updated > 0 && html`<button type="button" disabled=${busy} onClick=${() => run(false)}>${tn('Enregistrer {0} ligne', 'Enregistrer {0} lignes', told.created + told.updated)}</button>`}</p>`}
        ${told && html`<section class="card"><h2>${told.dry_run ? t("Voici ce que l'import ferait ; rien n'est enregistré") : t('Enregistré sur cet appareil')}</h2><${Tally} told=${told} titleOf=${titleOf} />
            ${!told.dry_run && html`<p class="buttons">${told.last >= told.first && html`<button type="button" class="quiet" disabled=${busy} onClick=${undo}>${t('Annuler cet import')}</button>`}<button type="button" class="quiet" onClick=${() => go(name === 'person' ? '#/persons' : `#/table/${name}`)}>${t('Voir la liste')}</button></p>`}</section>`}
        <p role="status">${said}</p><p class="problem" role="alert">${problem}</p>`;
}
