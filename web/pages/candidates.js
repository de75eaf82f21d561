// SPDX-License-Identifier: Apache-2.0
// Who may be here already of what one is about to enter. It warns, and keeps nobody from saving.
import { useEffect, useState } from 'preact/hooks';
import { get } from './api.js';
import { html } from './html.js';
import { addressOf } from './related.js';
import { showDay, tn } from './text.js';

const WAIT_MS = 250; // after the last key

export function Candidates({ table, values, only }) {
    const [found, setFound] = useState([]);
    const asked = Object.fromEntries(only.filter((name) => values[name]).map((name) => [name, values[name]]));
    const words = new URLSearchParams(asked).toString();
    useEffect(() => {
        let current = true;
        const timer = setTimeout(async () => {
            try {
                const told = words ? await get(`/api/candidates/${table}?${words}`) : [];
                if (current) setFound(told);
            } catch {
                if (current) setFound([]); // half a date is no question
            }
        }, WAIT_MS);
        return () => {
            current = false;
            clearTimeout(timer);
        };
    }, [words]);
    return html`<div class="maybe" role="status">${found.length > 0 && html`<p><strong>${tn('Déjà ici ? {0} dossier ressemble :', 'Déjà ici ? {0} dossiers ressemblent :', found.length)}</strong></p>
        <ul class="rows">${found.map((one) => html`<li key=${one.row.id}><a href=${addressOf(table, one.row.id)}>${one.title}</a>
            <span class="details">${[showDay(one.row.birth_date), one.row.city, one.text].filter(Boolean).join(' · ')}</span></li>`)}</ul>`}</div>`;
}
