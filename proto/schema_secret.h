/* SPDX-License-Identifier: Apache-2.0 */
/* Fields under professional secrecy and of the vault; for schema_tables.c only. */
#ifndef PROTO_SCHEMA_SECRET_H
#define PROTO_SCHEMA_SECRET_H

#include "proto/schema_codes.h"
#include "proto/schema_words.h"

/* ---- Notes: for whom coaches the person ---- */
static const struct field session_note_fields[] = {
    {1, "session", REF(TABLE_SESSION), REQ, FROZEN, .label = N_("Séance")},
    {2, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {3, "text", PROSE(20000), .label = N_("Compte rendu")},
};
static const struct field session_addendum_fields[] = {
    {1, "session", REF(TABLE_SESSION), REQ, FROZEN, .label = N_("Séance")},
    {2, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {3, "text", TEXT(8000), REQ, FROZEN, .label = N_("Ajout")},
    {4, "disputed_by_person", BOOL, FROZEN, .label = N_("Désaccord de la personne")},
};
static const struct field objective_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {2, "theme", LIST(theme), REQ, .label = N_("Thème")},
    {3, "label", PROSE(400), REQ, TITLE, .label = N_("Objectif")},
    {4, "due", DATE, .label = N_("Échéance")},
    {5, "state", LATTICE(plan_state, plan_order), .decider = ROLE_JOBCOACH,
     .label = N_("État")},
};
static const struct field action_fields[] = {
    {1, "objective", REF(TABLE_OBJECTIVE), .label = N_("Objectif")},
    {2, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {3, "agreement", REF(TABLE_AGREEMENT), .label = N_("Convention")},
    {4, "who", ENUM(action_party), REQ, .label = N_("Qui")},
    {5, "label", PROSE(400), REQ, TITLE, .label = N_("Action")},
    {6, "due", DATE, INDEXED, .label = N_("Échéance")},
    {7, "state", LATTICE(plan_state, plan_order), .decider = ROLE_JOBCOACH,
     .label = N_("État")},
    {8, "done_on", DATE, .label = N_("Fait le")},
    {9, "result", TEXT(400), .label = N_("Résultat")},
    {10, "proof", REF(TABLE_DOCUMENT), .label = N_("Preuve")},
};
/* A recognised disability is a sensitive fact, not a status. Coordination does not see these,
 * so two ends are for the coaches to decide. */
static const struct field status_period_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "code", LIST(status), REQ, FROZEN, TITLE, .label = N_("Statut")},
    PERIOD_ONCE(3, ROLE_JOBCOACH | ROLE_COORDINATOR),
    {5, "proof", REF(TABLE_DOCUMENT), FROZEN, .label = N_("Preuve")},
    {6, "checked_by", REF(TABLE_STAFF), FROZEN, .label = N_("Vérifié par")},
};
/* Health and justice belong into the vault (rules_outside_vault refuses them here). */
static const struct field obstacle_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "theme", LIST(theme), REQ, TITLE, .label = N_("Thème")},
    {3, "severity", INT(0, 4), TITLE, .label = N_("Gêne")},
    {4, "note", PROSE(2000), .label = N_("Note")},
    PERIOD(5),
};
static const struct field pathway_plan_fields[] = {
    {1, "pathway", REF(TABLE_PATHWAY), REQ, FROZEN, .label = N_("Parcours")},
    {2, "project", PROSE(8000), TITLE, .label = N_("Projet")},
    {3, "motivation", PROSE(4000), .label = N_("Motivation")},
    {4, "strengths", PROSE(4000), .label = N_("Atouts")},
};
/* Of health and justice only the level (rules_outside_vault). */
static const struct field assessment_axis_fields[] = {
    {1, "assessment", REF(TABLE_ASSESSMENT), REQ, FROZEN, .label = N_("Bilan")},
    {2, "axis", LIST(axis), REQ, FROZEN, TITLE, .label = N_("Axe")},
    {3, "level", INT(0, 4), TITLE, .label = N_("Niveau")},
    {4, "finding", PROSE(4000), .label = N_("Constat")},
    {5, "strength", BOOL, .label = N_("Atout")},
    {6, "seen_with_person", BOOL, .label = N_("Vu avec la personne")},
};
static const struct field barrier_case_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "barrier", REF(TABLE_BARRIER), REQ, FROZEN, .label = N_("Frein réglementaire")},
    {3, "date", DATE, TITLE, .label = N_("Date")},
};

/* ---- The vault: for referents ---- */
static const struct field identity_number_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "value", EXACT(11), REQ, REVIEW(ROLE_JOBCOACH), .masked = true, .check = CHECK_NATIONAL,
     .label = N_("N° national")},
};
static const struct field sensitive_fact_fields[] = {
    {1, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {2, "category", ENUM(sensitive_kind), REQ, FROZEN, TITLE, .label = N_("Catégorie")},
    {3, "detail", TEXT(4000), FROZEN, .label = N_("Détail")},
    {4, "basis", LIST(legal_basis), REQ, FROZEN, .label = N_("Base légale")},
    PERIOD_ONCE(5, ROLE_JOBCOACH),
    {7, "replaces", REF(TABLE_SENSITIVE_FACT), FROZEN, .label = N_("Remplace")},
};
/* A refused answer is a value; an empty one is not. */
static const struct field participation_answer_fields[] = {
    {1, "participation", REF(TABLE_PARTICIPATION), REQ, FROZEN, .label = N_("Participation")},
    {2, "milestone", ENUM(participation_milestone), REQ, FROZEN, TITLE, .label = N_("Moment")},
    {3, "question", TEXT(40), REQ, FROZEN, TITLE, .label = N_("Question")},
    {4, "value", TEXT(40), REQ, FROZEN, .label = N_("Réponse")},
    {5, "replaces", REF(TABLE_PARTICIPATION_ANSWER), FROZEN, .label = N_("Remplace")},
};

#endif
