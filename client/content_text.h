/* SPDX-License-Identifier: Apache-2.0 */
/* What a person should know of contents of documents that are not where they should be. */
#ifndef CLIENT_CONTENT_TEXT_H
#define CLIENT_CONTENT_TEXT_H

#include "store/content.h"

/* Append whole lines; none when all is where it should be. */
void content_text(const struct content_totals *totals, struct buf *out);

#endif
