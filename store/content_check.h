/* SPDX-License-Identifier: Apache-2.0 */
/* Are the contents here what was attached? Looked at in steps; what is not is set right as far
 * as that can be done from here. */
#ifndef STORE_CONTENT_CHECK_H
#define STORE_CONTENT_CHECK_H

#include "store/store.h"

/* One look at all of them; a zeroed one is ready. */
struct content_check {
    bool done;
    bool unreadable;    /* their database does not read; its contents were not looked at */
    uint64_t documents; /* looked at … */
    uint64_t bytes;     /* … with so many bytes */
    uint64_t wrong;     /* whose content is not what was attached, or lacks a part … */
    uint64_t again;     /* … replica: of these, asked for anew from the server */
    uint64_t lost;      /* … replica: of these, only here, and not sent */
    uint64_t rowless;   /* of which no record is here */
    uint64_t nameless;  /* contents no document has */
    struct id after;    /* the last one looked at */
};
/* Look at some more, about bytes_max bytes. `report` gets a line for each that is wrong: the
 * document by its id, and on the server which device brought it; a device that has it offers it
 * again once content_offer_again was called there. A wrong one is given out no more: the server
 * takes it anew, a replica fetches it, or says that it is to be attached again. Errors of the
 * rows' database only. */
NODISCARD enum err content_check_step(struct store *s, uint64_t bytes_max,
                                      struct content_check *k, struct buf *report);
/* Replica: offer everything that is here to the server once more. */
NODISCARD enum err content_offer_again(struct store *s);

#endif
