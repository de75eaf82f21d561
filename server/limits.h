/* SPDX-License-Identifier: Apache-2.0 */
/* Every limit of the server: connections, queues, rates, terms. */
#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

enum {
    LIMIT_PEERS = 12000,             /* connections; more hear LATER */
    LIMIT_ADDRESS_MS = 100,          /* one more connection of one address after each … */
    LIMIT_ADDRESS_BURST = 100,       /* … so many at once: an office behind one address */
    LIMIT_DEVICE_PEERS = 2,          /* of one device; the newest win */
    LIMIT_ENROL_PEERS = 8,           /* without a listed key */
    LIMIT_ENROL_WAIT_MS = 3000,      /* … one that said nothing for so long makes room */
    LIMIT_ENROL_BYTES = 16 * 1024,   /* of the one frame such a peer may send */
    LIMIT_ENROL_PER_MINUTE = 60,     /* of all of them together */
    LIMIT_WAITING_BYTES = 256 << 20, /* pushes of all peers that wait for a commit */
    LIMIT_COMMIT_PUSHES = 256,       /* in one group commit */
    LIMIT_COMMIT_BYTES = 4 << 20,    /* likewise, bytes as sent */
    LIMIT_JOBS_AHEAD = 4,            /* jobs of peers given to the database thread at once */
    LIMIT_LIGHT_TURNS = 8,           /* of these, to one for who has much more to read */
    LIMIT_JOBS = 8,                  /* all jobs given to it at once, never more */
    LIMIT_RETRY_MS_MIN = 1000,       /* LATER: come back after, drawn between these two */
    LIMIT_RETRY_MS_MAX = 120 * 1000,
    LIMIT_RETRY_MS_SOON = 3000, /* likewise at most, where LATER is no sign of load … */
    LIMIT_RETRY_MS_PEER = 10,   /* … plus so much for each connection: that many come back */
    LIMIT_QUEUE_BYTES =
        384 << 20, /* pushes that wait and pages under way: new ones hear LATER */
    LIMIT_CONTENT_BYTES = 64 << 20,  /* of documents, from all peers, that wait to be written */
    LIMIT_PAGE_BYTES = 256 << 20,    /* pages under way: above, one at a time for each peer */
    LIMIT_FIRST_SYNCS = 32,          /* devices that read everything at the same time … */
    LIMIT_FIRST_SEQS = 2000,         /* … once there is so much to read … */
    LIMIT_FIRST_WAITING = 64,        /* … those who may wait for it connected … */
    LIMIT_FIRST_PING_MS = 10 * 1000, /* … and hear so often that they do; the others … */
    LIMIT_TURN_MS = 60 * 1000,       /* … keep their turn so long beyond their time */
    LIMIT_PLACE_MS = 2000,           /* a reader that makes us wait so long needs no place */
    LIMIT_AWAY_MS = 20 * 1000,       /* to push what is unsent before LATER */
    LIMIT_IDLE_MS = 30 * 1000,   /* who listens hears of commits that are not for it so often */
    LIMIT_DAY_MS = 600 * 1000,   /* a look for a new day, plus up to half of it again */
    LIMIT_DEVICE_MS = 60 * 1000, /* rates of devices that left are looked through so often */
    LIMIT_EPOCHS = 2,            /* given on one connection */
    LIMIT_PARCELS = 4,           /* of relays, in memory: 64 MB each at most */
    LIMIT_PARCEL_MS = 60 * 1000, /* from one piece of a parcel to the next */
    LIMIT_LOG_MS = 1000,         /* one more line about a peer's end after each … */
    LIMIT_LOG_BURST = 100,       /* … so many at once */
    LIMIT_HELLO_MS = 10 * 1000,  /* from open to HELLO */
    LIMIT_ENROL_MS = 30 * 1000,  /* a whole enrolment */
    LIMIT_FORK_MS = 300 * 1000,  /* from EPOCH to the next HELLO: the replica is rewritten */
    LIMIT_WIPE_MS = 60 * 1000,   /* from WIPE to WIPED */
    LIMIT_PING_MS = 60 * 1000,   /* silence before a PING, plus up to half of it again */
    LIMIT_DEAD_MS = 300 * 1000,  /* silence before the end */
    LIMIT_FRAME_MS = 30 * 1000,  /* for each part of a frame begun … */
    LIMIT_FRAME_BYTES = 30000,   /* … of so many bytes */
    LIMIT_SEEN_MS = 5 * 1000,   /* contacts and confirmations of pages are noted so often … */
    LIMIT_SEEN_PEERS = 1024,    /* … of so many in one transaction */
    LIMIT_DRAIN_MS = 15 * 1000, /* SIGTERM: peers that are still there are cut off */
    LIMIT_OPS_PER_SECOND = 200, /* of one device, once its burst is used up */
    LIMIT_OPS_BURST = 200 * 1000,        /* years of work may come in one go */
    LIMIT_BYTES_PER_SECOND = 333 * 1000, /* of one device, likewise: 20 MB a minute */
    LIMIT_BYTES_BURST = 256 << 20,
};

#endif
