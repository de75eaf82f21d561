/* SPDX-License-Identifier: Apache-2.0 */
/* What the files message*.c share; nobody else includes it. */
#ifndef PROTO_MESSAGE_INSIDE_H
#define PROTO_MESSAGE_INSIDE_H

#include "proto/hash.h"
#include "proto/message.h"

/* Every message is an array: type, then its items in the order of the struct. */
size_t message_begin(struct buf *out, enum message_type type, uint32_t items);
/* A later version may name an error we do not know. */
enum err message_read_err(struct cur *cur);
/* message_site.c: the items of SITE, PARCEL, PIECE, RECEIPT, LISTED. */
void message_read_site(struct cur *cur, struct message *m);

#endif
