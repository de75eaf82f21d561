/* SPDX-License-Identifier: Apache-2.0 */
/* The crucible: one server, a site's relay and ten devices as real processes, a nemesis, then
 * peace and a comparison. Everything is drawn from one seed; only the machine's timing is not.
 * Loop thread. */
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
    CRUCIBLE_SITE_FIRST = 2, /* two devices have no network but their site's: this one … */
    CRUCIBLE_SITE_LAST = 3,  /* … and this one: their relay takes what they have */
    CRUCIBLE_RELAY = CRUCIBLE_DEVICES + 1, /* as `at` of a task */
    CRUCIBLE_WORDS = 20,                   /* of a command */
    CRUCIBLE_WORD_BYTES = 96,              /* of one that is made up */
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
/* A number of the JSON that was printed; -1: not there. */
int64_t run_number(const struct run *run, const char *name);
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
    uint32_t bytes;                 /* of the content that it is the title of, 0 = none */
    bool bare;                      /* … which may be lost where the row is not */
    bool erased;                    /* its dossier is, and all that is of it must be gone */
    bool found;                     /* scratch of the comparison */
};

/* A row somebody was given the id of. */
struct known {
    const char *table;
    char id[CRUCIBLE_ID_BYTES];
    unsigned home;
    unsigned staff; /* who made it */
    bool network;
    bool given;         /* of a person: somebody may have made it another's dossier */
    bool notes;         /* of a consent: to share them too */
    bool decided;       /* of an erasure: somebody was told that it is */
    unsigned maker;     /* … index of the device it was asked on … */
    unsigned on_server; /* … so many syncs had begun when it was there, 0 = it is not */
    uint32_t mark;      /* of a document: its title */
    char person[CRUCIBLE_ID_BYTES]; /* its dossier, "" = none */
};

/* What a device is doing. */
struct deed {
    const char *kind; /* for reports; also the name of the table of a new row */
    int32_t mark;     /* it saves, -1 = none */
    bool adds;        /* … as a new row, `row` */
    struct known row;
    unsigned clone;    /* index of the device it makes */
    unsigned from, to; /* index of staff: who gives, who receives */
    unsigned syncs;    /* begun before it */
    unsigned marks;    /* there were when it began, and … */
    unsigned restores; /* … the server had been put back so often */
};

/* Who was put out by the administrator comes back with a new device. */
enum exile { EXILE_NONE, EXILE_ORDERED, EXILE_HEARD };

struct device {
    struct crucible *c;
    unsigned at;          /* index, 0 … */
    unsigned staff;       /* index of who uses it */
    unsigned number;      /* at the server */
    char dir[PATH_MAX];   /* its data */
    enum exile exile;     /* of what is in dir */
    bool wipe;            /* … by the order to wipe it */
    unsigned lives;       /* folders it had before; its last one: */
    char left[PATH_MAX];  /* "" = none */
    struct chaos *net;    /* its way to the server; a copy goes the original's; NULL = direct */
    struct rng rng;       /* of its user */
    struct run *run;      /* the command that runs */
    struct run *live;     /* the process that stays */
    unsigned live_synced; /* how often one said that it is synced */
    struct deed deed;     /* under way */
    bool present, stays;  /* takes part; is connected all the time */
    bool twin;            /* was copied */
    bool corrupted;       /* a byte of its connections may have been changed on the way */
    unsigned heard;       /* syncs begun before its last that ended well */
    int64_t clock_s;      /* its clock minus the true one */
    unsigned deeds;       /* left to do */
    unsigned told, killed;  /* deeds that were, commands that were */
    bool image;             /* there is one … */
    unsigned image_marks;   /* … of when there were so many marks */
    int64_t pushed, pulled; /* by the last sync in peace */
    int64_t status;         /* how it ended */
};

enum server_state { SERVER_DOWN, SERVER_STARTING, SERVER_UP, SERVER_ENDING, SERVER_RESTORING };

/* What the nemesis has to take back. */
enum task_kind { TASK_NONE, TASK_START, TASK_RELAY, TASK_CONT, TASK_LET_GO, TASK_WEATHER };
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
    bool kept;         /* no more: a device that is enrolled after a backup is not in it */
    /* the relay of the site */
    struct run *relay;
    char relay_at[64]; /* ADDR:PORT */
    unsigned deposits; /* syncs that ended with something lying there */
    /* nemesis */
    struct rng rng;
    struct loop_timer tick;
    bool ticking;
    unsigned wait; /* ticks until its next move */
    struct task tasks[CRUCIBLE_TASKS];
    unsigned moves;
    unsigned exiles;            /* ordered */
    bool exiling;               /* a command does it */
    struct loop_timer patience; /* nothing may take longer */
    /* oracle */
    struct mark *marks;
    uint32_t marks_n, marks_room;
    struct known *known;
    uint32_t known_n, known_room;
    unsigned syncs;               /* begun */
    unsigned asked, erased;       /* erasures: asked for; dossiers that are */
    unsigned handed, told_papers; /* hand-overs and contents attached, as people were told */
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
/* Invite a staff member, enrol this device of theirs and begin to sync it. */
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
/* An address of this machine nobody listens on, outside those that connections get. */
void server_free_address(char *out, size_t size);

/* ---- the relay of the site (site.c) ---- */

/* Enrol it and wait until it serves. */
void site_found(struct crucible *c);
/* Start it again; nothing when it runs. */
void site_start(struct crucible *c);
/* End it in order, and wait. */
void site_stop(struct crucible *c);
/* Nothing of what it carries can be read there. */
void site_compare(struct crucible *c);

/* ---- who is put out (exile.c) ---- */

/* The administrator revokes this device, or orders it wiped. */
void exile_order(struct crucible *c, struct device *d);
/* Its user has heard it: the command that enrols a new one in a new folder. */
void exile_return(struct device *d, struct command *cmd);
/* … has ended well. */
void exile_over(struct device *d, const struct run *run);
/* In peace: whoever is put out hears it, and comes back. */
void exile_end(struct crucible *c);

/* ---- people (deeds.c) ---- */
/* Words that begin a command of a device, its wrong clock included. */
void device_words(const struct device *d, struct command *cmd);
/* The next deed of a device that has some left. */
void device_next(struct device *d);
/* A dossier; NULL when its id was never told. */
struct known *known_person(struct crucible *c, const char *id);
/* Did a sync end as it may? Of two copies at once, one may hear that it is one. */
bool sync_well(struct run *run, const struct device *d);
/* A new row, `deed.row`, of the dossier or structure of another. */
struct known *deed_row(struct device *d, const char *table, const struct known *of);
/* A text that the deed saves in such a row, and the word FIELD=TEXT. */
struct mark *deed_mark(struct device *d, const struct known *row, bool notes);
void deed_text(struct device *d, struct command *cmd, const char *field);
/* One of the rows of a table this person may have; late ones are likelier. NULL: none. */
const struct known *deed_some(struct device *d, const char *table);
void known_add(struct crucible *c, const struct known *row);
/* The disk of this device is another from now on: what was told there since there were `marks`
 * is gone, and lost where the server had not got it. */
void marks_gone(struct crucible *c, const struct device *d, uint32_t marks);
/* Everything told by this device until there were `marks` is now on the server. */
void marks_synced(struct crucible *c, const struct device *d, unsigned marks);

/* Acts of more than one person (acts.c), and documents (papers.c), as further deeds: false when
 * it cannot be done now. */
bool act_consent(struct device *d, struct command *cmd);
bool act_refer(struct device *d, struct command *cmd);
bool act_withdraw(struct device *d, struct command *cmd);
bool act_answer(struct device *d, struct command *cmd);
bool act_hand_over(struct device *d, struct command *cmd);
bool act_ask(struct device *d, struct command *cmd);
bool act_sign(struct device *d, struct command *cmd);
bool paper_attach(struct device *d, struct command *cmd);
bool paper_fetch(struct device *d, struct command *cmd);
/* The deed was told: what else is known from then on. */
void act_told(struct device *d);
/* A sync of this device, begun when there had been so many, ended well. */
void act_synced(struct device *d, unsigned syncs);
/* In peace: one dossier of each structure is erased, if it can be. */
void act_erase(struct crucible *c);
/* … and one caseload changes hands. */
void act_hand_over_all(struct crucible *c);
/* Send what is here. Always possible. */
bool deed_sync(struct device *d, struct command *cmd);
/* What was fetched into a file is what was attached. */
void paper_told(struct device *d);
/* The content attached under this mark. */
void paper_bytes(const struct crucible *c, uint32_t mark, struct buf *out);

/* ---- nemesis (nemesis.c) ---- */
void nemesis_begin(struct crucible *c);
/* Take everything back: clear weather, everyone goes on, the server serves. */
void nemesis_end(struct crucible *c);

/* ---- comparison (compare.c) ---- */
/* All processes have ended: every promise, over all databases. */
void compare_all(struct crucible *c);

struct comparison {
    struct crucible *c;
    struct store *server;
    struct buf all; /* its rows */
};
typedef void mark_cb(struct crucible *c, struct mark *mark, void *arg);
/* Every mark in these bytes. */
void marks_scan(struct crucible *c, struct str bytes, mark_cb *cb, void *arg);
/* … in every file of a folder, but a database that was set aside by a restore: that is a
 * backup. */
void marks_scan_files(struct crucible *c, const char *dir, mark_cb *cb, void *arg);
/* Of a row of `all`, or a row of a device's: its line, empty when there is none; its id; the
 * value of a field, empty when it has none. */
struct str line_of(struct str all, const char *table, struct str id);
struct str line_id(struct str line);
struct str line_field(struct str line, const char *name);
bool line_is(struct str line, const char *table);
bool line_deleted(struct str line);
/* referred.c: is this dossier, its notes too, open to who uses the device by a referral? */
bool referred_to(const struct comparison *k, const struct device *d, struct str person,
                 bool notes);
/* traces.c: the orders are carried out; note the marks that they concern. Then: nothing of
 * those is anywhere. */
void traces_orders(const struct comparison *k);
void traces_compare(const struct comparison *k);
/* Contents: on the server, what was attached; here, in `s`, nothing else than that. */
void papers_compare_server(const struct comparison *k);
void papers_compare(struct crucible *c, struct store *s, const char *whose);

#endif
