/* SPDX-License-Identifier: Apache-2.0 */
/* Texts as people compare them: without capitals, accents and punctuation. */
#ifndef STORE_FOLD_H
#define STORE_FOLD_H

#include "proto/buf.h"

/* Append the folded text: Latin letters lose capitals and marks, runs of blanks and ASCII
 * punctuation become one space, none at the ends. Other letters stay as they are. Bytes that
 * are not UTF-8 are left out. Errors of the buffer stick there. Replicas keep what it says, for
 * search and in indexes (sorted.h): with another rule comes another format of the store. */
void fold_text(struct str text, struct buf *out);

#endif
