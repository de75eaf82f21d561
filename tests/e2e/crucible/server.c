/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/crucible/crucible.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

void server_ctl(const struct crucible *c, struct command *cmd)
{
    *cmd = (struct command){.n = 0};
    command_add(cmd, c->jalonctl);
    command_add(cmd, "--data");
    command_addf(cmd, "%s/server", c->dir);
}

/* Connections to come find it where it is now. */
static void tell_networks(struct crucible *c)
{
    struct note why = {""};
    char line[CHAOS_WORD_BYTES + 8];
    (void)snprintf(line, sizeof line, "target=%s", c->at);
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++) {
        struct chaos_plan plan;
        chaos_plan_init(&plan);
        must(chaos_plan_line(&plan, line, &why) == ERR_OK);
        if (c->devices[i].net != NULL)
            chaos_set(c->devices[i].net, &plan);
    }
}

static void on_heard(struct run *run, void *arg)
{
    struct crucible *c = arg;
    struct str line = run_line(run);
    if (c->state != SERVER_STARTING || line.n < 6 || memcmp(line.p, "sync ", 5) != 0)
        return;
    (void)snprintf(c->at, sizeof c->at, "%.*s", (int)line.n - 5, line.p + 5);
    c->state = SERVER_UP;
    tell_networks(c);
    if (run->stands) /* a process that only begins has better things to do */
        run_signal(run, SIGCONT);
}

static void on_ended(struct run *run, void *arg)
{
    struct crucible *c = arg;
    (void)run_well(run, run->asked == SIGTERM ? "0" : "");
    c->server = NULL;
    bool restore = c->state == SERVER_RESTORING;
    c->state = SERVER_DOWN;
    if (restore && !c->failed)
        server_go_back(c);
}

void server_free_address(char *out, size_t size)
{
    enum { FIRST = 20000, COUNT = 12000, STEP = 61 };
    static unsigned drawn;
    int fd = -1;
    while (fd < 0 && drawn < COUNT) {
        unsigned port = FIRST + ((unsigned)getpid() * STEP + drawn++) % COUNT;
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must(fd >= 0);
        if (bind(fd, (struct sockaddr *)&to, sizeof to) != 0) {
            (void)close(fd);
            fd = -1;
        }
        (void)snprintf(out, size, "127.0.0.1:%u", port);
    }
    must(fd >= 0);
    (void)close(fd);
}

void server_start(struct crucible *c)
{
    char at[64];
    must(c->state == SERVER_DOWN && c->server == NULL);
    struct command cmd = {.n = 0};
    command_add(&cmd, c->jalond);
    command_add(&cmd, "serve");
    command_add(&cmd, "--data");
    command_addf(&cmd, "%s/server", c->dir);
    command_add(&cmd, "--sync");
    server_free_address(at, sizeof at);
    command_add(&cmd, c->at[0] == '\0' ? at : c->at);
    c->state = SERVER_STARTING;
    c->server = run_start(c, &cmd, on_heard, on_ended, c);
}

void server_serve(struct crucible *c)
{
    if (c->state == SERVER_DOWN && !c->failed)
        server_start(c);
    while (c->state != SERVER_UP && !c->failed) {
        if (c->state == SERVER_DOWN)
            server_start(c);
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
    }
}

void server_stop(struct crucible *c)
{
    if (c->server != NULL)
        run_signal(c->server, SIGTERM);
    while (c->server != NULL)
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
}

static void on_backed_up(struct run *run, void *arg)
{
    struct crucible *c = arg;
    c->backing_up = false;
    (void)run_well(run, "013");
}

void server_back_up(struct crucible *c)
{
    if (c->backing_up || c->backups == CRUCIBLE_BACKUPS)
        return;
    struct command cmd;
    server_ctl(c, &cmd);
    command_add(&cmd, "backup");
    command_addf(&cmd, "%s/backup.%u", c->dir, ++c->backups);
    c->backing_up = true;
    (void)run_start(c, &cmd, NULL, on_backed_up, c);
}

/* Number of the newest backup there is, 0 = none: whether or not anybody heard of its end. */
static unsigned newest(const struct crucible *c)
{
    char path[PATH_MAX + 32];
    for (unsigned i = c->backups; i > 0; i--) {
        (void)snprintf(path, sizeof path, "%s/backup.%u", c->dir, i);
        if (access(path, R_OK) == 0)
            return i;
    }
    return 0;
}

/* What the backup holds is safe; the rest must come again from where it was made, unless it has
 * left there: its disk was put back, or the dossier is somebody else's. The server may have had
 * what nobody was told it had. */
static void note_restore(struct crucible *c, unsigned backup)
{
    c->restores++;
    for (uint32_t i = 0; i < c->marks_n; i++) {
        struct mark *m = &c->marks[i];
        if (m->synced && m->backups < backup)
            continue;
        const struct known *person = known_person(c, m->person);
        bool left = m->gone || (person != NULL && person->given);
        m->synced = false;
        m->bare = m->bare || left;
        m->excused = m->excused || left;
    }
}

static void on_restored(struct run *run, void *arg)
{
    struct crucible *c = arg;
    c->state = SERVER_DOWN;
    if (run_well(run, "0") && !c->failed) /* nobody would end it any more */
        server_start(c);
}

void server_go_back(struct crucible *c)
{
    unsigned backup = newest(c);
    if (backup == 0) {
        server_start(c);
        return;
    }
    note_restore(c, backup);
    crucible_say(c, "the server goes back to backup %u", backup);
    struct command cmd;
    server_ctl(c, &cmd);
    command_add(&cmd, "restore");
    command_addf(&cmd, "%s/backup.%u", c->dir, backup);
    c->state = SERVER_RESTORING;
    (void)run_start(c, &cmd, NULL, on_restored, c);
}
