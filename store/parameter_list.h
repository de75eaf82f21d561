/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of parameters; for parameter.h only. */
#ifndef STORE_PARAMETER_LIST_H
#define STORE_PARAMETER_LIST_H

#include "proto/err.h"

/* X(NAME, key, kind, max, fallback, unit, basis, legal, label). A key never changes its
 * meaning; what is legal waits for a jurist and stays a parameter. */
#define PARAMETER_LIST(X)                                                                      \
    /* devices and looking */                                                                  \
    X(LEASE_DAYS, "lease_days", NUMBER, 3650, "30", N_("jours"), N_("usage"), false,           \
      N_("Un appareil sans contact se verrouille après (0 : jamais)"))                         \
    X(ACCESS_ALERT, "access_alert", NUMBER, 1000000, "50", N_("dossiers par jour"),            \
      N_("usage"), false, N_("Alerte quand un agent en ouvre davantage"))                      \
    X(ACCESS_MONTHS, "access_months", NUMBER, 600, "24", N_("mois"), N_("RGPD, art. 5"), true, \
      N_("L'ouverture d'un dossier reste notée (0 : toujours)"))                               \
    X(ACCESS_KEPT_FROM, "access_kept_from", NUMBER, 99991231, "0", N_("AAAAMMJJ"),             \
      N_("RGPD, art. 5"), false,                                                               \
      N_("Les ouvertures d'avant sont effacées (tenu par le serveur)"))                        \
    X(JOBCOACH_SEES, "jobcoach_sees", WORDS, 40, "caseload", "", N_("usage"), false,           \
      N_("Ce qu'un jobcoach voit : caseload ou structure"))                                    \
    X(SILENT_DAYS, "silent_days", NUMBER, 3650, "7", N_("jours"), N_("usage"), false,          \
      N_("Un appareil est silencieux après"))                                                  \
    X(REPLICA_MONTHS, "replica_months", NUMBER, 600, "24", N_("mois"), N_("RGPD, art. 5"),     \
      false, N_("Ce qu'un appareil garde"))                                                    \
    X(EMPLOYER_MONTHS, "employer_months", NUMBER, 600, "24", N_("mois"), N_("RGPD, art. 5"),   \
      false, N_("Un gestionnaire voit le dossier après la fin du contrat"))                    \
    /* follow-up in employment */                                                              \
    X(FOLLOWUP_POINTS, "followup_points", WORDS, 100, "M1 M3 M6", "", N_("usage"), false,      \
      N_("Points d'emploi d'un contrat (W : semaines, M : mois)"))                             \
    X(FOLLOWUP_DAYS, "followup_days", NUMBER, 365, "15", N_("jours"), N_("usage"), false,      \
      N_("Un point compte autour de son échéance, à"))                                         \
    X(FOLLOWUP_MONTHS, "followup_months", NUMBER, 60, "6", N_("mois"), N_("usage"), false,     \
      N_("Durée du suivi dans l'emploi"))                                                      \
    X(FOLLOWUP_PHASE, "followup_phase", WORDS, 40, "JC5", "", N_("usage"), false,              \
      N_("Phase qu'un contrat ouvre (code réseau ; none : aucune)"))                           \
    X(EXCLUSIVE_STATUS, "exclusive_status", WORDS, 200, "RIS ERIS DEI_paid DEI_unpaid", "",    \
      N_("usage"), false, N_("Situations administratives qui s'excluent"))                     \
    X(JOB_GAP_DAYS, "job_gap_days", NUMBER, 365, "14", N_("jours"), N_("usage"), false,        \
      N_("Deux emplois n'en font qu'un quand l'interruption ne dépasse pas"))                  \
    X(CONTRACT_END_DAYS, "contract_end_days", NUMBER, 3650, "56", N_("jours"), N_("usage"),    \
      false, N_("Rappel avant la fin d'un contrat"))                                           \
    X(ART60_PLAN_MONTHS, "art60_plan_months", NUMBER, 60, "3", N_("mois"), N_("usage"), false, \
      N_("Plan de sortie d'un Article 60, avant la fin"))                                      \
    /* deadlines */                                                                            \
    X(REMINDERS, "reminders", WORDS, 40, "180 90 30 7", N_("jours"), N_("usage"), false,       \
      N_("Rappels avant une échéance"))                                                        \
    X(AGREEMENT_REVIEW_MONTHS, "agreement_review_months", NUMBER, 12, "3", N_("mois"),         \
      N_("Loi du 26 mai 2002"), true, N_("Évaluation d'un PIIS, tous les"))                    \
    X(AGREEMENT_SIGN_MONTHS, "agreement_sign_months", NUMBER, 60, "3", N_("mois"),             \
      N_("Loi du 26 mai 2002"), true, N_("Un PIIS se signe dans les"))                         \
    X(ENTRY_AGREEMENT_DAYS, "entry_agreement_days", NUMBER, 3650, "60", N_("jours"),           \
      N_("usage"), false, N_("De l'entrée à la convention, au plus"))                          \
    X(REFERRAL_ANSWER_DAYS, "referral_answer_days", NUMBER, 3650, "30", N_("jours"),           \
      N_("usage"), false, N_("Une passerelle est répondue dans les"))                          \
    X(REFERRAL_SENDER_MONTHS, "referral_sender_months", NUMBER, 60, "6", N_("mois"),           \
      N_("RGPD, art. 5"), false, N_("Qui a envoyé une passerelle voit la suite pendant"))      \
    X(REFERRAL_ERASE_DAYS, "referral_erase_days", NUMBER, 3650, "90", N_("jours"),             \
      N_("RGPD, art. 5"), false, N_("Une passerelle refusée est effacée après"))               \
    X(FIRST_SESSION_DAYS, "first_session_days", NUMBER, 3650, "30", N_("jours"), N_("usage"),  \
      false, N_("De la passerelle à la première séance, au plus"))                             \
    X(RESOURCE_CHECK_DAYS, "resource_check_days", NUMBER, 3650, "180", N_("jours"),            \
      N_("usage"), false, N_("Une fiche se vérifie tous les"))                                 \
    X(INTERNSHIP_DAYS_MIN, "internship_days_min", NUMBER, 365, "5", N_("jours ouvrables"),     \
      N_("Décret MIRE"), false, N_("Un stage dure au moins"))                                  \
    X(INTERNSHIP_DAYS_MAX, "internship_days_max", NUMBER, 365, "10", N_("jours ouvrables"),    \
      N_("Décret MIRE"), false, N_("Un stage dure au plus"))                                   \
    X(INTERNSHIP_HIRE_DAYS, "internship_hire_days", NUMBER, 3650, "60", N_("jours"),           \
      N_("usage"), false, N_("Un contrat suit un stage dans les"))                             \
    /* accreditations and social economy */                                                    \
    X(ACCREDITATION_FIRST_MONTHS, "accreditation_first_months", NUMBER, 600, "24", N_("mois"), \
      N_("Décret EI"), true, N_("Premier agrément d'une EI"))                                  \
    X(ACCREDITATION_NEXT_MONTHS, "accreditation_next_months", NUMBER, 600, "48", N_("mois"),   \
      N_("Décret EI"), true, N_("Deuxième agrément d'une EI"))                                 \
    X(ACTIVITY_REPORT_DAY, "activity_report_day", NUMBER, 1231, "715", N_("mois et jour"),     \
      N_("Décret EI"), true, N_("Rapport d'activité, l'année suivante, le"))                   \
    X(IDESS_RENEWAL_FIRST_DAYS, "idess_renewal_first_days", NUMBER, 3650, "240", N_("jours"),  \
      N_("Décret IDESS"), true, N_("Renouvellement IDESS, avant la fin, dès"))                 \
    X(IDESS_RENEWAL_LAST_DAYS, "idess_renewal_last_days", NUMBER, 3650, "180", N_("jours"),    \
      N_("Décret IDESS"), true, N_("Renouvellement IDESS, avant la fin, au plus tard"))        \
    X(EI_RATIO_PERCENT, "ei_ratio_percent", NUMBER, 100, "50", N_("%"), N_("Décret EI"), true, \
      N_("Part de TD et TGD dans une EI, au moins"))                                           \
    X(EI_RATIO_MONTHS, "ei_ratio_months", NUMBER, 600, "48", N_("mois"), N_("Décret EI"),      \
      true, N_("… atteinte après l'agrément dans les"))                                        \
    X(EI_VOLUME_MONTHS, "ei_volume_months", NUMBER, 600, "36", N_("mois"), N_("Décret EI"),    \
      true, N_("Volume d'emploi maintenu pendant"))                                            \
    X(SIEG_BANDS, "sieg_bands", WORDS, 200, "8:25000 26:50000 45:75000 60:100000",             \
      N_("TD et TGD : euros"), N_("Décret SIEG"), true,                                        \
      N_("Subsides SIEG (montants de 2012)"))                                                  \
    X(SIEG_ALERT, "sieg_alert", NUMBER, 1000, "2", N_("personnes"), N_("usage"), false,        \
      N_("Alerte autour d'un palier SIEG"))                                                    \
    /* indicators */                                                                           \
    X(MASK_BELOW, "masked_below", NUMBER, 1000000, "5", N_("personnes"), N_("RGPD, art. 5"),   \
      false, N_("Hors de la structure, un nombre est caché en dessous de"))                    \
    X(CASELOAD, "caseload", NUMBER, 1000, "20", N_("parcours"), N_("usage"), false,            \
      N_("Charge de référence par équivalent temps plein"))                                    \
    X(CONTACT_GAP_DAYS, "contact_gap_days", NUMBER, 3650, "30", N_("jours"), N_("usage"),      \
      false, N_("Sans contact depuis plus de"))                                                \
    X(QUALITY_MONTHS, "quality_months", NUMBER, 600, "6", N_("mois"), N_("Décret MIRE"), true, \
      N_("Un emploi est durable dès"))                                                         \
    X(QUALITY_HOURS, "quality_hours", NUMBER, 48, "19", N_("heures par semaine"),              \
      N_("Décret MIRE"), true, N_("Un emploi est de qualité dès"))                             \
    X(WELCOME_MONTHS, "welcome_months", NUMBER, 60, "2", N_("mois"), N_("Décret MIRE"), false, \
      N_("Phase L1, au plus"))                                                                 \
    X(JOBCOACHING_MONTHS, "jobcoaching_months", NUMBER, 600, "24", N_("mois"),                 \
      N_("Décret MIRE"), true, N_("Durée du jobcoaching, au plus"))                            \
    X(ESF_AGES, "esf_ages", WORDS, 40, "18 30 55", N_("ans"), N_("Règlement FSE+"), true,      \
      N_("Tranches d'âge du FSE, dès"))                                                        \
    X(DRAFT_DAYS, "draft_days", NUMBER, 3650, "7", N_("jours"), N_("usage"), false,            \
      N_("Un brouillon est vieux après"))                                                      \
    X(CONFLICT_DAYS, "conflict_days", NUMBER, 3650, "7", N_("jours"), N_("usage"), false,      \
      N_("Un conflit attend trop après"))                                                      \
    /* keeping and giving out */                                                               \
    X(RETENTION_NOTICE_DAYS, "retention_notice_days", NUMBER, 3650, "30", N_("jours"),         \
      N_("RGPD, art. 5"), true, N_("Avis avant la fin de conservation"))                       \
    X(REQUEST_DAYS, "request_days", NUMBER, 365, "30", N_("jours"), N_("RGPD, art. 12"), true, \
      N_("Une demande de la personne est répondue dans les"))                                  \
    X(EXPORT_DAYS, "export_days", NUMBER, 365, "2", N_("jours"), N_("RGPD, art. 5"), false,    \
      N_("Le lien d'un export expire après"))                                                  \
    X(DOCUMENT_MIB, "document_mib", NUMBER, 50, "50", N_("Mio"), N_("usage"), false,           \
      N_("Un document a au plus"))

#endif
