// SPDX-License-Identifier: Apache-2.0
// A person's dossier: who it is, what was done, what comes next.
import { RowForm, useRow } from './form.js';
import { History } from './history.js';
import { html } from './html.js';
import { Sent } from './list.js';
import { Related } from './related.js';
import { related, table as tableOf } from './schema.js';
import { t } from './text.js';

// First what is needed most; what is not named here follows.
const order = ['contact_point', 'pathway', 'contract', 'internship', 'attendance', 'consent', 'referral'];
const elsewhere = ['session', 'session_note', 'session_addendum'];

export function Person({ parts, go }) {
    const id = parts[0];
    const table = tableOf('person');
    const state = useRow('person', id);
    if (state.missing) return html`<h1>${t('Dossier')}</h1><p class="problem" role="alert">${state.missing}</p>`;
    if (!state.told) return null;
    const { row, unsent } = state.told;
    const name = [row.first_name, row.name].filter(Boolean).join(' ');
    const rest = related('person')
        .filter((one) => !elsewhere.includes(one.table.name))
        .sort((a, b) => (order.indexOf(a.table.name) + 1 || 99) - (order.indexOf(b.table.name) + 1 || 99));
    return html`<div class="page-head"><h1>${name || t('(sans titre)')}</h1><${Sent} unsent=${unsent} />
            <a class="button" href=${`#/session/new/${id}`}>${t('Nouvelle séance')}</a></div>
        <div class="columns"><div>
            <${Related} table="session" field="person" id=${id} heading=${t('Séances')} sort="date" make=${() => go(`#/session/new/${id}`)} />
            ${rest.filter((one) => one.table.name === 'pathway').map((one) => html`<${Related} key=${one.table.name} table=${one.table.name} field=${one.field.name} id=${id} />`)}
            <section class="card"><h2>${t('Identité')}</h2><${RowForm} state=${state} table=${table} /></section>
            <${History} table=${table} id=${id} />
        </div><div>
            ${rest.filter((one) => one.table.name !== 'pathway').map((one) => html`<${Related} key=${one.table.name} table=${one.table.name} field=${one.field.name} id=${id} />`)}
        </div></div>`;
}
