/* SPDX-License-Identifier: Apache-2.0 */
/* One typed field value: compare, validate by its declaration, print, parse, pack. */
#ifndef PROTO_VALUE_H
#define PROTO_VALUE_H

#include "proto/mem.h"
#include "proto/pack.h"
#include "proto/schema.h"

enum value_type { VALUE_NULL, VALUE_INT, VALUE_REAL, VALUE_TEXT, VALUE_BYTES };

/* INT holds INT, BOOL (0/1), DATE, TIME, INSTANT; TEXT holds TEXT and ENUM; BYTES holds REF and
 * ID (16 bytes) and RAW. Views: the bytes belong to someone else. */
struct value {
    enum value_type type;
    union {
        int64_t i;
        double r;
        struct str s;
    };
};
#define VALUE_NONE ((struct value){.type = VALUE_NULL})
static inline struct value value_int(int64_t i)
{
    return (struct value){.type = VALUE_INT, .i = i};
}
static inline struct value value_text(struct str s)
{
    return (struct value){.type = VALUE_TEXT, .s = s};
}
static inline struct value value_bytes(struct str s)
{
    return (struct value){.type = VALUE_BYTES, .s = s};
}
static inline struct value value_id(const struct id *id)
{
    return value_bytes((struct str){(const char *)id->b, ID_BYTES});
}

/* The id a REF or ID holds; false when it holds none. */
bool value_to_id(const struct value *v, struct id *out);

/* Type that a kind's values have when not NULL. */
enum value_type value_type_of(enum kind kind);
bool value_eq(const struct value *a, const struct value *b);
/* Does the value fit the declaration (type, range, length in characters, UTF-8, known code
 * unless open, empty only when not required)? INVALID; `why` names the field, never the value.
 */
NODISCARD enum err value_check(const struct field *field, const struct value *v,
                               struct note *why);

/* What a person should write for this kind, in short English: "a time such as 14:05". */
const char *value_form(enum kind kind);

/* Canonical text, the same in CSV, --json strings and the command line: dates 2026-11-22, times
 * 14:05, instants 2026-11-22T14:05:09.123Z, booleans true/false, ids with dashes, reals with a
 * point and as many digits as needed, RAW as lower-case hex. NULL prints nothing. */
void value_print(enum kind kind, const struct value *v, struct buf *out);
/* The same, of a masked field only the last two characters: what everybody may be shown who may
 * see that there is a value. */
void value_show(const struct field *field, const struct value *v, struct buf *out);
/* Does the number not agree with its own check digits? Not for empty values. */
bool value_doubtful(const struct field *field, const struct value *v);
/* The inverse, and what people type: dates also 22/11/2026 and 22/11/26 (day first), times
 * 14h05 and 9:05, decimal comma, oui/non/ja/nein/nee/yes/no/1/0. Empty text is NULL. Text
 * values keep pointing into `text`; ids and RAW bytes are written to `arena`. Years of two
 * digits are 1950..2049. Only the form and UTF-8 are judged here; range, length, codes and
 * emptiness by value_check. INVALID with `why` naming the field and the form expected, never
 * the value; NOMEM. */
NODISCARD enum err value_parse(const struct field *field, struct str text, struct arena *arena,
                               struct value *out, struct note *why);

void value_pack(const struct value *v, struct buf *out);
/* Reads what value_pack wrote for this kind; another type, and a REF or ID that is not 16
 * bytes, sets cur->bad. Text is not yet checked for length; views point into the cursor's
 * bytes. */
struct value value_unpack(enum kind kind, struct cur *cur);

/* Packed pairs, field and value, as a conflict keeps them: the next one of a field that this
 * schema has, others are passed over; false at the end, and at bytes that make no sense. */
bool value_pair_next(const struct table *table, struct cur *cur, const struct field **field,
                     struct value *out);
/* Are there two or more? */
bool value_pairs_several(struct cur pairs);

/* Days since 1970-01-01 of a proleptic Gregorian date of the years 1..9999, and back; false
 * when there is no such day. */
bool date_of(int year, int month, int day, int32_t *out);
void date_split(int32_t days, int *year, int *month, int *day);

#endif
