// SPDX-License-Identifier: Apache-2.0
// Help without a network: one page a task, and what the support needs to know, without a word
// about anybody.
import { useEffect, useState } from 'preact/hooks';
import { get, program } from './api.js';
import { html } from './html.js';
import { Icon } from './icons.js';
import { locale, showInstant, t } from './text.js';

const topics = () => [
    ['session', t('Écrire une séance'), [
        t('Ouvrez le dossier de la personne, puis « Nouvelle séance ».'),
        t("Écrivez : chaque champ est enregistré sur l'appareil pendant que vous tapez. Une coupure ne fait perdre, au pire, que la dernière seconde."),
        t('« Valider la séance » la verrouille ; des ajouts restent possibles.')]],
    ['group', t('Écrire une séance de groupe'), [
        t('Séances, puis « Séance de groupe ». Cochez qui est là ; « Reprendre » coche le groupe de la dernière fois.'),
        t('Chacun a sa durée et sa note, que les autres dossiers ne montrent pas.'),
        t("« Quelqu'un de nouveau » crée le dossier sur place.")]],
    ['offline', t('Travailler sans réseau'), [
        t("Tout fonctionne sans réseau, sauf l'envoi. La ligne sous le menu dit ce qui est sur cet appareil seulement."),
        t("Dès que le serveur répond, l'envoi reprend de lui-même. Rien n'est perdu entre-temps.")]],
    ['decide', t('Décider entre deux saisies'), [
        t('Quand deux personnes ont changé la même chose, les deux valeurs attendent dans « À décider ».'),
        t("Choisissez, mêlez ou gardez : ce qui est écarté reste dans l'historique, et une décision se reprend.")]],
    ['agenda', t('Imprimer ou emporter son agenda'), [
        t("La semaine s'imprime sur une page A4."),
        t('Le fichier pour un calendrier ne contient que des initiales, sauf si vous demandez les noms.')]],
    ['stick', t('Envoyer par clé USB'), [
        t('Sans aucun réseau : la commande « jalon bundle write FICHIER » écrit ce qui attend dans un fichier scellé, que seul le serveur sait lire.'),
        t('La réponse du serveur se lit avec « jalon bundle read FICHIER ».')]],
    ['lost', t('Appareil perdu ou volé'), [
        t("Appelez tout de suite votre coordination, d'un autre téléphone : elle retire l'appareil, et le serveur ne lui donne plus rien."),
        t("Elle peut aussi demander que les données y soient effacées au premier contact, et lire la liste des dossiers qu'il contenait."),
        t("Ce qui avait été envoyé est sur le serveur. Une nouvelle invitation, sur un autre appareil, ramène vos dossiers."),
        t('Notez la date et ce que vous aviez écrit depuis le dernier envoi : la coordination doit parfois prévenir les personnes.')]],
    ['new', t("Changer d'appareil"), [
        t('Demandez une invitation à votre coordination et tapez le code sur le nouvel appareil.'),
        t("Envoyez d'abord tout depuis l'ancien : la ligne doit dire « Tout est envoyé ».")]],
];

const yes = (value) => (value ? t('oui') : t('non'));

// Numbers and states only: no name, no structure, no address.
function report(status, settings) {
    const live = status.live;
    return [
        `Jalon ${program.version}`,
        `${t('Appareil n°')} ${status.example ? '—' : status.device || '—'}`,
        `${t('Inscrit')} : ${yes(status.enrolled && !status.example)}`,
        `${t('Dernier envoi complet')} : ${status.last_sync || t('jamais')}`,
        `${t('À envoyer')} : ${status.unsent} (+ ${status.documents_unsent})`,
        `${t('Complet')} : ${yes(status.complete)}`,
        `${t('Connexion')} : ${!live ? '—' : live.connected ? t('établie') : live.error || '—'}`,
        `${t('À décider')} : ${status.conflicts} / ${status.quarantined} / ${status.duplicates}`,
        `${t("Écart d'horloge")} : ${status.skew_ms} ms`,
        `${t('Données')} : ${settings.records_bytes} + ${settings.documents_bytes} ; ${t('libre')} : ${settings.free_bytes}`,
        `${t('Langue')} : ${locale()}`,
        `${t('Navigateur')} : ${navigator.userAgent}`,
    ].join('\n');
}

function Support({ status }) {
    const [settings, setSettings] = useState(null);
    const [said, setSaid] = useState('');
    useEffect(() => {
        get('/api/settings').then(setSettings).catch(() => {});
    }, []);
    if (!settings) return null;
    const text = report(status, settings);
    const copy = () => {
        const area = document.getElementById('support');
        area.select();
        // The older way: it works whatever the browser thinks of this address.
        setSaid(document.execCommand('copy') ? t('copié') : t('sélectionné : Ctrl+C le copie'));
    };
    return html`<section class="card"><h2>${t('Pour le support')}</h2>
        <dl class="facts"><div><dt>${t('Version')}</dt><dd>${program.version}</dd></div>
            <div><dt>${t('Appareil n°')}</dt><dd>${status.example ? '—' : status.device || '—'}</dd></div>
            <div><dt>${t('Dernier envoi complet')}</dt><dd>${showInstant(status.last_sync)}</dd></div></dl>
        <label for="support">${t('Des nombres et des états, sans rien sur personne')}</label>
        <textarea id="support" readonly rows="6" value=${text}></textarea>
        <p class="buttons"><button type="button" class="quiet" onClick=${copy}><${Icon} name="copy" />${t('Copier pour le support')}</button><span role="status">${said}</span></p></section>`;
}

export function Help({ parts, status }) {
    const [name] = parts;
    const found = topics().find(([one]) => one === name);
    if (found)
        return html`<div class="help"><p class="lead"><a href="#/help">${t('Aide')}</a></p><h1>${found[1]}</h1>
            <section class="card"><ol>${found[2].map((step) => html`<li key=${step}>${step}</li>`)}</ol></section></div>`;
    return html`<h1>${t('Aide')}</h1><div class="columns even">
        <section class="card"><h2>${t('Comment faire')}</h2><ul class="rows">${topics().map(([one, title]) => html`<li key=${one}><a href=${`#/help/${one}`}>${title}</a></li>`)}</ul></section>
        <${Support} status=${status} /></div>`;
}
