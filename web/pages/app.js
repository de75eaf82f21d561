// SPDX-License-Identifier: Apache-2.0
// The shell: coming in, the status line, the way from one page to the other.
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { connect, enter, get } from './api.js';
import { html } from './html.js';
import { Inbox } from './inbox.js';
import { Person } from './person.js';
import { Persons } from './persons.js';
import { Everything, RowPage, TablePage } from './rowpage.js';
import { loadSchema } from './schema.js';
import { Session, Sessions } from './session.js';
import { StatusLine, useStatus } from './status.js';
import { setLanguage, t } from './text.js';
import { Today } from './today.js';

const go = (address) => {
    location.hash = address;
};

const pages = [
    [/^(?:#\/?)?$/, Today],
    [/^#\/persons$/, Persons],
    [/^#\/person\/([0-9a-f-]{36})$/, Person],
    [/^#\/sessions$/, Sessions],
    [/^#\/session\/(new)(?:\/([0-9a-f-]{36}))?$/, Session],
    [/^#\/session\/([0-9a-f-]{36})$/, Session],
    [/^#\/inbox$/, Inbox],
    [/^#\/lists$/, Everything],
    [/^#\/table\/([a-z_]+)$/, TablePage],
    [/^#\/row\/([a-z_]+)\/([0-9a-f-]{36})$/, RowPage],
];
function pageOf(hash) {
    for (const [pattern, Page] of pages) {
        const found = hash.match(pattern);
        if (found) return { Page, parts: found.slice(1) };
    }
    return { Page: Today, parts: [] };
}

function Shell() {
    const [hash, setHash] = useState(location.hash);
    const status = useStatus();
    useEffect(() => {
        const on = () => {
            setHash(location.hash);
            document.querySelector('main')?.focus();
            scrollTo(0, 0);
        };
        addEventListener('hashchange', on);
        return () => removeEventListener('hashchange', on);
    }, []);
    const { Page, parts } = pageOf(hash);
    const waiting = status && !status.gone ? status.conflicts + status.quarantined + status.duplicates : 0;
    const here = (start) => (hash.startsWith(start) ? 'page' : undefined);
    return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.querySelector('main').focus(); }}>${t('Aller au contenu')}</a>
        <header><a class="brand" href="#/"><img src="/icon.svg" alt="" width="24" height="24" /> Jalon</a>
            <nav aria-label=${t('Pages')}>
                <a href="#/" aria-current=${hash === '' || hash === '#/' ? 'page' : undefined}>${t("Aujourd'hui")}</a>
                <a href="#/persons" aria-current=${here('#/person')}>${t('Personnes')}</a>
                <a href="#/sessions" aria-current=${here('#/session')}>${t('Séances')}</a>
                <a href="#/table/company" aria-current=${here('#/table/company')}>${t('Entreprises')}</a>
                <a href="#/inbox" aria-current=${here('#/inbox')}>${t('À décider')}${waiting > 0 ? html` <span class="count">${waiting}</span>` : ''}</a>
                <a href="#/lists" aria-current=${here('#/lists')}>${t('Listes')}</a></nav></header>
        <${StatusLine} status=${status} />
        <main id="main" tabindex="-1"><${Page} key=${hash} go=${go} parts=${parts} status=${status} /></main>`;
}

async function start() {
    const root = document.getElementById('app');
    try {
        const language = await enter();
        if (language !== 'fr') setLanguage(language, await get(`/i18n/${language}.json`));
        await loadSchema();
    } catch (error) {
        const text = error.status === 401
            ? t("Cette adresse ne sert qu'une fois. Ouvrez Jalon à nouveau : l'icône du bureau, ou la commande « jalon ui ».")
            : error.message;
        render(html`<main class="plain"><h1>Jalon</h1><p>${text}</p></main>`, root);
        return;
    }
    connect();
    render(html`<${Shell} />`, root);
}
start();
