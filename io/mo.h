/* SPDX-License-Identifier: Apache-2.0 */
/* Looks texts up in a compiled gettext catalogue (.mo) without trusting a byte of it. */
#ifndef IO_MO_H
#define IO_MO_H

#include "proto/buf.h"
#include "proto/err.h"

enum { MO_TEXTS_MAX = 65536 };

/* An open catalogue. The bytes are the caller's and must outlive it. */
struct mo {
    struct str bytes; /* the whole file */
    /* private */
    bool swapped;   /* written on a machine of the other byte order */
    uint32_t n;     /* texts */
    uint32_t ids;   /* offset of the table of msgids */
    uint32_t words; /* offset of the table of translations */
};
/* Check all of it: ERR_FORMAT when any offset, length, order or end of a text is wrong,
 * ERR_LIMIT. On an error `mo` is an empty catalogue. */
NODISCARD enum err mo_open(struct mo *mo, struct str bytes);
/* The translation of msgid, NUL-terminated, pointing into the bytes; NULL when there is none.
 * form: 0, or 1 for the plural of a text declared with two forms. */
const char *mo_find(const struct mo *mo, const char *msgid, unsigned form);
/* Text i of mo->n: its msgid, and the translation, in which a NUL parts two forms. */
void mo_at(const struct mo *mo, uint32_t i, const char **msgid, struct str *words);

#endif
