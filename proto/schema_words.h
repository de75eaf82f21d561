/* SPDX-License-Identifier: Apache-2.0 */
/* The shorthand the declaration is written in; for schema_tables.c only. */
#ifndef PROTO_SCHEMA_WORDS_H
#define PROTO_SCHEMA_WORDS_H

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
#define ENUM(codes_) .kind = KIND_ENUM, .codes = (codes_), .words = #codes_
#define LIST(codes_) ENUM(codes_), .open = true, .list = #codes_
/* The list is named by another field of the row, a frozen text. */
#define LIST_OF(field_) ENUM(no_codes), .open = true, .list_field = (field_)
#define LATTICE(codes_, order_) ENUM(codes_), .merge = MERGE_LATTICE, .lattice = (order_)
#define REF(table_) .kind = KIND_REF, .ref = (table_)
#define INDEXED .indexed = true
#define FROZEN .merge = MERGE_FROZEN
#define ONCE(decider_) .merge = MERGE_ONCE, .decider = (decider_)
#define REVIEW(decider_) .merge = MERGE_REVIEW, .decider = (decider_)
#define GROUP(n_) .group = (n_)
#define FIELDS(fields_) .fields = (fields_), .field_count = sizeof(fields_) / sizeof(*(fields_))

/* Pieces that several tables have. An address is one unit: half of one and half of another
 * would lead nowhere. */
enum { GROUP_ADDRESS = 1, GROUP_EMPLOYER, GROUP_END, GROUP_DECISION, GROUP_TERM, GROUP_PLAN };
#define ADDRESS(id_)                                                                           \
    {(id_), "street", TEXT(160), GROUP(GROUP_ADDRESS), .label = N_("Rue et n°")},              \
        {(id_) + 1, "postcode", TEXT(8), GROUP(GROUP_ADDRESS), .label = N_("Code postal")},    \
        {(id_) + 2, "city", TEXT(80), GROUP(GROUP_ADDRESS), .label = N_("Localité")},          \
    {                                                                                          \
        (id_) + 3, "ins", EXACT(5), GROUP(GROUP_ADDRESS), .label = N_("Commune (INS)")         \
    }
#define PERIOD(id_)                                                                            \
    {(id_), "start", DATE, REQ, .label = N_("Début")},                                         \
    {                                                                                          \
        (id_) + 1, "end", DATE, .label = N_("Fin")                                             \
    }
/* Append-only tables: the start is fixed, the end is filled in once. */
#define PERIOD_ONCE(id_, decider_)                                                             \
    {(id_), "start", DATE, REQ, FROZEN, .label = N_("Début")},                                 \
    {                                                                                          \
        (id_) + 1, "end", DATE, ONCE(decider_), .label = N_("Fin")                             \
    }

#endif
