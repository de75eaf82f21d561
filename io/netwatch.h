/* SPDX-License-Identifier: Apache-2.0 */
/* Hearing from the kernel that a way into the network has come up: a link, an address, a route.
 */
#ifndef IO_NETWATCH_H
#define IO_NETWATCH_H

#include "io/loop.h"
#include "proto/buf.h"

enum {
    NETWATCH_LINKS = 32,      /* of this machine, whose state is remembered */
    NETWATCH_ADDRESSES = 64,  /* likewise; the oldest makes room */
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

/* What is known of links and addresses. Zeroed: nothing. */
struct netwatch_known {
    struct netwatch_link {
        int index; /* 0: free */
        bool up;
    } links[NETWATCH_LINKS];
    struct netwatch_address {
        int index; /* of its link; 0: free */
        uint8_t bytes[16];
        size_t n; /* of them: 4 or 16 */
    } addresses[NETWATCH_ADDRESSES];
    size_t oldest; /* of the addresses, when none is free */
};
/* Take one datagram of the kernel: does it say that something came up? An address that is told
 * again, because its lease was renewed, has not. Pure. */
bool netwatch_take(struct netwatch_known *known, struct str datagram);

#endif
