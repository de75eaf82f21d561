/* SPDX-License-Identifier: Apache-2.0 */
/* For each error: what happened, and what a person does next; one list for all commands. */
#ifndef CLIENT_ADVICE_H
#define CLIENT_ADVICE_H

#include "proto/err.h"

/* In the person's language. Never NULL; next is "" for ERR_OK only. */
const char *advice_cause(enum err err);
/* What this means for the data, and the next step. */
const char *advice_next(enum err err);

#endif
