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

// Make a row. `fixed`: values that are not asked for; `initial`: proposals; `only`: names; `beside`:
// what is shown for the values so far.
export function NewForm({ table, fixed = {}, initial = {}, only, done, cancel, label, beside }) {
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
        ${beside?.({ ...values, ...fixed })}
        <p class="problem" role="alert">${error}</p>
        <p class="buttons"><button type="submit" disabled=${busy}>${label || t('Ajouter')}</button>
            ${cancel && html`<button type="button" class="quiet" onClick=${cancel}>${t('Annuler')}</button>`}</p>
    </form>`;
}

// A row and the fields of it that are being saved. `told` is the program's last answer. Without
// an id it is a draft, made with the first key that is typed: `draft` gives what it begins with
// (a value, or a function, perhaps with a promise), `made` hears its id.
export function useRow(tableName, id, { draft, made } = {}) {
    const [told, setTold] = useState(null);
    const [missing, setMissing] = useState('');
    const [marks, setMarks] = useState({}); // name → {state, error, other, mine}
    const it = useRef(null);
    if (it.current === null || it.current.key !== `${tableName} ${id}`) {
        const before = it.current;
        // A draft that got its id is still the same row.
        it.current = before && before.id === id && before.table === tableName
            ? Object.assign(before, { key: `${tableName} ${id}` })
            : { key: `${tableName} ${id}`, table: tableName, id, pending: {}, seen: {}, names: {}, timer: 0, running: null, fresh: true };
    }
    const mine = it.current;

    const mark = (name, value) => setMarks((old) => ({ ...old, [name]: value }));
    const take = (answer) => {
        mine.told = true;
        mine.names = { ...mine.names, ...answer.names };
        for (const [name, version] of Object.entries(answer.versions)) if (!(name in mine.pending)) mine.seen[name] = version;
        // What is being typed stays as it is.
        setTold({ ...answer, row: { ...answer.row, ...mine.pending } });
    };
    const load = async () => {
        if (!mine.id) return;
        try {
            const answer = await fetchRow(tableName, mine.id);
            if (it.current !== mine || mine.running) return;
            take(answer);
            setMissing(''); // it may have come only by now
        } catch (problem) {
            // What is on the page stays, whatever becomes of a second look; but not what has left
            // this device, or was erased.
            if (!mine.told || problem.status === 404) setMissing(problem.message);
        }
    };
    useEffect(() => {
        if (mine.fresh) {
            mine.fresh = false;
            setMissing('');
            setMarks({});
            setTold(null);
            if (mine.id) load();
            else if (typeof draft !== 'function') setTold({ row: { ...draft }, versions: {}, names: {}, title: '' });
            else setTold({ row: {}, versions: {}, names: {}, title: '' });
        }
        const stop = listen((what) => what !== 'gone' && load());
        return () => {
            stop();
            flush();
        };
    }, [mine]);

    async function insert(values) {
        const begin = typeof draft === 'function' ? await draft() : draft;
        const filled = Object.fromEntries(Object.entries({ ...begin, ...values }).filter(([, v]) => v !== '' && v !== null));
        const answer = await save(tableName, '', filled);
        mine.id = answer.row.id;
        made?.(mine.id);
        return answer;
    }
    // One row, however many keys and ticks ask for it at once.
    function make(values) {
        mine.making = mine.making || insert(values).finally(() => { mine.making = null; });
        return mine.making;
    }
    async function saveOne(name) {
        const value = mine.pending[name];
        mark(name, { state: 'saving' });
        try {
            if (mine.making) await mine.making.catch(() => {});
            const answer = mine.id ? await save(tableName, mine.id, { [name]: value }, { [name]: mine.seen[name] }) : await make({ [name]: value });
            if (mine.pending[name] === value) delete mine.pending[name];
            take(answer);
            mark(name, { state: name in mine.pending ? 'saving' : 'saved' });
        } catch (problem) {
            const other = problem.status === 409 && problem.fields[name];
            // Not understood or refused: the text stays in its field, with the reason.
            if (problem.status !== 0 && mine.pending[name] === value) delete mine.pending[name];
            mark(name, { state: 'error', error: other ? t("quelqu'un d'autre a changé ce champ entre-temps") : problem.message, other, mine: value });
        }
    }
    async function saveAll() {
        const tried = new Set();
        for (;;) {
            const name = Object.keys(mine.pending).find((one) => !tried.has(`${one} ${mine.pending[one]}`));
            if (name === undefined) return;
            tried.add(`${name} ${mine.pending[name]}`);
            await saveOne(name);
        }
    }
    function flush() {
        clearTimeout(mine.timer);
        mine.running = mine.running || saveAll().finally(() => { mine.running = null; });
        return mine.running;
    }
    // The row's id, once it has one: a draft is made now.
    const ensure = async () => {
        if (Object.keys(mine.pending).length) await flush();
        if (!mine.id) take(await make({}));
        return mine.id;
    };
    const change = (name, value, title) => {
        if (title !== undefined) mine.names = { ...mine.names, [value]: title };
        mine.pending[name] = value;
        setTold((old) => ({ ...old, row: { ...old.row, [name]: value } }));
        mark(name, { state: 'saving' });
        clearTimeout(mine.timer);
        mine.timer = setTimeout(flush, SAVE_MS);
    };
    // Of two values: take the other's, or keep mine over it.
    const settle = (name, keepMine) => {
        const { other, mine: wished } = marks[name];
        mine.seen[name] = other.version;
        setTold((old) => ({ ...old, row: { ...old.row, [name]: keepMine ? wished : other.value } }));
        mark(name, {});
        if (keepMine) {
            mine.pending[name] = wished;
            flush();
        }
    };
    return { told, missing, marks, names: mine.names, change, settle, flush, ensure };
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
    const all = editable(table).map((f) => f.name);
    const names = (only ? only.filter((n) => all.includes(n)) : all).filter((n) => !except.includes(n));
    return html`<div class="fields">${names.map((name) => html`<${RowField} key=${name} state=${state} table=${table} name=${name}
        long=${long.includes(name)} disabled=${closed && name !== table.lock_field} />`)}</div>`;
}

export const tableNamed = tableOf;
