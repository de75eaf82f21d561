/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of a replica, served by the process that holds it and stays. */
#ifndef CLIENT_PAGES_H
#define CLIENT_PAGES_H

#include "client/local.h"
#include "client/presence.h"
#include "web/front.h"

enum { PAGES_JOBS_MAX = FRONT_JOBS_MAX };

struct pages;
typedef void (*pages_cb)(void *arg);
struct pages_cfg {
    struct loop *loop;
    struct jobs *jobs;    /* thread of the store; room for PAGES_JOBS_MAX of ours */
    struct local *local;  /* the open replica; outlives the pages */
    const char *dir;      /* data folder; likewise */
    uint16_t port;        /* 0 picks one */
    pages_cb on_saved;    /* something was saved; loop thread */
    pages_cb on_sync;     /* the person wants a sync now; loop thread */
    pages_cb on_enrolled; /* NULL: enrolled already, or not to be enrolled from a page. The
                             invitation was accepted; loop thread, once */
    void *arg;            /* of all three */
};
/* Was the program built with its pages, or given others? */
bool pages_there(void);
/* Listen. cfg is copied. Errors as front_open. */
NODISCARD enum err pages_open(const struct pages_cfg *cfg, struct pages **out,
                              struct note *why);
/* Where they are, and who may come in. Lives as long as the pages. */
const struct gate *pages_gate(const struct pages *pages);
/* What may be said of the connection from here on; copied. Loop thread. */
void pages_presence(struct pages *pages, const struct presence *presence);
/* As front_tell. NULL is fine. */
void pages_tell(struct pages *pages, const char *what);
/* End; `cb` when all is gone. NULL calls it at once. */
void pages_close(struct pages *pages, pages_cb cb, void *arg);

#endif
