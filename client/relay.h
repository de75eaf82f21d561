/* SPDX-License-Identifier: Apache-2.0 */
/* Commands carried out by the process that holds the replica: asked and answered over a Unix
 * socket of the data folder. */
#ifndef CLIENT_RELAY_H
#define CLIENT_RELAY_H

#include "client/cmd.h"
#include "client/local.h"
#include "io/jobs.h"

/* In the data folder, mode 0600. A folder whose path is too long for a socket goes without. */
#define RELAY_SOCKET "agent.sock"
enum {
    RELAY_ANSWER_BYTES_MAX = 16 * 1024 * 1024, /* kept for one asker; more: it must wait */
    RELAY_ASKERS_MAX = 16,
    RELAY_ASK_MS = 5 * 1000,     /* for the question to arrive */
    RELAY_TAKE_MS = 60 * 1000,   /* for the asker to take some of the answer */
    RELAY_ANSWER_MS = 600 * 1000 /* an asker waits this long for the next word */
};

/* Somebody's command changed something. Loop thread. */
typedef void (*relay_cb)(void *arg);

struct relay_cfg {
    struct loop *loop;
    struct jobs *jobs;   /* thread of the store */
    struct local *local; /* its store, read on that thread; NULL there: no more answers */
    const char *dir;     /* data folder; outlives the relay */
    relay_cb on_run;     /* a command was carried out; may be NULL */
    void *arg;           /* its argument */
};
struct relay;
/* Listen. Errors as listen_unix. */
NODISCARD enum err relay_open(const struct relay_cfg *cfg, struct relay **out,
                              struct note *why);
/* Take no more questions, answer those that were asked, then `cb`. NULL calls it at once. */
void relay_close(struct relay *relay, relay_cb cb, void *arg);

/* Ask: c says where the answer goes, its colours, width and folder. NOTFOUND: nobody listens;
 * BUSY: the answer would be too long, nothing was done; CLOSED, TIMEOUT: it broke off, and what
 * was done is not known. */
NODISCARD enum err relay_ask(struct cmd *c, int argc, const char *const *argv, int *exit);

#endif
