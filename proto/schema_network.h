/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the tables of the network and of a structure; for schema_tables.c only. */
#ifndef PROTO_SCHEMA_NETWORK_H
#define PROTO_SCHEMA_NETWORK_H

#include "proto/schema_codes.h"
#include "proto/schema_words.h"

/* ---- Network reference ---- */
static const struct field structure_fields[] = {
    {1, "name", TEXT(160), REQ, TITLE, .label = "Nom"},
    {2, "kind", LIST(structure_kind), REQ, .label = "Type"},
    {3, "company_no", EXACT(10), .label = "N° BCE"},
    {4, "parent", REF(TABLE_STRUCTURE), .label = "Réseau"},
    {5, "zone", LIST(zone), .label = "Zone"},
    ADDRESS(6),
    {10, "phone", TEXT(24), .label = "Téléphone"},
    {11, "email", TEXT(120), .label = "Courriel"},
    {12, "web", TEXT(200), .label = "Site"},
    {13, "valid_from", DATE, .label = "Depuis"},
    {14, "valid_to", DATE, .label = "Jusqu'au"},
};
static const struct field site_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, .label = "Structure"},
    {2, "name", TEXT(120), REQ, TITLE, .label = "Nom du site"},
    ADDRESS(3),
    {7, "access", TEXT(600), .label = "Accès"},
    {8, "opening", TEXT(300), .label = "Horaires"},
    {9, "accessible", BOOL, .label = "Accès PMR"},
};
static const struct field staff_fields[] = {
    {1, "name", TEXT(80), REQ, TITLE, .label = "Nom"},
    {2, "first_name", TEXT(80), REQ, TITLE, .label = "Prénom"},
    {FIELD_STAFF_STRUCTURE, "structure", REF(TABLE_STRUCTURE), REQ, .label = "Structure"},
    {4, "job_title", TEXT(80), .label = "Fonction"},
    {5, "fte", .kind = KIND_REAL, .min = 0, .max = 150, .label = "ETP"},
    {6, "phone", TEXT(24), .label = "Téléphone"},
    {7, "email", TEXT(120), .label = "Courriel"},
    {8, "language", ENUM(language), .label = "Langue"},
    {9, "active", BOOL, REQ, .label = "Actif"},
};
static const struct field staff_role_fields[] = {
    {FIELD_STAFF_ROLE_STAFF, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = "Agent"},
    {FIELD_STAFF_ROLE_STRUCTURE, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN,
     .label = "Structure"},
    {FIELD_STAFF_ROLE_ROLE, "role", ENUM(role), REQ, FROZEN, .label = "Rôle"},
    PERIOD_ONCE(FIELD_STAFF_ROLE_START, ROLE_COORDINATOR | ROLE_ADMIN | ROLE_FEDERATION),
};
static const struct field pathway_model_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), .label = "Structure"},
    {2, "name", TEXT(120), REQ, TITLE, .label = "Nom"},
    {3, "method", LIST(method), .label = "Méthode"},
};
static const struct field phase_fields[] = {
    {1, "model", REF(TABLE_PATHWAY_MODEL), REQ, .label = "Modèle"},
    {2, "rank", INT(1, 20), REQ, .label = "Ordre"},
    {3, "code", TEXT(16), REQ, TITLE, .label = "Code"},
    {4, "label", TEXT(80), REQ, TITLE, .label = "Libellé"},
    {5, "network_phase", LIST(network_phase), .label = "Code réseau"},
    {6, "checklist", PROSE(4000), .label = "Ligne de conduite"},
    {7, "days", INT(0, 3650), .label = "Délai"},
    {8, "weight", REAL(0, 10), .label = "Poids"},
};
static const struct field code_fields[] = {
    {1, "list", TEXT(40), REQ, FROZEN, TITLE, .label = "Liste"},
    {2, "code", TEXT(40), REQ, FROZEN, TITLE, .label = "Code"},
    {3, "label_fr", TEXT(120), REQ, .label = "Libellé (fr)"},
    {4, "label_nl", TEXT(120), .label = "Libellé (nl)"},
    {5, "label_de", TEXT(120), .label = "Libellé (de)"},
    {6, "label_en", TEXT(120), .label = "Libellé (en)"},
    {7, "network_code", TEXT(40), .label = "Code réseau"},
    {8, "valid_from", DATE, .label = "Depuis"},
    {9, "valid_to", DATE, .label = "Jusqu'au"},
};
static const struct field parameter_fields[] = {
    {1, "key", TEXT(60), REQ, TITLE, .label = "Clé"},
    {2, "structure", REF(TABLE_STRUCTURE), .label = "Structure"},
    {3, "value", TEXT(400), REQ, .label = "Valeur"},
    {4, "valid_from", DATE, REQ, .label = "Depuis"},
    {5, "source", TEXT(200), .label = "Base"},
};
static const struct field company_fields[] = {
    {FIELD_COMPANY_NAME, "name", TEXT(160), REQ, TITLE, .label = "Nom"},
    {FIELD_COMPANY_NO, "company_no", EXACT(10), .label = "N° BCE"},
    {3, "sector", LIST(sector), .label = "Secteur (NACE)"},
    ADDRESS(4),
    {FIELD_COMPANY_SITE_OF, "site_of", REF(TABLE_COMPANY), .label = "Siège"},
    {9, "access", PROSE(1000), .label = "Consignes de visite"},
    {10, "potential", ENUM(potential), .label = "Potentiel"},
    {11, "merged_into", REF(TABLE_COMPANY), REVIEW(ROLE_COORDINATOR), .tie = TIE_MERGED,
     .label = "Fusionné avec"},
};
static const struct field position_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), GROUP(GROUP_EMPLOYER), .label = "Structure"},
    {2, "company", REF(TABLE_COMPANY), GROUP(GROUP_EMPLOYER), .label = "Entreprise"},
    {3, "kind", ENUM(position_kind), REQ, .label = "Type"},
    {4, "title", TEXT(120), REQ, TITLE, .label = "Intitulé"},
    {5, "occupation", LIST(occupation), .label = "Métier"},
    {6, "line", LIST(line), .label = "Filière"},
    {7, "conditions", PROSE(4000), .label = "Conditions"},
    {8, "places", INT(1, 999), REQ, .label = "Places"},
    {9, "quota", LIST(quota), .label = "Contingent"},
    PERIOD(10),
    {12, "state", LATTICE(position_state, "open<filled<closed"), .label = "État"},
};
static const struct field project_fields[] = {
    {1, "code", TEXT(40), REQ, TITLE, .label = "Code"},
    {2, "name", TEXT(160), REQ, TITLE, .label = "Nom"},
    {3, "fund", LIST(fund), .label = "Fonds"},
    {4, "priority", TEXT(40), .label = "Priorité"},
    {5, "zone", LIST(zone), .label = "Zone"},
    {6, "lead", REF(TABLE_STRUCTURE), .label = "Chef de file"},
    PERIOD(7),
    {9, "hold_until", DATE, .label = "Conserver jusqu'au"},
};

static const struct field resource_fields[] = {
    {1, "kind", LIST(resource_kind), REQ, .label = "Type"},
    {2, "title", TEXT(200), REQ, TITLE, .label = "Titre"},
    {3, "body", PROSE(20000), .label = "Texte"},
    {4, "problem", PROSE(2000), .label = "Problème"},
    {5, "result", PROSE(2000), .label = "Résultat"},
    {6, "structure", REF(TABLE_STRUCTURE), .label = "Structure"},
    {7, "sector", LIST(sector), .label = "Secteur (NACE)"},
    {8, "zone", LIST(zone), .label = "Zone"},
    {9, "conditions", PROSE(4000), .label = "Conditions"},
    {10, "places", INT(0, 999), .label = "Places"},
    {11, "contact", TEXT(200), .label = "Contact"},
    {12, "in_force_from", DATE, .label = "En vigueur dès le"},
    {13, "in_force_to", DATE, .label = "En vigueur jusqu'au"},
    {14, "checked_on", DATE, .label = "Vérifié le"},
    {15, "state", LATTICE(resource_state, "draft<review<published<archived"), .label = "État"},
};
/* consent: an id, since the row it names belongs to a dossier that readers do not have. */
static const struct field testimonial_fields[] = {
    {1, "resource", REF(TABLE_RESOURCE), REQ, .label = "Fiche"},
    {2, "text", PROSE(4000), REQ, TITLE, .label = "Témoignage"},
    {3, "signed_as", TEXT(60), .label = "Signé"},
    {4, "consent", .kind = KIND_ID, REQ, FROZEN, .label = "Consentement"},
    {5, "state", LATTICE(testimonial_state, "draft<published<withdrawn"), .label = "État"},
};
static const struct field event_fields[] = {
    {1, "kind", LIST(event_kind), REQ, .label = "Type"},
    {2, "title", TEXT(160), REQ, TITLE, .label = "Titre"},
    {3, "date", DATE, REQ, TITLE, .label = "Date"},
    {4, "from", TIME, .label = "De"},
    {5, "to", TIME, .label = "À"},
    {6, "place", TEXT(160), .label = "Lieu"},
    {7, "capacity", INT(0, 9999), .label = "Places"},
    {8, "minutes", PROSE(20000), .label = "Compte rendu"},
    {9, "decisions", PROSE(4000), .label = "Décisions"},
};
static const struct field barrier_fields[] = {
    {1, "title", TEXT(160), REQ, TITLE, .label = "Titre"},
    {2, "from_kind", LIST(structure_kind), .label = "De"},
    {3, "to_kind", LIST(structure_kind), .label = "Vers"},
    {4, "text", PROSE(8000), .label = "Description"},
    {5, "law_ref", TEXT(200), .label = "Base légale"},
    {6, "proposal", PROSE(8000), .label = "Proposition"},
    {7, "state", LATTICE(barrier_state, "noted<documented<submitted<solved"), .label = "État"},
};
static const struct field project_partner_fields[] = {
    {1, "project", REF(TABLE_PROJECT), REQ, FROZEN, .label = "Opération FSE"},
    {2, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .label = "Structure"},
    {3, "actions", TEXT(1000), FROZEN, .label = "Actions propres"},
};
static const struct field visit_request_fields[] = {
    {1, "resource", REF(TABLE_RESOURCE), .label = "Fiche"},
    {2, "from", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true, .label = "De"},
    {3, "to", REF(TABLE_STRUCTURE), REQ, FROZEN, .label = "Vers"},
    {4, "wanted_on", DATE, TITLE, .label = "Date souhaitée"},
    {5, "state", LATTICE(visit_state, "asked<accepted<done"), .label = "État"},
    {6, "report", PROSE(8000), .label = "Rapport"},
};
static const struct field improvement_fields[] = {
    {1, "finding", PROSE(4000), REQ, TITLE, .label = "Constat"},
    {2, "action", TEXT(400), .label = "Action"},
    {3, "resource", REF(TABLE_RESOURCE), .label = "Fiche"},
    {4, "owner", REF(TABLE_STAFF), .label = "Responsable"},
    {5, "due", DATE, .label = "Échéance"},
    {6, "state", LATTICE(improvement_state, "open<done"), .label = "État"},
};

/* ---- Structure ---- */
static const struct field session_fields[] = {
    {1, "kind", LIST(session_kind), REQ, TITLE, .label = "Type"},
    {FIELD_SESSION_PERSON, "person", REF(TABLE_PERSON), FROZEN, .label = "Personne"},
    {3, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "Structure"},
    {FIELD_SESSION_DATE, "date", DATE, REQ, TITLE, .label = "Date"},
    {5, "start", TIME, .label = "Heure"},
    {6, "minutes", INT(0, 600), REQ, .label = "Durée (min)"},
    {7, "place", TEXT(160), .label = "Lieu"},
    {FIELD_SESSION_COMPANY, "company", REF(TABLE_COMPANY), .label = "Entreprise"},
    {9, "contract", REF(TABLE_CONTRACT), .label = "Contrat"},
    {10, "internship", REF(TABLE_INTERNSHIP), .label = "Stage"},
    {11, "phase", REF(TABLE_PHASE), .label = "Phase"},
    {12, "project", REF(TABLE_PROJECT), .label = "Opération FSE"},
    {13, "subject", TEXT(160), TITLE, .label = "Objet"},
    {14, "next_date", DATE, .label = "Prochaine date"},
    {FIELD_SESSION_SAME_AS, "same_as", REF(TABLE_SESSION), .tie = TIE_LINKED,
     .label = "Même séance"},
    {FIELD_SESSION_STATE, "state", LATTICE(session_state, "draft<validated"), .label = "État"},
};
static const struct field session_staff_fields[] = {
    {1, "session", REF(TABLE_SESSION), REQ, FROZEN, .label = "Séance"},
    {2, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = "Agent"},
    {3, "minutes", INT(0, 600), .label = "Durée (min)"},
};
static const struct field contact_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "Structure"},
    {2, "company", REF(TABLE_COMPANY), REQ, .label = "Entreprise"},
    {3, "name", TEXT(120), REQ, TITLE, .label = "Nom"},
    {4, "role", TEXT(80), .label = "Fonction"},
    {5, "phone", TEXT(24), .label = "Téléphone"},
    {6, "email", TEXT(120), .label = "Courriel"},
    {7, "preferred", BOOL, .label = "Contact principal"},
};
static const struct field company_note_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "Structure"},
    {2, "company", REF(TABLE_COMPANY), REQ, FROZEN, .label = "Entreprise"},
    {3, "date", DATE, REQ, FROZEN, TITLE, .label = "Date"},
    {4, "text", TEXT(4000), REQ, FROZEN, TITLE, .label = "Note"},
};
/* No end: open-ended. */
static const struct field accreditation_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "Structure"},
    {2, "kind", LIST(accreditation_kind), REQ, TITLE, .label = "Type"},
    {3, "number", TEXT(40), TITLE, .label = "Numéro"},
    {4, "start", DATE, REQ, GROUP(GROUP_TERM), REVIEW(ROLE_MANAGER), .label = "Début"},
    {5, "end", DATE, GROUP(GROUP_TERM), REVIEW(ROLE_MANAGER), .label = "Fin"},
    {6, "rank", INT(1, 3), REVIEW(ROLE_MANAGER), .label = "Rang"},
    {7, "state", LATTICE(accreditation_state, "asked<granted<withdrawn"), .label = "État"},
};
/* Those a rule makes have an id derived from the rule, the row and the first due date. */
static const struct field deadline_fields[] = {
    {FIELD_DEADLINE_OF_TABLE, "of_table", ENUM(deadline_table), REQ, FROZEN, .label = "Table"},
    {FIELD_DEADLINE_OF_ROW, "of_row", .kind = KIND_ID, REQ, FROZEN, .label = "Fiche"},
    {FIELD_DEADLINE_LABEL, "label", TEXT(160), REQ, TITLE, .label = "Libellé"},
    {FIELD_DEADLINE_DUE, "due", DATE, REQ, TITLE, .label = "Échéance"},
    {FIELD_DEADLINE_REMIND, "remind", TEXT(40), .label = "Rappels (jours)"},
    {FIELD_DEADLINE_OWNER, "owner", REF(TABLE_STAFF), .label = "Responsable"},
    {FIELD_DEADLINE_STATE, "state",
     LATTICE(deadline_state, "todo<postponed<not_applicable<done"), .label = "État"},
    {FIELD_DEADLINE_DONE_ON, "done_on", DATE, .label = "Fait le"},
    {FIELD_DEADLINE_PROOF, "proof", REF(TABLE_DOCUMENT), .label = "Preuve"},
    {FIELD_DEADLINE_SOURCE, "source", ENUM(deadline_source), FROZEN, .label = "Origine"},
    {FIELD_DEADLINE_RULE, "rule", TEXT(40), FROZEN, .label = "Règle"},
};
static const struct field read_mark_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "Structure"},
    {2, "resource", REF(TABLE_RESOURCE), REQ, FROZEN, .label = "Fiche"},
    {3, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = "Agent"},
    {4, "date", DATE, REQ, FROZEN, TITLE, .label = "Date"},
};
static const struct field staff_training_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "Structure"},
    {2, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = "Agent"},
    {3, "title", TEXT(160), REQ, FROZEN, TITLE, .label = "Titre"},
    {4, "date", DATE, REQ, FROZEN, TITLE, .label = "Date"},
    {5, "hours", REAL(0, 400), FROZEN, .label = "Heures"},
};
static const struct field staff_review_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "Structure"},
    {2, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = "Agent"},
    {3, "date", DATE, REQ, TITLE, .label = "Date"},
    {4, "text", PROSE(8000), .label = "Texte"},
};

#endif
