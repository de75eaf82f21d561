// SPDX-License-Identifier: Apache-2.0
// The first page on a device that belongs to nobody yet: an invitation, or fictitious dossiers.
import { useEffect, useRef, useState } from 'preact/hooks';
import { post } from './api.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { t } from './text.js';

const CODE_BYTES_MAX = 4096; // a file that is longer holds no code

const picture = () => import('/picture.js');

// What is wrong with the code, and whom to ask.
function trouble(error) {
    const whom = t('Demandez une nouvelle invitation à la personne qui vous a donné celle-ci, ou à votre coordination.');
    switch (error.code) {
    case 'INVALID':
    case 'LIMIT':
        return { what: t("Ce n'est pas un code complet : {0}.", error.message), then: t("Relisez-le en entier. S'il ne passe toujours pas : {0}", whom) };
    case 'REFUSED':
        return { what: t('Le serveur ne connaît pas (ou plus) ce code : une invitation vaut trois jours, et une seule fois.'), then: whom };
    case 'EXISTS':
        return { what: t('Ce code a déjà servi pour un autre appareil.'), then: whom };
    case 'IDENTITY':
        return { what: t("Le serveur qui répond n'est pas celui de l'invitation."), then: t("Rien n'a été envoyé. N'insistez pas et prévenez votre coordination.") };
    case 'OFFLINE':
    case 'TIMEOUT':
    case 'CLOSED':
    case 'LATER':
        return { what: t('Le serveur ne répond pas : {0}.', error.message), then: t('Vérifiez votre connexion et recommencez : le code reste bon.') };
    default:
        return { what: error.message, then: whom };
    }
}

function Invitation({ done, back }) {
    const [code, setCode] = useState('');
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const [filming, setFilming] = useState(null);
    const field = useRef(null);
    useEffect(() => field.current?.focus(), []);
    const submit = async (event) => {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        try {
            const told = await post('/api/enrol', { code });
            done(t('Bienvenue dans « {0} », {1}.', told.network, told.staff));
        } catch (error) {
            setProblem(trouble(error));
            setBusy(false);
            field.current?.focus();
        }
    };
    const read = async (event) => {
        const file = event.target.files[0];
        if (!file) return;
        event.target.value = ''; // the same one may be chosen again
        const text = file.type.startsWith('image/') ? await (await picture()).readPicture(file) : file.size > CODE_BYTES_MAX ? '' : (await file.text()).trim();
        take(text, file.type.startsWith('image/') ? t("Rapprochez-vous, de face et sans reflet, ou tapez les lettres imprimées à côté.") : t('Choisissez la photo du code QR, ou le fichier qui contient les lettres.'));
    };
    const take = (text, advice) => {
        if (text) setCode(text);
        setProblem(text ? null : { what: t("Pas de code d'invitation à cet endroit."), then: advice });
        field.current?.focus();
    };
    const film = async () => {
        const stop = new AbortController();
        setFilming(stop);
        setProblem(null);
        try {
            const text = await (await picture()).readCamera(video.current, stop.signal);
            if (text) take(text, '');
        } catch {
            setProblem({ what: t("La caméra ne s'ouvre pas."), then: t('Permettez-la dans le navigateur, ou tapez les lettres imprimées à côté du code.') });
        } finally {
            setFilming(null);
        }
    };
    const video = useRef(null);
    const filmed = useRef(null);
    filmed.current = filming;
    useEffect(() => () => filmed.current?.abort(), []);
    return html`<form onSubmit=${submit} noValidate>
        <label for="code">${t("Code d'invitation")}</label>
        <textarea id="code" ref=${field} rows="4" class="code" spellcheck="false" autocomplete="off" autocapitalize="characters" aria-describedby="code-note"
            aria-invalid=${problem ? 'true' : undefined} value=${code} onInput=${(e) => setCode(e.target.value)}></textarea>
        <p class="note" id="code-note">${t("Majuscules ou minuscules, espaces, O ou 0, I ou 1 : c'est égal.")}</p>
        <div class="problem-box" role="alert">${problem && html`<p class="problem">${problem.what}</p><p>${problem.then}</p>`}</div>
        <p class="buttons"><button type="submit" disabled=${busy || code.trim() === ''}>${busy ? t('Un instant…') : t('Inscrire cet appareil')}</button>
            <label class="button quiet"><input type="file" class="hidden" accept=".txt,text/plain,image/*" onChange=${read} /><${Icon} name="file" />${t('Lire une photo ou un fichier…')}</label>
            ${navigator.mediaDevices && html`<button type="button" class="quiet" onClick=${() => (filming ? filming.abort() : film())}>${filming ? t('Fermer la caméra') : t('Montrer le code à la caméra')}</button>`}
            <button type="button" class="quiet" onClick=${back}>${t('Retour')}</button></p>
        <video ref=${video} class="film" hidden=${!filming} muted playsinline aria-label=${t('Image de la caméra')}></video>
    </form>`;
}

export function Welcome({ done }) {
    const [typing, setTyping] = useState(false);
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState('');
    const example = async () => {
        setBusy(true);
        try {
            await post('/api/example', { on: true });
            location.assign('#/');
            location.reload();
        } catch (error) {
            setProblem(error.message);
            setBusy(false);
        }
    };
    return html`<div class="welcome"><h1><img src="/icon.svg" alt="" width="40" height="40" /> ${t('Bienvenue dans Jalon')}</h1>
        <p class="lead">${t("Le suivi des jobcoaches, aussi sans réseau. Tout ce que vous écrivez est d'abord enregistré sur cet appareil.")}</p>
        ${typing ? html`<section class="card"><h2>${t("J'ai une invitation")}</h2><${Invitation} done=${done} back=${() => setTyping(false)} /></section>`
        : html`<div class="choices">
            <section class="card"><button type="button" class="big" onClick=${() => setTyping(true)}><${Icon} name="key" />${t("J'ai une invitation")}</button>
                <p>${t('Votre coordination vous a donné un code : il relie cet appareil au serveur de votre réseau.')}</p></section>
            <section class="card"><button type="button" class="big" disabled=${busy} onClick=${example}><${Icon} name="try" />${t("Essayer avec des données d'exemple")}</button>
                <p>${t('Neuf personnes fictives, marquées EXEMPLE. Elles ne quittent jamais cet appareil et se retirent en un clic.')}</p></section>
        </div>`}
        <p class="problem" role="alert">${problem}</p></div>`;
}
