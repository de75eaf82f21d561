/* SPDX-License-Identifier: Apache-2.0 */
/* A file becomes a document of a row: its content is kept durably, then the row that names it.
 */
#ifndef STORE_ATTACH_H
#define STORE_ATTACH_H

#include "proto/hash.h"
#include "store/edit.h"

enum { ATTACH_TITLE_CHARS = 160 };

struct attach {
    const struct table *table; /* of the row the document belongs to … */
    struct id row;             /* … and that row */
    struct str kind;           /* code; empty: other */
    struct str title, mime;    /* mime empty: unknown bytes */
    struct id doc;             /* of the document, not there yet */
    uint8_t sha256[SHA256_BYTES];
    uint64_t size;
};

/* What a name's ending says of its content, "application/octet-stream" when nothing. */
const char *attach_mime(struct str name);
/* The name of a file as a title: without what does not fit. */
struct str attach_title(struct str name);
/* Make the row of a document whose content was kept for attach->doc (content_put_end). When it
 * cannot be made the content is dropped again, so that nothing is left of either. Errors as
 * edit_commit. Database thread. */
NODISCARD enum err attach_save(struct store *s, const struct attach *attach, struct note *why);

#endif
