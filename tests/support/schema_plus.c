/* SPDX-License-Identifier: Apache-2.0 */
#include "support/schema_plus.h"

enum { TABLES_MAX = 128 };

static const char *const parcel_state[] = {"packed", "sent", "received", NULL};

static const struct field parcel_fields[] = {
    {SCHEMA_PLUS_PARCEL_STRUCTURE, "structure", KIND_REF, .required = true,
     .merge = MERGE_FROZEN, .ref = TABLE_STRUCTURE, .author_structure = true,
     .label = "Structure"},
    {SCHEMA_PLUS_PARCEL_LABEL, "label", KIND_TEXT, .required = true, .max = 80,
     .label = "Libellé"},
    {SCHEMA_PLUS_PARCEL_WEIGHT, "weight", KIND_REAL, .min = 0, .max = 10000, .label = "Poids"},
    {SCHEMA_PLUS_PARCEL_PIECES, "pieces", KIND_INT, .min = 0, .max = 99, .label = "Pièces"},
    {SCHEMA_PLUS_PARCEL_SENT, "sent", KIND_DATE, .label = "Envoi"},
    {SCHEMA_PLUS_PARCEL_AT, "at", KIND_TIME, .label = "Heure"},
    {SCHEMA_PLUS_PARCEL_FRAGILE, "fragile", KIND_BOOL, .label = "Fragile"},
    {SCHEMA_PLUS_PARCEL_STATE, "state", KIND_ENUM, .merge = MERGE_LATTICE,
     .codes = parcel_state, .words = "parcel_state", .lattice = "packed<sent<received",
     .label = "État"},
    {SCHEMA_PLUS_PARCEL_CARRIER, "carrier", KIND_REF, .ref = TABLE_COMPANY,
     .label = "Transporteur"},
    {SCHEMA_PLUS_PARCEL_NOTE, "note", KIND_TEXT, .merge = MERGE_TEXT, .max = 2000,
     .label = "Note"},
};

static const struct table parcel = {
    .id = SCHEMA_PLUS_PARCEL,
    .name = "test_parcel",
    .label = "Colis",
    .scope = SCOPE_STRUCTURE,
    .scope_field = SCHEMA_PLUS_PARCEL_STRUCTURE,
    .facet = FACET_FACTS,
    .writers = ROLE_JOBCOACH | ROLE_COORDINATOR,
    .retention = KEEP_DOSSIER,
    .purpose = FOR_ACCOMPANY,
    .basis = BASIS_MISSION,
    .fields = parcel_fields,
    .field_count = sizeof(parcel_fields) / sizeof(*parcel_fields),
};

static const struct field colour = {.id = SCHEMA_PLUS_PERSON_COLOUR,
                                    .name = "test_colour",
                                    .kind = KIND_TEXT,
                                    .max = 40,
                                    .label = "Couleur"};

static struct field person_fields[SCHEMA_FIELDS_MAX];
static struct table tables[TABLES_MAX];
static struct schema plus;

const struct schema *schema_plus(void)
{
    if (plus.tables != NULL)
        return &plus;
    uint16_t count = schema_jalon.table_count;
    must(count < TABLES_MAX && schema_jalon.tables[count - 1].id < SCHEMA_PLUS_PARCEL);
    memcpy(tables, schema_jalon.tables, count * sizeof(*tables));
    tables[count] = parcel;

    struct table *person =
        &tables[schema_table(&schema_jalon, TABLE_PERSON) - schema_jalon.tables];
    must(person->field_count < SCHEMA_FIELDS_MAX);
    memcpy(person_fields, person->fields, person->field_count * sizeof(*person_fields));
    person_fields[person->field_count++] = colour;
    person->fields = person_fields;

    plus = (struct schema){.tables = tables,
                           .table_count = (uint16_t)(count + 1),
                           .version = schema_jalon.version + 1};
    return &plus;
}
