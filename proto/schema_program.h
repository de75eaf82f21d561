/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of what the program makes; for schema_tables.c only. */
#ifndef PROTO_SCHEMA_PROGRAM_H
#define PROTO_SCHEMA_PROGRAM_H

#include "proto/schema_codes.h"
#include "proto/schema_words.h"

/* ---- Made by the program ---- */
#define SNAPSHOT .kind = KIND_RAW, .max = 64 * 1024
static const struct field conflict_fields[] = {
    {FIELD_CONFLICT_OF_TABLE, "of_table", TEXT(40), REQ, FROZEN, TITLE, .label = N_("Table")},
    {FIELD_CONFLICT_OF_ROW, "of_row", .kind = KIND_ID, REQ, FROZEN, .label = N_("Fiche")},
    {FIELD_CONFLICT_OF_FIELD, "of_field", TEXT(40), REQ, FROZEN, TITLE, .label = N_("Champ")},
    {FIELD_CONFLICT_BASE, "base", SNAPSHOT, FROZEN, .label = N_("Valeur de départ")},
    {FIELD_CONFLICT_CURRENT, "current", SNAPSHOT, FROZEN, .label = N_("Valeur affichée")},
    {FIELD_CONFLICT_OTHER, "other", SNAPSHOT, FROZEN, .label = N_("Autre valeur")},
    {FIELD_CONFLICT_CURRENT_BY, "current_by", REF(TABLE_STAFF), FROZEN,
     .label = N_("Affichée : par")},
    {FIELD_CONFLICT_CURRENT_AT, "current_at", .kind = KIND_INSTANT, FROZEN,
     .label = N_("Affichée : le")},
    {FIELD_CONFLICT_OTHER_BY, "other_by", REF(TABLE_STAFF), FROZEN, .label = N_("Autre : par")},
    {FIELD_CONFLICT_OTHER_AT, "other_at", .kind = KIND_INSTANT, FROZEN,
     .label = N_("Autre : le")},
    {FIELD_CONFLICT_RECEIVED, "received", .kind = KIND_INSTANT, FROZEN, .label = N_("Reçu le")},
    {FIELD_CONFLICT_ORIGIN, "origin", .kind = KIND_INT, FROZEN, .label = N_("Appareil")},
    {FIELD_CONFLICT_DECIDER, "decider", INT(0, ROLE_ANY), FROZEN, .label = N_("Qui décide")},
    {FIELD_CONFLICT_REASON, "reason", TEXT(200), FROZEN, .label = N_("Raison")},
    {FIELD_CONFLICT_STATE, "state", LATTICE(conflict_state, "open<decided"),
     .label = N_("État")},
    {FIELD_CONFLICT_DECISION, "decision", TEXT(40), GROUP(GROUP_DECISION),
     .label = N_("Décision")},
    {FIELD_CONFLICT_DECIDED_REASON, "decided_reason", TEXT(400), GROUP(GROUP_DECISION),
     .label = N_("Motif de la décision")},
};
/* Two rows that may be the same thing. It holds nothing of them but their ids: whoever sees
 * only the first learns that another resembles it, and how. */
static const struct field duplicate_fields[] = {
    {FIELD_DUPLICATE_KIND, "kind", ENUM(duplicate_kind), REQ, FROZEN, TITLE,
     .label = N_("Type")},
    {FIELD_DUPLICATE_LEFT, "left", .kind = KIND_ID, REQ, FROZEN, .label = N_("Première fiche")},
    {FIELD_DUPLICATE_RIGHT, "right", .kind = KIND_ID, REQ, FROZEN, .label = N_("Autre fiche")},
    {FIELD_DUPLICATE_SCORE, "score", INT(0, 100), FROZEN, .label = N_("Ressemblance")},
    {FIELD_DUPLICATE_WHY, "why", TEXT(200), FROZEN, .label = N_("Raison")},
    {FIELD_DUPLICATE_FOUND, "found", .kind = KIND_INSTANT, FROZEN, .label = N_("Trouvé le")},
    {FIELD_DUPLICATE_STATE, "state", LATTICE(duplicate_state, "open<same,different"),
     .decider = ROLE_COORDINATOR, .label = N_("État")},
    {FIELD_DUPLICATE_DECIDED_REASON, "decided_reason", TEXT(400),
     .label = N_("Motif de la décision")},
    {FIELD_DUPLICATE_TIED, "tied", .kind = KIND_ID, .label = N_("Fiche rattachée")},
};
/* The order to erase a dossier. It holds no value of it, only its id, and outlives it: two
 * people with two roles sign, the second by deciding (store/erase.h). */
static const struct field erasure_fields[] = {
    {FIELD_ERASURE_DOSSIER, "dossier", .kind = KIND_ID, REQ, FROZEN, TITLE,
     .label = N_("Dossier à effacer")},
    {FIELD_ERASURE_STRUCTURE, "structure", REF(TABLE_STRUCTURE), REQ, FROZEN,
     .author_structure = true, .label = N_("Structure")},
    {FIELD_ERASURE_REASON, "reason", ENUM(erasure_reason), REQ, FROZEN, TITLE,
     .label = N_("Motif")},
    {FIELD_ERASURE_ASKED_AS, "asked_as", ENUM(erasure_role), REQ, FROZEN,
     .label = N_("Demandé en qualité de")},
    {FIELD_ERASURE_STATE, "state", LATTICE(erasure_state, "asked<declined<confirmed"),
     .label = N_("État")},
    {FIELD_ERASURE_SIGNED_AS, "signed_as", ENUM(erasure_role),
     .label = N_("Décidé en qualité de")},
};
/* Who opened what of a dossier: seen by whoever may see that. One row a day, and one for each
 * display of a national number (store/access.h). staff empty: at the server. */
static const struct field access_log_fields[] = {
    {FIELD_ACCESS_PERSON, "person", REF(TABLE_PERSON), REQ, FROZEN, .label = N_("Personne")},
    {FIELD_ACCESS_STAFF, "staff", REF(TABLE_STAFF), FROZEN, .label = N_("Agent")},
    {FIELD_ACCESS_OPENED, "opened", ENUM(opened), REQ, FROZEN, TITLE, .label = N_("Ouvert")},
    {FIELD_ACCESS_AT, "at", .kind = KIND_INSTANT, REQ, FROZEN, TITLE, .label = N_("Le")},
    {FIELD_ACCESS_REASON, "reason", TEXT(200), FROZEN, .label = N_("Motif")},
};

#endif
