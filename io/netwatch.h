/* SPDX-License-Identifier: Apache-2.0 */
/* Hearing from the kernel that a way into the network has come up: a link, an address, a route.
 */
#ifndef IO_NETWATCH_H
#define IO_NETWATCH_H

#include "io/loop.h"
#include "proto/buf.h"

enum {
    NETWATCH_LINKS = 32,      /* of this machine, whose state is remembered */
    NETWATCH_SETTLE_MS = 300, /* address and route come one after the other: told once */
};

struct netwatch;
/* Something came up. Loop thread. */
typedef void (*netwatch_cb)(void *arg);

/* Listen to rtnetlink. Does not by itself keep the loop running. ERR_REFUSED, ERR_IO where the
 * kernel or a sandbox does not let us: who wants to know then asks now and then. ERR_NOMEM. */
NODISCARD enum err netwatch_open(struct loop *loop, netwatch_cb cb, void *arg,
                                 struct netwatch **out);
/* No further call of cb; the memory goes in a later turn. NULL is fine. */
void netwatch_close(struct netwatch *watch);

/* What is known of links. Zeroed: nothing. */
struct netwatch_links {
    struct {
        int index; /* 0: free */
        bool up;
    } list[NETWATCH_LINKS];
};
/* Take one datagram of the kernel: does it say that something came up? Pure. */
bool netwatch_take(struct netwatch_links *links, struct str datagram);

#endif
