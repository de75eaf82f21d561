/* SPDX-License-Identifier: Apache-2.0 */
/* THE declaration: every table and field of Jalon. To add one, add an entry with a fresh id and
 * its line in tests/golden/schema.txt; ids, names and kinds never change afterwards. */
#include "proto/schema.h"

/* Shorthand for the entries below: each field starts with its id and its name. */
#define REQ .required = true
#define TITLE .once_per_row = true
#define TEXT(max_) .kind = KIND_TEXT, .max = (max_)
#define EXACT(n_) .kind = KIND_TEXT, .min = (n_), .max = (n_)
#define PROSE(max_) .kind = KIND_TEXT, .max = (max_), .merge = MERGE_TEXT
#define INT(min_, max_) .kind = KIND_INT, .min = (min_), .max = (max_)
#define REAL(min_, max_) .kind = KIND_REAL, .min = (min_)*100LL, .max = (max_)*100LL
#define BOOL .kind = KIND_BOOL
#define DATE .kind = KIND_DATE
#define TIME .kind = KIND_TIME
#define ENUM(codes_) .kind = KIND_ENUM, .codes = (codes_)
#define LIST(codes_) .kind = KIND_ENUM, .codes = (codes_), .open = true, .list = #codes_
#define LATTICE(codes_, order_) ENUM(codes_), .merge = MERGE_LATTICE, .lattice = (order_)
#define REF(table_) .kind = KIND_REF, .ref = (table_)
#define FROZEN .merge = MERGE_FROZEN
#define ONCE(decider_) .merge = MERGE_ONCE, .decider = (decider_)
#define REVIEW(decider_) .merge = MERGE_REVIEW, .decider = (decider_)
#define GROUP(n_) .group = (n_)
#define FIELDS(fields_) .fields = (fields_), .field_count = sizeof(fields_) / sizeof(*(fields_))

/* Pieces that several tables have. An address is one unit: half of one and half of another
 * would lead nowhere. */
enum { GROUP_ADDRESS = 1, GROUP_EMPLOYER, GROUP_END, GROUP_DECISION };
#define ADDRESS(id_)                                                                           \
    {(id_), "street", TEXT(160), GROUP(GROUP_ADDRESS), .label = "Rue et n°"},                  \
        {(id_) + 1, "postcode", TEXT(8), GROUP(GROUP_ADDRESS), .label = "Code postal"},        \
        {(id_) + 2, "city", TEXT(80), GROUP(GROUP_ADDRESS), .label = "Localité"},              \
    {                                                                                          \
        (id_) + 3, "ins", EXACT(5), GROUP(GROUP_ADDRESS), .label = "Commune (INS)"             \
    }
#define PERIOD(id_)                                                                            \
    {(id_), "start", DATE, REQ, .label = "Début"},                                             \
    {                                                                                          \
        (id_) + 1, "end", DATE, .label = "Fin"                                                 \
    }
/* Append-only tables: the start is fixed, the end is filled in once. */
#define PERIOD_ONCE(id_, decider_)                                                             \
    {(id_), "start", DATE, REQ, FROZEN, .label = "Début"},                                     \
    {                                                                                          \
        (id_) + 1, "end", DATE, ONCE(decider_), .label = "Fin"                                 \
    }

/* ---- Lists of codes; the name of an open list is the name of its array. ---- */
#define CODES(name_, ...) static const char *const name_[] = {__VA_ARGS__, NULL}
CODES(structure_kind, "CISP_EFT", "CISP_DEFI", "EFT", "OISP", "EI", "IES", "IDESS", "ETA",
      "MIRE", "CPAS", "CFISPA", "mission_locale", "Forem", "Actiris", "AViQ",
      "validation_centre", "social_interim", "specialist", "firm", "federation");
CODES(role, "jobcoach", "manager", "coordinator", "admin");
CODES(contract_kind, "CDI", "CDD", "interim", "replacement", "ART60_internal", "ART60_user",
      "ART61", "titres_services", "student", "ETA", "self_employed");
CODES(network_phase, "JC1", "JC2", "JC3", "JC4", "JC5", "L1", "L2", "L3", "F", "ALPHA", "EF",
      "EMPLOI", "A60");
CODES(method, "jobcoaching", "other", "hybrid");
CODES(session_kind, "individual", "group", "company_visit", "tripartite", "phone", "video",
      "message", "prospecting", "accompanied_step", "handover", "job_day", "intervision",
      "network_meeting");
CODES(attendance_status, "present", "excused", "absent", "cancelled_by_structure", "postponed");
CODES(theme, "housing", "employment", "training", "administration", "money", "mobility",
      "health", "family_care", "language", "digital", "skills_acquired", "skills_latent",
      "aspirations", "justice");
CODES(action_party, "person", "jobcoach", "CPAS", "EI", "third");
CODES(agreement_kind, "PIIS", "MIRE", "internship", "ART60", "tripartite", "EI_pact");
CODES(position_kind, "offer", "ART60", "internship");
CODES(line, "bicycles", "deconstruction", "WEEE", "wood");
CODES(internship_after, "hired", "other_internship", "training", "none");
CODES(in_job, "same", "other", "no", "unknown");
CODES(end_reason, "unreachable", "missed_interview", "not_interested", "not_eligible",
      "not_mobile", "skills", "incompatible_obstacle", "no_position", "other_job",
      "in_training");
CODES(consent_purpose, "information", "share_structure", "testimonial", "photo", "esf",
      "recontact_6_months");
CODES(consent_mode, "signed", "oral_noted");
/* What another structure may see of a dossier: never the vault. */
CODES(shares, "facts", "facts_notes");
CODES(sensitive_kind, "health", "recognised_disability", "addiction", "judicial", "origin",
      "other");
CODES(legal_basis, "explicit_consent", "social_law", "vital_interest", "legal_claim");
CODES(referral_answer, "pending", "accepted", "refused", "expired", "withdrawn", "ended");
CODES(refusal, "unreachable", "missed_interview", "not_interested", "not_eligible",
      "not_mobile", "skills", "incompatible_obstacle", "no_position", "other_job",
      "in_training");
CODES(orientation, "inside_EI", "classic", "training", "self_employed");
CODES(assignment_role, "referent", "co_referent", "facilitator", "tutor", "mentor",
      "substitute");
CODES(public, "job_seeker", "young_in_training", "worker");
CODES(language, "fr", "nl", "de", "en", "other");
CODES(gender, "F", "M", "X", "unknown");
CODES(nationality, "BE", "EU", "other");
CODES(milestone, "W1", "M1", "M3", "M6");
CODES(potential, "low", "medium", "high");
CODES(contact_kind, "phone", "email");
CODES(fund, "FSE", "region");
CODES(document_kind, "agreement", "contract", "certificate", "proof", "photo", "letter",
      "other");
CODES(position_state, "open", "filled", "closed");
CODES(session_state, "draft", "validated");
CODES(pathway_state, "open", "suspended", "closed");
CODES(plan_state, "planned", "in_progress", "done", "dropped");
CODES(conflict_state, "open", "decided");
/* Names of the tables whose rows may be the same thing entered twice. */
CODES(duplicate_kind, "person", "company", "session");
CODES(duplicate_state, "open", "same", "different");
CODES(erasure_reason, "request", "retention", "other");
CODES(erasure_role, "jobcoach", "manager", "coordinator");
CODES(erasure_state, "asked", "declined", "confirmed");
/* Tables whose rows may carry documents. */
CODES(document_table, "staff", "company", "position", "project", "session", "person", "pathway",
      "step", "attendance", "session_note", "session_addendum", "objective", "action",
      "agreement", "contract", "internship", "job_followup");
/* Lists that hold rows of `code` only: nomenclatures every network loads for itself. */
static const char *const zone[] = {NULL};
static const char *const sector[] = {NULL};
static const char *const occupation[] = {NULL};
static const char *const quota[] = {NULL};

static const char plan_order[] = "planned<in_progress<done,dropped";

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

/* ---- Dossier ---- */
static const struct field person_fields[] = {
    {FIELD_PERSON_NAME, "name", TEXT(80), REQ, TITLE, .label = "Nom"},
    {FIELD_PERSON_FIRST_NAME, "first_name", TEXT(80), REQ, TITLE, .label = "Prénom"},
    {FIELD_PERSON_BIRTH_DATE, "birth_date", DATE, .label = "Naissance"},
    {4, "gender", ENUM(gender), .label = "Genre"},
    ADDRESS(5),
    {9, "language", ENUM(language), .label = "Langue de contact"},
    {10, "nationality", ENUM(nationality), .label = "Nationalité (groupe)"},
    {11, "education", INT(0, 8), .label = "Niveau d'études (CITE)"},
    {12, "emergency", TEXT(160), .label = "Contact d'urgence"},
    {13, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "Structure"},
    {14, "merged_into", REF(TABLE_PERSON), REVIEW(ROLE_COORDINATOR), .tie = TIE_MERGED,
     .label = "Fusionné avec"},
};
static const struct field pathway_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {2, "model", REF(TABLE_PATHWAY_MODEL), REQ, .label = "Modèle"},
    {3, "entry", DATE, REQ, TITLE, .label = "Entrée"},
    {4, "origin", REF(TABLE_STRUCTURE), .label = "Structure d'origine"},
    {5, "public", LIST(public), .label = "Public"},
    {6, "orientation", LIST(orientation), .label = "Orientation"},
    {7, "occupation", LIST(occupation), .label = "Métier visé"},
    {8, "autonomy", INT(1, 3), .label = "Autonomie"},
    {9, "method", LIST(method), .label = "Méthode"},
    {10, "project", REF(TABLE_PROJECT), .label = "Opération FSE"},
    {11, "state", LATTICE(pathway_state, "open<suspended<closed"), .label = "État"},
};
static const struct field step_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = "Parcours"},
    {2, "phase", REF(TABLE_PHASE), REQ, FROZEN, .label = "Phase"},
    PERIOD_ONCE(3, ROLE_COORDINATOR),
    {5, "reason", TEXT(200), FROZEN, .label = "Motif"},
    {6, "staff", REF(TABLE_STAFF), FROZEN, .label = "Agent"},
};
static const struct field assignment_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = "Parcours"},
    {2, "staff", REF(TABLE_STAFF), FROZEN, .label = "Agent"},
    {3, "external", TEXT(120), FROZEN, .label = "Intervenant extérieur"},
    {4, "role", ENUM(assignment_role), REQ, FROZEN, .label = "Rôle"},
    PERIOD_ONCE(5, ROLE_COORDINATOR),
};
static const struct field attendance_fields[] = {
    {1, "session", REF(TABLE_SESSION), REQ, FROZEN, .label = "Séance"},
    {2, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {3, "date", DATE, REQ, TITLE, .label = "Date"},
    {4, "status", LIST(attendance_status), REQ, .label = "Présence"},
    {5, "minutes", INT(0, 600), .label = "Durée"},
};
static const struct field session_note_fields[] = {
    {1, "session", REF(TABLE_SESSION), REQ, FROZEN, .label = "Séance"},
    {2, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {3, "text", PROSE(20000), .label = "Compte rendu"},
};
static const struct field session_addendum_fields[] = {
    {1, "session", REF(TABLE_SESSION), REQ, FROZEN, .label = "Séance"},
    {2, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {3, "text", TEXT(8000), REQ, FROZEN, .label = "Ajout"},
    {4, "disputed_by_person", BOOL, FROZEN, .label = "Désaccord de la personne"},
};
static const struct field objective_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = "Parcours"},
    {2, "theme", LIST(theme), REQ, .label = "Thème"},
    {3, "label", PROSE(400), REQ, TITLE, .label = "Objectif"},
    {4, "due", DATE, .label = "Échéance"},
    {5, "state", LATTICE(plan_state, plan_order), .decider = ROLE_JOBCOACH, .label = "État"},
};
static const struct field action_fields[] = {
    {1, "objective", REF(TABLE_OBJECTIVE), .label = "Objectif"},
    {2, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = "Parcours"},
    {3, "agreement", REF(TABLE_AGREEMENT), .label = "Convention"},
    {4, "who", ENUM(action_party), REQ, .label = "Qui"},
    {5, "label", PROSE(400), REQ, TITLE, .label = "Action"},
    {6, "due", DATE, .label = "Échéance"},
    {7, "state", LATTICE(plan_state, plan_order), .decider = ROLE_JOBCOACH, .label = "État"},
    {8, "done_on", DATE, .label = "Fait le"},
    {9, "result", TEXT(400), .label = "Résultat"},
    {10, "proof", REF(TABLE_DOCUMENT), .label = "Preuve"},
};
static const struct field agreement_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = "Parcours"},
    {2, "kind", LIST(agreement_kind), REQ, TITLE, .label = "Type"},
    {3, "parties", TEXT(400), REQ, .label = "Parties"},
    PERIOD(4),
    {6, "content", PROSE(20000), .label = "Engagements"},
    {7, "review_months", INT(1, 12), .label = "Évaluation (mois)"},
    {8, "digest", TEXT(128), .label = "Empreinte"},
};
static const struct field contract_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {2, "pathway", REF(TABLE_PATHWAY), .label = "Parcours"},
    {3, "position", REF(TABLE_POSITION), .label = "Poste"},
    {4, "employer_structure", REF(TABLE_STRUCTURE), GROUP(GROUP_EMPLOYER),
     .label = "Employeur (structure)"},
    {5, "employer_company", REF(TABLE_COMPANY), GROUP(GROUP_EMPLOYER),
     .label = "Employeur (entreprise)"},
    {6, "user_company", REF(TABLE_COMPANY), .label = "Utilisateur (Art. 60)"},
    {7, "kind", LIST(contract_kind), REQ, TITLE, .label = "Type"},
    {8, "occupation", LIST(occupation), .label = "Métier"},
    {9, "start", DATE, REQ, TITLE, .label = "Début"},
    {10, "hours_week", REAL(0, 48), .label = "Heures/sem."},
    {11, "expected_end", DATE, GROUP(GROUP_END), REVIEW(ROLE_MANAGER | ROLE_COORDINATOR),
     .label = "Fin prévue"},
    {12, "actual_end", DATE, GROUP(GROUP_END), REVIEW(ROLE_MANAGER | ROLE_COORDINATOR),
     .label = "Fin réelle"},
    {13, "end_reason", LIST(end_reason), GROUP(GROUP_END),
     REVIEW(ROLE_MANAGER | ROLE_COORDINATOR), .label = "Motif de fin"},
};
static const struct field internship_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {2, "company", REF(TABLE_COMPANY), REQ, .label = "Entreprise"},
    {3, "agreement", REF(TABLE_AGREEMENT), .label = "Convention"},
    PERIOD(4),
    {6, "occupation", LIST(occupation), .label = "Métier"},
    {7, "after", ENUM(internship_after), .label = "Suite"},
    {8, "company_score", INT(1, 5), .label = "Satisfaction (entreprise)"},
    {9, "person_score", INT(1, 5), .label = "Satisfaction (personne)"},
    {10, "company_view", PROSE(4000), .label = "Avis de l'entreprise"},
};
static const struct field job_followup_fields[] = {
    {1, "contract", REF(TABLE_CONTRACT), REQ, FROZEN, .label = "Contrat"},
    {2, "milestone", LIST(milestone), REQ, FROZEN, TITLE, .label = "Point"},
    {3, "date", DATE, REQ, FROZEN, TITLE, .label = "Date"},
    {4, "in_job", ENUM(in_job), REQ, FROZEN, .label = "En poste"},
    {5, "person_score", INT(1, 5), FROZEN, .label = "Satisfaction (personne)"},
    {6, "company_score", INT(1, 5), FROZEN, .label = "Satisfaction (entreprise)"},
    {7, "incident", BOOL, FROZEN, .label = "Incident"},
    {8, "mediation", BOOL, FROZEN, .label = "Médiation"},
    {9, "session", REF(TABLE_SESSION), FROZEN, .label = "Séance"},
};
static const struct field document_fields[] = {
    {1, "of_table", ENUM(document_table), REQ, FROZEN, .label = "Table"},
    {2, "of_row", .kind = KIND_ID, REQ, FROZEN, .label = "Fiche"},
    {3, "kind", LIST(document_kind), REQ, .label = "Type"},
    {4, "title", TEXT(160), TITLE, .label = "Titre"},
    {5, "sha256", EXACT(64), REQ, FROZEN, .label = "Empreinte SHA-256"},
    {6, "size", INT(0, 50 * 1024 * 1024), REQ, FROZEN, .label = "Taille (octets)"},
    {7, "mime", TEXT(80), REQ, FROZEN, .label = "Format"},
};
static const struct field contact_point_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {2, "kind", ENUM(contact_kind), REQ, .label = "Type"},
    {3, "value", TEXT(120), REQ, TITLE, .label = "Numéro ou adresse"},
    {4, "note", TEXT(80), .label = "Note"},
};

static const struct field consent_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {FIELD_CONSENT_PURPOSE, "purpose", ENUM(consent_purpose), REQ, FROZEN, TITLE,
     .label = "Finalité"},
    {FIELD_CONSENT_RECIPIENT, "recipient", REF(TABLE_STRUCTURE), FROZEN,
     .label = "Structure destinataire"},
    {FIELD_CONSENT_SHARES, "shares", ENUM(shares), FROZEN, .label = "Ce qui est partagé"},
    {FIELD_CONSENT_GIVEN_ON, "given_on", DATE, REQ, FROZEN, TITLE, .label = "Donné le"},
    {FIELD_CONSENT_UNTIL, "until", DATE, FROZEN, .label = "Jusqu'au"},
    {FIELD_CONSENT_WITHDRAWN_ON, "withdrawn_on", DATE, ONCE(ROLE_COORDINATOR),
     .label = "Retiré le"},
    {8, "mode", ENUM(consent_mode), REQ, FROZEN, .label = "Forme"},
    {9, "document", REF(TABLE_DOCUMENT), FROZEN, .label = "Preuve"},
};
/* ---- The vault: for referents ---- */
static const struct field identity_number_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {2, "value", EXACT(11), REQ, REVIEW(ROLE_JOBCOACH), .label = "N° national"},
};
static const struct field sensitive_fact_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {2, "category", ENUM(sensitive_kind), REQ, FROZEN, TITLE, .label = "Catégorie"},
    {3, "detail", TEXT(4000), FROZEN, .label = "Détail"},
    {4, "basis", LIST(legal_basis), REQ, FROZEN, .label = "Base légale"},
    PERIOD_ONCE(5, ROLE_JOBCOACH),
    {7, "replaces", REF(TABLE_SENSITIVE_FACT), FROZEN, .label = "Remplace"},
};
/* The five points of shared secrecy are asked each time, and kept. */
static const struct field referral_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = "Personne"},
    {FIELD_REFERRAL_FROM, "from", REF(TABLE_STRUCTURE), REQ, FROZEN, .author_structure = true,
     .label = "De"},
    {FIELD_REFERRAL_TO, "to", REF(TABLE_STRUCTURE), REQ, FROZEN, .label = "Vers"},
    {FIELD_REFERRAL_STAFF, "staff", REF(TABLE_STAFF), FROZEN, .label = "Agent destinataire"},
    {FIELD_REFERRAL_CONSENT, "consent", REF(TABLE_CONSENT), REQ, FROZEN,
     .label = "Consentement"},
    {FIELD_REFERRAL_SHARES, "shares", ENUM(shares), REQ, FROZEN, .label = "Ce qui est partagé"},
    {FIELD_REFERRAL_INFORMED, "informed", BOOL, REQ, FROZEN, .label = "Personne informée"},
    {8, "agrees", BOOL, REQ, FROZEN, .label = "Personne d'accord"},
    {9, "bound", BOOL, REQ, FROZEN, .label = "Destinataire tenu au secret"},
    {10, "same_mission", BOOL, REQ, FROZEN, .label = "Même mission"},
    {FIELD_REFERRAL_NEEDED, "needed", BOOL, REQ, FROZEN, .label = "Strictement nécessaire"},
    {12, "reason", PROSE(2000), .label = "Motif"},
    {FIELD_REFERRAL_SENT_ON, "sent_on", DATE, REQ, FROZEN, TITLE, .label = "Envoyée le"},
    {FIELD_REFERRAL_ANSWER, "answer",
     LATTICE(referral_answer, "pending<accepted,refused,expired,withdrawn<ended"),
     .decider = ROLE_COORDINATOR, .label = "Réponse"},
    {FIELD_REFERRAL_REFUSAL, "refusal", LIST(refusal), .label = "Motif de refus"},
    {FIELD_REFERRAL_APPOINTMENT, "appointment", DATE, .label = "Rendez-vous"},
    {FIELD_REFERRAL_STARTED_ON, "started_on", DATE, .label = "Début effectif"},
    {18, "ended_on", DATE, .label = "Fin"},
};

/* ---- Made by the program ---- */
#define SNAPSHOT .kind = KIND_RAW, .max = 64 * 1024
static const struct field conflict_fields[] = {
    {FIELD_CONFLICT_OF_TABLE, "of_table", TEXT(40), REQ, FROZEN, TITLE, .label = "Table"},
    {FIELD_CONFLICT_OF_ROW, "of_row", .kind = KIND_ID, REQ, FROZEN, .label = "Fiche"},
    {FIELD_CONFLICT_OF_FIELD, "of_field", TEXT(40), REQ, FROZEN, TITLE, .label = "Champ"},
    {FIELD_CONFLICT_BASE, "base", SNAPSHOT, FROZEN, .label = "Valeur de départ"},
    {FIELD_CONFLICT_CURRENT, "current", SNAPSHOT, FROZEN, .label = "Valeur affichée"},
    {FIELD_CONFLICT_OTHER, "other", SNAPSHOT, FROZEN, .label = "Autre valeur"},
    {FIELD_CONFLICT_CURRENT_BY, "current_by", REF(TABLE_STAFF), FROZEN,
     .label = "Affichée : par"},
    {FIELD_CONFLICT_CURRENT_AT, "current_at", .kind = KIND_INSTANT, FROZEN,
     .label = "Affichée : le"},
    {FIELD_CONFLICT_OTHER_BY, "other_by", REF(TABLE_STAFF), FROZEN, .label = "Autre : par"},
    {FIELD_CONFLICT_OTHER_AT, "other_at", .kind = KIND_INSTANT, FROZEN, .label = "Autre : le"},
    {FIELD_CONFLICT_RECEIVED, "received", .kind = KIND_INSTANT, FROZEN, .label = "Reçu le"},
    {FIELD_CONFLICT_ORIGIN, "origin", .kind = KIND_INT, FROZEN, .label = "Appareil"},
    {FIELD_CONFLICT_DECIDER, "decider", INT(0, ROLE_ANY), FROZEN, .label = "Qui décide"},
    {FIELD_CONFLICT_REASON, "reason", TEXT(200), FROZEN, .label = "Raison"},
    {FIELD_CONFLICT_STATE, "state", LATTICE(conflict_state, "open<decided"), .label = "État"},
    {FIELD_CONFLICT_DECISION, "decision", TEXT(40), GROUP(GROUP_DECISION), .label = "Décision"},
    {FIELD_CONFLICT_DECIDED_REASON, "decided_reason", TEXT(400), GROUP(GROUP_DECISION),
     .label = "Motif de la décision"},
};
/* Two rows that may be the same thing. It holds nothing of them but their ids: whoever sees
 * only the first learns that another resembles it, and how. */
static const struct field duplicate_fields[] = {
    {FIELD_DUPLICATE_KIND, "kind", ENUM(duplicate_kind), REQ, FROZEN, TITLE, .label = "Type"},
    {FIELD_DUPLICATE_LEFT, "left", .kind = KIND_ID, REQ, FROZEN, .label = "Première fiche"},
    {FIELD_DUPLICATE_RIGHT, "right", .kind = KIND_ID, REQ, FROZEN, .label = "Autre fiche"},
    {FIELD_DUPLICATE_SCORE, "score", INT(0, 100), FROZEN, .label = "Ressemblance"},
    {FIELD_DUPLICATE_WHY, "why", TEXT(200), FROZEN, .label = "Raison"},
    {FIELD_DUPLICATE_FOUND, "found", .kind = KIND_INSTANT, FROZEN, .label = "Trouvé le"},
    {FIELD_DUPLICATE_STATE, "state", LATTICE(duplicate_state, "open<same,different"),
     .decider = ROLE_COORDINATOR, .label = "État"},
    {FIELD_DUPLICATE_DECIDED_REASON, "decided_reason", TEXT(400),
     .label = "Motif de la décision"},
    {FIELD_DUPLICATE_TIED, "tied", .kind = KIND_ID, .label = "Fiche rattachée"},
};
/* The order to erase a dossier. It holds no value of it, only its id, and outlives it: two
 * people with two roles sign, the second by deciding (store/erase.h). */
static const struct field erasure_fields[] = {
    {FIELD_ERASURE_DOSSIER, "dossier", .kind = KIND_ID, REQ, FROZEN, TITLE,
     .label = "Dossier à effacer"},
    {FIELD_ERASURE_STRUCTURE, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN,
     .author_structure = true, .label = "Structure"},
    {FIELD_ERASURE_REASON, "reason", ENUM(erasure_reason), REQ, FROZEN, TITLE,
     .label = "Motif"},
    {FIELD_ERASURE_ASKED_AS, "asked_as", ENUM(erasure_role), REQ, FROZEN,
     .label = "Demandé en qualité de"},
    {FIELD_ERASURE_STATE, "state", LATTICE(erasure_state, "asked<declined<confirmed"),
     .label = "État"},
    {FIELD_ERASURE_SIGNED_AS, "signed_as", ENUM(erasure_role), .label = "Décidé en qualité de"},
};
#define OPEN(field_) (UINT64_C(1) << ((field_)-1))

/* ---- Tables ---- */
enum {
    BY_NETWORK = ROLE_FEDERATION | ROLE_ADMIN,
    BY_COORDINATION = BY_NETWORK | ROLE_COORDINATOR,
    BY_FIELD = ROLE_JOBCOACH | ROLE_COORDINATOR,
    BY_EMPLOYERS = ROLE_JOBCOACH | ROLE_COORDINATOR | ROLE_MANAGER,
};
#define REFERENCE                                                                              \
    .scope = SCOPE_NETWORK, .facet = FACET_FACTS, .retention = KEEP_REFERENCE,                 \
    .purpose = FOR_INFORM
/* Dossier tables: everything about a person is at least personal. */
#define DOSSIER                                                                                \
    .facet = FACET_FACTS, .sensitivity = SENS_PERSONAL, .retention = KEEP_DOSSIER,             \
    .purpose = FOR_ACCOMPANY
#define EVIDENCE                                                                               \
    .facet = FACET_FACTS, .sensitivity = SENS_PERSONAL, .retention = KEEP_EVIDENCE,            \
    .purpose = FOR_PROVE
#define SECRET                                                                                 \
    .facet = FACET_NOTES, .sensitivity = SENS_SECRET, .retention = KEEP_DOSSIER,               \
    .purpose = FOR_ACCOMPANY, .writers = ROLE_JOBCOACH
#define VAULT                                                                                  \
    .facet = FACET_VAULT, .retention = KEEP_VAULT, .purpose = FOR_CARE, .writers = ROLE_JOBCOACH
#define VIA(field_) .scope = SCOPE_OF_REF, .scope_field = (field_)

static const struct table tables[] = {
    {TABLE_STRUCTURE, "structure", "Structure", REFERENCE, .writers = BY_NETWORK,
     FIELDS(structure_fields)},
    {TABLE_SITE, "site", "Site", REFERENCE, .writers = BY_COORDINATION, FIELDS(site_fields)},
    {TABLE_STAFF, "staff", "Agent", REFERENCE, .writers = BY_COORDINATION,
     .sensitivity = SENS_PERSONAL, FIELDS(staff_fields)},
    {TABLE_STAFF_ROLE, "staff_role", "Rôle", REFERENCE, .writers = BY_COORDINATION,
     .sensitivity = SENS_PERSONAL, .append_only = true, FIELDS(staff_role_fields)},
    {TABLE_PATHWAY_MODEL, "pathway_model", "Modèle de parcours", REFERENCE,
     .writers = BY_COORDINATION, FIELDS(pathway_model_fields)},
    {TABLE_PHASE, "phase", "Phase", REFERENCE, .writers = BY_COORDINATION,
     FIELDS(phase_fields)},
    {TABLE_CODE, "code", "Code de liste", REFERENCE, .writers = BY_NETWORK, .derived = {1, 2},
     FIELDS(code_fields)},
    {TABLE_PARAMETER, "parameter", "Paramètre", REFERENCE, .writers = BY_NETWORK,
     FIELDS(parameter_fields)},
    {TABLE_COMPANY, "company", "Entreprise", REFERENCE, .writers = BY_EMPLOYERS,
     FIELDS(company_fields)},
    {TABLE_POSITION, "position", "Poste, offre", REFERENCE, .writers = BY_EMPLOYERS,
     .exactly_one = {1, 2}, FIELDS(position_fields)},
    {TABLE_PROJECT, "project", "Opération FSE", REFERENCE, .writers = BY_COORDINATION,
     FIELDS(project_fields)},
    {TABLE_SESSION, "session", "Séance", DOSSIER, VIA(2), .scope_else = 3, .writers = BY_FIELD,
     .freeze_field = FIELD_SESSION_STATE, .freeze_code = "validated", FIELDS(session_fields)},
    {TABLE_SESSION_STAFF, "session_staff", "Agent présent", DOSSIER, VIA(1),
     .writers = BY_FIELD, .derived = {1, 2}, FIELDS(session_staff_fields)},
    {TABLE_PERSON, "person", "Personne", DOSSIER, .scope = SCOPE_PERSON, .scope_field = 13,
     .writers = BY_FIELD, FIELDS(person_fields)},
    {TABLE_PATHWAY, "pathway", "Parcours", DOSSIER, VIA(1), .writers = BY_FIELD,
     FIELDS(pathway_fields)},
    {TABLE_STEP, "step", "Étape", DOSSIER, VIA(1), .writers = BY_FIELD, .append_only = true,
     FIELDS(step_fields)},
    {TABLE_ASSIGNMENT, "assignment", "Affectation", DOSSIER, VIA(1), .writers = BY_FIELD,
     .append_only = true, .exactly_one = {2, 3}, FIELDS(assignment_fields)},
    {TABLE_ATTENDANCE, "attendance", "Présence", DOSSIER, VIA(2), .writers = BY_FIELD,
     .derived = {1, 2}, FIELDS(attendance_fields)},
    {TABLE_SESSION_NOTE, "session_note", "Compte rendu", SECRET, VIA(2), .freeze_via = 1,
     .freeze_field = FIELD_SESSION_STATE, .freeze_code = "validated",
     FIELDS(session_note_fields)},
    {TABLE_SESSION_ADDENDUM, "session_addendum", "Ajout", SECRET, VIA(2), .append_only = true,
     FIELDS(session_addendum_fields)},
    {TABLE_OBJECTIVE, "objective", "Objectif", SECRET, VIA(1), FIELDS(objective_fields)},
    {TABLE_ACTION, "action", "Action, démarche", SECRET, VIA(2), FIELDS(action_fields)},
    {TABLE_AGREEMENT, "agreement", "Convention", EVIDENCE, VIA(1), .writers = BY_FIELD,
     FIELDS(agreement_fields)},
    {TABLE_CONTRACT, "contract", "Contrat, mise à l'emploi", EVIDENCE, VIA(1),
     .writers = BY_EMPLOYERS, .exactly_one = {4, 5}, FIELDS(contract_fields)},
    {TABLE_INTERNSHIP, "internship", "Stage", DOSSIER, VIA(1), .writers = BY_FIELD,
     FIELDS(internship_fields)},
    {TABLE_JOB_FOLLOWUP, "job_followup", "Point d'emploi", EVIDENCE, VIA(1),
     .writers = BY_EMPLOYERS, .append_only = true, FIELDS(job_followup_fields)},
    {TABLE_DOCUMENT, "document", "Document", .scope = SCOPE_OF_ROW, .scope_table_field = 1,
     .scope_field = 2, .writers = BY_EMPLOYERS, .sensitivity = SENS_SECRET,
     .retention = KEEP_DOSSIER, .purpose = FOR_ACCOMPANY, FIELDS(document_fields)},
    {TABLE_CONTACT_POINT, "contact_point", "Téléphone, courriel", DOSSIER, VIA(1),
     .writers = BY_FIELD, FIELDS(contact_point_fields)},
    {TABLE_CONSENT, "consent", "Consentement", EVIDENCE, VIA(1), .writers = BY_FIELD,
     .append_only = true, FIELDS(consent_fields)},
    {TABLE_REFERRAL, "referral", "Passerelle", EVIDENCE, VIA(1),
     .writers = BY_FIELD | ROLE_RECEIVER, FIELDS(referral_fields)},
    {TABLE_IDENTITY_NUMBER, "identity_number", "N° national", VAULT, VIA(1),
     .sensitivity = SENS_NATIONAL, FIELDS(identity_number_fields)},
    {TABLE_SENSITIVE_FACT, "sensitive_fact", "Coffre", VAULT, VIA(1), .sensitivity = SENS_GDPR9,
     .append_only = true, FIELDS(sensitive_fact_fields)},
    {TABLE_CONFLICT, "conflict", "Conflit", .scope = SCOPE_OF_ROW,
     .scope_table_field = FIELD_CONFLICT_OF_TABLE, .scope_field = FIELD_CONFLICT_OF_ROW,
     .writers = BY_EMPLOYERS, .program_only = true,
     .open_fields = OPEN(FIELD_CONFLICT_STATE) | OPEN(FIELD_CONFLICT_DECISION) |
                    OPEN(FIELD_CONFLICT_DECIDED_REASON),
     .sensitivity = SENS_SECRET, .retention = KEEP_AUDIT, .purpose = FOR_PROTECT,
     FIELDS(conflict_fields)},
    {TABLE_DUPLICATE_CASE, "duplicate_case", "Doublon possible", .scope = SCOPE_OF_ROW,
     .scope_table_field = FIELD_DUPLICATE_KIND, .scope_field = FIELD_DUPLICATE_LEFT,
     .writers = BY_EMPLOYERS, .program_only = true,
     .open_fields = OPEN(FIELD_DUPLICATE_STATE) | OPEN(FIELD_DUPLICATE_DECIDED_REASON) |
                    OPEN(FIELD_DUPLICATE_TIED),
     .derived = {FIELD_DUPLICATE_KIND, FIELD_DUPLICATE_LEFT, FIELD_DUPLICATE_RIGHT},
     .sensitivity = SENS_PERSONAL, .retention = KEEP_DOSSIER, .purpose = FOR_ACCOMPANY,
     FIELDS(duplicate_fields)},
    {TABLE_ERASURE, "erasure", "Effacement", .scope = SCOPE_STRUCTURE,
     .scope_field = FIELD_ERASURE_STRUCTURE, .facet = FACET_FACTS, .writers = BY_EMPLOYERS,
     .retention = KEEP_AUDIT, .purpose = FOR_PROTECT, FIELDS(erasure_fields)},
};

const struct schema schema_jalon = {
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(*tables),
    .version = SCHEMA_VERSION,
};
