/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the facts of a dossier; for schema_tables.c only. */
#ifndef PROTO_SCHEMA_DOSSIER_H
#define PROTO_SCHEMA_DOSSIER_H

#include "proto/schema_codes.h"
#include "proto/schema_words.h"

/* ---- Dossier ---- */
static const struct field person_fields[] = {
    {FIELD_PERSON_NAME, "name", TEXT(80), REQ, TITLE, .label = N_("Nom")},
    {FIELD_PERSON_FIRST_NAME, "first_name", TEXT(80), REQ, TITLE, .label = N_("Prénom")},
    {FIELD_PERSON_BIRTH_DATE, "birth_date", DATE, .label = N_("Naissance")},
    {4, "gender", ENUM(gender), .label = N_("Genre")},
    ADDRESS(5),
    {9, "language", ENUM(language), .label = N_("Langue de contact")},
    {10, "nationality", ENUM(nationality), .label = N_("Nationalité (groupe)")},
    {11, "education", INT(0, 8), .label = N_("Niveau d'études (CITE)")},
    {12, "emergency", TEXT(160), .label = N_("Contact d'urgence")},
    {13, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("Structure")},
    {14, "merged_into", REF(TABLE_PERSON), REVIEW(ROLE_COORDINATOR), .tie = TIE_MERGED,
     .label = N_("Fusionné avec")},
};
static const struct field pathway_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "model", REF(TABLE_PATHWAY_MODEL), REQ, .label = N_("Modèle")},
    {3, "entry", DATE, REQ, TITLE, .label = N_("Entrée")},
    {4, "origin", REF(TABLE_STRUCTURE), .label = N_("Structure d'origine")},
    {5, "public", LIST(public), .label = N_("Public")},
    {6, "orientation", LIST(orientation), .label = N_("Orientation")},
    {7, "occupation", LIST(occupation), .label = N_("Métier visé")},
    {8, "autonomy", INT(1, 3), .label = N_("Autonomie")},
    {9, "method", LIST(method), .label = N_("Méthode")},
    {10, "project", REF(TABLE_PROJECT), .label = N_("Opération FSE")},
    {11, "state", LATTICE(pathway_state, "open<suspended<closed"), .label = N_("État")},
};
static const struct field step_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {2, "phase", REF(TABLE_PHASE), REQ, FROZEN, .label = N_("Phase")},
    PERIOD_ONCE(3, ROLE_COORDINATOR),
    {5, "reason", TEXT(200), FROZEN, .label = N_("Motif")},
    {6, "staff", REF(TABLE_STAFF), FROZEN, .label = N_("Agent")},
};
static const struct field assignment_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {2, "staff", REF(TABLE_STAFF), FROZEN, .label = N_("Agent")},
    {3, "external", TEXT(120), FROZEN, .label = N_("Intervenant extérieur")},
    {4, "role", ENUM(assignment_role), REQ, FROZEN, .label = N_("Rôle")},
    PERIOD_ONCE(5, ROLE_COORDINATOR),
};
static const struct field attendance_fields[] = {
    {1, "session", REF(TABLE_SESSION), REQ, FROZEN, .label = N_("Séance")},
    {2, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {3, "date", DATE, REQ, TITLE, .label = N_("Date")},
    {4, "status", LIST(attendance_status), REQ, .label = N_("Présence")},
    {5, "minutes", INT(0, 600), .label = N_("Durée")},
};
static const struct field agreement_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {2, "kind", LIST(agreement_kind), REQ, TITLE, .label = N_("Type")},
    {3, "parties", TEXT(400), REQ, .label = N_("Parties")},
    PERIOD(4),
    {6, "content", PROSE(20000), .label = N_("Engagements")},
    {7, "review_months", INT(1, 12), .label = N_("Évaluation (mois)")},
    {FIELD_AGREEMENT_DIGEST, "digest", TEXT(128), .label = N_("Empreinte")},
};
static const struct field contract_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "pathway", REF(TABLE_PATHWAY), .label = N_("Parcours")},
    {3, "position", REF(TABLE_POSITION), .label = N_("Poste")},
    {4, "employer_structure", REF(TABLE_STRUCTURE), GROUP(GROUP_EMPLOYER),
     .label = N_("Employeur (structure)")},
    {5, "employer_company", REF(TABLE_COMPANY), GROUP(GROUP_EMPLOYER),
     .label = N_("Employeur (entreprise)")},
    {6, "user_company", REF(TABLE_COMPANY), .label = N_("Utilisateur (Art. 60)")},
    {7, "kind", LIST(contract_kind), REQ, TITLE, .label = N_("Type")},
    {8, "occupation", LIST(occupation), .label = N_("Métier")},
    {9, "start", DATE, REQ, TITLE, .label = N_("Début")},
    {10, "hours_week", REAL(0, 48), .label = N_("Heures/sem.")},
    {11, "expected_end", DATE, GROUP(GROUP_END), REVIEW(ROLE_MANAGER | ROLE_COORDINATOR),
     .label = N_("Fin prévue")},
    {12, "actual_end", DATE, GROUP(GROUP_END), REVIEW(ROLE_MANAGER | ROLE_COORDINATOR),
     .label = N_("Fin réelle")},
    {13, "end_reason", LIST(end_reason), GROUP(GROUP_END),
     REVIEW(ROLE_MANAGER | ROLE_COORDINATOR), .label = N_("Motif de fin")},
};
static const struct field internship_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "company", REF(TABLE_COMPANY), REQ, .label = N_("Entreprise")},
    {3, "agreement", REF(TABLE_AGREEMENT), .label = N_("Convention")},
    PERIOD(4),
    {6, "occupation", LIST(occupation), .label = N_("Métier")},
    {7, "after", ENUM(internship_after), .label = N_("Suite")},
    {8, "company_score", INT(1, 5), .label = N_("Satisfaction (entreprise)")},
    {9, "person_score", INT(1, 5), .label = N_("Satisfaction (personne)")},
    {10, "company_view", PROSE(4000), .label = N_("Avis de l'entreprise")},
};
static const struct field job_followup_fields[] = {
    {1, "contract", REF(TABLE_CONTRACT), REQ, FROZEN, .label = N_("Contrat")},
    {2, "milestone", LIST(milestone), REQ, FROZEN, TITLE, .label = N_("Point")},
    {3, "date", DATE, REQ, FROZEN, TITLE, .label = N_("Date")},
    {4, "in_job", ENUM(in_job), REQ, FROZEN, .label = N_("En poste")},
    {5, "person_score", INT(1, 5), FROZEN, .label = N_("Satisfaction (personne)")},
    {6, "company_score", INT(1, 5), FROZEN, .label = N_("Satisfaction (entreprise)")},
    {7, "incident", BOOL, FROZEN, .label = N_("Incident")},
    {8, "mediation", BOOL, FROZEN, .label = N_("Médiation")},
    {9, "session", REF(TABLE_SESSION), FROZEN, .label = N_("Séance")},
};
static const struct field document_fields[] = {
    {1, "of_table", ENUM(document_table), REQ, FROZEN, .label = N_("Table")},
    {2, "of_row", .kind = KIND_ID, REQ, FROZEN, .label = N_("Fiche")},
    {3, "kind", LIST(document_kind), REQ, .label = N_("Type")},
    {4, "title", TEXT(160), TITLE, .label = N_("Titre")},
    {5, "sha256", EXACT(64), REQ, FROZEN, .label = N_("Empreinte SHA-256")},
    {6, "size", INT(0, 50 * 1024 * 1024), REQ, FROZEN, .label = N_("Taille (octets)")},
    {7, "mime", TEXT(80), REQ, FROZEN, .label = N_("Format")},
};
static const struct field contact_point_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "kind", ENUM(contact_kind), REQ, .label = N_("Type")},
    {3, "value", TEXT(120), REQ, TITLE, .label = N_("Numéro ou adresse")},
    {4, "note", TEXT(80), .label = N_("Note")},
};

static const struct field consent_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {FIELD_CONSENT_PURPOSE, "purpose", ENUM(consent_purpose), REQ, FROZEN, TITLE,
     .label = N_("Finalité")},
    {FIELD_CONSENT_RECIPIENT, "recipient", REF(TABLE_STRUCTURE), FROZEN,
     .label = N_("Structure destinataire")},
    {FIELD_CONSENT_SHARES, "shares", ENUM(shares), FROZEN, .label = N_("Ce qui est partagé")},
    {FIELD_CONSENT_GIVEN_ON, "given_on", DATE, REQ, FROZEN, TITLE, .label = N_("Donné le")},
    {FIELD_CONSENT_UNTIL, "until", DATE, FROZEN, .label = N_("Jusqu'au")},
    {FIELD_CONSENT_WITHDRAWN_ON, "withdrawn_on", DATE, ONCE(ROLE_COORDINATOR),
     .label = N_("Retiré le")},
    {8, "mode", ENUM(consent_mode), REQ, FROZEN, .label = N_("Forme")},
    {9, "document", REF(TABLE_DOCUMENT), FROZEN, .label = N_("Preuve")},
};
/* The five points of shared secrecy are asked each time, and kept. */
static const struct field referral_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {FIELD_REFERRAL_FROM, "from", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("De")},
    {FIELD_REFERRAL_TO, "to", REF(TABLE_STRUCTURE), REQ, FROZEN, .label = N_("Vers")},
    {FIELD_REFERRAL_STAFF, "staff", REF(TABLE_STAFF), FROZEN,
     .label = N_("Agent destinataire")},
    {FIELD_REFERRAL_CONSENT, "consent", REF(TABLE_CONSENT), REQ, FROZEN,
     .label = N_("Consentement")},
    {FIELD_REFERRAL_SHARES, "shares", ENUM(shares), REQ, FROZEN,
     .label = N_("Ce qui est partagé")},
    {FIELD_REFERRAL_INFORMED, "informed", BOOL, REQ, FROZEN, .label = N_("Personne informée")},
    {8, "agrees", BOOL, REQ, FROZEN, .label = N_("Personne d'accord")},
    {9, "bound", BOOL, REQ, FROZEN, .label = N_("Destinataire tenu au secret")},
    {10, "same_mission", BOOL, REQ, FROZEN, .label = N_("Même mission")},
    {FIELD_REFERRAL_NEEDED, "needed", BOOL, REQ, FROZEN, .label = N_("Strictement nécessaire")},
    {12, "reason", PROSE(2000), .label = N_("Motif")},
    {FIELD_REFERRAL_SENT_ON, "sent_on", DATE, REQ, FROZEN, TITLE, .label = N_("Envoyée le")},
    {FIELD_REFERRAL_ANSWER, "answer",
     LATTICE(referral_answer, "pending<accepted,refused,expired,withdrawn<ended"),
     .decider = ROLE_COORDINATOR, .label = N_("Réponse")},
    {FIELD_REFERRAL_REFUSAL, "refusal", LIST(refusal), .label = N_("Motif de refus")},
    {FIELD_REFERRAL_APPOINTMENT, "appointment", DATE, .label = N_("Rendez-vous")},
    {FIELD_REFERRAL_STARTED_ON, "started_on", DATE, .label = N_("Début effectif")},
    {18, "ended_on", DATE, .label = N_("Fin")},
    {19, "resource", REF(TABLE_RESOURCE), FROZEN, .label = N_("Fiche")},
};
/* list: licence, mobility, digital and what a network adds. */
static const struct field person_tag_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "list", TEXT(40), REQ, FROZEN, TITLE, .label = N_("Liste")},
    {3, "code", LIST_OF(2), REQ, FROZEN, TITLE, .label = N_("Code")},
};
static const struct field person_language_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "language", ENUM(language), REQ, FROZEN, TITLE, .label = N_("Langue")},
    {3, "skill", ENUM(skill), REQ, FROZEN, TITLE, .label = N_("Compétence")},
    {4, "level", ENUM(cefr_level), TITLE, .label = N_("Niveau CECR")},
    {5, "tested_on", DATE, .label = N_("Testé le")},
    {6, "test", TEXT(120), .label = N_("Test")},
};
static const struct field eligibility_check_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {2, "scheme", LIST(scheme), REQ, FROZEN, TITLE, .label = N_("Régime")},
    {3, "result", ENUM(eligibility_result), REQ, FROZEN, TITLE, .label = N_("Résultat")},
    {4, "at", DATE, REQ, FROZEN, TITLE, .label = N_("À la date du")},
    {5, "proof", REF(TABLE_DOCUMENT), FROZEN, .label = N_("Preuve")},
    {6, "note", TEXT(400), FROZEN, .label = N_("Note")},
};
static const struct field assessment_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {2, "version", INT(1, 99), REQ, TITLE, .label = N_("Version")},
    {3, "date", DATE, REQ, TITLE, .label = N_("Date")},
    {FIELD_ASSESSMENT_STATE, "state", LATTICE(assessment_state, "draft<locked"),
     .label = N_("État")},
};
static const struct field agreement_signature_fields[] = {
    {1, "agreement", REF(TABLE_AGREEMENT), REQ, FROZEN, .label = N_("Convention")},
    {2, "signer", ENUM(action_party), REQ, FROZEN, TITLE, .label = N_("Partie")},
    {3, "name", TEXT(120), REQ, FROZEN, TITLE, .label = N_("Nom")},
    {4, "signed_on", DATE, REQ, FROZEN, TITLE, .label = N_("Signé le")},
    {5, "document", REF(TABLE_DOCUMENT), FROZEN, .label = N_("Document")},
};
static const struct field contract_aid_fields[] = {
    {1, "contract", REF(TABLE_CONTRACT), REQ, FROZEN, .label = N_("Contrat")},
    {2, "aid", LIST(aid), REQ, FROZEN, TITLE, .label = N_("Aide")},
    PERIOD_ONCE(3, ROLE_MANAGER | ROLE_COORDINATOR),
    {5, "proof", REF(TABLE_DOCUMENT), FROZEN, .label = N_("Preuve")},
};
static const struct field candidacy_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "position", REF(TABLE_POSITION), REQ, FROZEN, .label = N_("Poste")},
    {3, "sent_on", DATE, REQ, TITLE, .label = N_("Envoyée le")},
    {4, "state", LATTICE(candidacy_state, "proposed<sent<interview<accepted,refused"),
     .decider = ROLE_COORDINATOR, .label = N_("État")},
    {5, "refusal", LIST(refusal), .label = N_("Motif de refus")},
};
static const struct field training_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "resource", REF(TABLE_RESOURCE), .label = N_("Fiche")},
    {3, "title", TEXT(160), REQ, TITLE, .label = N_("Titre")},
    {4, "structure", REF(TABLE_STRUCTURE), .label = N_("Structure")},
    {5, "group", TEXT(60), .label = N_("Groupe")},
    {6, "trainer", REF(TABLE_STAFF), .label = N_("Formateur")},
    PERIOD(7),
    {9, "hours", REAL(0, 3000), .label = N_("Heures")},
    {10, "target_test", TEXT(120), .label = N_("Épreuve visée")},
    {11, "result", LIST(training_result), .label = N_("Résultat")},
};
/* The step only goes forward; where and when the test is moves as one. */
static const struct field skill_validation_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "occupation", LIST(occupation), REQ, TITLE, .label = N_("Métier")},
    {3, "step", LATTICE(validation_step, "info<guidance<registered<test<jury<title"), TITLE,
     .label = N_("Étape")},
    {4, "test_on", DATE, GROUP(GROUP_PLAN), .label = N_("Épreuve le")},
    {5, "centre", REF(TABLE_STRUCTURE), GROUP(GROUP_PLAN), .label = N_("Centre")},
    {6, "result", ENUM(validation_result), REVIEW(ROLE_JOBCOACH), .label = N_("Résultat")},
    {7, "title_no", TEXT(40), .label = N_("N° du titre")},
    {8, "appeal", BOOL, .label = N_("Recours")},
};
static const struct field exit_fields[] = {
    {FIELD_EXIT_PATHWAY, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {2, "date", DATE, REQ, TITLE, REVIEW(ROLE_COORDINATOR), .label = N_("Date")},
    {3, "reason", LIST(exit_reason), REQ, TITLE, REVIEW(ROLE_COORDINATOR),
     .label = N_("Motif")},
    {4, "destination", TEXT(160), REVIEW(ROLE_COORDINATOR), .label = N_("Destination")},
    {5, "at_4_weeks", LIST(exit_situation), REVIEW(ROLE_COORDINATOR),
     .label = N_("Situation à 4 semaines")},
    {6, "at_6_months", LIST(exit_situation), REVIEW(ROLE_COORDINATOR),
     .label = N_("Situation à 6 mois")},
    {7, "merged_into", REF(TABLE_EXIT), REVIEW(ROLE_COORDINATOR), .tie = TIE_MERGED,
     .label = N_("Fusionné avec")},
};
static const struct field participation_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "project", REF(TABLE_PROJECT), REQ, FROZEN, .label = N_("Opération FSE")},
    {3, "entry", DATE, REQ, FROZEN, TITLE, .label = N_("Entrée")},
    {4, "exit", DATE, ONCE(ROLE_COORDINATOR), .label = N_("Sortie")},
    {5, "one_day", BOOL, FROZEN, .label = N_("Une seule journée")},
};
/* One of three: staff and companies register for the event, a person in the dossier. */
static const struct field registration_fields[] = {
    {1, "event", REF(TABLE_EVENT), REQ, FROZEN, .label = N_("Événement")},
    {2, "staff", REF(TABLE_STAFF), FROZEN, .label = N_("Agent")},
    {3, "company", REF(TABLE_COMPANY), FROZEN, .label = N_("Entreprise")},
    {4, "person", REF(TABLE_PERSON), FROZEN, .label = N_("Personne")},
    {5, "came", BOOL, ONCE(ROLE_COORDINATOR | ROLE_FEDERATION), .label = N_("Venu")},
};

#endif
