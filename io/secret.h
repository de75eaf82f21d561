/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for keys: not swapped out, not in a core file, not in a child, wiped when given back.
 */
#ifndef IO_SECRET_H
#define IO_SECRET_H

#include "proto/err.h"

#include <stddef.h>

/* n zeroed bytes in pages of their own; NULL when there are none. Where the system refuses to
 * keep them in memory (a limit of the user's), it is memory like any other. */
NODISCARD void *secret_new(size_t n);
/* Wipe, give back. n as it was asked for; NULL is fine. */
void secret_free(void *p, size_t n);
/* From here on no file of this process's memory is written, whatever ends it, and no other
 * process of this user reads it. */
void secret_process(void);

#endif
