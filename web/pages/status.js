// SPDX-License-Identifier: Apache-2.0
// The status line: where the work is, said only when it is true. Word and shape, not colour alone.
import { useEffect, useState } from 'preact/hooks';
import { get, listen, onSaving, post } from './api.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { showInstant, t, tn } from './text.js';

export function useStatus(first) {
    const [status, setStatus] = useState(first);
    useEffect(() => {
        let current = true;
        const load = () => get('/api/status').then((s) => current && setStatus(s)).catch(() => current && setStatus({ gone: true }));
        load();
        const stop = listen((what) => (what === 'gone' ? setStatus({ gone: true }) : load()));
        return () => {
            current = false;
            stop();
        };
    }, []);
    return status;
}

const causes = () => ({
    OFFLINE: t('serveur injoignable'), TIMEOUT: t('le serveur ne répond plus'), CLOSED: t('la connexion a été coupée'),
    LATER: t('le serveur demande de revenir plus tard'), REVOKED: t('le serveur a retiré cet appareil'),
    IDENTITY: t("ce n'est pas le serveur attendu"), REFUSED: t('refusé'), VERSION: t('version incompatible'),
    PROTOCOL: t('le serveur ne parle pas comme prévu'), FULL: t('disque plein'), NOMEM: t('plus assez de mémoire'),
    IO: t('lecture ou écriture impossible'), CORRUPT: t('données abîmées'), FORK: t('ces données sont une copie ou une image ancienne'),
});
const remedies = () => ({
    OFFLINE: t("l'envoi reprendra seul dès que le réseau revient"), REVOKED: t('demandez une nouvelle invitation à votre coordination'),
    IDENTITY: t('prévenez votre coordination'), REFUSED: t('prévenez votre coordination'), VERSION: t('mettez Jalon à jour sur cet appareil'),
    FULL: t('libérez de la place sur le disque'),
});

// {state, text, more}: ok, wait (on this device only), stop (cannot send).
export function honest(s) {
    if (s.gone) return { state: 'stop', text: t('Jalon est fermé sur cet appareil'), more: t("rien n'est perdu ; rouvrez-le pour continuer") };
    const here = s.unsent + s.documents_unsent;
    const count = tn('{0} modification sur cet appareil seulement', '{0} modifications sur cet appareil seulement', here);
    const last = t('dernier envoi complet : {0}', showInstant(s.last_sync));
    if (s.example) return { state: 'wait', text: t("Données d'exemple"), more: t('rien ne part vers un serveur ; vous pouvez tout essayer') };
    if (!s.enrolled) return { state: 'stop', text: t("Cet appareil n'est pas encore inscrit"), more: t('il vous faut une invitation de votre coordination') };
    const error = s.live && !s.live.connected ? s.live.error : null;
    const next = (error && remedies()[error]) || t("l'envoi sera retenté de lui-même");
    if (here > 0 && (error || (s.live && s.live.stuck)))
        return { state: 'stop', text: t('Envoi impossible : {0}', (error && causes()[error]) || t('rien ne part vers le serveur')), more: t("{0} ; rien n'est perdu ; {1}", count, next) };
    if (here > 0) return { state: 'wait', text: count, more: s.live && s.live.connected ? t('envoi en cours') : t("l'envoi suivra dès que le serveur répondra") };
    if (!s.last_sync || !s.complete) return { state: 'wait', text: t('Réplique incomplète'), more: t('tous les dossiers ne sont pas encore arrivés ; les saisies sont possibles') };
    return { state: 'ok', text: t('Tout est envoyé'), more: error ? t('{0} ; hors ligne : {1}', last, causes()[error] || error) : last };
}

async function leaveExample() {
    await post('/api/example', { on: false });
    location.assign('#/');
    location.reload();
}

const shapes = { ok: '✓', wait: '◐', stop: '▲' };

// What is being saved is not on the server, whatever the last answer said: until there is one of
// after the save. A state of the line alone, so that no page is drawn anew under a finger.
function useSaves(status) {
    const [saving, setSaving] = useState(false);
    const [after, setAfter] = useState(null);
    useEffect(() => setAfter(null), [status]);
    useEffect(() => {
        let saves = 0;
        let asked = 0;
        const end = (mine, s) => {
            if (mine !== asked) return;
            setAfter(s);
            setSaving(false);
        };
        return onSaving((begins) => {
            const mine = ++asked;
            saves += begins ? 1 : -1;
            if (begins) setSaving(true);
            else if (saves === 0) get('/api/status').then((s) => end(mine, s), () => end(mine, null));
        });
    }, []);
    const known = after || status;
    return saving && known && !known.gone ? { ...known, unsent: known.unsent + 1 } : known;
}

export function StatusLine({ status: told }) {
    const status = useSaves(told);
    if (!status) return html`<p class="status" role="status"> </p>`;
    const { state, text, more } = honest(status);
    return html`<div class=${`status ${state}`}><p role="status"><span class="shape" aria-hidden="true">${shapes[state]}</span>
        <strong>${text}</strong> <span class="more">${more}</span></p>
        ${status.example && html`<button type="button" class="quiet" onClick=${leaveExample}>${t('Retirer les exemples')}</button>`}
        ${status.enrolled && !status.example && status.live && html`<button type="button" class="quiet" onClick=${() => post('/api/sync', {}).catch(() => {})}><${Icon} name="sync" /><span>${t('Synchroniser')}</span></button>`}</div>`;
}
