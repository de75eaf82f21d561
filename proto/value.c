/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/value.h"

#include <math.h>

enum {
    MINUTES_OF_DAY = 24 * 60,
    MS_OF_DAY = MINUTES_OF_DAY * 60 * 1000,
    DAY_FIRST = -719162, /* 0001-01-01 */
    DAY_LAST = 2932896,  /* 9999-12-31 */
};

enum value_type value_type_of(enum kind kind)
{
    switch (kind) {
    case KIND_TEXT:
    case KIND_ENUM:
        return VALUE_TEXT;
    case KIND_INT:
    case KIND_BOOL:
    case KIND_DATE:
    case KIND_TIME:
    case KIND_INSTANT:
        return VALUE_INT;
    case KIND_REAL:
        return VALUE_REAL;
    case KIND_REF:
    case KIND_ID:
    case KIND_RAW:
        return VALUE_BYTES;
    }
    return VALUE_NULL;
}

bool value_to_id(const struct value *v, struct id *out)
{
    if (v->type != VALUE_BYTES || v->s.n != ID_BYTES)
        return false;
    memcpy(out->b, v->s.p, ID_BYTES);
    return true;
}

bool value_eq(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_NULL:
        return true;
    case VALUE_INT:
        return a->i == b->i;
    case VALUE_REAL:
        return a->r == b->r;
    case VALUE_TEXT:
    case VALUE_BYTES:
        return str_eq(a->s, b->s);
    }
    return false;
}

/* What a kind allows when the field says nothing. */
static void kind_range(enum kind kind, int64_t *lo, int64_t *hi)
{
    *lo = 0;
    *hi = 0;
    switch (kind) {
    case KIND_INT:
        *lo = INT64_MIN;
        *hi = INT64_MAX;
        return;
    case KIND_BOOL:
        *hi = 1;
        return;
    case KIND_DATE:
        *lo = DAY_FIRST;
        *hi = DAY_LAST;
        return;
    case KIND_TIME:
        *hi = MINUTES_OF_DAY - 1;
        return;
    case KIND_INSTANT:
        *lo = (int64_t)DAY_FIRST * MS_OF_DAY;
        *hi = (int64_t)(DAY_LAST + 1) * MS_OF_DAY - 1;
        return;
    case KIND_TEXT:
    case KIND_REAL:
    case KIND_ENUM:
    case KIND_REF:
    case KIND_ID:
    case KIND_RAW:
        return;
    }
}

static bool limited(const struct field *field)
{
    return field->min != 0 || field->max != 0;
}

const char *value_form(enum kind kind)
{
    switch (kind) {
    case KIND_TEXT:
        return N_("text in UTF-8");
    case KIND_INT:
        return N_("a whole number");
    case KIND_REAL:
        return N_("a number such as 12.5");
    case KIND_BOOL:
        return N_("true or false");
    case KIND_DATE:
        return N_("a date such as 2026-11-22 or 22/11/2026");
    case KIND_TIME:
        return N_("a time such as 14:05");
    case KIND_INSTANT:
        return N_("an instant such as 2026-11-22T14:05:09.123Z");
    case KIND_ENUM:
        return N_("one of its codes");
    case KIND_REF:
    case KIND_ID:
        return N_("an id of 32 hexadecimal digits");
    case KIND_RAW:
        return N_("packed values in hexadecimal");
    }
    return N_("a value");
}

static enum err expected(const struct field *field, struct note *why)
{
    return note_set(why, ERR_INVALID, "%s: expected %s", field->name,
                    note_text(value_form(field->kind)));
}

static enum err check_int(const struct field *field, int64_t v, struct note *why)
{
    int64_t lo = 0;
    int64_t hi = 0;
    kind_range(field->kind, &lo, &hi);
    if (v < lo || v > hi)
        return expected(field, why);
    if (!limited(field) || (v >= field->min && v <= field->max))
        return ERR_OK;
    if (field->kind != KIND_INT)
        return note_set(why, ERR_INVALID, "%s: expected %s inside its limits", field->name,
                        note_text(value_form(field->kind)));
    return note_set(why, ERR_INVALID, "%s: expected a whole number from %lld to %lld",
                    field->name, (long long)field->min, (long long)field->max);
}

static enum err check_real(const struct field *field, double v, struct note *why)
{
    if (!isfinite(v))
        return expected(field, why);
    double lo = (double)field->min / 100;
    double hi = (double)field->max / 100;
    if (!limited(field) || (v >= lo && v <= hi))
        return ERR_OK;
    return note_set(why, ERR_INVALID, "%s: expected a number from %g to %g", field->name, lo,
                    hi);
}

static size_t characters(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
    return n;
}

static enum err check_text(const struct field *field, struct str s, struct note *why)
{
    if (!str_utf8(s))
        return expected(field, why);
    if (field->kind == KIND_ENUM && !schema_code_known(field, s) && (!field->open || s.n == 0))
        return expected(field, why);
    if (s.n > PACK_STRING_MAX)
        return note_set(why, ERR_INVALID, "%s: expected at most %d bytes of text", field->name,
                        PACK_STRING_MAX);
    if (s.n == 0 && field->required)
        return note_set(why, ERR_INVALID, "%s: may not be empty", field->name);
    int64_t n = (int64_t)characters(s);
    if (field->max > 0 && n > field->max)
        return note_set(why, ERR_INVALID, "%s: expected at most %lld characters", field->name,
                        (long long)field->max);
    if (n > 0 && n < field->min)
        return note_set(why, ERR_INVALID, "%s: expected at least %lld characters", field->name,
                        (long long)field->min);
    return ERR_OK;
}

static enum err check_bytes(const struct field *field, struct str s, struct note *why)
{
    if (field->kind != KIND_RAW)
        return s.n == ID_BYTES ? ERR_OK : expected(field, why);
    size_t at = 0;
    do {
        size_t used = 0;
        struct str rest = {s.p + at, s.n - at};
        if (pack_check(rest, PACK_DEPTH_MAX, PACK_NODES_MAX, &used) != ERR_OK)
            return expected(field, why);
        at += used;
    } while (at < s.n);
    return ERR_OK;
}

enum err value_check(const struct field *field, const struct value *v, struct note *why)
{
    if (v->type == VALUE_NULL)
        return !field->required
                   ? ERR_OK
                   : note_set(why, ERR_INVALID, "%s: may not be empty", field->name);
    if (v->type != value_type_of(field->kind))
        return expected(field, why);
    switch (v->type) {
    case VALUE_NULL:
        break;
    case VALUE_INT:
        return check_int(field, v->i, why);
    case VALUE_REAL:
        return check_real(field, v->r, why);
    case VALUE_TEXT:
        return check_text(field, v->s, why);
    case VALUE_BYTES:
        return check_bytes(field, v->s, why);
    }
    return ERR_OK;
}

void value_pack(const struct value *v, struct buf *out)
{
    switch (v->type) {
    case VALUE_NULL:
        pack_nil(out);
        return;
    case VALUE_INT:
        pack_int(out, v->i);
        return;
    case VALUE_REAL:
        /* Minus zero becomes zero: values that are equal have the same bytes. */
        pack_real(out, v->r + 0.0);
        return;
    case VALUE_TEXT:
        pack_str(out, v->s);
        return;
    case VALUE_BYTES:
        pack_bin(out, v->s);
        return;
    }
}

struct value value_unpack(enum kind kind, struct cur *cur)
{
    if (unpack_nil(cur))
        return VALUE_NONE;
    struct value v = {.type = value_type_of(kind)};
    switch (v.type) {
    case VALUE_NULL:
        cur->bad = true;
        break;
    case VALUE_INT:
        v.i = unpack_int(cur);
        break;
    case VALUE_REAL:
        v.r = unpack_real(cur);
        break;
    case VALUE_TEXT:
        v.s = unpack_str(cur);
        break;
    case VALUE_BYTES:
        v.s = unpack_bin(cur);
        if (kind != KIND_RAW && v.s.n != ID_BYTES)
            cur->bad = true;
        break;
    }
    return cur->bad ? VALUE_NONE : v;
}

bool value_pair_next(const struct table *table, struct cur *cur, const struct field **field,
                     struct value *out)
{
    while (cur_left(cur) > 0 && !cur->bad) {
        *field = schema_field_or_deleted(table, (uint16_t)unpack_int_in(cur, 0, UINT16_MAX));
        if (*field == NULL) {
            (void)unpack_any(cur);
            continue;
        }
        *out = unpack_nil(cur) ? VALUE_NONE : value_unpack((*field)->kind, cur);
        return !cur->bad;
    }
    return false;
}

bool value_pairs_several(struct cur pairs)
{
    (void)unpack_any(&pairs);
    (void)unpack_any(&pairs);
    return !pairs.bad && cur_left(&pairs) > 0;
}
