/* SPDX-License-Identifier: Apache-2.0 */
#include "io/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PREFIX_BYTES = 3 };

static atomic_int level_max = LOG_LEVEL_WARN;

void log_init(enum log_level level)
{
    atomic_store(&level_max, (int)level);
}

static void line(enum log_level level, const char *fmt, va_list args) PRINTF(2, 0);
static void line(enum log_level level, const char *fmt, va_list args)
{
    if ((int)level > atomic_load(&level_max))
        return;
    int saved = errno;
    char text[LOG_LINE_BYTES_MAX + 1];
    (void)snprintf(text, sizeof text, "<%d>", (int)level);
    int wrote = vsnprintf(text + PREFIX_BYTES, sizeof text - PREFIX_BYTES, fmt, args);
    if (wrote >= 0) {
        size_t n = strlen(text);
        for (size_t i = 0; i < n; i++) {
            if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
                text[i] = '?';
        }
        text[n] = '\n';
        /* A log that cannot be written has nobody left to tell. */
        ssize_t done = write(STDERR_FILENO, text, n + 1);
        (void)done;
    }
    errno = saved;
}

void log_error(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    line(LOG_LEVEL_ERROR, fmt, args);
    va_end(args);
}

void log_warn(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    line(LOG_LEVEL_WARN, fmt, args);
    va_end(args);
}

void log_info(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    line(LOG_LEVEL_INFO, fmt, args);
    va_end(args);
}

void log_debug(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    line(LOG_LEVEL_DEBUG, fmt, args);
    va_end(args);
}
