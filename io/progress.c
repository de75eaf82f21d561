/* SPDX-License-Identifier: Apache-2.0 */
#include "io/progress.h"

#include "io/env.h"
#include "io/grid.h"

#include <inttypes.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 4096 };

void progress_init(struct progress *progress, int fd, bool tty, int64_t now_mono_ms)
{
    *progress = (struct progress){.fd = fd, .on = tty, .start_mono_ms = now_mono_ms};
}

/* What cannot be drawn is not worth a word: the task itself goes on. */
static void draw(const struct progress *progress, const struct buf *line)
{
    if (line->err != ERR_OK)
        return;
    ssize_t sent = write(progress->fd, line->p, line->n);
    (void)sent;
}

void progress_line(struct buf *out, const char *text, uint64_t done, uint64_t total,
                   int64_t elapsed_ms, int columns)
{
    struct buf line = {.max = LINE_BYTES_MAX};
    buf_printf(&line, "%s %" PRIu64, text, done);
    if (total > 0) {
        uint64_t percent =
            done >= total ? 100 : (uint64_t)(100.0 * (double)done / (double)total);
        buf_printf(&line, "/%" PRIu64 " (%" PRIu64 " %%)", total, percent);
    }
    if (elapsed_ms >= PROGRESS_EVERY_MS)
        buf_printf(&line, ", %.0f/s", (double)done * 1000.0 / (double)elapsed_ms);
    size_t width = grid_width(buf_str(&line));
    size_t most = columns > 1 ? (size_t)columns - 1 : 1;
    grid_fit(out, buf_str(&line), width < most ? width : most, false);
    buf_done(&line);
}

void progress_show(struct progress *progress, const char *text, uint64_t done, uint64_t total,
                   int64_t now_mono_ms)
{
    if (!progress->on)
        return;
    if (progress->drawn && now_mono_ms - progress->drawn_mono_ms < PROGRESS_EVERY_MS)
        return;
    progress->drawn = true;
    progress->drawn_mono_ms = now_mono_ms;
    struct buf line = {.max = LINE_BYTES_MAX};
    buf_text(&line, "\r\x1b[K");
    progress_line(&line, text, done, total, now_mono_ms - progress->start_mono_ms,
                  env_columns(progress->fd));
    draw(progress, &line);
    buf_done(&line);
}

void progress_end(struct progress *progress)
{
    if (!progress->drawn)
        return;
    progress->drawn = false;
    struct buf line = {.max = LINE_BYTES_MAX};
    buf_text(&line, "\r\x1b[K");
    draw(progress, &line);
    buf_done(&line);
}
