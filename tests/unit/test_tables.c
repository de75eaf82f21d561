/* SPDX-License-Identifier: Apache-2.0 */
/* One row of every table, made by somebody who may, on a replica: it reaches exactly those who
 * may see it, in rows and in the bytes of their files. */
#include "store/inside.h"
#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { TEXT_BYTES = 120, PAIR_BYTES = 200, FILE_MAX = 16 << 20 };
enum { COACH, COLLEAGUE, COORDINATOR, MANAGER, ADMIN, PEOPLE };

/* What of whom a table is, by the trade and not by the declaration. */
enum kept { NETWORK, HOUSE, HOUSE_VAULT, FACTS, NOTES, VAULT };
static const bool sees[][PEOPLE] = {
    [NETWORK] = {true, true, true, true, true},
    [HOUSE] = {true, true, true, true, false},
    [HOUSE_VAULT] = {[COORDINATOR] = true},
    [FACTS] = {true, false, true, true, false},
    [NOTES] = {[COACH] = true},
    [VAULT] = {[COACH] = true},
};
static const struct {
    const char *table;
    enum kept kept;
} trade[] = {
    {"structure", NETWORK},
    {"site", NETWORK},
    {"staff", NETWORK},
    {"staff_role", NETWORK},
    {"pathway_model", NETWORK},
    {"phase", NETWORK},
    {"code", NETWORK},
    {"parameter", NETWORK},
    {"company", NETWORK},
    {"position", NETWORK},
    {"project", NETWORK},
    {"resource", NETWORK},
    {"testimonial", NETWORK},
    {"event", NETWORK},
    {"barrier", NETWORK},
    {"project_partner", NETWORK},
    {"visit_request", NETWORK},
    {"improvement", NETWORK},
    {"session", FACTS},
    {"session_staff", FACTS},
    {"contact", HOUSE},
    {"company_note", HOUSE},
    {"accreditation", HOUSE},
    {"deadline", FACTS},
    {"read_mark", HOUSE},
    {"staff_training", HOUSE},
    {"staff_review", HOUSE_VAULT},
    {"person", FACTS},
    {"pathway", FACTS},
    {"step", FACTS},
    {"assignment", FACTS},
    {"attendance", FACTS},
    {"session_note", NOTES},
    {"session_addendum", NOTES},
    {"objective", NOTES},
    {"action", NOTES},
    {"agreement", FACTS},
    {"contract", FACTS},
    {"internship", FACTS},
    {"job_followup", FACTS},
    {"document", FACTS},
    {"contact_point", FACTS},
    {"person_tag", FACTS},
    {"person_language", FACTS},
    {"status_period", NOTES},
    {"obstacle", NOTES},
    {"pathway_plan", NOTES},
    {"eligibility_check", FACTS},
    {"consent", FACTS},
    {"referral", FACTS},
    {"identity_number", VAULT},
    {"sensitive_fact", VAULT},
    {"assessment", FACTS},
    {"assessment_axis", NOTES},
    {"agreement_signature", FACTS},
    {"contract_aid", FACTS},
    {"candidacy", FACTS},
    {"training", FACTS},
    {"skill_validation", FACTS},
    {"exit", FACTS},
    {"participation", FACTS},
    {"participation_answer", VAULT},
    {"barrier_case", NOTES},
    {"registration", FACTS},
};
enum { TRADE = sizeof trade / sizeof *trade };

/* What the generator would not guess. */
static const struct {
    const char *table, *field, *text;
} given[] = {
    {"person_tag", "list", "licence"},
    {"person_tag", "code", "B"},
    {"deadline", "of_table", "person"},
    {"document", "of_table", "person"},
    {"consent", "purpose", "share_structure"},
    {"consent", "until", ""},
    {"referral", "ended_on", ""},
    {"skill_validation", "occupation", "dev"},
    {"registration", "staff", ""},
    {"registration", "company", ""},
    {"contract", "employer_company", ""},
    {"position", "company", ""},
    {"assignment", "external", ""},
};

struct made {
    struct id id;
    bool done;
    char mark[24]; /* stands in a text of the row; empty: it has none */
};
struct bench {
    struct twin t;
    struct made made[TRADE];
    struct id other; /* a second structure, to refer to */
};

static size_t number_of(const char *name)
{
    for (size_t i = 0; i < TRADE; i++)
        if (strcmp(trade[i].table, name) == 0)
            return i;
    fail_msg("%s is not in this test's list", name);
    return 0;
}

static const char *given_text(const char *table, const char *field)
{
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (strcmp(given[i].table, table) == 0 && strcmp(given[i].field, field) == 0)
            return given[i].text;
    return NULL;
}

/* The row a reference of this table points to; false: it is not made yet. */
static bool target(struct bench *b, const struct table *table, const struct field *field,
                   struct id *out)
{
    if (field->ref == table->id)
        return false;
    if (field->ref == TABLE_STRUCTURE) {
        bool to = strcmp(field->name, "to") == 0 || strcmp(field->name, "recipient") == 0;
        *out = to ? b->other : b->t.structure;
        return true;
    }
    if (field->ref == TABLE_STAFF) {
        *out = *case_staff(&b->t, COACH);
        return true;
    }
    const struct made *m = &b->made[number_of(schema_table(&schema_jalon, field->ref)->name)];
    *out = m->id;
    return m->done;
}

static void text_for(struct bench *b, const struct table *table, const struct field *field,
                     char out[TEXT_BYTES])
{
    struct made *m = &b->made[number_of(table->name)];
    enum { MARK_MIN = 40 };
    if (field->min == field->max) {
        memset(out, '0', (size_t)field->max);
        out[field->max] = '\0';
    } else if (field->max >= MARK_MIN) {
        (void)snprintf(m->mark, sizeof m->mark, "MARQUE-%u-FIN", table->id);
        (void)snprintf(out, TEXT_BYTES, "%s", m->mark);
    } else {
        (void)snprintf(out, TEXT_BYTES, "texte");
    }
}

/* "name=value" of a field; false: leave it out. */
static bool value_for(struct bench *b, const struct table *table, const struct field *field,
                      char out[PAIR_BYTES], bool *missing)
{
    char text[TEXT_BYTES] = "";
    struct id id = {{0}};
    const char *own = given_text(table->name, field->name);
    bool pointer = field->kind == KIND_REF || field->kind == KIND_ID;
    if (own != NULL) {
        (void)snprintf(text, sizeof text, "%s", own);
    } else if (field->merge == MERGE_ONCE || field->merge == MERGE_LATTICE) {
        return false;
    } else if (pointer) {
        bool there = field->kind == KIND_REF ? target(b, table, field, &id) : true;
        const char *to = strcmp(field->name, "consent") == 0 ? "consent" : "person";
        if (field->kind == KIND_ID) {
            id = b->made[number_of(to)].id;
            there = b->made[number_of(to)].done;
        }
        bool needed = field->required || field->id == table->scope_field;
        *missing = *missing || (!there && needed);
        if (!there)
            return false;
        id_print(&id, text);
    } else if (field->kind == KIND_TEXT) {
        text_for(b, table, field, text);
    } else if (field->kind == KIND_ENUM) {
        (void)snprintf(text, sizeof text, "%s", field->codes[0] == NULL ? "" : field->codes[0]);
    } else if (field->kind == KIND_DATE) {
        (void)snprintf(text, sizeof text, "2026-11-02");
    } else if (field->kind == KIND_TIME) {
        (void)snprintf(text, sizeof text, "09:30");
    } else if (field->kind == KIND_BOOL) {
        (void)snprintf(text, sizeof text, "true");
    } else {
        (void)snprintf(text, sizeof text, "1");
    }
    (void)snprintf(out, PAIR_BYTES, "%s=%s", field->name, text);
    return text[0] != '\0';
}

static struct party *writer(struct bench *b, const struct table *table)
{
    static const struct {
        uint8_t role;
        size_t who;
    } order[] = {{ROLE_JOBCOACH, COACH},
                 {ROLE_COORDINATOR, COORDINATOR},
                 {ROLE_MANAGER, MANAGER},
                 {ROLE_ADMIN, ADMIN}};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if ((table->writers & order[i].role) != 0)
            return &b->t.replicas[order[i].who];
    return &b->t.server;
}

/* Make the table's row, if all it must refer to is there. */
static void try_make(struct bench *b, size_t n)
{
    static char texts[SCHEMA_FIELDS_MAX][PAIR_BYTES];
    const char *fields[SCHEMA_FIELDS_MAX + 1];
    const struct table *table = schema_table_named(&schema_jalon, str_of(trade[n].table));
    size_t count = 0;
    bool missing = false;
    assert_non_null(table);
    for (size_t f = 0; f < table->field_count && !missing; f++)
        if (value_for(b, table, &table->fields[f], texts[count], &missing)) {
            fields[count] = texts[count];
            count++;
        }
    fields[count] = NULL;
    if (missing)
        return;
    b->made[n].id = twin_add(writer(b, table), table->name, fields);
    b->made[n].done = true;
    for (size_t i = 0; i < b->t.count; i++) {
        struct replica_tally tally = twin_sync(&b->t, i);
        if (tally.refused != 0)
            fail_msg("%s: refused", table->name);
    }
}

static void make_all(struct bench *b)
{
    for (size_t before = TRADE + 1, left = TRADE; left > 0 && left < before;) {
        before = left;
        for (size_t n = 0; n < TRADE; n++) {
            if (b->made[n].done)
                continue;
            try_make(b, n);
            left -= b->made[n].done;
        }
    }
    for (size_t n = 0; n < TRADE; n++)
        if (!b->made[n].done)
            fail_msg("%s could not be made", trade[n].table);
}

static void check_rows(struct bench *b, size_t who)
{
    for (size_t n = 0; n < TRADE; n++) {
        struct scope scope;
        const struct table *table = schema_table_named(&schema_jalon, str_of(trade[n].table));
        enum err err = rows_locate(b->t.replicas[who].store, table, &b->made[n].id, &scope);
        if (err != (sees[trade[n].kept][who] ? ERR_OK : ERR_NOTFOUND))
            fail_msg("%s at replica %zu: %s", table->name, who, err_name(err));
    }
}

static void check_bytes(struct bench *b, size_t who)
{
    static char bytes[FILE_MAX];
    struct party *p = &b->t.replicas[who];
    store_close(p->store);
    FILE *file = fopen(p->path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_in_range(size, 1, sizeof bytes - 1);
    twin_open_party(&b->t, p);
    for (size_t n = 0; n < TRADE; n++) {
        const char *mark = b->made[n].mark;
        bool there = mark[0] != '\0' && memmem(bytes, size, mark, strlen(mark)) != NULL;
        if (there != (mark[0] != '\0' && sees[trade[n].kept][who]))
            fail_msg("%s at replica %zu: its text is %s", trade[n].table, who,
                     there ? "there" : "not there");
    }
}

static void every_table_reaches_exactly_whom_it_may(void **state)
{
    (void)state;
    static struct bench b;
    twin_open_apart(&b.t, 2, &schema_jalon);
    twin_enrol(&b.t, STR("coordinator"));
    twin_enrol(&b.t, STR("manager"));
    twin_enrol(&b.t, STR("admin"));
    const char *other[] = {"name=Autre structure fictive", "kind=CPAS", NULL};
    b.other = twin_add(&b.t.server, "structure", other);
    const char *job[] = {"list=occupation", "code=dev", "label_fr=Métier fictif", NULL};
    (void)twin_add(&b.t.server, "code", job);
    case_sync_all(&b.t);
    make_all(&b);
    case_sync_all(&b.t);
    for (size_t who = 0; who < PEOPLE; who++) {
        check_rows(&b, who);
        check_bytes(&b, who);
        assert_true(case_complete(&b.t, who));
    }
    twin_close(&b.t);
}

static enum err try_add(struct store *s, const char *name, const struct edit_value *values,
                        size_t n)
{
    const struct table *table = schema_table_named(s->env.schema, str_of(name));
    struct edit *edit = NULL;
    struct note why = {""};
    struct id id;
    assert_int_equal(edit_open(s, &edit, &why), ERR_OK);
    enum err err = edit_insert(edit, table, values, n, &id, &why);
    edit_abort(edit);
    return err;
}

static void health_and_justice_are_written_about_in_the_vault_only(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct party *p = &t.replicas[0];
    struct case_file c = case_open(p, &model, "x");
    const char *bilan[] = {case_ref("pathway", &c.pathway), "version=1", "date=2026-11-02",
                           NULL};
    struct id of = twin_add(p, "assessment", bilan);
    (void)twin_sync(&t, 0);
    const struct table *obstacles = schema_table(&schema_jalon, TABLE_OBSTACLE);
    const struct table *axes = schema_table(&schema_jalon, TABLE_ASSESSMENT_AXIS);
    struct edit_value obstacle[] = {
        {schema_field_named(obstacles, STR("person")), value_id(&c.person)},
        {schema_field_named(obstacles, STR("start")), value_int(20000)},
        {schema_field_named(obstacles, STR("theme")), value_text(STR("health"))}};
    struct edit_value axis[] = {
        {schema_field_named(axes, STR("assessment")), value_id(&of)},
        {schema_field_named(axes, STR("axis")), value_text(STR("justice"))},
        {schema_field_named(axes, STR("level")), value_int(2)},
        {schema_field_named(axes, STR("finding")), value_text(STR("un texte"))}};
    assert_int_equal(try_add(p->store, "obstacle", obstacle, 3), ERR_INVALID);
    assert_int_equal(try_add(t.server.store, "obstacle", obstacle, 3), ERR_INVALID);
    assert_int_equal(try_add(p->store, "assessment_axis", axis, 4), ERR_INVALID);
    assert_int_equal(try_add(p->store, "assessment_axis", axis, 3), ERR_OK);
    obstacle[2].value = value_text(STR("mobility"));
    assert_int_equal(try_add(p->store, "obstacle", obstacle, 3), ERR_OK);
    twin_close(&t);
}

/* Nobody can add a table and forget to say here who sees it. */
static void the_list_names_every_table_people_write(void **state)
{
    (void)state;
    size_t written = 0;
    for (size_t i = 0; i < schema_jalon.table_count; i++) {
        const struct table *table = &schema_jalon.tables[i];
        if (table->program_only || table->id == TABLE_ERASURE)
            continue;
        (void)number_of(table->name);
        written++;
    }
    assert_int_equal(written, TRADE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_names_every_table_people_write),
        cmocka_unit_test(health_and_justice_are_written_about_in_the_vault_only),
        cmocka_unit_test(every_table_reaches_exactly_whom_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
