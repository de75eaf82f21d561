/* SPDX-License-Identifier: Apache-2.0 */
/* A sync that the process holding the replica carries out for somebody else's command. */
#ifndef CLIENT_ROUND_H
#define CLIENT_ROUND_H

#include "client/link.h"

struct round {
    bool asked; /* the command wants one */
    bool over;  /* it has come to its end: what follows is set */
    enum err err;
    struct note why;
    struct link_tally tally; /* of this round alone */
    bool wiped;              /* the replica was destroyed, as the coordinator asked */
};

#endif
