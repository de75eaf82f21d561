/* SPDX-License-Identifier: Apache-2.0 */
#include "io/deadline.h"

void deadline_start(struct deadline *deadline, uint64_t now_ms, int64_t ms,
                    uint64_t progress_min, int64_t total_ms, uint64_t moved)
{
    uint64_t window_ms = ms > 0 ? (uint64_t)ms : 1;
    *deadline = (struct deadline){.due_ms = now_ms + window_ms,
                                  .window_ms = window_ms,
                                  .progress_min = progress_min,
                                  .moved = moved,
                                  .until_ms = total_ms > 0 ? now_ms + (uint64_t)total_ms : 0};
}

bool deadline_passed(struct deadline *deadline, uint64_t now_ms, uint64_t moved)
{
    if (deadline->due_ms == 0 || now_ms < deadline->due_ms)
        return false;
    if (deadline->until_ms != 0 && now_ms >= deadline->until_ms)
        return true;
    if (deadline->progress_min == 0 || moved - deadline->moved < deadline->progress_min)
        return true;
    deadline->moved = moved;
    deadline->due_ms = now_ms + deadline->window_ms;
    if (deadline->until_ms != 0 && deadline->until_ms < deadline->due_ms)
        deadline->due_ms = deadline->until_ms;
    return false;
}

uint64_t deadline_next(const struct deadline *a, const struct deadline *b)
{
    if (a->due_ms == 0 || b->due_ms == 0)
        return a->due_ms + b->due_ms;
    return a->due_ms < b->due_ms ? a->due_ms : b->due_ms;
}
