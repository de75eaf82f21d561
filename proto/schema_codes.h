/* SPDX-License-Identifier: Apache-2.0 */
/* The closed lists of codes and what open ones begin with; for schema_tables.c only. */
#ifndef PROTO_SCHEMA_CODES_H
#define PROTO_SCHEMA_CODES_H

#include "proto/schema.h"

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
CODES(axis, "housing", "employment", "training", "administration", "money", "mobility",
      "health", "family_care", "language", "digital", "skills_acquired", "skills_latent",
      "aspirations", "justice");
CODES(accreditation_kind, "EI", "IES", "CISP", "ETA", "MIRE", "IDESS");
CODES(accreditation_state, "asked", "granted", "withdrawn");
CODES(resource_kind, "action_sheet", "good_practice", "scheme", "internship_offer",
      "training_offer", "legal_note", "bulletin", "partner", "tool");
CODES(resource_state, "draft", "review", "published", "archived");
CODES(testimonial_state, "draft", "published", "withdrawn");
CODES(event_kind, "job_day", "networking", "concertation", "intervision", "validobus",
      "staff_training");
CODES(barrier_state, "noted", "documented", "submitted", "solved");
CODES(visit_state, "asked", "accepted", "done");
CODES(improvement_state, "open", "done");
CODES(deadline_state, "todo", "postponed", "not_applicable", "done");
CODES(deadline_source, "rule", "manual");
CODES(status, "RIS", "ERIS", "DEI_paid", "DEI_unpaid", "insertion_period", "worker", "student",
      "incapacity", "no_income", "protection");
CODES(skill, "listen", "read", "speak", "write");
CODES(cefr_level, "A1", "A2", "B1", "B2", "C1", "C2");
CODES(scheme, "DEDP", "DEDP_PLUS", "DIISP", "TD", "TGD", "ART60", "MIRE_public", "ESF_project");
CODES(eligibility_result, "yes", "no", "unknown");
CODES(assessment_state, "draft", "locked");
CODES(aid, "SINE", "ART60_ES", "Impulsion_u25", "Impulsion_12m", "APE", "AViQ", "SESAM",
      "EI_TD", "EI_TGD");
CODES(candidacy_state, "proposed", "sent", "interview", "accepted", "refused");
CODES(training_result, "ongoing", "completed", "certified", "failed", "abandoned");
CODES(validation_step, "info", "guidance", "registered", "test", "jury", "title");
CODES(validation_result, "pass", "partial", "fail");
/* The network code of each is its class (durable, transition, …): see codes.c. */
CODES(exit_reason, "CDI", "CDD_6_months", "self_employed", "public_service", "CDD_short",
      "interim", "EI", "ETA", "ART60", "PFI", "qualifying_training", "studies", "skill_title",
      "death", "move", "long_illness", "maternity", "pension", "detention", "dropped_out",
      "no_news", "agreement_end", "exclusion");
CODES(exit_situation, "searching", "training", "qualified", "employed", "better_situation",
      "inactive", "unknown");
CODES(participation_milestone, "entry", "exit", "m6");
CODES(conflict_state, "open", "decided");
/* Names of the tables whose rows may be the same thing entered twice. */
CODES(duplicate_kind, "person", "company", "session", "exit");
CODES(duplicate_state, "open", "same", "different");
CODES(opened, "dossier", "notes", "vault", "national_number");
static const uint8_t opened_facets[] = {FACET_FACTS, FACET_NOTES, FACET_VAULT, FACET_VAULT};
CODES(erasure_reason, "request", "retention", "other");
CODES(erasure_role, "jobcoach", "manager", "coordinator");
CODES(erasure_state, "asked", "declined", "confirmed");
/* Tables whose rows may carry documents. */
CODES(document_table, "staff", "company", "position", "project", "session", "person", "pathway",
      "step", "attendance", "session_note", "session_addendum", "objective", "action",
      "agreement", "contract", "internship", "job_followup", "structure", "resource",
      "testimonial", "event", "visit_request", "improvement", "company_note", "accreditation",
      "deadline", "staff_training", "staff_review", "contact_point", "status_period",
      "obstacle", "eligibility_check", "assessment", "agreement_signature", "contract_aid",
      "candidacy", "training", "skill_validation", "exit", "participation", "consent",
      "referral", "sensitive_fact", "barrier_case");
/* Tables whose rows may have deadlines. */
CODES(deadline_table, "structure", "staff", "company", "position", "project", "resource",
      "testimonial", "event", "barrier", "visit_request", "improvement", "contact",
      "accreditation", "session", "person", "pathway", "step", "assignment", "objective",
      "action", "agreement", "contract", "internship", "job_followup", "status_period",
      "obstacle", "eligibility_check", "assessment", "contract_aid", "candidacy", "training",
      "skill_validation", "exit", "participation", "consent", "referral", "person_language",
      "document", "identity_number", "sensitive_fact");
/* Lists that hold rows of `code` only: nomenclatures every network loads for itself. */
static const char *const zone[] = {NULL};
static const char *const sector[] = {NULL};
static const char *const occupation[] = {NULL};
static const char *const quota[] = {NULL};
/* Of a list that a field of the row names. */
static const char *const no_codes[] = {NULL};

static const char plan_order[] = "planned<in_progress<done,dropped";

#endif
