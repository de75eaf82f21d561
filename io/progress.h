/* SPDX-License-Identifier: Apache-2.0 */
/* One line on a terminal that says how far a long task is and how fast it goes. */
#ifndef IO_PROGRESS_H
#define IO_PROGRESS_H

#include "proto/buf.h"
#include "proto/err.h"

enum { PROGRESS_EVERY_MS = 100 };

/* A zeroed struct is a progress line that shows nothing. */
struct progress {
    /* private */
    int fd;                /* where to draw */
    bool on;               /* fd is a terminal */
    bool drawn;            /* a line stands there */
    int64_t start_mono_ms; /* when the task began */
    int64_t drawn_mono_ms; /* when the line was drawn last */
};
/* Draws on fd (stderr) only when tty (env_tty). */
void progress_init(struct progress *progress, int fd, bool tty, int64_t now_mono_ms);
/* Draw `text done/total (percent) rate/s` over the line before, at most every
 * PROGRESS_EVERY_MS. total 0: not known. */
void progress_show(struct progress *progress, const char *text, uint64_t done, uint64_t total,
                   int64_t now_mono_ms);
/* Take the line away, so that what is printed next starts on a clean one. */
void progress_end(struct progress *progress);
/* The line itself, without what moves the cursor; columns: the width of the terminal. */
void progress_line(struct buf *out, const char *text, uint64_t done, uint64_t total,
                   int64_t elapsed_ms, int columns);

#endif
