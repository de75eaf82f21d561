/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fleet.h"

#include <stdio.h>
#include <unistd.h>

static const char backup_name[] = "backup";

void fleet_open(struct fleet *f, uint64_t seed)
{
    *f = (struct fleet){.forks = 0};
    twin_open(&f->twin, 0, &schema_jalon);
    f->twin.server.random = seed;
}

static void drop(struct buf *frames)
{
    buf_done(frames);
    *frames = (struct buf){0};
}

static void forget(struct fleet *f, const char *name)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", f->twin.dir, name);
    (void)unlink(path);
}

void fleet_close(struct fleet *f)
{
    for (size_t i = 0; i < f->twin.count; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "image%zu", i);
        forget(f, name);
        serve_session_done(&f->lines[i].session);
        drop(&f->lines[i].up);
        drop(&f->lines[i].down);
    }
    for (size_t i = 0; i < f->ghost_count; i++) {
        serve_session_done(&f->ghosts[i].session);
        drop(&f->ghosts[i].up);
    }
    forget(f, backup_name);
    twin_close(&f->twin);
}

void fleet_join(struct fleet *f, enum role role, const struct id *structure)
{
    static const struct {
        enum role role;
        const char *word;
    } words[] = {{ROLE_JOBCOACH, "jobcoach"},
                 {ROLE_MANAGER, "manager"},
                 {ROLE_COORDINATOR, "coordinator"},
                 {ROLE_ADMIN, "admin"}};
    size_t i = f->twin.count;
    f->twin.structure = *structure;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        if (words[k].role == role)
            twin_enrol(&f->twin, str_of(words[k].word));
    }
    must(f->twin.count == i + 1);
    f->roles[i] = (uint8_t)role;
    f->structures[i] = *structure;
    f->twin.replicas[i].wall_ms = f->twin.server.wall_ms;
    fleet_sync(f, i);
}

/* The first frame of a queue; the bytes stay until drop_frame. */
static bool first(const struct buf *frames, struct message *out, size_t *used)
{
    struct str body = {0};
    enum err err = frame_next(buf_str(frames), FRAME_BYTES_MAX, &body, used);
    must(err == ERR_OK);
    if (*used == 0)
        return false;
    err = message_read(body, out);
    must(err == ERR_OK);
    return true;
}

void fleet_cut(struct fleet *f, size_t i, bool haunt)
{
    struct line *line = &f->lines[i];
    if (haunt && line->open && line->up.n > 0 && f->ghost_count < FLEET_GHOSTS_MAX) {
        f->ghosts[f->ghost_count++] = (struct ghost){line->session, line->up};
        line->up = (struct buf){0};
        line->session = (struct serve_session){.device = 0}; /* the ghost's now */
    }
    serve_session_done(&line->session);
    drop(&line->up);
    drop(&line->down);
    line->open = false;
}

/* The line ended by a mistake one side saw. */
static void broke(struct fleet *f, size_t i)
{
    f->refused++;
    fleet_cut(f, i, false);
}

static void fork_line(struct fleet *f, size_t i, bool lost)
{
    struct party *p = &f->twin.replicas[i];
    struct buf frames = {0};
    enum err err = serve_fork(f->twin.server.store, &p->device, &frames);
    must(err == ERR_OK);
    f->forks++;
    if (!lost) {
        struct message m;
        size_t used = 0;
        must(first(&frames, &m, &used) && m.type == MESSAGE_EPOCH);
        err = replica_rebase(p->store, m.epoch.epoch);
        must(err == ERR_OK);
    }
    drop(&frames);
    fleet_cut(f, i, false);
}

void fleet_call(struct fleet *f, size_t i, bool lost)
{
    struct party *p = &f->twin.replicas[i];
    struct line *line = &f->lines[i];
    struct hello hello;
    if (line->open)
        fleet_cut(f, i, false);
    enum err err = replica_hello(p->store, &hello);
    must(err == ERR_OK);
    serve_session_done(&line->session);
    err = serve_hello(f->twin.server.store, &p->device, &hello, &line->session, &line->down);
    if (err == ERR_REFUSED) {
        fork_line(f, i, lost);
        return;
    }
    must(err == ERR_OK);
    twin_note_contact(&f->twin, &line->session, hello.pulled);
    line->open = true;
    if (lost) {
        fleet_cut(f, i, false);
        return;
    }
    struct message m;
    size_t used = 0;
    struct replica_plan plan = {0};
    must(first(&line->down, &m, &used) && m.type == MESSAGE_WELCOME);
    err = replica_welcome(p->store, &m.welcome, &plan);
    must(err == ERR_OK);
    buf_drop(&line->down, used);
    line->sent = plan.push_from;
    if (plan.fork)
        fork_line(f, i, lost);
}

void fleet_push(struct fleet *f, size_t i)
{
    struct line *line = &f->lines[i];
    if (!line->open)
        return;
    uint64_t last = 0;
    enum err err = replica_push(f->twin.replicas[i].store, line->sent, &line->up, &last);
    must(err == ERR_OK);
    line->sent = last;
}

void fleet_judge(struct fleet *f, const size_t *who, size_t count)
{
    struct serve_push pushes[TWIN_REPLICAS_MAX];
    size_t used[TWIN_REPLICAS_MAX];
    size_t from[TWIN_REPLICAS_MAX];
    size_t n = 0;
    for (size_t k = 0; k < count; k++) {
        struct line *line = &f->lines[who[k]];
        struct message m;
        if (!line->open || !first(&line->up, &m, &used[n]))
            continue;
        must(m.type == MESSAGE_PUSH);
        pushes[n] = (struct serve_push){
            .session = &line->session, .push = m.push, .frames = &line->down};
        from[n++] = who[k];
    }
    if (n == 0)
        return;
    enum err err = serve_pushes(f->twin.server.store, pushes, n);
    must(err == ERR_OK);
    for (size_t k = 0; k < n; k++) {
        if (pushes[k].err != ERR_OK)
            broke(f, from[k]);
        else
            buf_drop(&f->lines[from[k]].up, used[k]);
    }
}

void fleet_judge_ghost(struct fleet *f)
{
    if (f->ghost_count == 0)
        return;
    struct ghost *g = &f->ghosts[0];
    struct message m;
    size_t used = 0;
    struct buf nowhere = {0};
    bool more = first(&g->up, &m, &used);
    if (more) {
        struct serve_push push = {.session = &g->session, .push = m.push, .frames = &nowhere};
        enum err err = serve_pushes(f->twin.server.store, &push, 1);
        must(err == ERR_OK);
        buf_drop(&g->up, used);
        more = push.err == ERR_OK && g->up.n > 0;
    }
    drop(&nowhere);
    if (more)
        return;
    drop(&g->up);
    serve_session_done(&g->session);
    f->ghost_count--;
    memmove(f->ghosts, f->ghosts + 1, f->ghost_count * sizeof *g);
}

void fleet_page(struct fleet *f, size_t i)
{
    struct line *line = &f->lines[i];
    if (!line->open)
        return;
    bool idle = false;
    enum err err = serve_page(f->twin.server.store, &line->session, &line->down, &idle);
    if (err == ERR_LATER)
        fleet_cut(f, i, false);
    else
        must(err == ERR_OK);
}

/* Carried out, and said so. */
static enum err erase(struct fleet *f, size_t i, struct erase orders)
{
    uint64_t done = 0;
    enum err err = replica_erase(f->twin.replicas[i].store, orders, &done);
    struct serve_seen seen = {.session = &f->lines[i].session, .erased = done};
    return err == ERR_OK && done > 0 ? serve_seen(f->twin.server.store, &seen, 1) : err;
}

bool fleet_take(struct fleet *f, size_t i)
{
    struct store *s = f->twin.replicas[i].store;
    struct line *line = &f->lines[i];
    struct message m;
    size_t used = 0;
    struct replica_tally tally = {0};
    if (!line->open || !first(&line->down, &m, &used))
        return false;
    enum err err = ERR_OK;
    if (m.type == MESSAGE_VERDICTS)
        err = replica_verdicts(s, m.verdicts, &tally);
    else if (m.type == MESSAGE_PAGE)
        err = replica_pages(s, &m.page, 1, NULL, &tally);
    else if (m.type == MESSAGE_LEAVE)
        err = replica_leave(s, m.leave);
    else if (m.type == MESSAGE_ERASE)
        err = erase(f, i, m.erase);
    else
        err = replica_pages(s, NULL, 0, &m.idle, &tally);
    if (err == ERR_OK && m.type == MESSAGE_IDLE) {
        err = replica_stable(s, m.idle.stable_op);
        must(err == ERR_OK);
    }
    if (err != ERR_OK) {
        must(err == ERR_PROTOCOL || err == ERR_NOTFOUND);
        broke(f, i);
        return false;
    }
    buf_drop(&line->down, used);
    return true;
}

static bool take_all(struct fleet *f, size_t i)
{
    while (fleet_take(f, i)) {
    }
    return f->lines[i].open;
}

void fleet_sync(struct fleet *f, size_t i)
{
    struct line *line = &f->lines[i];
    for (int tries = 0; tries < 6; tries++) {
        fleet_call(f, i, false);
        uint64_t sent = UINT64_MAX;
        while (take_all(f, i) && sent != line->sent) {
            sent = line->sent;
            fleet_push(f, i);
            fleet_judge(f, &i, 1);
        }
        while (line->open && line->session.reader.cursor < serve_seq(f->twin.server.store)) {
            fleet_page(f, i);
            (void)take_all(f, i);
        }
        fleet_page(f, i); /* IDLE */
        if (take_all(f, i)) {
            enum err err = replica_synced(f->twin.replicas[i].store);
            must(err == ERR_OK);
            fleet_cut(f, i, false);
            return;
        }
    }
    must(false);
}

void fleet_heal(struct fleet *f)
{
    while (f->ghost_count > 0)
        fleet_judge_ghost(f);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < f->twin.count; i++)
            fleet_sync(f, i);
    }
}

/* ---- files ---- */

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    must(in != NULL && out != NULL);
    char bytes[16384];
    size_t n = 0;
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
        must(fwrite(bytes, 1, n, out) == n);
    (void)fclose(in);
    must(fclose(out) == 0);
}

static void path_of(const struct fleet *f, const char *name, char out[300])
{
    (void)snprintf(out, 300, "%s/%s", f->twin.dir, name);
}

/* Closing writes the log back: then the one file is the whole database. */
static void save_file(struct fleet *f, struct party *p, const char *name)
{
    char path[300];
    path_of(f, name, path);
    store_close(p->store);
    copy_file(p->path, path);
    twin_open_party(&f->twin, p);
}

static void load_file(struct fleet *f, struct party *p, const char *name)
{
    char path[300];
    path_of(f, name, path);
    store_close(p->store);
    copy_file(path, p->path);
    twin_open_party(&f->twin, p);
}

void fleet_image(struct fleet *f, size_t i, const char *name)
{
    save_file(f, &f->twin.replicas[i], name);
}

void fleet_put_back(struct fleet *f, size_t i, const char *name)
{
    fleet_cut(f, i, true);
    load_file(f, &f->twin.replicas[i], name);
}

void fleet_clone(struct fleet *f, size_t i)
{
    size_t to = f->twin.count;
    must(to < TWIN_REPLICAS_MAX);
    struct party *from = &f->twin.replicas[i];
    struct party *p = &f->twin.replicas[to];
    *p = *from;
    p->random = from->random + 12345;
    (void)snprintf(p->path, sizeof p->path, "%s/replica%zu.db", f->twin.dir, to);
    store_close(from->store);
    copy_file(from->path, p->path);
    twin_open_party(&f->twin, from);
    twin_open_party(&f->twin, p);
    f->roles[to] = f->roles[i];
    f->structures[to] = f->structures[i];
    f->twin.count++;
}

void fleet_backup(struct fleet *f)
{
    struct store *s = f->twin.server.store;
    enum err err = serve_stable(s, serve_seq(s));
    must(err == ERR_OK);
    save_file(f, &f->twin.server, backup_name);
}

void fleet_restore(struct fleet *f)
{
    for (size_t i = 0; i < f->twin.count; i++)
        fleet_cut(f, i, false);
    while (f->ghost_count > 0) {
        struct ghost *g = &f->ghosts[--f->ghost_count];
        serve_session_done(&g->session);
        drop(&g->up);
    }
    struct serve_lineage lineage;
    enum err err = serve_lineage(f->twin.server.store, &lineage);
    must(err == ERR_OK);
    load_file(f, &f->twin.server, backup_name);
    err = serve_restored(f->twin.server.store, &lineage);
    must(err == ERR_OK);
}

void fleet_keep_backup(struct fleet *f, const char *name)
{
    char from[300];
    char to[300];
    path_of(f, backup_name, from);
    path_of(f, name, to);
    copy_file(from, to);
}

void fleet_use_backup(struct fleet *f, const char *name)
{
    char from[300];
    char to[300];
    path_of(f, name, from);
    path_of(f, backup_name, to);
    copy_file(from, to);
    forget(f, name);
}
