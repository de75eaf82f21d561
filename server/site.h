/* SPDX-License-Identifier: Apache-2.0 */
/* jalond as the relay of a site: it serves the site's network, also while the line to the
 * network's server is down. */
#ifndef SERVER_SITE_H
#define SERVER_SITE_H

#include "io/file.h"
#include "io/invite.h"
#include "server/settings.h"

/* A relay carries, it does not judge and cannot read. While the line is up it passes bytes
 * between devices and the server, which speak TLS with each other through it. While it is down
 * it takes devices' sealed bundles and keeps them (store/deposits) until it can hand them over,
 * and then keeps the sealed answers for those who wrote. */

#define SITE_KEY "relay.key"     /* private key, DER */
#define SITE_ID "relay.id"       /* the rest of struct site_id; its presence means: a relay */
#define SITE_DEPOSITS "relay.db" /* what it keeps for others */

enum { SITE_NAME_BYTES = 256 };

/* Who this relay is. */
struct site_id {
    struct buf key;  /* private key, DER */
    struct buf cert; /* of this relay, DER */
    struct buf ca;   /* of the network, DER */
    struct address server;
    struct id history;                                    /* of the network's server */
    uint32_t device;                                      /* its number there */
    char name[SITE_NAME_BYTES], network[SITE_NAME_BYTES]; /* for people */
};
/* Wipe and free; a zeroed struct is fine. */
void site_id_done(struct site_id *id);
/* Is this the data folder of a relay? */
bool site_here(const char *dir);
/* NOTFOUND: no relay here; CORRUPT. */
NODISCARD enum err site_id_load(const char *dir, struct site_id *out, struct note *why);
/* Make this folder a relay's, by an invitation; asked again after a lost reply it gets the same
 * answer. As join_run; EXISTS: something else is there already. */
NODISCARD enum err site_enrol(const char *dir, const struct invite *invite, struct site_id *out,
                              struct note *why);

/* Run until SIGTERM or SIGINT. */
NODISCARD enum err site_run(const char *dir, const struct settings *settings, struct note *why);

#endif
