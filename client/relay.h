/* SPDX-License-Identifier: Apache-2.0 */
/* Commands carried out by the process that holds the replica: asked and answered over a Unix
 * socket of the data folder. */
#ifndef CLIENT_RELAY_H
#define CLIENT_RELAY_H

#include "client/cmd.h"
#include "client/local.h"
#include "client/presence.h"
#include "client/round.h"
#include "io/jobs.h"

/* In the data folder, mode 0600. A folder whose path is too long for a socket goes without. */
#define RELAY_SOCKET "agent.sock"
enum {
    RELAY_ANSWER_BYTES_MAX = 16 * 1024 * 1024, /* kept for one asker; more: it must wait */
    RELAY_ASKERS_MAX = 16, /* at once, with those who hung up while their command runs … */
    RELAY_TURNED_AWAY_MAX = 16,  /* … and so many more hear BUSY; the others hear nothing */
    RELAY_ASK_MS = 5 * 1000,     /* for the question to arrive */
    RELAY_TAKE_MS = 60 * 1000,   /* for the asker to take some of the answer */
    RELAY_ANSWER_MS = 600 * 1000 /* an asker waits this long for the next word */
};

/* Somebody's command was carried out; saved: it left something to send. Loop thread. */
typedef void (*relay_run_cb)(void *arg, bool saved);
/* Somebody's command wants a sync: carry it out, fill `round`, then relay_round_over, once.
 * Loop thread. */
typedef void (*relay_round_cb)(void *arg, struct round *round);
/* Whoever wanted this round has hung up: forget it, without relay_round_over. Loop thread. */
typedef void (*relay_gone_cb)(void *arg, struct round *round);
typedef void (*relay_cb)(void *arg);

struct relay_cfg {
    struct loop *loop;
    struct jobs *jobs;   /* thread of the store */
    struct local *local; /* its store, read on that thread; NULL there: no more answers */
    const char *dir;     /* data folder; outlives the relay */
    const struct presence
        *presence;           /* read by the loop thread as a question comes; NULL: none */
    const struct gate *gate; /* of the pages it serves; NULL: none. Outlives the relay */
    relay_run_cb on_run;     /* may be NULL */
    relay_round_cb on_round; /* NULL: whoever wants a sync waits for the lock */
    relay_gone_cb on_gone;   /* NULL only where on_round is */
    void *arg;               /* of all three */
};
struct relay;
/* Listen. Errors as listen_unix. */
NODISCARD enum err relay_open(const struct relay_cfg *cfg, struct relay **out,
                              struct note *why);
void relay_round_over(struct round *round);
/* Tell those who wait for a round that it is not forgotten: call it every minute or so. */
void relay_keep(struct relay *relay);
/* Take no more questions, answer those that were asked, then `cb`; rounds that are out must
 * come to their end. NULL calls it at once. */
void relay_close(struct relay *relay, relay_cb cb, void *arg);

/* Ask: c says where the answer goes, its colours, width and folder. NOTFOUND: nobody listens;
 * BUSY: nothing was done: not for others, too many ask, or the answer would be too long;
 * CLOSED, TIMEOUT: it broke off, and what was done is not known. */
NODISCARD enum err relay_ask(struct cmd *c, int argc, const char *const *argv, int *exit);

#endif
