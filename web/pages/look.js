// SPDX-License-Identifier: Apache-2.0
// What pages of decisions share: a look at a route, a decision with its problem, values in words.
import { useEffect, useState } from 'preact/hooks';
import { get, listen, post } from './api.js';
import { html } from './html.js';
import { words } from './schema.js';
import { t } from './text.js';

// What a route gives, looked up again when something was saved or came in.
export function useLook(path) {
    const [told, setTold] = useState(null);
    const [problem, setProblem] = useState('');
    useEffect(() => {
        if (!path) return undefined;
        let current = true;
        const look = () => get(path).then((answer) => { if (current) { setTold(answer); setProblem(''); } }).catch((error) => current && setProblem(error.message));
        look();
        const stop = listen((what) => (what === 'saved' || what === 'synced') && look());
        return () => {
            current = false;
            stop();
        };
    }, [path]);
    return { told, problem };
}

// Run a decision; what goes wrong is said beside its buttons.
export function useDecision() {
    const [problem, setProblem] = useState('');
    const decide = async (path, body) => {
        try {
            const told = await post(path, body);
            setProblem('');
            return told;
        } catch (error) {
            setProblem(error.message);
            return null;
        }
    };
    return { problem, decide };
}

// Titles of the rows these values refer to.
export function useTitles(table, ...sides) {
    const [names, setNames] = useState({});
    const wanted = [];
    for (const side of sides)
        for (const [name, value] of Object.entries(side || {})) {
            const field = table?.field.get(name);
            if (field?.kind === 'ref' && value) wanted.push([field.ref, value]);
        }
    useEffect(() => {
        let current = true;
        Promise.all(wanted.map(([ref, id]) => get(`/api/row/${ref}/${id}`).then((one) => [id, one.title]).catch(() => [id, t("une fiche qui n'est pas ici")])))
            .then((found) => current && setNames(Object.fromEntries(found)));
        return () => {
            current = false;
        };
    }, [wanted.join()]);
    return names;
}

export function Values({ table, values, names = {} }) {
    return html`<dl class="values">${Object.keys(values || {}).map((name) => {
        const field = table?.field.get(name);
        const said = name === 'deleted' ? (values[name] ? t('oui') : t('non')) : field ? words(field, values[name], names) : String(values[name]);
        return html`<div key=${name}><dt>${field ? field.label : name === 'deleted' ? t('Supprimée') : name}</dt><dd>${said || t('(vide)')}</dd></div>`;
    })}</dl>`;
}
