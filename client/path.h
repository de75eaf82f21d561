/* SPDX-License-Identifier: Apache-2.0 */
/* Files a person names: where they lie, what form they have, why they cannot be used. */
#ifndef CLIENT_PATH_H
#define CLIENT_PATH_H

#include "client/cmd.h"

enum path_form { PATH_CSV, PATH_NDJSON, PATH_XLSX };

/* By the end of the name. USAGE for another end. */
NODISCARD enum err path_form(const char *word, enum path_form *out, struct note *why);
/* The path as this process must open it, NUL-terminated, into `out` (cleared first). */
NODISCARD enum err path_from(const struct cmd *c, const char *word, struct buf *out,
                             struct note *why);
/* The error for errno after a failed call on `path`; what: French (N_). */
NODISCARD enum err path_failed(struct note *why, const char *what, const char *path);

#endif
