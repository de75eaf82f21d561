// SPDX-License-Identifier: Apache-2.0
// Forms made from the schema: one that makes a row, and one that saves each field of a row as it
// is typed.
import { useEffect, useRef, useState } from 'preact/hooks';
import { listen, row as fetchRow, save } from './api.js';
import { Field } from './field.js';
import { html } from './html.js';
import { editable, locked, table as tableOf, words } from './schema.js';
import { t } from './text.js';

const SAVE_MS = 400; // after the last key

// Make a row. `fixed`: values that are not asked for; `initial`: proposals; `only`: names.
export function NewForm({ table, fixed = {}, initial = {}, only, done, cancel, label }) {
    const [values, setValues] = useState({ ...initial });
    const [names, setNames] = useState({});
    const [error, setError] = useState('');
    const [busy, setBusy] = useState(false);
    const form = useRef(null);
    const fields = editable(table).filter((f) => !(f.name in fixed) && !f.author && (only ? only.includes(f.name) : true));
    useEffect(() => form.current?.querySelector('input,select,textarea')?.focus(), []);
    const submit = async (event) => {
        event.preventDefault();
        const missing = fields.find((f) => f.required && !values[f.name]);
        if (missing) {
            setError(t('il manque : {0}', missing.label));
            return;
        }
        setBusy(true);
        try {
            const filled = Object.fromEntries(Object.entries({ ...values, ...fixed }).filter(([, v]) => v !== ''));
            done(await save(table.name, '', filled));
        } catch (problem) {
            setError(problem.message);
            setBusy(false);
        }
    };
    return html`<form class="new" ref=${form} onSubmit=${submit} noValidate>
        <div class="fields">${fields.map((f) => html`<${Field} key=${f.name} field=${f} value=${values[f.name] ?? ''} name=${names[f.name]}
            change=${(v, name) => { setValues((old) => ({ ...old, [f.name]: v })); if (f.kind === 'ref') setNames((old) => ({ ...old, [f.name]: name })); }} />`)}</div>
        <p class="problem" role="alert">${error}</p>
        <p class="buttons"><button type="submit" disabled=${busy}>${label || t('Ajouter')}</button>
            ${cancel && html`<button type="button" class="quiet" onClick=${cancel}>${t('Annuler')}</button>`}</p>
    </form>`;
}

// A row and the fields of it that are being saved. `told` is the program's last answer.
export function useRow(tableName, id) {
    const [told, setTold] = useState(null);
    const [missing, setMissing] = useState('');
    const [marks, setMarks] = useState({}); // name → {state, error, other}
    const pending = useRef({}); // name → value not yet saved
    const seen = useRef({});
    const timer = useRef(0);
    const running = useRef(false);
    const names = useRef({});

    const mark = (name, value) => setMarks((old) => ({ ...old, [name]: value }));
    const take = (answer) => {
        names.current = { ...names.current, ...answer.names };
        for (const [name, version] of Object.entries(answer.versions)) if (!(name in pending.current)) seen.current[name] = version;
        setTold(answer);
    };
    const load = () =>
        fetchRow(tableName, id)
            .then((answer) => !running.current && take(answer))
            .catch((problem) => setMissing(problem.message));
    useEffect(() => {
        setTold(null);
        setMissing('');
        setMarks({});
        pending.current = {};
        seen.current = {};
        load();
        const stop = listen((what) => what !== 'gone' && load());
        return () => {
            stop();
            flush();
        };
    }, [tableName, id]);

    async function saveOne(name, value) {
        mark(name, { state: 'saving' });
        try {
            const answer = await save(tableName, id, { [name]: value }, { [name]: seen.current[name] });
            if (pending.current[name] === value) delete pending.current[name];
            take(answer);
            mark(name, { state: name in pending.current ? 'saving' : 'saved' });
        } catch (problem) {
            const other = problem.status === 409 && problem.fields[name];
            // Not understood or refused: the text stays in its field, with the reason.
            if (problem.status !== 0 && pending.current[name] === value) delete pending.current[name];
            mark(name, { state: 'error', error: other ? t("quelqu'un d'autre a changé ce champ entre-temps") : problem.message, other, mine: value });
        }
    }
    async function flush() {
        clearTimeout(timer.current);
        if (running.current) return;
        running.current = true;
        const tried = new Set();
        for (;;) {
            const name = Object.keys(pending.current).find((one) => !tried.has(`${one} ${pending.current[one]}`));
            if (name === undefined) break;
            tried.add(`${name} ${pending.current[name]}`);
            await saveOne(name, pending.current[name]);
        }
        running.current = false;
    }
    const change = (name, value, title) => {
        if (title !== undefined) names.current = { ...names.current, [value]: title };
        pending.current[name] = value;
        setTold((old) => ({ ...old, row: { ...old.row, [name]: value } }));
        mark(name, { state: 'saving' });
        clearTimeout(timer.current);
        timer.current = setTimeout(flush, SAVE_MS);
    };
    // Of two values: take the other's, or keep mine over it.
    const settle = (name, keepMine) => {
        const { other, mine } = marks[name];
        seen.current[name] = other.version;
        setTold((old) => ({ ...old, row: { ...old.row, [name]: keepMine ? mine : other.value } }));
        mark(name, {});
        if (keepMine) {
            pending.current[name] = mine;
            flush();
        }
    };
    return { told, missing, marks, names: names.current, change, settle, flush };
}

export function RowField({ state, table, name, disabled, long }) {
    const field = table.field.get(name);
    const mark = state.marks[name] || {};
    const value = state.told.row[name];
    const frozen = field.frozen || (field.once && value !== null && value !== '' && !mark.state);
    return html`<${Field} key=${name} field=${field} value=${value} name=${state.names[value]} state=${mark.state} error=${mark.error}
        long=${long} disabled=${disabled || frozen} change=${(v, title) => state.change(name, v, title)}>
        ${mark.other && html`<div class="both"><p>${t('À présent : {0}', words(field, mark.other.value, state.names) || t('(vide)'))}</p>
            <button type="button" onClick=${() => state.settle(name, true)}>${t("Garder ce que j'ai écrit")}</button>
            <button type="button" class="quiet" onClick=${() => state.settle(name, false)}>${t("Prendre l'autre")}</button></div>`}
    <//>`;
}

// All fields of a row, saved as they are typed.
export function RowForm({ state, table, only, except = [], long = [] }) {
    if (!state.told) return null;
    const closed = locked(table, state.told.row);
    const names = editable(table).map((f) => f.name).filter((n) => (only ? only.includes(n) : true) && !except.includes(n));
    return html`<div class="fields">${names.map((name) => html`<${RowField} key=${name} state=${state} table=${table} name=${name}
        long=${long.includes(name)} disabled=${closed && name !== table.lock_field} />`)}</div>`;
}

export const tableNamed = tableOf;
