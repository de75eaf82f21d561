/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on stderr with the priority prefix systemd reads ("<3>…"). */
#ifndef IO_LOG_H
#define IO_LOG_H

#include "proto/err.h"

/* A line is cut here: a log is no place for contents. */
enum { LOG_LINE_BYTES_MAX = 1024 };

/* The numbers are those of syslog, which systemd reads back. */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARN = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* Say once, at start, how much is wanted; without it: warnings and errors. */
void log_init(enum log_level level);

/* One line each, one write(2) each, so lines of several threads do not mix. Control characters
 * become '?', so that a peer cannot forge a line. Never pass a person's data or a secret.
 * errno is left as it was. Any thread. */
void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

#endif
