/* SPDX-License-Identifier: Apache-2.0 */
/* A device is revoked, or ordered wiped: at its next contact it hears so. Its user gets an
 * invitation, and begins with a new device in a new folder. */
#include "tests/e2e/crucible/crucible.h"

#include <signal.h>
#include <stdio.h>

enum { EXILES_MAX = 2 };

static void on_ordered(struct run *run, void *arg)
{
    struct device *d = arg;
    d->c->exiling = false;
    crucible_say(d->c, "%s: %lld", run->words, (long long)run->status);
    (void)run_well(run, "013"); /* the server may be down, or go down */
}

void exile_order(struct crucible *c, struct device *d)
{
    bool copying = d->run != NULL && strcmp(d->deed.kind, "clone") == 0;
    if (c->exiling || c->exiles == EXILES_MAX || !d->present || d->at >= CRUCIBLE_STAFF ||
        d->twin || copying || d->exile != EXILE_NONE || d->left[0] != '\0')
        return;
    struct command cmd;
    server_ctl(c, &cmd);
    command_add(&cmd, "device");
    d->wipe = rng_chance(&c->rng, 600000);
    command_add(&cmd, d->wipe ? "wipe" : "revoke");
    command_addf(&cmd, "%u", d->number);
    d->exile = EXILE_ORDERED; /* from now on: the answer may not come */
    c->exiling = true;
    c->exiles++;
    crucible_say(c, "device %u, number %u, is put out", d->at, d->number);
    (void)run_start(c, &cmd, NULL, on_ordered, d);
}

/* A further try has a folder of its own: of one whose answer was lost, the code is used. */
static void new_folder(struct device *d)
{
    if (d->lives++ == 0)
        memcpy(d->left, d->dir, sizeof d->left);
    (void)snprintf(d->dir, sizeof d->dir, "%.80s/device.%u.%u", d->c->dir, d->at, d->lives);
}

void exile_return(struct device *d, struct command *cmd)
{
    static const char script[] =
        "code=$(\"$1\" --data \"$2\" invite \"$3\"); "
        "printf '%s\\n' \"$code\" | \"$4\" --data \"$5\" enrol - --server \"$6\" --json";
    struct crucible *c = d->c;
    new_folder(d);
    *cmd = (struct command){.n = 0};
    d->deed = (struct deed){.kind = "enrol", .mark = -1};
    c->kept = true;
    command_add(cmd, "/bin/sh");
    command_add(cmd, "-ec");
    command_add(cmd, script);
    command_add(cmd, "enrol");
    command_add(cmd, c->jalonctl);
    command_addf(cmd, "%.80s/server", c->dir);
    command_add(cmd, c->staff[d->staff].id);
    command_add(cmd, c->jalon);
    command_add(cmd, d->dir);
    if (d->net == NULL)
        command_add(cmd, c->at);
    else
        command_addf(cmd, "127.0.0.1:%u", chaos_port(d->net));
}

void exile_over(struct device *d, const struct run *run)
{
    int64_t number = run_number(run, "device");
    if (number < 1) {
        crucible_fail(d->c, "device %u was enrolled, as what?", d->at);
        return;
    }
    d->number = (unsigned)number;
    d->exile = EXILE_NONE;
    d->image = false;
    marks_gone(d->c, d, 0);
    crucible_say(d->c, "device %u is a new one, number %u", d->at, d->number);
}

static void on_heard(struct run *run, void *arg)
{
    struct device *d = arg;
    d->run = NULL;
    if (run_well(run, "0345") && run->status == 5)
        d->exile = EXILE_HEARD;
    else if (run->status != 3)
        d->exile = EXILE_NONE; /* the order never came to the server */
}

static void on_returned(struct run *run, void *arg)
{
    struct device *d = arg;
    d->run = NULL;
    if (run_well(run, "0"))
        exile_over(d, run);
}

void exile_end(struct crucible *c)
{
    for (unsigned i = 0; i < CRUCIBLE_STAFF && !c->failed; i++) {
        struct device *d = &c->devices[i];
        struct command cmd;
        d->clock_s = d->exile != EXILE_NONE ? 0 : d->clock_s;
        if (d->exile != EXILE_NONE && d->live != NULL)
            run_signal(d->live, SIGTERM);
        while (d->exile != EXILE_NONE && d->live != NULL)
            (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
        while (d->exile == EXILE_ORDERED && !c->failed) {
            device_words(d, &cmd);
            command_add(&cmd, "sync");
            d->run = run_start(c, &cmd, NULL, on_heard, d);
            crucible_wait(c);
        }
        if (d->exile == EXILE_HEARD && !c->failed) {
            exile_return(d, &cmd);
            d->run = run_start(c, &cmd, NULL, on_returned, d);
            crucible_wait(c);
        }
    }
}
