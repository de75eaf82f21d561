// SPDX-License-Identifier: Apache-2.0
// How the pages are on this device, and what it holds.
import { useEffect, useState } from 'preact/hooks';
import { get, lock, post } from './api.js';
import { ErasuresWaiting } from './erasure.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { showInstant, showNumber, t, tn } from './text.js';

export function applyTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
}

const languages = [['fr', 'Français'], ['nl', 'Nederlands'], ['de', 'Deutsch'], ['en', 'English']];
const idles = [5, 10, 30, 60];
const MEGA = 1024 * 1024;
const size = (bytes) => t('{0} Mo', showNumber(Math.max(bytes > 0 ? 1 : 0, Math.round(bytes / MEGA))));

// What is taken of the disk by Jalon, by others, and what is left.
function Gauge({ settings: s }) {
    const ours = s.records_bytes + s.documents_bytes;
    return html`<section class="card"><h2>${t('Place sur cet appareil')}</h2>
        <meter class="gauge" min="0" max=${s.total_bytes} low=${0} high=${s.total_bytes * 0.9} optimum=${0} value=${s.total_bytes - s.free_bytes} aria-label=${t('Disque occupé')}></meter>
        <dl class="facts"><div><dt>${t('Dossiers')}</dt><dd>${size(s.records_bytes)}</dd></div>
            <div><dt>${t('Documents')}</dt><dd>${size(s.documents_bytes)}</dd></div>
            <div><dt>${t('Jalon en tout')}</dt><dd>${size(ours)}</dd></div>
            <div><dt>${t('Libre sur le disque')}</dt><dd>${size(s.free_bytes)}</dd></div></dl>
        ${s.free_bytes < s.total_bytes / 10 && html`<p class="waiting">${t("Le disque est presque plein : libérez de la place avant qu'il ne refuse d'écrire.")}</p>`}</section>`;
}

export function Settings({ status }) {
    const [settings, setSettings] = useState(null);
    const [problem, setProblem] = useState('');
    const [saved, setSaved] = useState('');
    useEffect(() => {
        get('/api/settings').then(setSettings).catch((error) => setProblem(error.message));
    }, []);
    const change = async (name, value) => {
        try {
            const now = await post('/api/settings', { set: { [name]: value } });
            setSettings(now);
            setProblem('');
            setSaved(name);
            if (name === 'theme') applyTheme(now.theme);
            if (name === 'language') location.reload();
        } catch (error) {
            setProblem(error.message);
        }
    };
    const mark = (name) => html` <span class="mark" aria-hidden="true">${saved === name ? '✓' : ''}</span>`;
    if (!settings) return html`<h1>${t('Réglages')}</h1><p class="problem" role="alert">${problem}</p>`;
    return html`<div class="page-head"><h1>${t('Réglages')}</h1><button type="button" class="quiet" onClick=${lock}><${Icon} name="lock" />${t('Verrouiller maintenant')}</button></div>
        <p class="problem" role="alert">${problem}</p>
        <div class="columns even"><div>
            <section class="card"><h2>${t('Affichage')}</h2><div class="fields">
                <div class="field"><label for="language">${t('Langue')}${mark('language')}</label>
                    <select id="language" value=${settings.language} onChange=${(e) => change('language', e.target.value)}><option value="">${t('celle du système')}</option>${languages.map(([code, name]) => html`<option key=${code} value=${code} lang=${code}>${name}</option>`)}</select></div>
                <div class="field"><label for="theme">${t('Thème')}${mark('theme')}</label>
                    <select id="theme" value=${settings.theme} onChange=${(e) => change('theme', e.target.value)}><option value="">${t('celui du système')}</option><option value="light">${t('clair')}</option><option value="dark">${t('sombre')}</option></select></div></div></section>
            <section class="card"><h2>${t('Cet appareil')}</h2>
                <div class="field"><label for="device_name">${t("Nom de l'appareil")}${mark('device_name')}</label>
                    <input id="device_name" type="text" maxlength="60" autocomplete="off" value=${settings.device_name} onChange=${(e) => change('device_name', e.target.value)} aria-describedby="device-note" />
                    <p class="note shown" id="device-note">${t("Pour vous y retrouver ; ce nom reste sur l'appareil.")}</p></div>
                <dl class="facts"><div><dt>${t('Réseau')}</dt><dd>${settings.network || t('aucun')}</dd></div>
                    <div><dt>${t('Appareil n°')}</dt><dd>${status.example || !status.device ? '—' : status.device}</dd></div>
                    <div><dt>${t('Dernier envoi complet')}</dt><dd>${showInstant(status.last_sync)}</dd></div></dl></section>
        </div><div>
            <section class="card"><h2>${t('Verrouillage')}</h2>
                <div class="field"><label for="idle">${t('Sans activité, verrouiller les pages après')}${mark('idle_min')}</label>
                    <select id="idle" value=${String(settings.idle_min)} onChange=${(e) => change('idle_min', e.target.value)}>${[...new Set([...idles, settings.idle_min])].filter(Boolean).sort((a, b) => a - b).map((n) => html`<option key=${n} value=${String(n)}>${tn('{0} minute', '{0} minutes', n)}</option>`)}<option value="0">${t('jamais')}</option></select></div>
                <p>${t("Les pages se rouvrent par l'icône de Jalon ou la commande « jalon ». C'est une protection contre les regards : qui peut ouvrir votre session sur cet ordinateur peut aussi rouvrir Jalon. Verrouillez l'écran quand vous partez, et faites chiffrer le disque.")}</p></section>
            <${Gauge} settings=${settings} />
            <${ErasuresWaiting} status=${status} />
        </div></div>`;
}
