/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte names a kind; the rest is what a person types, and also what a peer packs.
 * What is taken has one canonical text and one packed form, and both mean the same value. */
#include "proto/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const codes[] = {"planned", "done", NULL};

static void comes_back(const struct field *field, const struct value *v)
{
    struct arena arena = {0};
    struct buf out = {0};
    struct value back = VALUE_NONE;
    value_print(field->kind, v, &out);
    must(value_parse(field, buf_str(&out), &arena, &back, NULL) == ERR_OK);
    if (v->type == VALUE_TEXT && v->s.n == 0)
        must(back.type == VALUE_NULL); /* empty text and no text read the same */
    else
        must(value_eq(v, &back));
    buf_clear(&out);
    value_pack(v, &out);
    struct cur cur = cur_of(out.p, out.n);
    back = value_unpack(field->kind, &cur);
    must(!cur.bad && cur_left(&cur) == 0);
    must(value_eq(v, &back));
    buf_done(&out);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum kind kind = (enum kind)(KIND_TEXT + data[0] % KIND_RAW);
    const struct field field = {.id = 1, .name = "field", .kind = kind, .codes = codes};
    struct str rest = {(const char *)data + 1, size - 1};

    struct arena arena = {0};
    struct note why = {{0}};
    struct value v = VALUE_NONE;
    enum err err = value_parse(&field, rest, &arena, &v, &why);
    must(err == ERR_OK || (err == ERR_INVALID && why.text[0] != '\0'));
    if (err == ERR_OK && value_check(&field, &v, &why) == ERR_OK)
        comes_back(&field, &v);
    arena_done(&arena);

    struct cur cur = cur_of(rest.p, rest.n);
    v = value_unpack(kind, &cur);
    must(!cur.bad || v.type == VALUE_NULL);
    struct buf shown = {0};
    if (!cur.bad)
        value_print(kind, &v, &shown); /* shown even when it does not fit */
    buf_done(&shown);
    if (!cur.bad && value_check(&field, &v, NULL) == ERR_OK)
        comes_back(&field, &v);
    return 0;
}
