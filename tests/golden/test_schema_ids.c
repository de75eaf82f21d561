/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* tests/golden/schema.txt freezes what replicas and journals already carry. After an addition,
 * copy the file this test leaves beside itself over it and read the difference: lines may be
 * added, never changed or taken away. */
#define FROZEN TEST_DIR "/golden/schema.txt"
#define PRESENT "schema.txt.present"

enum { FILE_BYTES_MAX = 1024 * 1024 };

static const char *kind_word(enum kind kind)
{
    static const char *const words[] = {
        [KIND_TEXT] = "text",       [KIND_INT] = "int",   [KIND_REAL] = "real",
        [KIND_BOOL] = "bool",       [KIND_DATE] = "date", [KIND_TIME] = "time",
        [KIND_INSTANT] = "instant", [KIND_ENUM] = "enum", [KIND_REF] = "ref",
        [KIND_ID] = "id",           [KIND_RAW] = "raw",
    };
    return words[kind];
}

static const char *merge_word(enum merge_rule merge)
{
    static const char *const words[] = {
        [MERGE_LATEST] = "latest", [MERGE_LATTICE] = "lattice", [MERGE_TEXT] = "text",
        [MERGE_REVIEW] = "review", [MERGE_FROZEN] = "frozen",   [MERGE_ONCE] = "once",
    };
    return words[merge];
}

static void print_field(const struct table *table, const struct field *field, struct buf *out)
{
    enum merge_rule merge = schema_field_frozen(table, field) ? MERGE_FROZEN : field->merge;
    buf_printf(out, "%u.%u %s.%s %s merge=%s", table->id, field->id, table->name, field->name,
               kind_word(field->kind), merge_word(merge));
    if (field->group != 0)
        buf_printf(out, " group=%u", field->group);
    if (field->ref != 0)
        buf_printf(out, " ref=%u", field->ref);
    if (field->lattice != NULL)
        buf_printf(out, " order=%s", field->lattice);
    if (field->list != NULL)
        buf_printf(out, " list=%s", field->list);
    buf_text(out, "\n");
}

static void print_table(const struct table *table, struct buf *out)
{
    buf_printf(out, "%u %s scope=%d facet=%d", table->id, table->name, (int)table->scope,
               table->facet);
    for (size_t i = 0; i < 4 && table->derived[i] != 0; i++)
        buf_printf(out, "%s%u", i == 0 ? " derived=" : ",", table->derived[i]);
    buf_text(out, "\n");
    for (size_t i = 0; i < table->field_count; i++)
        print_field(table, &table->fields[i], out);
}

static struct buf read_file(const char *path)
{
    struct buf buf = {.max = FILE_BYTES_MAX};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    char part[4096];
    size_t n;
    while ((n = fread(part, 1, sizeof(part), file)) > 0)
        buf_add(&buf, part, n);
    (void)fclose(file);
    assert_int_equal(buf.err, ERR_OK);
    return buf;
}

static void keep_present(const struct buf *present)
{
    FILE *file = fopen(PRESENT, "wb");
    if (file == NULL)
        return;
    (void)fwrite(present->p, 1, present->n, file);
    (void)fclose(file);
}

/* The line a byte stands in. */
static struct str line_at(const struct buf *buf, size_t at)
{
    size_t from = at < buf->n ? at : buf->n;
    while (from > 0 && buf->p[from - 1] != '\n')
        from--;
    size_t to = from;
    while (to < buf->n && buf->p[to] != '\n')
        to++;
    return (struct str){(const char *)buf->p + from, to - from};
}

static void ids_names_kinds_and_merge_rules_never_change(void **state)
{
    (void)state;
    struct buf frozen = read_file(FROZEN);
    struct buf present = {.max = FILE_BYTES_MAX};
    for (size_t t = 0; t < schema_jalon.table_count; t++)
        print_table(&schema_jalon.tables[t], &present);
    assert_int_equal(present.err, ERR_OK);
    size_t at = 0;
    while (at < frozen.n && at < present.n && frozen.p[at] == present.p[at])
        at++;
    if (at < frozen.n || at < present.n) {
        keep_present(&present);
        struct str old = line_at(&frozen, at);
        struct str new = line_at(&present, at);
        fail_msg("frozen \"%.*s\", declared \"%.*s\"; all of it is in " PRESENT, (int)old.n,
                 old.p, (int)new.n, new.p);
    }
    buf_done(&frozen);
    buf_done(&present);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_names_kinds_and_merge_rules_never_change)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
