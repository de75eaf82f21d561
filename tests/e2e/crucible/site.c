/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of a site, for the devices that reach nothing but it when the server is down. */
#include "tests/e2e/crucible/crucible.h"

#include <signal.h>
#include <stdio.h>

static void on_heard(struct run *run, void *arg)
{
    struct crucible *c = arg;
    struct str line = run_line(run);
    if (c->relay_at[0] == '\0' && line.n > 5 && memcmp(line.p, "sync ", 5) == 0)
        (void)snprintf(c->relay_at, sizeof c->relay_at, "%.*s", (int)line.n - 5, line.p + 5);
}

static void on_ended(struct run *run, void *arg)
{
    struct crucible *c = arg;
    c->relay = NULL;
    (void)run_well(run, run->asked == SIGTERM ? "0" : "");
}

static void words(const struct crucible *c, struct command *cmd, const char *verb)
{
    *cmd = (struct command){.n = 0};
    command_add(cmd, c->jalond);
    command_add(cmd, verb);
    command_add(cmd, "--data");
    command_addf(cmd, "%.80s/relay", c->dir);
}

void site_start(struct crucible *c)
{
    struct command cmd;
    char at[64];
    if (c->relay != NULL)
        return;
    words(c, &cmd, "serve");
    command_add(&cmd, "--sync");
    server_free_address(at, sizeof at);
    command_add(&cmd, c->relay_at[0] == '\0' ? at : c->relay_at);
    c->relay = run_start(c, &cmd, on_heard, on_ended, c);
}

void site_found(struct crucible *c)
{
    struct command cmd;
    char code[400] = "";
    server_ctl(c, &cmd);
    command_add(&cmd, "relay");
    command_add(&cmd, "add");
    command_add(&cmd, c->structures[0]);
    command_add(&cmd, "Atelier");
    run_now(c, &cmd, code, sizeof code);
    words(c, &cmd, "relay");
    command_add(&cmd, code);
    run_now(c, &cmd, NULL, 0);
    if (!c->failed)
        site_start(c);
    while (c->relay_at[0] == '\0' && !c->failed)
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
}

void site_stop(struct crucible *c)
{
    if (c->relay != NULL)
        run_signal(c->relay, SIGTERM);
    while (c->relay != NULL)
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
}

static void on_readable(struct crucible *c, struct mark *mark, void *arg)
{
    (void)arg;
    crucible_fail(c, "mk%06u. can be read at the relay", (unsigned)(mark - c->marks));
}

void site_compare(struct crucible *c)
{
    char dir[PATH_MAX];
    (void)snprintf(dir, sizeof dir, "%.80s/relay", c->dir);
    marks_scan_files(c, dir, on_readable, NULL);
}
