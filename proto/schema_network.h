/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the tables of the network and of a structure; for schema_tables.c only. */
#ifndef PROTO_SCHEMA_NETWORK_H
#define PROTO_SCHEMA_NETWORK_H

#include "proto/schema_codes.h"
#include "proto/schema_words.h"

/* ---- Network reference ---- */
static const struct field structure_fields[] = {
    {1, "name", TEXT(160), REQ, TITLE, .label = N_("Nom")},
    {2, "kind", LIST(structure_kind), REQ, .label = N_("Type")},
    {3, "company_no", EXACT(10), .check = CHECK_COMPANY, .label = N_("N° BCE")},
    {4, "parent", REF(TABLE_STRUCTURE), .label = N_("Réseau")},
    {5, "zone", LIST(zone), .label = N_("Zone")},
    ADDRESS(6),
    {10, "phone", TEXT(24), .label = N_("Téléphone")},
    {11, "email", TEXT(120), .label = N_("Courriel")},
    {12, "web", TEXT(200), .label = N_("Site")},
    {13, "valid_from", DATE, .label = N_("Depuis")},
    {14, "valid_to", DATE, .label = N_("Jusqu'au")},
};
static const struct field site_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, .label = N_("Structure")},
    {2, "name", TEXT(120), REQ, TITLE, .label = N_("Nom du site")},
    ADDRESS(3),
    {7, "access", TEXT(600), .label = N_("Accès")},
    {8, "opening", TEXT(300), .label = N_("Horaires")},
    {9, "accessible", BOOL, .label = N_("Accès PMR")},
};
static const struct field staff_fields[] = {
    {1, "name", TEXT(80), REQ, TITLE, .label = N_("Nom")},
    {2, "first_name", TEXT(80), REQ, TITLE, .label = N_("Prénom")},
    {FIELD_STAFF_STRUCTURE, "structure", REF(TABLE_STRUCTURE), REQ, .label = N_("Structure")},
    {4, "job_title", TEXT(80), .label = N_("Fonction")},
    {5, "fte", .kind = KIND_REAL, .min = 0, .max = 150, .label = N_("ETP")},
    {6, "phone", TEXT(24), .label = N_("Téléphone")},
    {7, "email", TEXT(120), .label = N_("Courriel")},
    {8, "language", ENUM(language), .label = N_("Langue")},
    {9, "active", BOOL, REQ, .label = N_("Actif")},
};
static const struct field staff_role_fields[] = {
    {FIELD_STAFF_ROLE_STAFF, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = N_("Agent")},
    {FIELD_STAFF_ROLE_STRUCTURE, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN,
     .label = N_("Structure")},
    {FIELD_STAFF_ROLE_ROLE, "role", ENUM(role), REQ, FROZEN, .label = N_("Rôle")},
    PERIOD_ONCE(FIELD_STAFF_ROLE_START, ROLE_COORDINATOR | ROLE_ADMIN | ROLE_FEDERATION),
};
static const struct field pathway_model_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), .label = N_("Structure")},
    {2, "name", TEXT(120), REQ, TITLE, .label = N_("Nom")},
    {3, "method", LIST(method), .label = N_("Méthode")},
};
static const struct field phase_fields[] = {
    {1, "model", REF(TABLE_PATHWAY_MODEL), REQ, .label = N_("Modèle")},
    {2, "rank", INT(1, 20), REQ, .label = N_("Ordre")},
    {3, "code", TEXT(16), REQ, TITLE, .label = N_("Code")},
    {4, "label", TEXT(80), REQ, TITLE, .label = N_("Libellé")},
    {5, "network_phase", LIST(network_phase), .label = N_("Code réseau")},
    {6, "checklist", PROSE(4000), .label = N_("Ligne de conduite")},
    {7, "days", INT(0, 3650), .label = N_("Délai")},
    {8, "weight", REAL(0, 10), .label = N_("Poids")},
};
static const struct field code_fields[] = {
    {1, "list", TEXT(40), REQ, FROZEN, TITLE, .label = N_("Liste")},
    {2, "code", TEXT(40), REQ, FROZEN, TITLE, .label = N_("Code")},
    {3, "label_fr", TEXT(120), REQ, .label = N_("Libellé (fr)")},
    {4, "label_nl", TEXT(120), .label = N_("Libellé (nl)")},
    {5, "label_de", TEXT(120), .label = N_("Libellé (de)")},
    {6, "label_en", TEXT(120), .label = N_("Libellé (en)")},
    {7, "network_code", TEXT(40), .label = N_("Code réseau")},
    {8, "valid_from", DATE, .label = N_("Depuis")},
    {9, "valid_to", DATE, .label = N_("Jusqu'au")},
};
static const struct field parameter_fields[] = {
    {1, "key", TEXT(60), REQ, TITLE, .label = N_("Clé")},
    {2, "structure", REF(TABLE_STRUCTURE), .label = N_("Structure")},
    {3, "value", TEXT(400), REQ, .label = N_("Valeur")},
    {4, "valid_from", DATE, REQ, .label = N_("Depuis")},
    {5, "source", TEXT(200), .label = N_("Base")},
};
static const struct field company_fields[] = {
    {FIELD_COMPANY_NAME, "name", TEXT(160), REQ, TITLE, .label = N_("Nom")},
    {FIELD_COMPANY_NO, "company_no", EXACT(10), .check = CHECK_COMPANY, .label = N_("N° BCE")},
    {3, "sector", LIST(sector), .label = N_("Secteur (NACE)")},
    ADDRESS(4),
    {FIELD_COMPANY_SITE_OF, "site_of", REF(TABLE_COMPANY), .label = N_("Siège")},
    {9, "access", PROSE(1000), .label = N_("Consignes de visite")},
    {10, "potential", ENUM(potential), .label = N_("Potentiel")},
    {11, "merged_into", REF(TABLE_COMPANY), REVIEW(ROLE_COORDINATOR), .tie = TIE_MERGED,
     .label = N_("Fusionné avec")},
};
static const struct field position_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), GROUP(GROUP_EMPLOYER), .label = N_("Structure")},
    {2, "company", REF(TABLE_COMPANY), GROUP(GROUP_EMPLOYER), .label = N_("Entreprise")},
    {3, "kind", ENUM(position_kind), REQ, .label = N_("Type")},
    {4, "title", TEXT(120), REQ, TITLE, .label = N_("Intitulé")},
    {5, "occupation", LIST(occupation), .label = N_("Métier")},
    {6, "line", LIST(line), .label = N_("Filière")},
    {7, "conditions", PROSE(4000), .label = N_("Conditions")},
    {8, "places", INT(1, 999), REQ, .label = N_("Places")},
    {9, "quota", LIST(quota), .label = N_("Contingent")},
    PERIOD(10),
    {12, "state", LATTICE(position_state, "open<filled<closed"), .label = N_("État")},
};
static const struct field project_fields[] = {
    {1, "code", TEXT(40), REQ, TITLE, .label = N_("Code")},
    {2, "name", TEXT(160), REQ, TITLE, .label = N_("Nom")},
    {3, "fund", LIST(fund), .label = N_("Fonds")},
    {4, "priority", TEXT(40), .label = N_("Priorité")},
    {5, "zone", LIST(zone), .label = N_("Zone")},
    {6, "lead", REF(TABLE_STRUCTURE), .label = N_("Chef de file")},
    PERIOD(7),
    {9, "hold_until", DATE, .label = N_("Conserver jusqu'au")},
};

static const struct field resource_fields[] = {
    {1, "kind", LIST(resource_kind), REQ, .label = N_("Type")},
    {2, "title", TEXT(200), REQ, TITLE, .label = N_("Titre")},
    {3, "body", PROSE(20000), .label = N_("Texte")},
    {4, "problem", PROSE(2000), .label = N_("Problème")},
    {5, "result", PROSE(2000), .label = N_("Résultat")},
    {6, "structure", REF(TABLE_STRUCTURE), .label = N_("Structure")},
    {7, "sector", LIST(sector), .label = N_("Secteur (NACE)")},
    {8, "zone", LIST(zone), .label = N_("Zone")},
    {9, "conditions", PROSE(4000), .label = N_("Conditions")},
    {10, "places", INT(0, 999), .label = N_("Places")},
    {11, "contact", TEXT(200), .label = N_("Contact")},
    {12, "in_force_from", DATE, .label = N_("En vigueur dès le")},
    {13, "in_force_to", DATE, .label = N_("En vigueur jusqu'au")},
    {14, "checked_on", DATE, .label = N_("Vérifié le")},
    {15, "state", LATTICE(resource_state, "draft<review<published<archived"),
     .label = N_("État")},
};
/* consent: an id, since the row it names belongs to a dossier that readers do not have. */
static const struct field testimonial_fields[] = {
    {1, "resource", REF(TABLE_RESOURCE), REQ, .label = N_("Fiche")},
    {2, "text", PROSE(4000), REQ, TITLE, .label = N_("Témoignage")},
    {3, "signed_as", TEXT(60), .label = N_("Signé")},
    {4, "consent", .kind = KIND_ID, REQ, FROZEN, .label = N_("Consentement")},
    {5, "state", LATTICE(testimonial_state, "draft<published<withdrawn"), .label = N_("État")},
};
static const struct field event_fields[] = {
    {1, "kind", LIST(event_kind), REQ, .label = N_("Type")},
    {2, "title", TEXT(160), REQ, TITLE, .label = N_("Titre")},
    {3, "date", DATE, REQ, TITLE, .label = N_("Date")},
    {4, "from", TIME, .label = N_("De")},
    {5, "to", TIME, .label = N_("À")},
    {6, "place", TEXT(160), .label = N_("Lieu")},
    {7, "capacity", INT(0, 9999), .label = N_("Places")},
    {8, "minutes", PROSE(20000), .label = N_("Compte rendu")},
    {9, "decisions", PROSE(4000), .label = N_("Décisions")},
};
static const struct field barrier_fields[] = {
    {1, "title", TEXT(160), REQ, TITLE, .label = N_("Titre")},
    {2, "from_kind", LIST(structure_kind), .label = N_("De")},
    {3, "to_kind", LIST(structure_kind), .label = N_("Vers")},
    {4, "text", PROSE(8000), .label = N_("Description")},
    {5, "law_ref", TEXT(200), .label = N_("Base légale")},
    {6, "proposal", PROSE(8000), .label = N_("Proposition")},
    {7, "state", LATTICE(barrier_state, "noted<documented<submitted<solved"),
     .label = N_("État")},
};
static const struct field project_partner_fields[] = {
    {1, "project", REF(TABLE_PROJECT), REQ, FROZEN, .label = N_("Opération FSE")},
    {2, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .label = N_("Structure")},
    {3, "actions", TEXT(1000), FROZEN, .label = N_("Actions propres")},
};
static const struct field visit_request_fields[] = {
    {1, "resource", REF(TABLE_RESOURCE), .label = N_("Fiche")},
    {2, "from", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true, .label = N_("De")},
    {3, "to", REF(TABLE_STRUCTURE), REQ, FROZEN, .label = N_("Vers")},
    {4, "wanted_on", DATE, TITLE, .label = N_("Date souhaitée")},
    {5, "state", LATTICE(visit_state, "asked<accepted<done"), .label = N_("État")},
    {6, "report", PROSE(8000), .label = N_("Rapport")},
};
static const struct field improvement_fields[] = {
    {1, "finding", PROSE(4000), REQ, TITLE, .label = N_("Constat")},
    {2, "action", TEXT(400), .label = N_("Action")},
    {3, "resource", REF(TABLE_RESOURCE), .label = N_("Fiche")},
    {4, "owner", REF(TABLE_STAFF), .label = N_("Responsable")},
    {5, "due", DATE, .label = N_("Échéance")},
    {6, "state", LATTICE(improvement_state, "open<done"), .label = N_("État")},
};

/* ---- Structure ---- */
static const struct field session_fields[] = {
    {1, "kind", LIST(session_kind), REQ, TITLE, .label = N_("Type")},
    {FIELD_SESSION_PERSON, "person", REF(TABLE_PERSON), FROZEN, .label = N_("Personne")},
    {3, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("Structure")},
    {FIELD_SESSION_DATE, "date", DATE, REQ, TITLE, INDEXED, .label = N_("Date")},
    {5, "start", TIME, .label = N_("Heure")},
    {6, "minutes", INT(0, 600), REQ, .label = N_("Durée (min)")},
    {7, "place", TEXT(160), .label = N_("Lieu")},
    {FIELD_SESSION_COMPANY, "company", REF(TABLE_COMPANY), .label = N_("Entreprise")},
    {9, "contract", REF(TABLE_CONTRACT), .label = N_("Contrat")},
    {10, "internship", REF(TABLE_INTERNSHIP), .label = N_("Stage")},
    {11, "phase", REF(TABLE_PHASE), .label = N_("Phase")},
    {12, "project", REF(TABLE_PROJECT), .label = N_("Opération FSE")},
    {13, "subject", TEXT(160), TITLE, .label = N_("Objet")},
    {14, "next_date", DATE, INDEXED, .label = N_("Prochaine date")},
    {FIELD_SESSION_SAME_AS, "same_as", REF(TABLE_SESSION), .tie = TIE_LINKED,
     .label = N_("Même séance")},
    {FIELD_SESSION_STATE, "state", LATTICE(session_state, "draft<validated"),
     .label = N_("État")},
};
static const struct field session_staff_fields[] = {
    {1, "session", REF(TABLE_SESSION), REQ, FROZEN, .label = N_("Séance")},
    {2, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = N_("Agent")},
    {3, "minutes", INT(0, 600), .label = N_("Durée (min)")},
};
static const struct field contact_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("Structure")},
    {2, "company", REF(TABLE_COMPANY), REQ, .label = N_("Entreprise")},
    {3, "name", TEXT(120), REQ, TITLE, .label = N_("Nom")},
    {4, "role", TEXT(80), .label = N_("Fonction")},
    {5, "phone", TEXT(24), .label = N_("Téléphone")},
    {6, "email", TEXT(120), .label = N_("Courriel")},
    {7, "preferred", BOOL, .label = N_("Contact principal")},
};
static const struct field company_note_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("Structure")},
    {2, "company", REF(TABLE_COMPANY), REQ, FROZEN, .label = N_("Entreprise")},
    {3, "date", DATE, REQ, FROZEN, TITLE, .label = N_("Date")},
    {4, "text", TEXT(4000), REQ, FROZEN, TITLE, .label = N_("Note")},
};
/* No end: open-ended. */
static const struct field accreditation_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("Structure")},
    {2, "kind", LIST(accreditation_kind), REQ, TITLE, .label = N_("Type")},
    {3, "number", TEXT(40), TITLE, .label = N_("Numéro")},
    {4, "start", DATE, REQ, GROUP(GROUP_TERM), REVIEW(ROLE_MANAGER), .label = N_("Début")},
    {5, "end", DATE, GROUP(GROUP_TERM), REVIEW(ROLE_MANAGER), .label = N_("Fin")},
    {6, "rank", INT(1, 3), REVIEW(ROLE_MANAGER), .label = N_("Rang")},
    {7, "state", LATTICE(accreditation_state, "asked<granted<withdrawn"), .label = N_("État")},
};
/* Those a rule makes have an id derived from the rule, the row and the first due date. */
static const struct field deadline_fields[] = {
    {FIELD_DEADLINE_OF_TABLE, "of_table", ENUM(deadline_table), REQ, FROZEN,
     .label = N_("Table")},
    {FIELD_DEADLINE_OF_ROW, "of_row", .kind = KIND_ID, REQ, FROZEN, .label = N_("Fiche")},
    {FIELD_DEADLINE_LABEL, "label", TEXT(160), REQ, TITLE, .label = N_("Libellé")},
    {FIELD_DEADLINE_DUE, "due", DATE, REQ, TITLE, INDEXED, .label = N_("Échéance")},
    {FIELD_DEADLINE_REMIND, "remind", TEXT(40), .label = N_("Rappels (jours)")},
    {FIELD_DEADLINE_OWNER, "owner", REF(TABLE_STAFF), .label = N_("Responsable")},
    {FIELD_DEADLINE_STATE, "state",
     LATTICE(deadline_state, "todo<postponed<not_applicable<done"), .label = N_("État")},
    {FIELD_DEADLINE_DONE_ON, "done_on", DATE, .label = N_("Fait le")},
    {FIELD_DEADLINE_PROOF, "proof", REF(TABLE_DOCUMENT), .label = N_("Preuve")},
    {FIELD_DEADLINE_SOURCE, "source", ENUM(deadline_source), FROZEN, .label = N_("Origine")},
    {FIELD_DEADLINE_RULE, "rule", TEXT(40), FROZEN, .label = N_("Règle")},
};
static const struct field read_mark_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("Structure")},
    {2, "resource", REF(TABLE_RESOURCE), REQ, FROZEN, .label = N_("Fiche")},
    {3, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = N_("Agent")},
    {4, "date", DATE, REQ, FROZEN, TITLE, .label = N_("Date")},
};
static const struct field staff_training_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("Structure")},
    {2, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = N_("Agent")},
    {3, "title", TEXT(160), REQ, FROZEN, TITLE, .label = N_("Titre")},
    {4, "date", DATE, REQ, FROZEN, TITLE, .label = N_("Date")},
    {5, "hours", REAL(0, 400), FROZEN, .label = N_("Heures")},
};
static const struct field staff_review_fields[] = {
    {1, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = N_("Structure")},
    {2, "staff", REF(TABLE_STAFF), REQ, FROZEN, .label = N_("Agent")},
    {3, "date", DATE, REQ, TITLE, .label = N_("Date")},
    {4, "text", PROSE(8000), .label = N_("Texte")},
};

#endif
