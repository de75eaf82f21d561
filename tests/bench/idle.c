/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/programs.h"
#include "bench/swarm.h"

#include <stdlib.h>
#include <sys/resource.h>

/* The first time, so many are under way together; the herd after a crash has no such manners.
 */
enum { AT_ONCE = 60 };
enum { STAFF = 100, SPARE_FDS = 300, IDLE_MS_MAX = 20 * 1000, GUARD_MS = 300 * 1000 };

struct holding {
    struct world world;
    struct swarm swarm;
    struct loop_timer timer; /* of the quiet time, or the guard */
    size_t dialled;          /* so far, of those that come in an orderly way */
};

static void on_event(struct swarm_device *d, enum swarm_event event, void *arg)
{
    struct holding *idle = arg;
    bool first = event == SWARM_IDLE && !d->greeted;
    d->greeted = d->greeted || first;
    if (first && idle->dialled < idle->swarm.count)
        swarm_dial(&idle->swarm.devices[idle->dialled++]);
    if (event == SWARM_IDLE && idle->swarm.there == idle->swarm.count)
        loop_stop(&idle->swarm.loop);
}

static void on_timer(struct loop_timer *timer, void *arg)
{
    struct holding *idle = arg;
    (void)timer;
    loop_stop(&idle->swarm.loop);
}

/* Until all of them are served; seconds, or -1: some are not, after GUARD_MS. */
static double gather(struct holding *idle)
{
    double at = figures_now();
    loop_timer_start(&idle->timer, GUARD_MS);
    loop_run(&idle->swarm.loop);
    if (idle->swarm.there < idle->swarm.count)
        (void)fprintf(stderr, "%zu of %zu served, %llu failures, the last: %s\n",
                      idle->swarm.there, idle->swarm.count,
                      (unsigned long long)idle->swarm.failures, err_name(idle->swarm.last));
    loop_timer_stop(&idle->timer);
    return idle->swarm.there < idle->swarm.count ? -1 : figures_now() - at;
}

static void sample_of(struct holding *idle, double cpu, struct sample *out)
{
    *out = SAMPLE_NONE;
    out->far_cpu_s = process_cpu(idle->world.server.pid) - cpu;
    out->peak_kb = process_peak_kb(idle->world.server.pid);
}

static void connect_all(struct figures *figures, struct holding *idle)
{
    struct sample sample;
    double cpu = process_cpu(idle->world.server.pid);
    double kb = process_now_kb(idle->world.server.pid);
    uint64_t bytes = swarm_bytes(&idle->swarm);
    double own = figures_cpu();
    while (idle->dialled < idle->swarm.count && idle->dialled < AT_ONCE)
        swarm_dial(&idle->swarm.devices[idle->dialled++]);
    double seconds = gather(idle);
    sample_of(idle, cpu, &sample);
    sample.seconds = seconds;
    sample.near_cpu_s = figures_cpu() - own;
    sample.wire_bytes = (double)(swarm_bytes(&idle->swarm) - bytes);
    /* of those that are there, should the machine be too busy for all */
    uint64_t there = idle->swarm.there;
    figures_add(figures, "idle: all connect", NULL, there, &sample);
    sample = SAMPLE_NONE;
    sample.seconds = seconds;
    sample.peak_kb = process_now_kb(idle->world.server.pid) - kb;
    figures_add(figures, "idle: memory of all", NULL, there, &sample);
}

/* What they cost while nobody says anything; a PING of each is due every minute or so. */
static void hold(struct figures *figures, struct holding *idle, int64_t ms)
{
    struct sample sample;
    double cpu = process_cpu(idle->world.server.pid);
    double at = figures_now();
    loop_timer_start(&idle->timer, ms);
    loop_run(&idle->swarm.loop);
    sample_of(idle, cpu, &sample);
    sample.seconds = figures_now() - at;
    sample.far_cpu_s = sample.far_cpu_s / sample.seconds;
    figures_add(figures, "idle: one second", NULL, idle->swarm.there, &sample);
}

/* The server is killed and started again; tickets died with it. */
static void come_back(struct figures *figures, struct holding *idle)
{
    struct sample sample;
    uint64_t failures = idle->swarm.failures;
    world_kill(&idle->world);
    world_start(&idle->world);
    double cpu = process_cpu(idle->world.server.pid);
    idle->swarm.there = 0;
    for (size_t i = 0; i < idle->swarm.count; i++)
        idle->swarm.devices[i].there = false;
    double seconds = gather(idle);
    sample_of(idle, cpu, &sample);
    sample.seconds = seconds;
    figures_add(figures, "idle: all come back", NULL, idle->swarm.count, &sample);
    (void)fprintf(stderr, "%llu connections ended before all were back\n",
                  (unsigned long long)(idle->swarm.failures - failures));
}

/* Descriptors for so many, or as many as the machine lets us have. */
static uint64_t allowed(uint64_t devices)
{
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    rlim_t wanted = devices + SPARE_FDS;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        if (limit.rlim_max < wanted)
            limit.rlim_max = wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
            limit.rlim_cur = limit.rlim_max;
            must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        }
    }
    if (limit.rlim_cur >= wanted)
        return devices;
    (void)fprintf(stderr, "only %llu descriptors: that many connections fewer\n",
                  (unsigned long long)limit.rlim_cur);
    return limit.rlim_cur - SPARE_FDS;
}

void programs_idle(struct figures *figures, const char *dir, uint64_t devices)
{
    static struct holding idle;
    devices = allowed(devices);
    world_open_apart(&idle.world, dir, "idle");
    swarm_open(&idle.swarm, &idle.world, devices, devices < STAFF ? devices : STAFF);
    idle.swarm.cb = on_event;
    idle.swarm.arg = &idle;
    loop_timer_init(&idle.swarm.loop, &idle.timer, on_timer, &idle);
    connect_all(figures, &idle);
    hold(figures, &idle,
         (int64_t)devices * 2 < IDLE_MS_MAX ? (int64_t)devices * 2 : IDLE_MS_MAX);
    come_back(figures, &idle);
    loop_timer_close(&idle.timer, NULL);
    swarm_stop(&idle.swarm);
    loop_run(&idle.swarm.loop);
    swarm_done(&idle.swarm);
    world_close(&idle.world);
}
