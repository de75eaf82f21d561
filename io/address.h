/* SPDX-License-Identifier: Apache-2.0 */
/* HOST:PORT as text, the way the command line and the invitation write it, and back. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include "proto/err.h"

#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum {
    ADDRESS_HOST_BYTES = 254, /* the longest DNS name, with its NUL */
    ADDRESS_TEXT_BYTES = 64,  /* room for a printed numeric address */
};

struct address {
    char host[ADDRESS_HOST_BYTES]; /* name or numeric address, without brackets */
    uint16_t port;                 /* 0: any free one, for a listener */
};

/* Parse "host:port", "1.2.3.4:port" or "[v6]:port"; without a port, `port_default` is taken.
 * ERR_USAGE with a note. */
NODISCARD enum err address_parse(const char *text, uint16_t port_default, struct address *out,
                                 struct note *why);
/* Print "1.2.3.4:port" or "[v6]:port"; "" for other families. */
void address_print(const struct sockaddr *addr, char out[static ADDRESS_TEXT_BYTES]);

#endif
