/* SPDX-License-Identifier: Apache-2.0 */
/* The pages and their JSON, served on this machine: assets, catalogues, API, events. */
#ifndef WEB_SITE_H
#define WEB_SITE_H

#include "io/httpd.h"
#include "io/jobs.h"
#include "web/api.h"
#include "web/door.h"

enum {
    SITE_JOBS_MAX = 2 * HTTPD_CONNS_MAX, /* of the store's thread, at once */
    SITE_BEAT_MS = 20 * 1000,            /* a stream hears from us so often, news or not */
};

struct site;
struct site_cfg {
    struct loop *loop;
    struct jobs *jobs;  /* thread of the store; room for SITE_JOBS_MAX of ours */
    uint16_t port;      /* 0 picks one */
    const char *assets; /* folder of packed files to serve instead of our own; NULL: none */
    /* The open store, asked for on its thread; NULL: it is gone, as after a wipe. */
    struct store *(*store)(void *arg);
    api_command *command;        /* store's thread */
    void (*on_saved)(void *arg); /* something of ours was saved; loop thread */
    void (*on_sync)(void *arg);  /* the person wants a sync now; loop thread */
    void *arg;                   /* of all of them */
};
/* Listen. cfg is copied. Errors as httpd_open. */
NODISCARD enum err site_open(const struct site_cfg *cfg, struct site **out, struct note *why);
/* Where, and who may come in: door_link makes links. Lives as long as the site. */
const struct door *site_door(const struct site *site);
/* Tell all open pages that something happened: "saved", "synced", "status". */
void site_tell(struct site *site, const char *what);
/* End; `cb` when all is gone, also the jobs. NULL calls it at once. */
void site_close(struct site *site, httpd_closed_cb cb, void *arg);

#endif
