/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/schema.h"

#include "proto/value.h"

const struct field schema_field_deleted = {
    .id = FIELD_DELETED, .name = "deleted", .kind = KIND_BOOL, .label = N_("Supprimé")};

const struct table *schema_table(const struct schema *schema, uint16_t id)
{
    size_t low = 0;
    size_t high = schema->table_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (schema->tables[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < schema->table_count && schema->tables[low].id == id;
    return found ? &schema->tables[low] : NULL;
}

const struct table *schema_table_named(const struct schema *schema, struct str name)
{
    for (size_t i = 0; i < schema->table_count; i++)
        if (str_eq(str_of(schema->tables[i].name), name))
            return &schema->tables[i];
    return NULL;
}

int schema_field_index(const struct table *table, uint16_t id)
{
    /* Ids mostly run 1, 2, 3…, so the first guess is nearly always right; ids are unique and
     * ascending, so the field is never further to the right. */
    if (id == 0 || table->field_count == 0)
        return -1;
    int high = (id <= table->field_count ? id : table->field_count) - 1;
    if (table->fields[high].id == id)
        return high;
    int low = 0;
    while (low <= high) {
        int middle = (low + high) / 2;
        if (table->fields[middle].id == id)
            return middle;
        if (table->fields[middle].id < id)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

const struct field *schema_field(const struct table *table, uint16_t id)
{
    int i = schema_field_index(table, id);
    return i < 0 ? NULL : &table->fields[i];
}

const struct field *schema_field_or_deleted(const struct table *table, uint16_t id)
{
    return id == FIELD_DELETED ? &schema_field_deleted : schema_field(table, id);
}

const struct field *schema_field_named(const struct table *table, struct str name)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (str_eq(str_of(table->fields[i].name), name))
            return &table->fields[i];
    return NULL;
}

/* Cut the next code off a lattice; `sign` is the sign after it, NUL at the end. */
static struct str next_code(const char **at, char *sign)
{
    struct str code = {*at, strcspn(*at, "<,")};
    *sign = (*at)[code.n];
    *at += code.n + (*sign != '\0');
    return code;
}

int schema_lattice_rank(const struct field *field, struct str code)
{
    const char *at = field->lattice;
    int rank = 0;
    char sign = at == NULL ? '\0' : ',';
    while (sign != '\0') {
        struct str next = next_code(&at, &sign);
        if (str_eq(next, code))
            return rank;
        rank += sign == '<';
    }
    return -1;
}

bool schema_code_known(const struct field *field, struct str code)
{
    for (const char *const *known = field->codes; known != NULL && *known != NULL; known++)
        if (str_eq(str_of(*known), code))
            return true;
    return false;
}

struct str schema_list(const struct table *table, const struct field *field,
                       const struct value *values)
{
    if (field->list_field == 0)
        return field->list == NULL ? STR("") : str_of(field->list);
    int i = schema_field_index(table, field->list_field);
    return i >= 0 && values[i].type == VALUE_TEXT ? values[i].s : STR("");
}

uint8_t schema_code_facet(const struct table *table, struct str code)
{
    const struct field *field = schema_field(table, table->facet_field);
    for (size_t i = 0; field != NULL && field->codes[i] != NULL; i++)
        if (str_eq(code, str_of(field->codes[i])))
            return table->code_facets[i];
    return 0;
}

bool schema_looked_up(const struct schema *schema, const struct table *table,
                      const struct field *field)
{
    if (field->kind == KIND_ID)
        return table->scope == SCOPE_OF_ROW && field->id == table->scope_field;
    if (field->kind != KIND_REF || field->tie != TIE_NONE)
        return field->indexed;
    const struct table *to = schema_table(schema, field->ref);
    return to != NULL && (to->writers & ROLE_JOBCOACH) != 0;
}

const struct field *schema_tie(const struct table *table)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (table->fields[i].tie != TIE_NONE)
            return &table->fields[i];
    return NULL;
}

bool schema_field_frozen(const struct table *table, const struct field *field)
{
    return field->merge == MERGE_FROZEN || (table->append_only && field->merge != MERGE_ONCE);
}

/* ---- The declaration's own rules ---- */

enum { NAME_BYTES_MAX = 40, RAW_BYTES_MAX = 64 * 1024, OPEN_FIELD_MAX = 64 };

#define BAD(...) note_set(why, ERR_INVALID, __VA_ARGS__)
#define BAD_FIELD(text) note_set(why, ERR_INVALID, "%s.%s: %s", table->name, field->name, text)
#define BAD_TABLE(text) note_set(why, ERR_INVALID, "%s: %s", table->name, text)

/* Lower-case words with underscores: they become columns, options and CSV headings. */
static bool name_fits(const char *name)
{
    if (name == NULL || name[0] < 'a' || name[0] > 'z')
        return false;
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[n] == '\0' && n <= NAME_BYTES_MAX;
}

/* Names of the columns every row has. */
static bool name_reserved(const char *name)
{
    static const char *const reserved[] = {"id",     "created",      "created_by",
                                           "device", "form_version", "deleted"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}

static enum err lint_limits(const struct table *table, const struct field *field,
                            struct note *why)
{
    if (field->min > field->max)
        return BAD_FIELD("the lower limit is above the upper one");
    switch (field->kind) {
    case KIND_TEXT:
        if (field->max <= 0 || field->min < 0)
            return BAD_FIELD("a text needs a greatest length");
        return ERR_OK;
    case KIND_RAW:
        if (field->max <= 0 || field->max > RAW_BYTES_MAX)
            return BAD_FIELD("raw bytes need a greatest size of at most 64 KiB");
        if (!table->program_only)
            return BAD_FIELD("raw bytes are for tables made by the program");
        return ERR_OK;
    case KIND_INT:
    case KIND_REAL:
        return ERR_OK;
    case KIND_BOOL:
    case KIND_DATE:
    case KIND_TIME:
    case KIND_INSTANT:
    case KIND_ENUM:
    case KIND_REF:
    case KIND_ID:
        if (field->min != 0 || field->max != 0)
            return BAD_FIELD("this kind has no limits");
        return ERR_OK;
    }
    return BAD_FIELD("unknown kind");
}

static enum err lint_codes(const struct table *table, const struct field *field,
                           struct note *why)
{
    if (field->kind != KIND_ENUM) {
        if (field->codes != NULL || field->open || field->list != NULL ||
            field->list_field != 0)
            return BAD_FIELD("only an enum has codes");
        return ERR_OK;
    }
    if (field->codes == NULL || (field->codes[0] == NULL && !field->open))
        return BAD_FIELD("an enum needs codes");
    if (field->open != (field->list != NULL || field->list_field != 0))
        return BAD_FIELD("an open enum, and no other, names its list");
    if (field->words == NULL)
        return BAD_FIELD("an enum names its codes");
    const struct field *named = schema_field(table, field->list_field);
    if (field->list_field != 0 &&
        (field->list != NULL || named == NULL || !named->required || named->kind != KIND_TEXT))
        return BAD_FIELD("the list is named by a required text of the row");
    for (size_t i = 0; field->codes[i] != NULL; i++) {
        if (field->codes[i][0] == '\0' || strpbrk(field->codes[i], "<, ") != NULL)
            return BAD_FIELD("a code is one word");
        for (size_t j = 0; j < i; j++)
            if (strcmp(field->codes[i], field->codes[j]) == 0)
                return BAD_FIELD("a code stands twice");
    }
    return ERR_OK;
}

static enum err lint_lattice(const struct table *table, const struct field *field,
                             struct note *why)
{
    if (field->kind != KIND_ENUM || field->open || field->lattice == NULL)
        return BAD_FIELD("a lattice orders the codes of a closed enum");
    const char *at = field->lattice;
    char sign = ',';
    bool ties = false;
    for (size_t i = 0; field->codes[i] != NULL; i++) {
        struct str code = next_code(&at, &sign);
        if (!str_eq(code, str_of(field->codes[i])))
            return BAD_FIELD("the lattice does not match the codes");
        if ((sign == '\0') != (field->codes[i + 1] == NULL))
            return BAD_FIELD("the lattice does not match the codes");
        ties = ties || sign == ',';
    }
    if (ties != (field->decider != 0))
        return BAD_FIELD("a lattice with codes of equal rank, and no other, needs a decider");
    return ERR_OK;
}

static enum err lint_merge(const struct table *table, const struct field *field,
                           struct note *why)
{
    if ((field->merge == MERGE_LATTICE) != (field->lattice != NULL))
        return BAD_FIELD("a lattice and its merge rule go together");
    if (field->decider > ROLE_ANY)
        return BAD_FIELD("unknown deciding role");
    switch (field->merge) {
    case MERGE_LATTICE:
        return lint_lattice(table, field, why);
    case MERGE_TEXT:
        if (field->kind != KIND_TEXT)
            return BAD_FIELD("only a text is merged by paragraph");
        break;
    case MERGE_REVIEW:
    case MERGE_ONCE:
        if (field->decider == 0)
            return BAD_FIELD("nobody decides");
        if (field->merge == MERGE_ONCE && field->required)
            return BAD_FIELD("what is set later cannot be required");
        return ERR_OK;
    case MERGE_LATEST:
    case MERGE_FROZEN:
        break;
    }
    if (field->merge > MERGE_ONCE)
        return BAD_FIELD("unknown merge rule");
    if (field->decider != 0)
        return BAD_FIELD("this merge rule asks nobody to decide");
    return ERR_OK;
}

/* Fields of one group move together, so one rule must hold for all of them. */
static enum err lint_group(const struct table *table, const struct field *field,
                           struct note *why)
{
    if (field->group == 0)
        return ERR_OK;
    if (field->merge != MERGE_LATEST && field->merge != MERGE_REVIEW)
        return BAD_FIELD("only LATEST and REVIEW work on a group");
    size_t members = 0;
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *other = &table->fields[i];
        if (other->group != field->group)
            continue;
        members++;
        if (other->merge != field->merge || other->decider != field->decider)
            return BAD_FIELD("a group has one merge rule and one decider");
    }
    return members > 1 ? ERR_OK : BAD_FIELD("a group of one");
}

static enum err lint_field(const struct schema *schema, const struct table *table,
                           const struct field *field, struct note *why)
{
    if (!name_fits(field->name))
        return BAD("%s: field %u has no proper name", table->name, field->id);
    if (name_reserved(field->name))
        return BAD_FIELD("this name belongs to every row");
    if (schema_field_named(table, str_of(field->name)) != field)
        return BAD_FIELD("two fields have this name");
    if (field->label == NULL || field->label[0] == '\0')
        return BAD_FIELD("no label");
    if ((field->kind == KIND_REF) != (field->ref != 0))
        return BAD_FIELD("a ref, and no other kind, names a table");
    if (field->ref != 0 && schema_table(schema, field->ref) == NULL)
        return BAD_FIELD("refers to a table that does not exist");
    if (field->tie != TIE_NONE && (field->ref != table->id || schema_tie(table) != field))
        return BAD_FIELD("a table has one tie, and it refers to the table itself");
    if ((field->masked || field->check != CHECK_NONE) && field->kind != KIND_TEXT)
        return BAD_FIELD("only text is masked or has check digits");
    if (field->masked && field->once_per_row)
        return BAD_FIELD("what is masked is no title");
    if (field->author_structure && field->ref != TABLE_STRUCTURE)
        return BAD_FIELD("only a ref to a structure is filled with the author's");
    enum err err = lint_limits(table, field, why);
    if (err == ERR_OK)
        err = lint_codes(table, field, why);
    if (err == ERR_OK)
        err = lint_merge(table, field, why);
    if (err == ERR_OK)
        err = lint_group(table, field, why);
    return err;
}

/* A row never changes its scope, so what the scope is computed from is fixed at the first save.
 */
static bool fixed(const struct table *table, const struct field *field, enum kind kind)
{
    return field != NULL && field->kind == kind && schema_field_frozen(table, field);
}
static bool fixed_structure(const struct table *table, const struct field *field)
{
    return fixed(table, field, KIND_REF) && field->ref == TABLE_STRUCTURE && field->required;
}

static enum err lint_scope_of_ref(const struct schema *schema, const struct table *table,
                                  struct note *why)
{
    const struct field *field = schema_field(table, table->scope_field);
    if (!fixed(table, field, KIND_REF))
        return BAD_TABLE("the scope comes from a frozen ref");
    if (field->required == (table->scope_else != 0))
        return BAD_TABLE("a scope ref that may be empty, and no other, needs scope_else");
    const struct field *other = schema_field(table, table->scope_else);
    if (!field->required && (!fixed(table, other, KIND_REF) || !other->required))
        return BAD_TABLE("scope_else is a frozen, required ref");
    const struct table *step = table;
    for (size_t hops = 0; step->scope == SCOPE_OF_REF; hops++) {
        const struct field *ref = schema_field(step, step->scope_field);
        const struct table *next = ref == NULL ? NULL : schema_table(schema, ref->ref);
        if (next == NULL || hops > schema->table_count)
            return BAD_TABLE("the scope refs lead nowhere");
        step = next;
    }
    return ERR_OK;
}

static enum err lint_scope_of_row(const struct schema *schema, const struct table *table,
                                  struct note *why)
{
    const struct field *row = schema_field(table, table->scope_field);
    const struct field *of = schema_field(table, table->scope_table_field);
    if (!fixed(table, row, KIND_ID) || !row->required)
        return BAD_TABLE("the scope row is a frozen, required id");
    if ((!fixed(table, of, KIND_TEXT) && !fixed(table, of, KIND_ENUM)) || !of->required)
        return BAD_TABLE("the scope table is a frozen, required word");
    for (size_t i = 0; of->codes != NULL && of->codes[i] != NULL; i++)
        if (schema_table_named(schema, str_of(of->codes[i])) == NULL)
            return BAD("%s: there is no table %s", table->name, of->codes[i]);
    return ERR_OK;
}

static enum err lint_scope(const struct schema *schema, const struct table *table,
                           struct note *why)
{
    if (table->scope != SCOPE_OF_ROW && table->scope_table_field != 0)
        return BAD_TABLE("scope_table_field is for SCOPE_OF_ROW");
    if (table->scope != SCOPE_OF_REF && table->scope_else != 0)
        return BAD_TABLE("scope_else is for SCOPE_OF_REF");
    switch (table->scope) {
    case SCOPE_NETWORK:
        return table->scope_field == 0 ? ERR_OK : BAD_TABLE("the network needs no scope field");
    case SCOPE_STRUCTURE:
    case SCOPE_PERSON:
        if (!fixed_structure(table, schema_field(table, table->scope_field)))
            return BAD_TABLE("the scope field is a frozen, required ref to a structure");
        return ERR_OK;
    case SCOPE_OF_REF:
        return lint_scope_of_ref(schema, table, why);
    case SCOPE_OF_ROW:
        return lint_scope_of_row(schema, table, why);
    }
    return BAD_TABLE("no scope rule");
}

static bool is_facet(uint8_t facet)
{
    return facet == FACET_FACTS || facet == FACET_NOTES || facet == FACET_VAULT;
}

static enum err lint_facet_field(const struct table *table, struct note *why)
{
    const struct field *field = schema_field(table, table->facet_field);
    if (table->facet_field == 0)
        return ERR_OK;
    bool good = table->facet == 0 && table->scope == SCOPE_OF_REF && table->scope_else == 0 &&
                fixed(table, field, KIND_ENUM) && field->required && !field->open &&
                table->code_facets != NULL;
    for (size_t i = 0; good && field->codes[i] != NULL; i++)
        good = is_facet(table->code_facets[i]);
    return good ? ERR_OK : BAD_TABLE("the facet comes from a frozen, required, closed enum");
}

/* What the register of processing and the shield between facets need. */
static enum err lint_protection(const struct table *table, struct note *why)
{
    bool by_row = table->scope == SCOPE_OF_ROW || table->facet_field != 0;
    if (!is_facet(table->facet) && (table->facet != 0 || !by_row))
        return BAD_TABLE("a table has one facet; only SCOPE_OF_ROW may leave it to its row");
    if (table->logged && !table->program_only)
        return BAD_TABLE("what is logged is made by programs only");
    if (table->sensitivity > SENS_NATIONAL)
        return BAD_TABLE("unknown sensitivity");
    if (table->facet == FACET_FACTS && table->sensitivity > SENS_PERSONAL)
        return BAD_TABLE("secret data does not belong to the facts");
    if (table->facet == FACET_NOTES && table->sensitivity > SENS_SECRET)
        return BAD_TABLE("this data belongs into the vault");
    if (table->retention < KEEP_REFERENCE || table->retention > KEEP_AUDIT)
        return BAD_TABLE("no retention class");
    if (table->purpose < FOR_INFORM || table->purpose > FOR_PROTECT)
        return BAD_TABLE("no purpose");
    if (table->basis < BASIS_NONE_PERSONAL || table->basis > BASIS_SOCIAL_LAW)
        return BAD_TABLE("no legal basis");
    if ((table->sensitivity == SENS_NONE && table->facet != FACET_FACTS) ||
        (table->sensitivity != SENS_NONE && table->basis == BASIS_NONE_PERSONAL))
        return BAD_TABLE("personal data needs a legal basis of its own");
    if (table->writers == 0 || table->writers > (ROLE_ANY | ROLE_RECEIVER))
        return BAD_TABLE("nobody, or an unknown role, may write");
    return ERR_OK;
}

static enum err lint_freeze(const struct schema *schema, const struct table *table,
                            struct note *why)
{
    if (table->freeze_field == 0) {
        if (table->freeze_via != 0 || table->freeze_code != NULL)
            return BAD_TABLE("freezing needs a field");
        return ERR_OK;
    }
    const struct table *asked = table;
    if (table->freeze_via != 0) {
        const struct field *via = schema_field(table, table->freeze_via);
        if (!fixed(table, via, KIND_REF) || !via->required)
            return BAD_TABLE("freeze_via is a frozen, required ref");
        asked = schema_table(schema, via->ref);
    }
    const struct field *state = asked == NULL ? NULL : schema_field(asked, table->freeze_field);
    if (state == NULL || table->freeze_code == NULL)
        return BAD_TABLE("the freezing code does not exist");
    bool filled = table->freeze_code[0] == '\0';
    if (filled ? state->kind != KIND_TEXT
               : !schema_code_known(state, str_of(table->freeze_code)))
        return BAD_TABLE("the freezing code does not exist");
    return ERR_OK;
}

static enum err lint_derived(const struct table *table, struct note *why)
{
    bool over = false;
    for (size_t i = 0; i < sizeof(table->derived) / sizeof(*table->derived); i++) {
        if (table->derived[i] == 0) {
            over = true;
            continue;
        }
        const struct field *field = schema_field(table, table->derived[i]);
        if (over || field == NULL || !field->required || !schema_field_frozen(table, field))
            return BAD_TABLE("a derived id comes from frozen, required fields");
    }
    return ERR_OK;
}

static enum err lint_exactly_one(const struct table *table, struct note *why)
{
    const struct field *first = schema_field(table, table->exactly_one[0]);
    bool frozen = true;
    bool together = true;
    size_t n = 0;
    for (; n < EXACTLY_ONE_MAX && table->exactly_one[n] != 0; n++) {
        const struct field *field = schema_field(table, table->exactly_one[n]);
        if (field == NULL || field->required || (n > 0 && field == first))
            return BAD_TABLE("exactly_one names two fields or three, none required");
        frozen = frozen && schema_field_frozen(table, field);
        together = together && first->group != 0 && field->group == first->group;
    }
    if (n == 1 || (n == 0 && table->exactly_one[1] != 0))
        return BAD_TABLE("exactly_one names two fields or three, none required");
    if (n > 0 && !frozen && !together)
        return BAD_TABLE("the fields of exactly_one move as one group, or never");
    return ERR_OK;
}

/* Rules between a table's kind and the merge rules of its fields. */
static enum err lint_changes(const struct table *table, struct note *why)
{
    if (table->open_fields != 0 && !table->program_only)
        return BAD_TABLE("open_fields are for tables made by the program");
    uint64_t open = table->open_fields;
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        bool locked = field->merge == MERGE_LATEST || field->merge == MERGE_FROZEN ||
                      field->merge == MERGE_ONCE;
        if (table->append_only && !locked)
            return BAD_FIELD("an append-only table has no such merge rule");
        if (!table->program_only)
            continue;
        if (field->id > OPEN_FIELD_MAX)
            return BAD_FIELD("ids of such a table end at 64");
        uint64_t bit = UINT64_C(1) << (field->id - 1);
        if ((open & bit) == 0 && !schema_field_frozen(table, field))
            return BAD_FIELD("what people may not change is frozen");
        open &= ~bit;
    }
    return open == 0 ? ERR_OK : BAD_TABLE("open_fields names a field that does not exist");
}

static enum err lint_table(const struct schema *schema, const struct table *table,
                           struct note *why)
{
    if (schema_table_named(schema, str_of(table->name)) != table)
        return BAD_TABLE("two tables have this name");
    if (table->label == NULL || table->label[0] == '\0')
        return BAD_TABLE("no label");
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < table->field_count; i++)
        err = lint_field(schema, table, &table->fields[i], why);
    if (err == ERR_OK)
        err = lint_scope(schema, table, why);
    if (err == ERR_OK)
        err = lint_protection(table, why);
    if (err == ERR_OK)
        err = lint_facet_field(table, why);
    if (err == ERR_OK)
        err = lint_freeze(schema, table, why);
    if (err == ERR_OK)
        err = lint_derived(table, why);
    if (err == ERR_OK)
        err = lint_exactly_one(table, why);
    if (err == ERR_OK)
        err = lint_changes(table, why);
    return err;
}

/* Look-ups search by halves, so the order comes before every other rule. */
static enum err lint_order(const struct schema *schema, struct note *why)
{
    uint16_t last_table = 0;
    for (size_t i = 0; i < schema->table_count; i++) {
        const struct table *table = &schema->tables[i];
        if (!name_fits(table->name))
            return BAD("table %u has no proper name", table->id);
        if (table->id <= last_table || table->id > SCHEMA_TABLE_ID_MAX)
            return BAD_TABLE("table ids ascend and end at 1000");
        last_table = table->id;
        if (table->field_count == 0 || table->field_count > SCHEMA_FIELDS_MAX)
            return BAD_TABLE("a table has 1 to 64 fields");
        uint16_t last_field = 0;
        for (size_t f = 0; f < table->field_count; f++) {
            if (table->fields[f].id <= last_field || table->fields[f].id > FIELD_ID_MAX)
                return BAD_TABLE("field ids ascend and end at 200");
            last_field = table->fields[f].id;
        }
    }
    return ERR_OK;
}

enum err schema_lint(const struct schema *schema, struct note *why)
{
    enum err err = lint_order(schema, why);
    for (size_t i = 0; err == ERR_OK && i < schema->table_count; i++)
        err = lint_table(schema, &schema->tables[i], why);
    return err;
}
