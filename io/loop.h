/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: running and stopping it, signals, timers, and an end with nothing left open.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "proto/err.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Bytes one read from a socket may bring; the block is shared by all connections of the loop.
 */
enum { LOOP_SCRATCH_BYTES = 128 * 1024 };
/* Handshakes that may advance in one turn of the loop: each costs milliseconds, and the
 * sessions that are already open must keep their answers. */
enum { LOOP_HANDSHAKES_PER_TURN = 4 };

struct loop;
/* SIGTERM or SIGINT arrived. Loop thread. */
typedef void (*loop_signal_cb)(struct loop *loop, void *arg);

/* Everything below belongs to the thread that runs the loop. */
struct loop {
    /* private */
    uv_loop_t uv;             /* the loop itself */
    uv_signal_t term;         /* SIGTERM */
    uv_signal_t interrupt;    /* SIGINT */
    bool watching;            /* the two above are open */
    loop_signal_cb on_signal; /* whom to tell */
    void *signal_arg;         /* his argument */
    uint8_t *scratch;    /* where sockets read into; empty again at the end of a callback */
    uv_check_t turned;   /* ends a turn: gives the slots back */
    unsigned slots_used; /* handshakes advanced in this turn */
};

/* Ignores SIGPIPE for the whole process. ERR_NOMEM, ERR_IO. */
NODISCARD enum err loop_init(struct loop *loop);
/* Tell `cb` of SIGTERM and SIGINT, until loop_done. Does not by itself keep the loop running.
 * Once per loop. */
NODISCARD enum err loop_signals(struct loop *loop, loop_signal_cb cb, void *arg);
/* Run until nothing open is active any more, or until loop_stop. May be called again. */
void loop_run(struct loop *loop);
/* Make loop_run return after this turn. */
void loop_stop(struct loop *loop);
/* Close the signals and the loop. Whoever opened something has closed it before and has been
 * told so: a handle still open is our mistake and aborts. */
void loop_done(struct loop *loop);
/* May one more handshake advance in this turn? Takes a slot when it may. For io/conn. */
bool loop_slot(struct loop *loop);

struct loop_timer;
typedef void (*loop_timer_cb)(struct loop_timer *timer, void *arg);

/* A one-shot timer, a member of whatever it times. */
struct loop_timer {
    /* private */
    uv_timer_t uv;           /* the handle */
    loop_timer_cb cb;        /* fires */
    loop_timer_cb on_closed; /* the handle is gone */
    void *arg;               /* of both */
};

/* Ready, not running. After this only loop_timer_close ends it. */
void loop_timer_init(struct loop *loop, struct loop_timer *timer, loop_timer_cb cb, void *arg);
/* Fire once, `ms` from now (0: in the next turn); started again it forgets the earlier term. */
void loop_timer_start(struct loop_timer *timer, int64_t ms);
void loop_timer_stop(struct loop_timer *timer);
/* Close; `on_closed` (may be NULL) runs in a later turn, and from then on the memory is free. A
 * second call does nothing. */
void loop_timer_close(struct loop_timer *timer, loop_timer_cb on_closed);

#endif
