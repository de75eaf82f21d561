// SPDX-License-Identifier: Apache-2.0
// One field of a form, by its kind: label, control, hint or error. What is in the control is
// text; a field says `change(value)` with what the program takes, once it is understood.
import { useEffect, useRef, useState } from 'preact/hooks';
import { rows } from './api.js';
import { html } from './html.js';
import { codesOf } from './schema.js';
import { readDay, readTime, showDay, t } from './text.js';

// What stands in the control for a value, and back; null: not understood.
function textOf(field, value) {
    if (value === null || value === undefined) return '';
    if (field.kind === 'date') return showDay(value);
    if (field.kind === 'bool') return value ? 'true' : 'false';
    return String(value).replace('.', field.kind === 'real' ? ',' : '.');
}
function valueOf(field, text) {
    switch (field.kind) {
    case 'date':
        return readDay(text);
    case 'time':
        return readTime(text);
    case 'int':
        return /^\s*-?\d*\s*$/.test(text) ? text.trim() : null;
    case 'real':
        return /^\s*-?\d*([.,]\d+)?\s*$/.test(text) ? text.trim().replace(',', '.') : null;
    default:
        return text;
    }
}
function hintOf(field) {
    switch (field.kind) {
    case 'date':
        return t('jj/mm/aaaa, ou : hier, lundi');
    case 'time':
        return t('par exemple 9h30');
    default:
        return '';
    }
}
const wrong = (field) =>
    field.kind === 'date' ? t('date non comprise : 22/11/2026') : field.kind === 'time' ? t('heure non comprise : 9h30') : t('nombre attendu');

let serial = 0;
function useId() {
    const id = useRef('');
    if (id.current === '') id.current = `f${++serial}`;
    return id.current;
}

// A row of another table, found by typing: a list of the program's answers, chosen from.
function Reference({ id, field, value, name, describedBy, change, disabled, invalid }) {
    const [text, setText] = useState(name || '');
    const [found, setFound] = useState([]);
    const [open, setOpen] = useState(false);
    const [at, setAt] = useState(-1);
    useEffect(() => setText(name || ''), [name, value]);
    useEffect(() => {
        if (!open) return undefined;
        let current = true;
        rows(field.ref, { q: text === name ? '' : text, sort: 'title', limit: 12 })
            .then((answer) => current && setFound(answer.rows))
            .catch(() => current && setFound([]));
        return () => {
            current = false;
        };
    }, [open, text]);
    const choose = (one) => {
        setOpen(false);
        setAt(-1);
        setText(one ? one.title : '');
        change(one ? one.row.id : '', one ? one.title : '');
    };
    const leave = () => {
        setOpen(false);
        setAt(-1);
        if (text.trim() === '' && value) choose(null);
        else setText(name || '');
    };
    const keys = (event) => {
        if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            setOpen(true);
            const step = event.key === 'ArrowDown' ? 1 : -1;
            if (found.length) setAt((at + step + found.length) % found.length);
        } else if (event.key === 'Enter' && open && at >= 0) {
            event.preventDefault();
            choose(found[at]);
        } else if (event.key === 'Escape') {
            setOpen(false);
        }
    };
    return html`<div class="reference">
        <input id=${id} type="text" role="combobox" autocomplete="off" aria-expanded=${open && found.length > 0 ? 'true' : 'false'}
            aria-controls=${`${id}-list`} aria-autocomplete="list" aria-describedby=${describedBy} aria-invalid=${invalid}
            aria-activedescendant=${at >= 0 ? `${id}-${at}` : undefined} disabled=${disabled} value=${text}
            onFocus=${() => setOpen(true)} onBlur=${leave} onKeyDown=${keys}
            onInput=${(e) => { setText(e.target.value); setOpen(true); setAt(-1); }} />
        <ul id=${`${id}-list`} role="listbox" aria-label=${field.label} hidden=${!open || found.length === 0}>
            ${found.map((one, i) => html`<li key=${one.row.id} id=${`${id}-${i}`} role="option" aria-selected=${i === at ? 'true' : 'false'}
                onMouseDown=${(e) => { e.preventDefault(); choose(one); }}>${one.title}</li>`)}
        </ul>
    </div>`;
}

// state: '' | 'saving' | 'saved' | 'error'; error: words. onText hears each key stroke.
export function Field({ field, value, name, change, state, error, disabled, required, autofocus, long, children }) {
    const id = useId();
    const [text, setText] = useState(textOf(field, value));
    const [misread, setMisread] = useState('');
    const typing = useRef(false);
    useEffect(() => {
        if (!typing.current) setText(textOf(field, value));
    }, [value]);
    const say = (next) => {
        setText(next);
        const read = valueOf(field, next);
        const unfinished = typing.current && read === null;
        setMisread(read === null && !unfinished ? wrong(field) : '');
        if (read !== null) change(read);
    };
    const common = {
        id, disabled, value: text, autofocus,
        'aria-required': field.required && required !== false ? 'true' : undefined,
        'aria-invalid': misread || error ? 'true' : undefined,
        'aria-describedby': `${id}-note`,
        onFocus: () => { typing.current = true; },
        onBlur: () => {
            typing.current = false;
            const read = valueOf(field, text);
            setMisread(read === null ? wrong(field) : '');
            if (read !== null) setText(textOf(field, field.kind === 'date' ? read : read));
        },
        onInput: (e) => say(e.target.value),
    };
    const choices = field.kind === 'enum' ? codesOf(field) : [{ code: 'true', label: t('oui') }, { code: 'false', label: t('non') }];
    let control;
    if (field.kind === 'enum' || field.kind === 'bool')
        control = html`<select ...${common} onChange=${(e) => say(e.target.value)} onInput=${undefined}>
            <option value="">${field.required ? t('choisir…') : '—'}</option>
            ${choices.map(({ code, label }) => html`<option key=${code} value=${code}>${label}</option>`)}
        </select>`;
    else if (field.kind === 'ref')
        control = html`<${Reference} id=${id} field=${field} value=${value} name=${name} describedBy=${`${id}-note`}
            change=${change} disabled=${disabled} invalid=${error ? 'true' : undefined} />`;
    else if (field.prose)
        control = html`<textarea ...${common} rows=${long ? 12 : 3}></textarea>`;
    else
        control = html`<input ...${common} type="text" inputmode=${field.kind === 'int' || field.kind === 'real' ? 'decimal' : undefined}
            maxlength=${field.kind === 'text' && field.max ? field.max : undefined} autocomplete="off" />`;
    const note = misread || error || hintOf(field);
    return html`<div class=${`field kind-${field.kind}${field.prose ? ' prose' : ''}${long ? ' long' : ''}`}>
        <label for=${id}>${field.label}${field.required && required !== false ? html`<span class="need" aria-hidden="true"> *</span>` : ''}
            <span class=${`mark ${state || ''}`} aria-hidden="true">${state === 'saved' ? '✓' : state === 'saving' ? '…' : ''}</span></label>
        ${control}
        <p id=${`${id}-note`} class=${misread || error ? 'note error' : 'note'}>${note}</p>
        ${children}
    </div>`;
}
