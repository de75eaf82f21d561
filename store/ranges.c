/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ranges.h"

#include "store/inside.h"

void ranges_add(struct buf *ranges, const struct verdict_range *next)
{
    struct verdict_range last;
    if (ranges->n >= sizeof last) {
        memcpy(&last, ranges->p + ranges->n - sizeof last, sizeof last);
        if (last.to + 1 == next->from && last.verdict == next->verdict &&
            last.reason == next->reason) {
            last.to = next->to;
            last.seq = next->seq;
            memcpy(ranges->p + ranges->n - sizeof last, &last, sizeof last);
            return;
        }
    }
    buf_add(ranges, next, sizeof *next);
}

void ranges_send(struct buf *frames, uint32_t epoch, uint32_t schema, const struct buf *ranges)
{
    struct verdict_range part[64];
    size_t step = sizeof part / sizeof *part;
    size_t count = ranges->n / sizeof *part;
    for (size_t i = 0; i < count; i += step) {
        size_t n = count - i < step ? count - i : step;
        memcpy(part, ranges->p + i * sizeof *part, n * sizeof *part);
        for (size_t k = 0; k < n && schema < MESSAGE_ERASE_SCHEMA; k++)
            if (part[k].reason > REASON_MASS)
                part[k].reason = REASON_MISSING;
        message_verdicts(frames, epoch, part, (uint32_t)n);
    }
}

enum err ranges_stored(struct store *s, uint32_t epoch, uint64_t after, uint64_t through,
                       struct buf *ranges)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OPS_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_int(stmt, 2, (int64_t)after);
    bind_int(stmt, 3, (int64_t)through);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        struct verdict_range range = {.from = (uint64_t)col_int(stmt, 0),
                                      .seq = (uint64_t)col_int(stmt, 1)};
        range.to = range.from;
        range.verdict = (enum verdict)col_int(stmt, 2);
        range.reason = (enum reason)col_int(stmt, 3);
        ranges_add(ranges, &range);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ranges->err;
}
