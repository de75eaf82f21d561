/* SPDX-License-Identifier: Apache-2.0 */
/* The crucible: one server and ten devices as real processes, a nemesis, then peace and a
 * comparison. Everything is drawn from one seed; only the machine's timing is not. Loop thread.
 */
#ifndef CRUCIBLE_CRUCIBLE_H
#define CRUCIBLE_CRUCIBLE_H

#include "io/loop.h"
#include "proto/buf.h"
#include "tests/support/chaos.h"
#include "tests/support/rng.h"

#include <limits.h>

enum {
    CRUCIBLE_STAFF = 10,
    CRUCIBLE_CLONES = 2,
    CRUCIBLE_DEVICES =
        CRUCIBLE_STAFF + CRUCIBLE_CLONES + 1, /* the last: a fresh one at the end */
    CRUCIBLE_FRESH = CRUCIBLE_DEVICES - 1,
    CRUCIBLE_STRUCTURES = 2,
    CRUCIBLE_WORDS = 20,      /* of a command */
    CRUCIBLE_WORD_BYTES = 96, /* of one that is made up */
    CRUCIBLE_ID_BYTES = 37,
    CRUCIBLE_BACKUPS = 64,
    CRUCIBLE_TASKS = 64,
    CRUCIBLE_TICK_MS = 20,
    MARK_BYTES = 9, /* mk000001. */
};

struct crucible;

/* ---- processes (process.c) ---- */

/* One process, from its start until it has ended and all it said was read; then `ended` is
 * called and the memory goes. */
struct run;
typedef void run_cb(struct run *run, void *arg);
struct run {
    struct crucible *c;
    uv_process_t process;
    uv_pipe_t pipe[2];  /* its stdout and stderr */
    struct buf said[2]; /* what came through them */
    char words[160];    /* of the command, for reports */
    unsigned open;      /* handles */
    int64_t status;     /* exit status */
    int signal;         /* that ended it, 0 = none */
    int asked;          /* the signal we sent to end it, 0 = none */
    bool over;          /* it has ended; its pipes may still be read */
    bool stands;        /* SIGSTOP was sent */
    run_cb *heard;      /* more has come on stdout; may be NULL */
    run_cb *ended;
    void *arg; /* of both */
};
/* A command and the offset of its clock. */
struct command {
    const char *words[CRUCIBLE_WORDS + 1];
    char made[CRUCIBLE_WORDS][CRUCIBLE_WORD_BYTES]; /* words that had to be made up */
    unsigned n, made_n;
    int64_t clock_s;
};
void command_add(struct command *cmd, const char *word);
void command_addf(struct command *cmd, const char *fmt, ...) PRINTF(2, 3);
/* Start it; NULL when it cannot be, and then the run has failed. */
struct run *run_start(struct crucible *c, const struct command *cmd, run_cb *heard,
                      run_cb *ended, void *arg);
/* Send a signal; one that ends it is remembered. Nothing when it has ended. */
void run_signal(struct run *run, int number);
/* Did it end as it should: one of the statuses, or by a signal of ours? If not, the run fails.
 */
bool run_well(struct run *run, const char *statuses);
/* First line of what it said, without its end. */
struct str run_line(const struct run *run);
/* Run a command to its end, the loop going round meanwhile; the status must be 0. Its first
 * line goes to `line` (may be NULL). */
void run_now(struct crucible *c, const struct command *cmd, char *line, size_t size);

/* ---- who takes part ---- */

enum part { PART_COACH, PART_COORDINATOR };
struct staff {
    enum part part;
    unsigned home; /* index of the structure */
    char id[CRUCIBLE_ID_BYTES];
};

/* A text that was, or is being, saved. */
struct mark {
    unsigned device;                /* index of who saved it */
    unsigned home;                  /* structure of the row */
    bool network;                   /* everybody may read it */
    bool notes;                     /* under professional secrecy */
    char person[CRUCIBLE_ID_BYTES]; /* dossier, "" = none, or the mark is its name */
    bool told;                      /* its author was told that it is saved */
    bool synced;                    /* … and that it is on the server, as it is now */
    bool gone;                      /* its author's device has it no longer to send again */
    bool excused;                   /* it was nowhere but on a disk that was taken away */
    unsigned backups;               /* begun before it was synced */
    bool found;                     /* scratch of the comparison */
};

/* A row somebody was given the id of. */
struct known {
    const char *table;
    char id[CRUCIBLE_ID_BYTES];
    unsigned home;
    unsigned staff; /* who made it */
    bool network;
    bool given; /* of a person: somebody may have made it another's dossier */
    char person[CRUCIBLE_ID_BYTES]; /* its dossier, "" = none */
};

/* What a device is doing. */
struct deed {
    const char *kind; /* for reports; also the name of the table of a new row */
    int32_t mark;     /* it saves, -1 = none */
    bool adds;        /* … as a new row, `row` */
    struct known row;
    unsigned clone;    /* index of the device it makes */
    unsigned marks;    /* there were when it began, and … */
    unsigned restores; /* … the server had been put back so often */
};

struct device {
    struct crucible *c;
    unsigned at;            /* index, 0 … */
    unsigned staff;         /* index of who uses it */
    char dir[PATH_MAX];     /* its data */
    struct chaos *net;      /* its way to the server; a copy goes the original's */
    struct rng rng;         /* of its user */
    struct run *run;        /* the command that runs */
    struct run *live;       /* the process that stays */
    struct deed deed;       /* under way */
    bool present, stays;    /* takes part; is connected all the time */
    bool twin;              /* was copied */
    bool corrupted;         /* a byte of its connections may have been changed on the way */
    int64_t clock_s;        /* its clock minus the true one */
    unsigned deeds;         /* left to do */
    unsigned told, killed;  /* deeds that were, commands that were */
    bool image;             /* there is one … */
    unsigned image_marks;   /* … of when there were so many marks */
    int64_t pushed, pulled; /* by the last sync in peace */
    int64_t status;         /* how it ended */
};

enum server_state { SERVER_DOWN, SERVER_STARTING, SERVER_UP, SERVER_ENDING, SERVER_RESTORING };

/* What the nemesis has to take back. */
enum task_kind { TASK_NONE, TASK_START, TASK_CONT, TASK_LET_GO, TASK_WEATHER };
struct task {
    enum task_kind kind;
    unsigned at;    /* device; CRUCIBLE_DEVICES: the server */
    unsigned ticks; /* until then */
};

struct crucible {
    uint64_t seed;
    int64_t began_ms;
    struct loop loop;
    char dir[PATH_MAX]; /* of this run; kept when it fails */
    const char *jalond, *jalonctl, *jalon;
    const char *faketime; /* libfaketime, NULL = not here */
    bool verbose;
    struct staff staff[CRUCIBLE_STAFF];
    char structures[CRUCIBLE_STRUCTURES][CRUCIBLE_ID_BYTES];
    char model[CRUCIBLE_ID_BYTES]; /* of pathways */
    struct device devices[CRUCIBLE_DEVICES];
    unsigned clones;  /* made, or being made */
    unsigned busy;    /* commands under way */
    unsigned at_work; /* devices with deeds left */
    bool storm;       /* people are at work */
    bool calm;        /* … and make dossiers only */
    /* server */
    struct run *server;
    enum server_state state;
    char at[64];       /* ADDR:PORT */
    unsigned backups;  /* begun; backup.N */
    bool backing_up;   /* one is under way */
    unsigned restores; /* done */
    /* nemesis */
    struct rng rng;
    struct loop_timer tick;
    bool ticking;
    unsigned wait; /* ticks until its next move */
    struct task tasks[CRUCIBLE_TASKS];
    unsigned moves;
    struct loop_timer patience; /* nothing may take longer */
    /* oracle */
    struct mark *marks;
    uint32_t marks_n, marks_room;
    struct known *known;
    uint32_t known_n, known_room;
    bool failed;
    char failure[800];
};

/* The first promise that was broken counts. */
void crucible_fail(struct crucible *c, const char *fmt, ...) PRINTF(2, 3);
void crucible_say(const struct crucible *c, const char *fmt, ...) PRINTF(2, 3);
/* A deed has ended: patience begins anew. */
void crucible_goes_on(struct crucible *c);
/* Let the loop go round until nothing is under way. */
void crucible_wait(struct crucible *c);
/* Invite a staff member, enrol this device of theirs and sync it. */
void crucible_enrol(struct crucible *c, struct device *d);

/* ---- the server (server.c) ---- */
void server_start(struct crucible *c);
/* Start it and wait until it serves. */
void server_serve(struct crucible *c);
/* End it in order, and wait. */
void server_stop(struct crucible *c);
/* Words that begin a command of the administrator. */
void server_ctl(const struct crucible *c, struct command *cmd);
void server_back_up(struct crucible *c);
/* It was killed to be put back; once it is gone the newest backup takes its place. */
void server_go_back(struct crucible *c);

/* ---- people (deeds.c) ---- */
/* Words that begin a command of a device, its wrong clock included. */
void device_words(const struct device *d, struct command *cmd);
/* The next deed of a device that has some left. */
void device_next(struct device *d);
/* A dossier; NULL when its id was never told. */
struct known *known_person(struct crucible *c, const char *id);
/* Did a sync end as it may? Of two copies at once, one may hear that it is one. */
bool sync_well(struct run *run, const struct device *d);
/* Everything told by this device until there were `marks` is now on the server. */
void marks_synced(struct crucible *c, const struct device *d, unsigned marks);

/* ---- nemesis (nemesis.c) ---- */
void nemesis_begin(struct crucible *c);
/* Take everything back: clear weather, everyone goes on, the server serves. */
void nemesis_end(struct crucible *c);

/* ---- comparison (compare.c) ---- */
/* All processes have ended: every promise, over all databases. */
void compare_all(struct crucible *c);

#endif
