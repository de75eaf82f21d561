/* SPDX-License-Identifier: Apache-2.0 */
/* A bad network on loopback: a TCP proxy that delays, slices, cuts, swallows and corrupts at
 * bytes chosen beforehand, from one seed. */
#ifndef TESTS_SUPPORT_CHAOS_H
#define TESTS_SUPPORT_CHAOS_H

#include "io/loop.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

enum { CHAOS_BYTES = 64 * 1024, CHAOS_WORD_BYTES = 64 };
#define CHAOS_NEVER UINT64_MAX

enum chaos_side {
    CHAOS_UP,   /* what the one who connected sends */
    CHAOS_DOWN, /* what the target answers */
    CHAOS_SIDES
};

/* What happens after so many bytes of one side have passed; CHAOS_NEVER: does not. */
struct chaos_faults {
    uint64_t reset;   /* both ends get a RST */
    uint64_t cut;     /* both ends are closed without one */
    uint64_t swallow; /* the rest is read and thrown away: half open */
    uint64_t corrupt; /* this byte arrives changed */
    uint64_t kill;    /* `pid` gets `signal` */
};

/* What a connection will meet. */
struct chaos_plan {
    struct sockaddr_in target;
    struct chaos_faults side[CHAOS_SIDES];
    uint64_t delay_ms_min; /* each slice leaves so much later, drawn between these two */
    uint64_t delay_ms_max;
    uint64_t rate;  /* bytes per second of each side; 0: as fast as it goes */
    uint64_t slice; /* bytes passed on at once; 0: as they come */
    bool blackhole; /* accept, and nothing else ever */
    pid_t pid;      /* of the process that kill means */
    int signal;
};
/* Faultless, to nowhere. */
void chaos_plan_init(struct chaos_plan *plan);
/* Take one word: target=ADDR:PORT, delay_ms=MIN[-MAX], rate=N, slice=N, blackhole=1, pid=N,
 * signal=N, or FAULT_up=BYTE and FAULT_down=BYTE with a fault of struct chaos_faults. USAGE. */
NODISCARD enum err chaos_plan_word(struct chaos_plan *plan, const char *word, struct note *why);
/* All words of a line, from a faultless plan to the old target. The plan changes only when all
 * are good. */
NODISCARD enum err chaos_plan_line(struct chaos_plan *plan, const char *line, struct note *why);

enum chaos_what { CHAOS_OPENED, CHAOS_RESET, CHAOS_CUT, CHAOS_KILLED, CHAOS_ENDED };
struct chaos_event {
    enum chaos_what what;
    unsigned number;              /* of the connection, from 1 */
    uint64_t passed[CHAOS_SIDES]; /* bytes so far */
};
typedef void (*chaos_cb)(const struct chaos_event *event, void *arg);

struct chaos;
/* Listen on a free port of 127.0.0.1. The plan is copied. IO, NOMEM. Loop thread. */
NODISCARD enum err chaos_open(struct loop *loop, const struct chaos_plan *plan, uint64_t seed,
                              struct chaos **out, chaos_cb cb, void *arg);
uint16_t chaos_port(const struct chaos *chaos);
/* For connections that come from now on. */
void chaos_set(struct chaos *chaos, const struct chaos_plan *plan);
/* A partition: the bytes of that side wait, on every connection, until they are let go again.
 */
void chaos_hold(struct chaos *chaos, enum chaos_side side, bool held);
/* RST to both ends of every connection there is, those gone dumb too. */
void chaos_reset(struct chaos *chaos);
/* Reset everything; frees itself in a later turn. Tells nobody. */
void chaos_close(struct chaos *chaos);

#endif
