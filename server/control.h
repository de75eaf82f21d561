/* SPDX-License-Identifier: Apache-2.0 */
/* The admin socket of jalond: one request a connection, carried out on the store's thread. */
#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include "io/jobs.h"
#include "io/listen.h"
#include "server/ctl.h"
#include "server/peer.h"

enum {
    CONTROL_PEERS = 16,              /* connections at once */
    CONTROL_REQUEST_BYTES = 1 << 20, /* a request's body */
    CONTROL_HEAD = 2,                /* language and folder, before the words */
    CONTROL_WORDS_MAX = ARGS_WORDS_MAX,
    CONTROL_CHUNK_BYTES = 64 * 1024, /* one piece of the answer */
};
/* Frames both ways. Request: [language, cwd, argument, …] as strings. Answer: [kind, bin] … [0,
 * status].
 */
enum control_kind { CONTROL_STATUS = 0, CONTROL_OUT = 1, CONTROL_TALK = 2 };

struct control_cfg {
    struct loop *loop;
    struct jobs *jobs; /* CONTROL_PEERS of it are ours */
    struct store *store;
    const struct enrol_ca *ca;
    struct peers *peers; /* told of what was changed */
    const char *public;  /* ADDR:PORT for invitations; outlives us */
};
struct control;
/* Listen at `path`. */
NODISCARD enum err control_open(const struct control_cfg *cfg, const char *path,
                                struct control **out, struct note *why);
/* Take no more requests; those taken are answered, or cut off when their peer does not listen.
 * `cb` when all is over and the memory gone. */
void control_close(struct control *control, listen_closed_cb cb, void *arg);

#endif
