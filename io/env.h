/* SPDX-License-Identifier: Apache-2.0 */
/* What the process inherits: environment variables, terminals, the folder for data. */
#ifndef IO_ENV_H
#define IO_ENV_H

#include "io/say.h"
#include "proto/buf.h"
#include "proto/err.h"

enum { ENV_PATH_BYTES_MAX = 4096, ENV_COLUMNS_DEFAULT = 80 };

/* The variable, or NULL when it is unset or empty. */
const char *env_get(const char *name);
/* The language LC_ALL, LC_MESSAGES and LANG ask for. */
enum say_language env_language(void);
/* Keep what the process holds and writes to its owner: files for him alone, no core dumps, and
 * memory that other programs of his may not read. First thing in main. */
void env_keep_private(void);
/* Is the file descriptor a terminal? */
bool env_tty(int fd);
/* Is it one that may be coloured: NO_COLOR unset (no-color.org), TERM not "dumb"? */
bool env_color(int fd);
/* Width of the terminal in columns; ENV_COLUMNS_DEFAULT when it is not known. */
int env_columns(int fd);
/* Write $XDG_DATA_HOME/app, or $HOME/.local/share/app, with a NUL after it, to `path` (cleared
 * first; the NUL is not counted). A relative XDG_DATA_HOME does not count, as its specification
 * says. ERR_NOTFOUND, ERR_LIMIT, ERR_NOMEM. */
NODISCARD enum err env_data_dir(const char *app, struct buf *path, struct note *why);

#endif
