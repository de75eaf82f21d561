/* SPDX-License-Identifier: Apache-2.0 */
#include "store/compare.h"

#include "store/expire.h"
#include "store/inside.h"
#include "store/sweep.h"

#include <stdlib.h>

enum {
    ROW_COST_US = 2500,    /* a thousand times what reading one row takes */
    REPAIR_MS = 86400000,  /* between two repairs */
    FIRST_ROWS_MAX = 2000, /* so few are compared at once */
};

/* ---- what is kept: one line of numbers ---- */

static bool next_number(struct str *rest, int64_t *out)
{
    char *end = NULL;
    *out = strtoll(rest->p, &end, 10);
    bool found = end != rest->p;
    *rest = (struct str){end, rest->n - (size_t)(end - rest->p)};
    return found;
}

/* As it is kept: of COMPARE_NEVER, at_ms is when the first one was put off, and `rows` the
 * server's count. */
static enum err read_report(struct store *s, struct compare_report *out)
{
    struct buf text = {0};
    enum err err = meta_get_text(s, META_COMPARE, &text);
    struct compare_report r = {.state = COMPARE_NEVER};
    int64_t v[4 + COMPARE_FAULTS] = {0};
    bool found = text.n > 0;
    buf_u8(&text, 0);
    struct str rest = buf_str(&text);
    for (size_t i = 0; i < sizeof v / sizeof *v && err == ERR_OK && text.err == ERR_OK; i++)
        found = found && next_number(&rest, &v[i]);
    if (err == ERR_OK)
        err = text.err;
    if (found && v[0] >= COMPARE_NEVER && v[0] <= COMPARE_DIFFERENT) {
        r.state = (enum compare_state)v[0];
        r.at_ms = v[1];
        r.found_ms = v[2];
        r.rows = (uint64_t)v[3];
        for (int i = 0; i < COMPARE_FAULTS; i++)
            r.faults[i] = (uint64_t)v[4 + i];
    }
    buf_done(&text);
    if (err == ERR_OK)
        *out = r;
    return err;
}

enum err compare_report(struct store *s, struct compare_report *out)
{
    enum err err = read_report(s, out);
    if (err == ERR_OK && out->state == COMPARE_NEVER)
        out->at_ms = 0;
    return err;
}

static enum err keep(struct store *s, const struct compare_report *r)
{
    struct buf text = {0};
    buf_printf(&text, "%d %lld %lld %llu %llu %llu %llu", (int)r->state, (long long)r->at_ms,
               (long long)r->found_ms, (unsigned long long)r->rows,
               (unsigned long long)r->faults[COMPARE_CHANGED],
               (unsigned long long)r->faults[COMPARE_MISSING],
               (unsigned long long)r->faults[COMPARE_EXTRA]);
    enum err err =
        text.err == ERR_OK ? meta_set_text(s, META_COMPARE, buf_str(&text)) : text.err;
    buf_done(&text);
    return err;
}

enum err compare_reload(struct store *s)
{
    struct compare_report r;
    enum err err = read_report(s, &r);
    if (err == ERR_OK) {
        s->repairs = r.state == COMPARE_REPAIRING;
        s->repaired[COMPARE_CHANGED] = s->repaired[COMPARE_MISSING] = 0;
        s->repaired[COMPARE_EXTRA] = 0;
    }
    return err;
}

/* ---- a repair ---- */

bool compare_repairs(const struct store *s)
{
    return s->repairs;
}

void compare_repaired(struct store *s, uint64_t before, uint64_t after)
{
    if (!s->repairs || before == after)
        return;
    s->repaired[before == 0 ? COMPARE_MISSING : after == 0 ? COMPARE_EXTRA : COMPARE_CHANGED]++;
}

enum err compare_keep(struct store *s)
{
    struct compare_report r;
    uint64_t sum = 0;
    for (int i = 0; i < COMPARE_FAULTS; i++)
        sum += s->repaired[i];
    enum err err = sum == 0 ? ERR_OK : read_report(s, &r);
    if (err != ERR_OK || sum == 0)
        return err;
    for (int i = 0; i < COMPARE_FAULTS; i++) {
        r.faults[i] += s->repaired[i];
        s->repaired[i] = 0;
    }
    return keep(s, &r);
}

static enum err begin_repair(struct store *s, struct compare_report *r)
{
    r->state = COMPARE_REPAIRING;
    r->found_ms = r->at_ms;
    for (int i = 0; i < COMPARE_FAULTS; i++)
        r->faults[i] = 0;
    return sweep_begin(s);
}

enum err compare_tell_again(struct store *s)
{
    struct compare_report r;
    enum err err = read_report(s, &r);
    if (err != ERR_OK)
        return err;
    r.at_ms = store_now(s);
    r.rows = 0;
    err = begin_repair(s, &r);
    return err == ERR_OK ? keep(s, &r) : err;
}

/* ---- the comparison ---- */

static bool is_due(const struct compare_report *r, int64_t now_ms)
{
    int64_t wait_ms = (int64_t)(r->rows * ROW_COST_US / 1000);
    return r->state == COMPARE_REPAIRING || r->at_ms == 0 || now_ms < r->at_ms ||
           now_ms - r->at_ms >= wait_ms;
}

static enum err is_quiet(struct store *s, const struct idle *idle, bool *out)
{
    int64_t sweeping = 0;
    int64_t retell = 0;
    int64_t full = 0;
    enum err err = meta_get_int(s, META_SWEEP, &sweeping);
    if (err == ERR_OK)
        err = meta_get_int(s, META_RETELL, &retell);
    if (err == ERR_OK)
        err = meta_get_int(s, META_FULL, &full);
    *out = sweeping == 0 && retell == 0 && full == 0 && idle->judged == s->acked &&
           s->own.op_no == s->acked && idle->through == s->pulled;
    return err;
}

static enum err note(struct store *s, struct compare_report *r, bool same, bool *repair)
{
    int64_t last_ms = r->found_ms;
    bool lately = last_ms != 0 && r->at_ms >= last_ms && r->at_ms - last_ms < REPAIR_MS;
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    *repair = false;
    if (same) {
        r->state = COMPARE_SAME;
    } else if (r->state == COMPARE_REPAIRING || lately) {
        r->state = COMPARE_DIFFERENT;
    } else {
        *repair = true;
        err = begin_repair(s, r);
    }
    if (err == ERR_OK)
        err = keep(s, r);
    err = store_end(s, err);
    if (err == ERR_OK)
        err = store_reload(s);
    *repair = *repair && err == ERR_OK;
    return err;
}

/* A first sync is long enough: its rows were all just told. A later one compares. */
static enum err put_off(struct store *s, struct compare_report *r, uint64_t rows)
{
    r->at_ms = store_now(s);
    r->rows = rows;
    enum err err = store_begin(s);
    return err == ERR_OK ? store_end(s, keep(s, r)) : err;
}

enum err compare_rows(struct store *s, const struct idle *idle, bool *repair)
{
    struct compare_report r;
    struct digest ours = {0};
    bool quiet = false;
    *repair = false;
    enum err err = idle->compared ? is_quiet(s, idle, &quiet) : ERR_OK;
    if (err != ERR_OK || !quiet)
        return err;
    err = read_report(s, &r);
    if (err != ERR_OK || !is_due(&r, store_now(s)))
        return err;
    if (r.at_ms == 0 && idle->rows > FIRST_ROWS_MAX)
        return put_off(s, &r, idle->rows);
    err = expire_here(s);
    if (err == ERR_OK)
        err = digest_replica(s, &ours);
    bool unreadable = err == ERR_CORRUPT && db_health(s->db) == ERR_OK;
    if (err != ERR_OK && !unreadable)
        return err;
    r.at_ms = store_now(s);
    r.rows = ours.rows;
    bool same = !unreadable && ours.rows == idle->rows && ours.sum == idle->sum;
    return note(s, &r, same, repair);
}

enum err compare_hasten(struct store *s)
{
    struct compare_report r;
    enum err err = read_report(s, &r);
    if (err != ERR_OK || r.rows == 0)
        return err;
    r.rows = 0;
    err = store_begin(s);
    return err == ERR_OK ? store_end(s, keep(s, &r)) : err;
}
