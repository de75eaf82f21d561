/* SPDX-License-Identifier: Apache-2.0 */
/* schema_jalon grown by one table and one field: what a later version of the program declares.
 */
#ifndef SUPPORT_SCHEMA_PLUS_H
#define SUPPORT_SCHEMA_PLUS_H

#include "proto/schema.h"

/* The ids of what is new. */
enum {
    SCHEMA_PLUS_PARCEL = 900,       /* table "test_parcel", structure scope */
    SCHEMA_PLUS_PERSON_COLOUR = 60, /* field "test_colour" of person, text */
};

/* The fields of test_parcel: one of each kind people can fill in. */
enum {
    SCHEMA_PLUS_PARCEL_STRUCTURE = 1, /* "structure": ref structure, required, the scope */
    SCHEMA_PLUS_PARCEL_LABEL,         /* "label": text, required */
    SCHEMA_PLUS_PARCEL_WEIGHT,        /* "weight": real 0..100 */
    SCHEMA_PLUS_PARCEL_PIECES,        /* "pieces": int 0..99 */
    SCHEMA_PLUS_PARCEL_SENT,          /* "sent": date */
    SCHEMA_PLUS_PARCEL_AT,            /* "at": time */
    SCHEMA_PLUS_PARCEL_FRAGILE,       /* "fragile": bool */
    SCHEMA_PLUS_PARCEL_STATE,         /* "state": lattice packed<sent<received */
    SCHEMA_PLUS_PARCEL_CARRIER,       /* "carrier": ref company */
    SCHEMA_PLUS_PARCEL_NOTE,          /* "note": text merged by paragraph */
};

/* The larger schema; built at the first call, valid for the life of the program. */
const struct schema *schema_plus(void);

#endif
