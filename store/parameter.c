/* SPDX-License-Identifier: Apache-2.0 */
#include "store/parameter.h"

#include "store/inside.h"

static const struct parameter list[] = {
#define X(name_, key_, kind_, max_, fallback_, unit_, basis_, legal_, label_)                  \
    [PARAMETER_##name_] = {.key = (key_),                                                      \
                           .kind = PARAMETER_##kind_,                                          \
                           .max = (max_),                                                      \
                           .fallback = (fallback_),                                            \
                           .unit = (unit_),                                                    \
                           .basis = (basis_),                                                  \
                           .legal = (legal_),                                                  \
                           .label = (label_)},
    PARAMETER_LIST(X)
#undef X
};

const struct parameter *parameter_of(enum parameter_key key)
{
    must(key < PARAMETER_COUNT);
    return &list[key];
}

enum parameter_key parameter_named(struct str key)
{
    unsigned i = 0;
    while (i < PARAMETER_COUNT && !str_eq(key, str_of(list[i].key)))
        i++;
    return (enum parameter_key)i;
}

/* Digits alone. */
static bool read_number(struct str text, int64_t max, int64_t *out)
{
    enum { DIGITS_MAX = 9 };
    int64_t n = 0;
    bool good = text.n > 0 && text.n <= DIGITS_MAX;
    for (size_t i = 0; i < text.n && good; i++) {
        good = text.p[i] >= '0' && text.p[i] <= '9';
        n = n * 10 + (text.p[i] - '0');
    }
    *out = n;
    return good && n <= max;
}

bool parameter_word(struct str *rest, struct str *word)
{
    size_t at = 0;
    while (at < rest->n && rest->p[at] == ' ')
        at++;
    size_t end = at;
    while (end < rest->n && rest->p[end] != ' ')
        end++;
    *word = (struct str){rest->p + at, end - at};
    *rest = (struct str){rest->p + end, rest->n - end};
    return word->n > 0;
}

bool parameter_counts(enum parameter_key key, struct str value, int64_t *out)
{
    must(list[key].kind == PARAMETER_NUMBER);
    return read_number(value, list[key].max, out);
}

bool parameter_fits(enum parameter_key key, struct str value)
{
    int64_t n = 0;
    if (key >= PARAMETER_COUNT)
        return true;
    if (list[key].kind == PARAMETER_NUMBER)
        return read_number(value, list[key].max, &n);
    struct str word;
    return value.n <= (uint64_t)list[key].max && parameter_word(&value, &word);
}

/* What the rows say into `out`, empty when they say nothing that fits. */
static enum err said(struct store *s, enum parameter_key key, const struct id *structure,
                     int64_t day, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_PARAMETER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, day);
    bind_id(stmt, 2, structure);
    bind_text(stmt, 3, str_of(list[key].key));
    enum step step = stmt_step(stmt);
    struct str text = step == STEP_ROW ? col_text(stmt, 0) : STR("");
    if (step == STEP_ROW && parameter_fits(key, text))
        buf_add(out, text.p, text.n);
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : out->err;
}

enum err parameter_words(struct store *s, enum parameter_key key, const struct id *structure,
                         int64_t day, struct buf *out)
{
    size_t before = out->n;
    enum err err = said(s, key, structure, day, out);
    if (err == ERR_OK && out->n == before)
        buf_text(out, list[key].fallback);
    return err == ERR_OK ? out->err : err;
}

enum err parameter_number(struct store *s, enum parameter_key key, const struct id *structure,
                          int64_t day, int64_t *out)
{
    struct buf text = {0};
    must(list[key].kind == PARAMETER_NUMBER);
    enum err err = parameter_words(s, key, structure, day, &text);
    if (err == ERR_OK && !read_number(buf_str(&text), list[key].max, out))
        err = ERR_CORRUPT;
    buf_done(&text);
    return err;
}
