/* SPDX-License-Identifier: Apache-2.0 */
#include "store/parameter.h"

#include "store/inside.h"

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

enum err parameter_number(struct store *s, const struct parameter *parameter,
                          const struct id *structure, int64_t day, int64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_PARAMETER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, day);
    bind_id(stmt, 2, structure);
    bind_text(stmt, 3, str_of(parameter->key));
    *out = parameter->fallback;
    enum step step = stmt_step(stmt);
    int64_t said = 0;
    if (step == STEP_ROW && read_number(col_text(stmt, 0), parameter->max, &said))
        *out = said;
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}
