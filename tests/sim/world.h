/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network of jobcoaches: one server and its clients, the real hub, agents and
 * stores on a virtual wire, virtual disks and wrong clocks, driven by one seed. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "client/agent.h"
#include "server/hub.h"
#include "server/limits.h"
#include "tests/sim/engine.h"
#include "tests/sim/net.h"
#include "tests/sim/oracle.h"
#include "tests/support/vfs_mem.h"

enum {
    WORLD_SERVER = 0, /* endpoint and number of the server's node; clients follow */
    WORLD_STRUCTURES = 2,
    WORLD_JOBS = LIMIT_JOBS,
    WORLD_FAILURE_BYTES = 600,
    WORLD_OUT_BYTES_HIGH = 256 * 1024,     /* of one peer: the hub is told to stop … */
    WORLD_OUT_BYTES_MAX = 3 * 1024 * 1024, /* … and must not go beyond this */
    WORLD_LINGER_MS = 5000,                /* a close waits for the last bytes no longer */
};

/* The engine's owners. */
enum world_owner { OWNER_NET, OWNER_WORLD, OWNER_PEOPLE, OWNER_SWARM };

/* Jobs of one node's database thread: run one after the other, their answers in that order. */
struct lane {
    void *queued[WORLD_JOBS];
    void *done[WORLD_JOBS];
    size_t queued_n, done_n;
    bool running; /* an EV_RUN is set */
};

/* How many calls of the disk until the process or the machine dies in the middle of a job. */
enum death { DEATH_NONE, DEATH_KILL, DEATH_POWER };

struct world;
/* A machine with its disk, its clock and one process, or none. */
struct node {
    struct world *w;
    uint32_t at; /* number and endpoint */
    enum store_side side;
    char vfs_name[24];
    struct disk *disk;
    struct vfs_mem *vfs;
    struct store *store; /* NULL: the process does not run */
    uint64_t life;       /* grows with each start and end: events of earlier lives are stale */
    bool off;            /* the machine is without power */
    bool restarting;     /* an EV_START is set */
    struct rng random;   /* what the process draws */
    int64_t offset_ms;   /* wall clock minus true time … */
    int64_t drift_ppm;   /* … which grows by this */
    int64_t wall_max_ms; /* greatest time the clock ever showed */
    struct lane jobs;
    enum death death;        /* planned in the middle of a call of the disk … */
    uint64_t faults_planned; /* … when disk_faults passes this */
    hlc_t saved;             /* stamp of the last save its user was told of, on this disk */
    bool replaced;           /* its disk was replaced by an older image, or is a copy */
    uint32_t opened_marks;   /* scratch of the swarm: marks when its image was taken, … */
    uint32_t opened_papers;  /* … contents */
};

/* A client's process and who uses it. */
struct client {
    struct node node;
    struct agent *agent; /* NULL: does not run */
    bool live;
    uint64_t end; /* of its connection, 0 = none */
    bool opened;  /* … through */
    bool closing; /* AGENT_CLOSE came */
    bool linked;  /* AGENT_EV_CLOSED is owed */
    struct buf out;
    size_t out_at; /* sent through here */
    uint64_t timer;
    uint8_t key[32];
    uint8_t roles;
    unsigned home;   /* index of its structure */
    uint32_t device; /* number at the server */
    struct id staff;
    uint32_t spare;  /* other client with the same key (a clone), 0 = none */
    bool present;    /* takes part; a clone does not until it is made */
    bool wiped;      /* destroyed by AGENT_WIPE */
    bool damaged;    /* its disk has altered rows: a comparison finds a difference */
    bool left;       /* heard LEAVE: judged work of its own may have gone */
    bool revoked;    /* by its coordinator: may not sync any more */
    enum err failed; /* of the last AGENT_FAILED, OK after AGENT_SYNCED */
    uint64_t syncs;  /* AGENT_SYNCED so far */
};

/* The server's end of one connection. */
struct peer {
    uint64_t end;
    uint64_t id;   /* the hub's number */
    uint32_t from; /* who dialled */
    struct buf in, out;
    size_t out_at;
    bool paused, filled, closing;
    bool pumped; /* an EV_PUMP is set */
    bool denied; /* opened after its device was revoked: may hear only that */
};

struct server {
    struct node node;
    struct hub *hub; /* NULL: does not run */
    struct peer **peers;
    size_t peers_n, peers_room;
    uint64_t timer;
    struct disk *backup; /* NULL: none yet */
    uint64_t backup_seq;
    uint32_t backup_marks;        /* marks made before it */
    struct serve_lineage lineage; /* as far as anyone knows */
};

/* What a run is made of; the swarm draws it from the seed, a scenario writes it down. */
struct world_plan {
    uint64_t seed;
    size_t clients; /* without clones */
    size_t clones;  /* nodes in reserve */
    bool two_homes; /* the second structure has people too */
    bool mixed_roles;
    bool caseloads;        /* jobcoaches see their own dossiers only */
    uint32_t live_ppm;     /* of the clients stay connected */
    int64_t job_ms_max;    /* a job begins and its answer comes back 0…max later … */
    uint32_t slow_job_ppm; /* … or much later */
    uint32_t lived;        /* it begins in the middle: people have done so much, all is sent */
};

struct world {
    struct engine engine;
    struct net net;
    struct world_plan plan;
    struct rng jobs; /* delays of jobs */
    struct rng wire; /* random bits of the agents' and the hub's events */
    struct rng genesis;
    struct server server;
    struct client *clients; /* node number minus one */
    size_t count;
    struct id structures[WORLD_STRUCTURES];
    struct id models[WORLD_STRUCTURES];
    struct oracle oracle;
    bool calm; /* all faults are healed: errors of the machine are no excuse any more */
    bool verbose;
    bool failed;
    char failure[WORLD_FAILURE_BYTES];
};

/* The server and its clients, enrolled and running. The caller ends it with world_done. */
void world_init(struct world *w, const struct world_plan *plan, bool verbose);
void world_done(struct world *w);
/* The promise that was broken; the first one counts. */
void world_fail(struct world *w, const char *fmt, ...) PRINTF(2, 3);
/* Talk for --verbose. */
void world_say(const struct world *w, const char *fmt, ...) PRINTF(2, 3);
struct node *world_node(struct world *w, uint32_t at);
struct client *world_client(struct world *w, uint32_t at);
/* Fire events through `ms` from now, or until a promise is broken. */
void world_run(struct world *w, int64_t ms);
/* Hash of the run so far. */
uint64_t world_hash(struct world *w);

/* ---- what may happen to a node ---- */

/* Start the process; what cannot start tries again. Nothing when it runs. */
void node_start(struct node *n);
/* kill -9. Nothing when it does not run. */
void node_kill(struct node *n);
/* The machine loses its power, in the middle of whatever it does. */
void node_cut(struct node *n);
/* Let the process come back by itself. */
void node_start_in(struct node *n, int64_t ms);
/* Let it die in the middle of a call of its disk, the nth from now. */
void node_doom(struct node *n, enum death death, uint64_t nth);
/* After each use of the store: did the process or the machine die of it, must it be restarted?
 * True when it lives. */
bool node_survived(struct node *n);
bool node_runs(const struct node *n);
/* True time, and the node's own. */
int64_t world_time(const struct world *w);
int64_t node_wall(struct node *n);
/* Put `job` into the lane. */
void node_submit(struct node *n, void *job);
/* Put an older image back into a node whose process does not run; `to` must not run. */
void node_restore(struct node *to, const struct disk *image);

/* ---- client ---- */
void client_start(struct client *c);
/* The process is gone: forget what it held. */
void client_end(struct client *c);
void client_job_run(struct client *c, void *job);
void client_feed(struct client *c, struct agent_event event);
void client_on_net(struct client *c, const struct net_event *event);
void client_on_world(struct client *c, const struct event *event);

/* ---- server ---- */
void server_start(struct server *s);
void server_end(struct server *s);
void server_job_run(struct server *s, void *job);
void server_feed(struct server *s, struct hub_event event);
void server_on_net(struct server *s, const struct net_event *event);
void server_on_world(struct server *s, const struct event *event);
/* The database as it is now goes into the backup, and what it holds is stable. */
void server_back_up(struct server *s);
/* The backup takes the place of the database; a new generation begins. */
void server_go_back(struct server *s);
/* Revoke or wipe a device. */
void server_device(struct server *s, struct client *c, enum device_state state);

/* Events of OWNER_WORLD: a = node, b = life, c = connection. */
enum world_event {
    EV_START,
    EV_RUN,
    EV_DONE,
    EV_TIMER,
    EV_CLOSED,
    EV_LINGER,
    EV_PUMP,
    EV_WIPED,
    EV_FAILED, /* the store is broken: the process ends and comes back */
};
uint64_t world_set(struct world *w, int64_t delay_ms, enum world_event kind,
                   const struct node *n, uint64_t c);

#endif
