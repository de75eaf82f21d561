/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a relay share: site.c (start and end), guest.c (a device on the site's
 * network), forward.c (the line to the server). Nobody else includes it. */
#ifndef SERVER_SITE_INSIDE_H
#define SERVER_SITE_INSIDE_H

#include "io/conn.h"
#include "io/dial.h"
#include "io/jobs.h"
#include "io/listen.h"
#include "proto/bundle.h"
#include "proto/message.h"
#include "server/limits.h"
#include "server/site.h"
#include "store/deposits.h"

enum {
    SITE_GUESTS_MAX = 1000,          /* devices connected at once */
    SITE_LINE_MS = 2000,             /* to reach the server for a device that waits */
    SITE_MEMORY_BYTES = 96 << 20,    /* parcels of all guests on their way in or out */
    SITE_SEND_BYTES = 1 << 20,       /* of a parcel, handed to a connection at once */
    SITE_TALK_MS = 60 * 1000,        /* without a byte in either direction */
    SITE_RETRY_MS_MIN = 1000,        /* the line is tried again after, doubled each time … */
    SITE_RETRY_MS_MAX = 60 * 1000,   /* … up to this, and half more or less */
    SITE_AGAIN_MS = 1000,            /* … but not before, when a device asks */
    SITE_LOOK_MS = 300 * 1000,       /* the server is asked for news so often */
    SITE_REVOKED_MS = 3600 * 1000,   /* … by a relay that has no access any more */
    SITE_JOBS = SITE_GUESTS_MAX + 2, /* on the thread of the deposits */
};

/* A parcel on its way out: PARCEL first, then its bytes, as the connection takes them. */
struct outgoing {
    struct buf bytes;
    size_t sent;
    bool going;
};

struct guest;
struct forward;

struct site {
    struct loop loop;
    struct site_id id;
    struct settings settings;
    struct file_lock lock;
    struct buf path; /* of the deposits */
    struct deposits *deposits;
    struct tls_config *tls;    /* as the server of devices, while the line is down */
    struct tls_config *tls_up; /* as a client of the server */
    struct jobs jobs;
    struct listener *listener;
    struct guest *first;     /* in no order */
    size_t guests;           /* of them */
    size_t memory;           /* SITE_MEMORY_BYTES that are taken */
    struct forward *forward; /* NULL once closed */
    bool line_down;          /* the last try to reach the server failed */
    bool revoked;            /* the server has said so */
    bool stopping;
    enum err err; /* why it ends */
};

/* site.c */
/* The store of deposits is broken: nothing more is acknowledged. */
void site_failed(struct site *site, enum err err);
/* A part is gone: perhaps the last one. */
void site_part_gone(struct site *site);
/* Send the next bytes of a parcel; true when all are with the connection. */
bool site_send(struct outgoing *out, struct conn *conn);
void site_digest(struct str bytes, uint8_t out[SHA256_BYTES]);

/* guest.c */
void guest_take(struct site *site, struct conn *conn);
/* Cut all of them off; in order where `kindly`. */
void guests_close(struct site *site, bool kindly);

/* forward.c */
NODISCARD enum err forward_open(struct site *site);
/* A device has found the line cut. */
void forward_line_down(struct site *site);
/* A device is answered because the line is taken for cut: is it still? */
void forward_look(struct site *site);
/* A deposit came in. */
void forward_wake(struct site *site);
void forward_close(struct site *site);

#endif
