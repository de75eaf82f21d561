/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/programs.h"

#include "client/link.h"
#include "client/local.h"
#include "io/crypt.h"

enum { TIMES = 21 };

struct resumed {
    struct loop loop;
    struct jobs jobs;
    int done;       /* syncs so far */
    uint64_t bytes; /* through the first, which shakes hands in full; at the end: since */
    double at, cpu; /* then: the time, and the server's CPU; at the end: spent since */
    pid_t server;
};

static uint64_t bytes_of(const struct link *link)
{
    struct link_tally tally = link_tally(link);
    return tally.bytes_in + tally.bytes_out;
}

static void on_event(struct link *link, const struct link_event *event, void *arg)
{
    struct resumed *r = arg;
    if (event->type == LINK_PROGRESS || event->type == LINK_CONNECTED)
        return;
    if (event->type == LINK_CLOSED) {
        r->at = figures_now() - r->at;
        r->cpu = process_cpu(r->server) - r->cpu;
        r->bytes = bytes_of(link) - r->bytes;
        jobs_close(&r->jobs, NULL, NULL);
        return;
    }
    must(event->type == LINK_SYNCED && event->err == ERR_OK);
    if (r->done++ == 0) {
        r->bytes = bytes_of(link);
        r->cpu = process_cpu(r->server);
        r->at = figures_now();
    }
    if (r->done < TIMES)
        link_want(link);
    else
        link_close(link);
}

static enum err on_wipe(void *arg)
{
    (void)arg;
    return ERR_REFUSED;
}

void resumed_sync(const char *dir, pid_t server, struct sample *out)
{
    struct note why = {""};
    struct local local = {0};
    struct key key = {0};
    static struct resumed r;
    r = (struct resumed){.server = server};
    crypt_start();
    enum err err = local_open(dir, 0, &local, &why);
    must(err == ERR_OK);
    err = key_load(dir, &key, &why);
    must(err == ERR_OK);
    err = loop_init(&r.loop);
    must(err == ERR_OK);
    err = jobs_open(&r.jobs, &r.loop, LINK_JOBS_MAX);
    must(err == ERR_OK);
    struct link *link = NULL;
    struct link_cfg cfg = {.loop = &r.loop,
                           .jobs = &r.jobs,
                           .store = local.store,
                           .key = &key,
                           .cb = on_event,
                           .wipe = on_wipe,
                           .arg = &r};
    err = link_open(&cfg, &link, &why);
    must(err == ERR_OK);
    link_want(link);
    loop_run(&r.loop);
    loop_done(&r.loop);
    key_done(&key);
    local_close(&local);
    *out = SAMPLE_NONE;
    out->seconds = r.at / (TIMES - 1);
    out->far_cpu_s = r.cpu / (TIMES - 1);
    out->wire_bytes = (double)r.bytes / (TIMES - 1);
}
