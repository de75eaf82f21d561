// SPDX-License-Identifier: Apache-2.0
// What people call the codes of the declaration, where the network's own lists say nothing.
import { t } from './text.js';

const known = () => ({
    individual: t('Entretien individuel'), group: t('Séance de groupe'), company_visit: t('Visite en entreprise'),
    tripartite: t('Entretien tripartite'), phone: t('Téléphone'), video: t('Visioconférence'), message: t('Message'),
    prospecting: t('Prospection'), accompanied_step: t('Démarche accompagnée'), handover: t('Passage de relais'),
    job_day: t("Journée de l'emploi"), intervision: t('Intervision'), network_meeting: t('Réunion de réseau'),
    draft: t('Brouillon'), validated: t('Validée'), planned: t('Prévu'), in_progress: t('En cours'), done: t('Fait'),
    dropped: t('Abandonné'), open: t('Ouvert'), suspended: t('Suspendu'), closed: t('Clos'), filled: t('Pourvu'),
    F: t('Femme'), M: t('Homme'), X: t('Autre genre'), unknown: t('Inconnu'), other: t('Autre'), none: t('Aucun'),
    fr: t('Français'), nl: t('Néerlandais'), de: t('Allemand'), en: t('Anglais'), BE: t('Belge'), EU: t('Union européenne'),
    present: t('Présent'), excused: t('Excusé'), absent: t('Absent'), postponed: t('Reporté'),
    cancelled_by_structure: t('Annulé par la structure'), email: t('Courriel'), low: t('Faible'), medium: t('Moyen'),
    high: t('Élevé'), person: t('La personne'), jobcoach: t('Jobcoach'), manager: t('Responsable'),
    coordinator: t('Coordination'), admin: t('Administration'), third: t('Un tiers'), offer: t('Offre'),
    internship: t('Stage'), referent: t('Référent'), co_referent: t('Co-référent'), facilitator: t('Facilitateur'),
    tutor: t('Tuteur'), mentor: t('Mentor'), substitute: t('Remplaçant'), pending: t('En attente'),
    accepted: t('Acceptée'), refused: t('Refusée'), expired: t('Expirée'), withdrawn: t('Retirée'), ended: t('Terminée'),
    facts: t('Les faits'), facts_notes: t('Les faits et les notes'), signed: t('Signé'), oral_noted: t('Oral, noté'),
    housing: t('Logement'), employment: t('Emploi'), training: t('Formation'), administration: t('Administratif'),
    money: t('Budget'), mobility: t('Mobilité'), health: t('Santé'), family_care: t('Famille et garde'),
    language: t('Langue'), digital: t('Numérique'), skills_acquired: t('Compétences acquises'),
    skills_latent: t('Compétences à révéler'), aspirations: t('Aspirations'), justice: t('Justice'),
    information: t('Information'), share_structure: t('Partage avec une structure'), testimonial: t('Témoignage'),
    photo: t('Photo'), esf: t('Fonds social européen'), recontact_6_months: t('Recontact à 6 mois'),
    same: t('Le même'), no: t('Non'), hired: t('Engagé'), other_internship: t('Un autre stage'),
    agreement: t('Convention'), contract: t('Contrat'), certificate: t('Attestation'), proof: t('Preuve'), letter: t('Lettre'),
    job_seeker: t("Demandeur d'emploi"), young_in_training: t('Jeune en formation'), worker: t('Travailleur'),
    inside_EI: t("Dans l'EI"), classic: t('Emploi classique'), self_employed: t('Indépendant'),
    jobcoaching: t('Jobcoaching'), hybrid: t('Mixte'), firm: t('Entreprise'), federation: t('Fédération'),
});

export function codeWords(code) {
    const all = known();
    return Object.hasOwn(all, code) ? all[code] : '';
}
