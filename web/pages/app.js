// SPDX-License-Identifier: Apache-2.0
// The shell: coming in, the status line, the way from one page to the other.
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Agenda } from './agenda.js';
import { connect, enter, get } from './api.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { Help } from './help.js';
import { Inbox } from './inbox.js';
import { Locked, useLock } from './lock.js';
import { Person } from './person.js';
import { Persons } from './persons.js';
import { Everything, RowPage, TablePage } from './rowpage.js';
import { RefusedPage } from './refused.js';
import { loadSchema } from './schema.js';
import { Session, Sessions } from './session.js';
import { sheets } from './sheets.js';
import { applyTheme, Settings } from './settings.js';
import { StatusLine, useStatus } from './status.js';
import { setLanguage, t } from './text.js';
import { Welcome } from './welcome.js';
import { coordinates } from './team.js';
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
    [/^#\/agenda(?:\/(\d{4}-\d{2}-\d{2}))?$/, Agenda],
    [/^#\/inbox$/, Inbox],
    [/^#\/refused\/(\d+)\/(\d+)$/, RefusedPage],
    ...sheets,
    [/^#\/settings$/, Settings],
    [/^#\/help(?:\/([a-z]+))?$/, Help],
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

function Shell({ idleMin, first }) {
    const [hash, setHash] = useState(location.hash);
    const status = useStatus(first);
    useEffect(() => {
        const on = () => {
            setHash(location.hash);
            document.querySelector('main')?.focus();
            scrollTo(0, 0);
        };
        addEventListener('hashchange', on);
        return () => removeEventListener('hashchange', on);
    }, []);
    const [greeting, setGreeting] = useState('');
    const locked = useLock(idleMin);
    if (locked) return html`<${Locked} />`;
    if (!status) return null;
    if (!status.gone && !status.enrolled) return html`<main id="main" tabindex="-1"><${Welcome} done=${(text) => { setGreeting(text); go('#/'); }} /></main>`;
    const { Page, parts } = pageOf(hash);
    return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); document.querySelector('main').focus(); }}>${t('Aller au contenu')}</a>
        <header><a class="brand" href="#/"><img src="/icon.svg" alt="" width="24" height="24" /> Jalon</a>
            <nav aria-label=${t('Pages')}><${Links} hash=${hash} status=${status} /></nav>
            <nav class="side" aria-label=${t('Recherche, réglages et aide')}><${Sides} hash=${hash} /></nav></header>
        <${StatusLine} status=${status} />
        <main id="main" tabindex="-1">
            ${greeting && html`<p class="greeting" role="status"><strong>${greeting}</strong> ${t('Vos dossiers arrivent ; vous pouvez déjà travailler.')}
                <button type="button" class="quiet" onClick=${() => setGreeting('')}>${t('Fermer')}</button></p>`}
            <${Page} key=${hash} go=${go} parts=${parts} status=${status} /></main>`;
}

// The ways to the pages; a place of one's own shows where one is.
function Links({ hash, status }) {
    const waiting = status.gone ? 0 : status.conflicts + status.quarantined + status.duplicates;
    const link = (address, icon, text, on, count) => html`<a href=${address} aria-current=${on ? 'page' : undefined}><${Icon} name=${icon} />${text}${count > 0 ? html` <span class="count">${count}</span>` : ''}</a>`;
    const on = (...starts) => starts.some((start) => hash.startsWith(start));
    return html`${link('#/', 'today', t("Aujourd'hui"), hash === '' || hash === '#/')}
        ${link('#/agenda', 'agenda', t('Agenda'), on('#/agenda'))}
        ${link('#/persons', 'persons', t('Personnes'), on('#/person'))}
        ${coordinates(status) ? link('#/team', 'group', t('Équipe'), on('#/team')) : link('#/sessions', 'sessions', t('Séances'), on('#/session'))}
        ${link('#/table/company', 'companies', t('Entreprises'), on('#/table/company', '#/row/company'))}
        ${link('#/inbox', 'inbox', t('À décider'), on('#/inbox'), waiting)}
        ${link('#/reports', 'reports', t('Chiffres'), on('#/reports'))}
        ${link('#/lists', 'lists', t('Listes'), on('#/lists'))}`;
}

function Sides({ hash }) {
    return html`<a class="find" href="#/search" title=${t('Chercher')} aria-current=${hash.startsWith('#/search') ? 'page' : undefined}><${Icon} name="search" /><span>${t('Chercher')}</span></a>
        <a href="#/settings" title=${t('Réglages')} aria-current=${hash.startsWith('#/settings') ? 'page' : undefined}><${Icon} name="settings" /><span>${t('Réglages')}</span></a>
        <a href="#/help" title=${t('Aide')} aria-current=${hash.startsWith('#/help') ? 'page' : undefined}><${Icon} name="help" /><span>${t('Aide')}</span></a>`;
}

async function start() {
    const root = document.getElementById('app');
    let settings = { idle_min: 0 };
    let first = null; // status
    try {
        const language = await enter();
        connect(); // so early that its first word seldom finds a page to ask again
        const [catalogue, now] = await Promise.all([
            language === 'fr' ? null : get(`/i18n/${language}.json`), get('/api/settings'),
            get('/api/status').then((s) => { first = s; }, () => {}), loadSchema()]);
        if (catalogue) setLanguage(language, catalogue);
        settings = now;
        applyTheme(settings.theme);
    } catch (error) {
        const text = error.status === 401
            ? t("Cette adresse ne sert qu'une fois. Ouvrez Jalon à nouveau : l'icône du bureau, ou la commande « jalon ui ».")
            : error.message;
        render(html`<main class="plain"><h1>Jalon</h1><p>${text}</p></main>`, root);
        return;
    }
    render(html`<${Shell} idleMin=${settings.idle_min} first=${first} />`, root);
}
start();
