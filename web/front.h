/* SPDX-License-Identifier: Apache-2.0 */
/* The pages and their JSON, served on this machine: assets, catalogues, API, events. */
#ifndef WEB_FRONT_H
#define WEB_FRONT_H

#include "io/httpd.h"
#include "io/jobs.h"
#include "web/api.h"
#include "web/gate.h"

enum {
    FRONT_JOBS_MAX = 2 * HTTPD_CONNS_MAX, /* of the store's thread, at once */
    FRONT_BEAT_MS = 20 * 1000,            /* a stream hears from us so often, news or not */
};

struct front;
struct front_cfg {
    struct loop *loop;
    struct jobs *jobs;  /* thread of the store; room for FRONT_JOBS_MAX of ours */
    uint16_t port;      /* 0 picks one */
    const char *dir;    /* folder of the replica, as private as it; lives as long as we do */
    const char *assets; /* folder of packed files to serve instead of our own; NULL: none */
    /* The open store, asked for on its thread; NULL: it is gone, as after a wipe. */
    struct store *(*store)(void *arg);
    api_command *command;        /* store's thread */
    void (*on_saved)(void *arg); /* something of ours was saved; loop thread */
    void (*on_sync)(void *arg);  /* the person wants a sync now; loop thread */
    void *arg;                   /* of all of them */
};
/* Listen. cfg is copied. Errors as httpd_open. */
NODISCARD enum err front_open(const struct front_cfg *cfg, struct front **out,
                              struct note *why);
/* Where, and who may come in: gate_link makes links. Lives as long as the front. */
const struct gate *front_gate(const struct front *front);
/* Who closed the pages and comes back after so long must come in by a new link; 0: never. Loop
 * thread. An open page sends POST /api/lock itself, and all of them hear "locked". */
void front_idle(struct front *front, int64_t idle_ms);
/* Tell all open pages that something happened: "saved", "synced", "status". */
void front_tell(struct front *front, const char *what);
/* End; `cb` when all is gone, also the jobs. NULL calls it at once. */
void front_close(struct front *front, httpd_closed_cb cb, void *arg);

#endif
