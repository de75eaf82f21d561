/* SPDX-License-Identifier: Apache-2.0 */
/* crucible SEED BIN DIR [--deeds N] [--faketime LIBRARY] [--verbose]: one run in DIR, which
 * must be empty, with the programs below BIN. Says what differed and fails when a promise is
 * broken.
 */
#include "tests/e2e/crucible/crucible.h"

#include "io/clock.h"
#include "proto/mem.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PATIENCE_MS = 300 * 1000, /* from one deed to the next: the machine may be busy */
    PEACE_ROUNDS = 20,        /* until nobody has anything to send or to receive */
    CALM_DEEDS = 2, /* before the storm, so that there is something to disagree about */
    DEEDS = 20,
    LIVE_PPM = 250000,
};

void crucible_fail(struct crucible *c, const char *fmt, ...)
{
    if (c->failed)
        return;
    c->failed = true;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(c->failure, sizeof c->failure, fmt, args);
    va_end(args);
}

void crucible_say(const struct crucible *c, const char *fmt, ...)
{
    if (!c->verbose)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    (void)putchar('\n');
    va_end(args);
}

void crucible_goes_on(struct crucible *c)
{
    if (!c->failed)
        loop_timer_start(&c->patience, PATIENCE_MS);
}

static void say_time(struct crucible *c, const char *what)
{
    crucible_say(c, "%s after %lld ms", what, (long long)(clock_mono_ms() - c->began_ms));
}

static bool someone_works(const struct crucible *c)
{
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++)
        if (c->devices[i].run != NULL)
            return true;
    return c->backing_up || c->state == SERVER_RESTORING || (c->storm && c->at_work > 0);
}

void crucible_wait(struct crucible *c)
{
    while (someone_works(c) && !c->failed)
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
}

/* ---- the network and its people ---- */

static void add_structure(struct crucible *c, unsigned i)
{
    static const char *const names[] = {"EI du Pont fictive", "EI du Canal fictive"};
    struct command cmd;
    server_ctl(c, &cmd);
    command_add(&cmd, "structure");
    command_add(&cmd, "add");
    command_add(&cmd, names[i]);
    command_add(&cmd, "--type");
    command_add(&cmd, "EI");
    run_now(c, &cmd, c->structures[i], sizeof c->structures[i]);
    if (i == 0)
        return; /* caseloads; the other one shares all dossiers */
    server_ctl(c, &cmd);
    command_add(&cmd, "parameter");
    command_add(&cmd, "add");
    command_add(&cmd, "key=jobcoach_sees");
    command_add(&cmd, "value=structure");
    command_addf(&cmd, "structure=%s", c->structures[i]);
    command_add(&cmd, "valid_from=2020-01-01");
    run_now(c, &cmd, NULL, 0);
}

static void add_staff(struct crucible *c, unsigned i)
{
    struct staff *s = &c->staff[i];
    s->home = i < 6 ? 0 : 1;
    s->part = i == 5 || i == 9 ? PART_COORDINATOR : PART_COACH;
    struct command cmd;
    server_ctl(c, &cmd);
    command_add(&cmd, "staff");
    command_add(&cmd, "add");
    command_addf(&cmd, "Agent Fictif%u", i);
    command_add(&cmd, "--structure");
    command_add(&cmd, c->structures[s->home]);
    command_add(&cmd, "--role");
    command_add(&cmd, s->part == PART_COACH ? "jobcoach" : "coordinator");
    run_now(c, &cmd, s->id, sizeof s->id);
}

static void on_network(const struct chaos_event *event, void *arg)
{
    (void)event;
    (void)arg;
}

static void begin_device(struct crucible *c, unsigned i)
{
    struct device *d = &c->devices[i];
    char stream[16];
    d->c = c;
    d->at = i;
    d->staff = i % CRUCIBLE_STAFF;
    (void)snprintf(d->dir, sizeof d->dir, "%.80s/device.%u", c->dir, i);
    (void)snprintf(stream, sizeof stream, "device %u", i);
    rng_stream(&d->rng, c->seed, stream);
    if ((i >= CRUCIBLE_STAFF && i < CRUCIBLE_FRESH) || /* a copy goes its original's way */
        (i >= CRUCIBLE_SITE_FIRST && i <= CRUCIBLE_SITE_LAST))
        return;
    struct chaos_plan plan;
    struct note why = {""};
    char line[CHAOS_WORD_BYTES + 8];
    (void)snprintf(line, sizeof line, "target=%s", c->at);
    chaos_plan_init(&plan);
    must(chaos_plan_line(&plan, line, &why) == ERR_OK);
    must(chaos_open(&c->loop, &plan, c->seed * CRUCIBLE_DEVICES + i, &d->net, on_network,
                    NULL) == ERR_OK);
}

static void on_command(struct run *run, void *arg)
{
    struct device *d = arg;
    d->run = NULL;
    (void)run_well(run, "04");
}

void crucible_enrol(struct crucible *c, struct device *d)
{
    char code[400] = "";
    char line[400] = "";
    static const char key[] = "\"device\":";
    struct command cmd;
    server_ctl(c, &cmd);
    command_add(&cmd, "invite");
    command_add(&cmd, c->staff[d->staff].id);
    run_now(c, &cmd, code, sizeof code);
    device_words(d, &cmd);
    command_add(&cmd, "enrol");
    command_add(&cmd, code);
    command_add(&cmd, "--server");
    if (d->net == NULL)
        command_add(&cmd, c->at);
    else
        command_addf(&cmd, "127.0.0.1:%u", chaos_port(d->net));
    command_add(&cmd, "--json");
    d->present = true;
    run_now(c, &cmd, line, sizeof line);
    const char *at = strstr(line, key);
    d->number = at == NULL ? 0 : (unsigned)strtoul(at + sizeof key - 1, NULL, 10);
    if (d->number == 0)
        crucible_fail(c, "device %u was enrolled, as what? %s", d->at, line);
    device_words(d, &cmd);
    command_add(&cmd, "sync");
    d->run = c->failed ? NULL : run_start(c, &cmd, NULL, on_command, d);
}

static void found(struct crucible *c)
{
    struct command cmd = {.n = 0};
    command_add(&cmd, c->jalond);
    command_add(&cmd, "init");
    command_add(&cmd, "--data");
    command_addf(&cmd, "%.80s/server", c->dir);
    command_add(&cmd, "--network");
    command_add(&cmd, "Réseau d'essai");
    run_now(c, &cmd, NULL, 0);
    server_serve(c);
    for (unsigned i = 0; i < CRUCIBLE_STRUCTURES; i++)
        add_structure(c, i);
    server_ctl(c, &cmd);
    command_add(&cmd, "pathway_model");
    command_add(&cmd, "add");
    command_add(&cmd, "name=Essai");
    run_now(c, &cmd, c->model, sizeof c->model);
    for (unsigned i = 0; i < CRUCIBLE_STAFF; i++)
        add_staff(c, i);
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++)
        begin_device(c, i);
    for (unsigned i = 0; i < CRUCIBLE_STAFF; i++)
        crucible_enrol(c, &c->devices[i]);
    crucible_wait(c);
    site_found(c);
    for (unsigned i = CRUCIBLE_SITE_FIRST; i <= CRUCIBLE_SITE_LAST && !c->failed; i++) {
        device_words(&c->devices[i], &cmd);
        command_add(&cmd, "site");
        command_add(&cmd, c->relay_at);
        run_now(c, &cmd, NULL, 0);
    }
}

/* ---- syncs ---- */

static void on_peace(struct run *run, void *arg)
{
    struct device *d = arg;
    d->run = NULL;
    crucible_goes_on(d->c);
    d->status = run->status;
    d->pushed = run_number(run, "pushed");
    d->pulled = run_number(run, "pulled");
    crucible_say(d->c, "device %u: sync %lld, pushed %lld, pulled %lld", d->at,
                 (long long)run->status, (long long)d->pushed, (long long)d->pulled);
    if (sync_well(run, d) && (run->status == 0 || run->status == 4))
        marks_synced(d->c, d, d->c->marks_n);
}

static bool is_copy(const struct device *d)
{
    return d->at >= CRUCIBLE_STAFF && d->at < CRUCIBLE_FRESH;
}

static bool quiet(const struct crucible *c)
{
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++) {
        const struct device *d = &c->devices[i];
        bool twin = d->twin || is_copy(d); /* of two, whoever comes second gets everything */
        if (d->present &&
            (d->status == 3 || d->status == 1 || d->pushed != 0 || (d->pulled != 0 && !twin)))
            return false;
    }
    return true;
}

static void sync_all(struct crucible *c, bool copies)
{
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++) {
        struct device *d = &c->devices[i];
        struct command cmd;
        device_words(d, &cmd);
        command_add(&cmd, "sync");
        command_add(&cmd, "--json");
        if (d->present && is_copy(d) == copies)
            d->run = run_start(c, &cmd, NULL, on_peace, d);
        if (copies) /* two of one device would put out each other for ever */
            crucible_wait(c);
    }
    crucible_wait(c);
}

/* All of them at once, after them the copies one by one, until nothing moves. */
static void settle(struct crucible *c)
{
    for (unsigned round = 0; round < PEACE_ROUNDS && !c->failed; round++) {
        sync_all(c, false);
        sync_all(c, true);
        if (quiet(c))
            return;
    }
    crucible_fail(c, "it never becomes quiet");
}

/* ---- the storm ---- */

static void work(struct crucible *c, unsigned deeds)
{
    for (unsigned i = 0; i < CRUCIBLE_STAFF; i++)
        c->devices[i].deeds = deeds;
    c->storm = true;
    c->at_work = CRUCIBLE_STAFF;
    for (unsigned i = 0; i < CRUCIBLE_STAFF; i++)
        device_next(&c->devices[i]);
    crucible_wait(c);
    c->storm = false;
}

static void storm(struct crucible *c, unsigned deeds)
{
    c->calm = true;
    work(c, CALM_DEEDS);
    settle(c);
    c->calm = false;
    if (c->failed)
        return;
    server_back_up(c);
    for (unsigned i = 0; i < CRUCIBLE_STAFF; i++)
        c->devices[i].stays = rng_chance(&c->devices[i].rng, LIVE_PPM);
    say_time(c, "calm work done");
    nemesis_begin(c);
    work(c, deeds);
    nemesis_end(c);
    crucible_wait(c);
}

/* ---- peace ---- */

static void end_live(struct crucible *c)
{
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++) {
        struct device *d = &c->devices[i];
        d->stays = false;
        d->clock_s = 0;
        d->corrupted = false;
        if (d->live != NULL)
            run_signal(d->live, SIGTERM);
        while (d->live != NULL)
            (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
    }
}

static void on_status(struct run *run, void *arg)
{
    struct device *d = arg;
    struct str said = buf_str(&run->said[0]);
    d->run = NULL;
    if (!run_well(run, "0"))
        return;
    /* Contents of what was refused stay here, for whoever corrects it. */
    bool contents =
        run_number(run, "documents_damaged") == 0 &&
        (run_number(run, "documents_unsent") == 0 || run_number(run, "quarantined") > 0);
    if (run_number(run, "unsent") != 0 || run_number(run, "complete") == -1 || !contents)
        crucible_fail(d->c, "device %u is not done: %.*s", d->at, (int)said.n, said.p);
}

static void on_asked(struct run *run, void *arg)
{
    struct device *d = arg;
    d->run = NULL;
    d->status = run->signal == 0 ? run->status : -1;
}

/* Every device says that all is on the server, and everybody that their data are sound. */
static void ask(struct crucible *c, const char *what, const char *how, run_cb *answered)
{
    for (unsigned i = 0; i < CRUCIBLE_DEVICES && !c->failed; i++) {
        struct device *d = &c->devices[i];
        struct command cmd;
        device_words(d, &cmd);
        command_add(&cmd, what);
        if (how != NULL)
            command_add(&cmd, how);
        if (d->present)
            d->run = run_start(c, &cmd, NULL, answered, d);
    }
    crucible_wait(c);
}

/* After the storm a process that stays may wait for minutes until its next try; a command that
 * asks it to sync ends that, unless a server that was stopped has sent it away. False: it is
 * not connected. */
static bool wake(struct crucible *c, struct device *d)
{
    struct command cmd;
    device_words(d, &cmd);
    command_add(&cmd, "sync");
    d->run = run_start(c, &cmd, NULL, on_asked, d);
    crucible_wait(c);
    return d->status == 0 || d->status == 4;
}

/* Whoever stays connected hears of a new row by itself. */
static void hears_news(struct crucible *c, struct device *d, const char *id)
{
    while (d->live != NULL && !c->failed) {
        struct command cmd;
        unsigned heard = d->live_synced;
        device_words(d, &cmd);
        command_add(&cmd, "show");
        command_add(&cmd, "company");
        command_add(&cmd, id);
        d->status = -1;
        d->run = run_start(c, &cmd, NULL, on_asked, d);
        crucible_wait(c);
        if (d->status == 0)
            return;
        while (d->live != NULL && d->live_synced == heard && !c->failed)
            (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
    }
}

static void news(struct crucible *c)
{
    struct command cmd;
    char id[CRUCIBLE_ID_BYTES + 1] = "";
    bool connected[CRUCIBLE_DEVICES] = {false};
    for (unsigned i = 0; i < CRUCIBLE_DEVICES && !c->failed; i++)
        connected[i] = c->devices[i].live != NULL && wake(c, &c->devices[i]);
    server_ctl(c, &cmd);
    command_add(&cmd, "company");
    command_add(&cmd, "add");
    command_add(&cmd, "name=Forge fictive");
    run_now(c, &cmd, id, sizeof id);
    for (unsigned i = 0; i < CRUCIBLE_DEVICES && !c->failed; i++)
        if (connected[i])
            hears_news(c, &c->devices[i], id);
}

static void fetch_all(struct crucible *c, struct device *d)
{
    struct command cmd;
    device_words(d, &cmd);
    command_add(&cmd, "fetch");
    command_add(&cmd, "--auto");
    command_add(&cmd, "100");
    run_now(c, &cmd, NULL, 0);
}

static void peace(struct crucible *c)
{
    if (c->failed)
        return;
    server_serve(c);
    site_start(c);
    exile_end(c);
    news(c);
    end_live(c);
    settle(c);
    site_stop(c); /* what it brings from now on would come late */
    act_erase(c);
    act_hand_over_all(c);
    if (c->failed)
        return;
    struct device *fresh = &c->devices[CRUCIBLE_FRESH];
    fresh->staff = (unsigned)rng_below(&c->rng, CRUCIBLE_STAFF);
    crucible_enrol(c, fresh);
    crucible_wait(c);
    fetch_all(c, fresh);
    settle(c);
    ask(c, "status", "--json", on_status);
    ask(c, "doctor", NULL, on_command);
    struct command cmd;
    server_ctl(c, &cmd);
    command_add(&cmd, "check");
    run_now(c, &cmd, NULL, 0);
}

/* ---- the end ---- */

/* Whatever still runs ends now. */
static void end_all(struct crucible *c)
{
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++) {
        struct device *d = &c->devices[i];
        if (d->run != NULL)
            run_signal(d->run, SIGKILL);
        if (d->live != NULL)
            run_signal(d->live, SIGKILL);
    }
    if (c->server != NULL && c->failed)
        run_signal(c->server, SIGKILL);
    if (c->relay != NULL && c->failed)
        run_signal(c->relay, SIGKILL);
    server_stop(c);
    site_stop(c);
    while (c->busy > 0)
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
    nemesis_end(c);
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++)
        if (c->devices[i].net != NULL && (i < CRUCIBLE_STAFF || i == CRUCIBLE_FRESH))
            chaos_close(c->devices[i].net);
    loop_timer_close(&c->patience, NULL);
    loop_run(&c->loop);
}

static void on_patience(struct loop_timer *timer, void *arg)
{
    struct crucible *c = arg;
    const char *who = "nobody";
    (void)timer;
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++)
        if (c->devices[i].run != NULL)
            who = c->devices[i].run->words;
    crucible_fail(c, "it takes too long; under way: %s", who);
}

static void sum_up(const struct crucible *c)
{
    unsigned told = 0;
    unsigned killed = 0;
    uint32_t marks = 0;
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++) {
        told += c->devices[i].told;
        killed += c->devices[i].killed;
    }
    for (uint32_t i = 0; i < c->marks_n; i++)
        marks += c->marks[i].told && !c->marks[i].excused && !c->marks[i].erased ? 1 : 0;
    printf("seed %llu: %u deeds done, %u processes killed, %u moves, %u restores, %u copies, "
           "%u put out, %u deposits, %u hand-overs, %u dossiers erased, %u contents, "
           "%u texts to be found\n",
           (unsigned long long)c->seed, told, killed, c->moves, c->restores, c->clones,
           c->exiles, c->deposits, c->handed, c->erased, c->told_papers, marks);
    if (c->failed)
        printf("FAILED seed %llu: %s\n", (unsigned long long)c->seed, c->failure);
}

static void crucible_run(struct crucible *c, unsigned deeds)
{
    c->began_ms = clock_mono_ms();
    must(loop_init(&c->loop) == ERR_OK);
    rng_stream(&c->rng, c->seed, "nemesis");
    loop_timer_init(&c->loop, &c->patience, on_patience, c);
    loop_timer_start(&c->patience, PATIENCE_MS);
    say_time(c, "begun");
    found(c);
    say_time(c, "founded");
    storm(c, deeds);
    say_time(c, "storm over");
    peace(c);
    say_time(c, "peace");
    end_all(c);
    if (!c->failed)
        compare_all(c);
    loop_done(&c->loop);
    sum_up(c);
    mem_free(c->marks);
    mem_free(c->known);
}

int main(int argc, char **argv)
{
    static struct crucible c;
    static char programs[3][PATH_MAX];
    static const char *const names[] = {"server/jalond", "server/jalonctl", "client/jalon"};
    unsigned deeds = DEEDS;
    if (argc < 4) {
        (void)fputs("crucible SEED BIN DIR [--deeds N] [--faketime LIBRARY] [--verbose]\n",
                    stderr);
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            c.verbose = true;
        else if (strcmp(argv[i], "--deeds") == 0 && i + 1 < argc)
            deeds = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--faketime") == 0 && i + 1 < argc)
            c.faketime = argv[++i];
        else
            return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < 3; i++)
        (void)snprintf(programs[i], PATH_MAX, "%s/%s", argv[2], names[i]);
    c.seed = strtoull(argv[1], NULL, 10);
    c.jalond = programs[0];
    c.jalonctl = programs[1];
    c.jalon = programs[2];
    (void)snprintf(c.dir, sizeof c.dir, "%.80s", argv[3]);
    crucible_run(&c, deeds);
    return c.failed ? 1 : 0;
}
