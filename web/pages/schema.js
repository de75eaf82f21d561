// SPDX-License-Identifier: Apache-2.0
// Tables, fields and codes, as the program declares them.
import { get } from './api.js';
import { showDay, showInstant, showNumber, t } from './text.js';

const tables = new Map();
let labels = new Map();

export async function loadSchema() {
    const schema = await get('/api/schema');
    tables.clear();
    for (const table of schema.tables) {
        table.field = new Map(table.fields.map((field) => [field.name, field]));
        tables.set(table.name, table);
    }
    labels = new Map(schema.labels.map(([list, code, label]) => [`${list} ${code}`, label]));
}

export const table = (name) => tables.get(name);
export const allTables = () => [...tables.values()];

export function codeLabel(field, code) {
    return labels.get(`${field.list} ${code}`) || code;
}
// The codes of a field with their labels: those of the declaration, and those of the list.
export function codesOf(field) {
    const codes = [...(field.codes || [])];
    for (const key of labels.keys()) {
        const [list, code] = key.split(' ');
        if (field.open && list === field.list && !codes.includes(code)) codes.push(code);
    }
    return codes.map((code) => ({ code, label: codeLabel(field, code) }));
}

// A value in words. names: titles of the rows referred to.
export function words(field, value, names = {}) {
    if (value === null || value === undefined || value === '') return '';
    switch (field.kind) {
    case 'date':
        return showDay(value);
    case 'instant':
        return showInstant(value);
    case 'bool':
        return value ? t('oui') : t('non');
    case 'enum':
        return codeLabel(field, value);
    case 'ref':
        return names[value] || value;
    case 'int':
    case 'real':
        return showNumber(value);
    default:
        return String(value);
    }
}

// Fields people fill in: not those that programs make, nor what ties rows that were merged.
export function editable(table) {
    return table.fields.filter((f) => !['instant', 'id', 'raw'].includes(f.kind) && !f.tie);
}
// Tables whose rows hang on a row of `name`, with the field that says so.
export function related(name) {
    const found = [];
    for (const other of tables.values())
        for (const field of other.fields)
            if (field.kind === 'ref' && field.ref === name && !field.tie && !other.program_only) {
                found.push({ table: other, field });
                break;
            }
    return found;
}
// Is the row closed to changes by its state?
export function locked(table, row) {
    return Boolean(table.lock_field && (table.lock_code === '' ? row[table.lock_field] : row[table.lock_field] === table.lock_code));
}
