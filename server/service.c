/* SPDX-License-Identifier: Apache-2.0 */
/* The end, in order: no more callers → BYE, last commit and verdicts → jalonctl's answers →
 * database thread → checkpoint. LIMIT_DRAIN_MS after the signal whoever is left is cut off. */
#include "server/service.h"

#include "io/listen.h"
#include "io/log.h"
#include "io/notify.h"
#include "io/say.h"
#include "io/tls.h"
#include "server/control.h"
#include "server/folder.h"
#include "server/peer.h"
#include "store/depot.h"

enum { MEGABYTE = 1000 * 1000 };

struct service {
    struct loop loop;
    struct folder folder;
    struct file_lock lock;
    struct buf database; /* path */
    struct store *store;
    struct tls_config *tls;
    struct jobs jobs;
    struct peers peers;
    struct control *control;
    struct listener *listener;
    struct loop_timer drain;
    char public[ADDRESS_HOST_BYTES + 8];
    bool stopping, drained;
    bool jobs_open, drain_open;
    enum err err; /* why it ends */
};

/* ---- the end ---- */

static void on_jobs_closed(struct jobs *jobs, void *arg)
{
    struct service *s = arg;
    (void)jobs;
    loop_timer_close(&s->drain, NULL);
}

static void on_peers_closed(struct loop_timer *timer, void *arg)
{
    struct service *s = ((struct peers *)arg)->cfg.arg;
    (void)timer;
    jobs_close(&s->jobs, on_jobs_closed, s);
}

static void on_control_closed(void *arg)
{
    struct service *s = arg;
    s->control = NULL;
    peers_close(&s->peers, on_peers_closed);
}

/* The control socket stays until the devices are through: its commands tell the hub what they
 * changed. */
static void on_drained(void *arg)
{
    struct service *s = arg;
    if (s->drained)
        return;
    s->drained = true;
    control_close(s->control, on_control_closed, s);
}

static void stop(struct service *s, enum err err)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->err = err;
    notify_send("STOPPING=1");
    listen_close(s->listener, NULL, NULL);
    s->listener = NULL;
    loop_timer_start(&s->drain, LIMIT_DRAIN_MS);
    peers_drain(&s->peers);
}

static void on_signal(struct loop *loop, void *arg)
{
    (void)loop;
    log_info("stopping");
    stop(arg, ERR_OK);
}

static void on_drain_late(struct loop_timer *timer, void *arg)
{
    struct service *s = arg;
    (void)timer;
    log_warn("some peers did not leave in time");
    peers_abort(&s->peers);
}

static void on_failed(void *arg, enum err err)
{
    log_error("database: %s; nothing more is written, the files stay as they are",
              err_text(err));
    stop(arg, err);
}

/* ---- the start ---- */

static void on_accept(struct listener *listener, struct conn *conn, void *arg)
{
    struct service *s = arg;
    (void)listener;
    peers_take(&s->peers, conn);
}

static enum err open_tls(struct service *s, struct note *why)
{
    struct tls_setup setup = {.server = true,
                              .key = buf_str(&s->folder.key),
                              .cert = buf_str(&s->folder.cert),
                              .ca = buf_str(&s->folder.ca.cert),
                              .former = buf_str(&s->folder.ca.former_cert)};
    return tls_config_new(&setup, &s->tls, why);
}

static enum err open_listener(struct service *s, const struct settings *settings,
                              struct note *why)
{
    struct address address;
    struct listen_cfg cfg = {.conn.tls = s->tls,
                             .total_max = (unsigned)settings->peers_max,
                             .per_address = {LIMIT_ADDRESS_MS, LIMIT_ADDRESS_BURST},
                             .per_address_spares_loopback = true,
                             .half_open_max = LISTEN_HALF_OPEN_MAX,
                             .cb = on_accept,
                             .arg = s};
    enum err err = address_parse(settings->sync, SETTINGS_PORT, &address, why);
    if (err == ERR_OK)
        err = listen_tcp(&s->loop, &address, &cfg, &s->listener, why);
    if (err != ERR_OK)
        return err;
    struct str at =
        str_of(settings->public[0] != '\0' ? settings->public : listen_address(s->listener));
    must(at.p != NULL && at.n < sizeof s->public);
    memcpy(s->public, at.p, at.n);
    return ERR_OK;
}

/* Threads, socket, listener: from here on the loop must run to end it. */
static enum err start(struct service *s, const char *dir, const struct settings *settings,
                      struct note *why)
{
    struct buf path = {0};
    struct peers_cfg peers = {.loop = &s->loop,
                              .jobs = &s->jobs,
                              .store = s->store,
                              .ca = &s->folder.ca,
                              .on_failed = on_failed,
                              .on_drained = on_drained,
                              .arg = s};
    struct control_cfg control = {.loop = &s->loop,
                                  .jobs = &s->jobs,
                                  .store = s->store,
                                  .ca = &s->folder.ca,
                                  .peers = &s->peers,
                                  .public = s->public};
    enum err err = jobs_open(&s->jobs, &s->loop, LIMIT_JOBS + CONTROL_PEERS);
    if (err != ERR_OK)
        return err;
    s->jobs_open = true;
    depot_limit(s->store,
                &(struct depot_limits){
                    .network_bytes = (uint64_t)settings->documents_mb * MEGABYTE,
                    .device_bytes = (uint64_t)settings->device_documents_mb * MEGABYTE});
    loop_timer_init(&s->loop, &s->drain, on_drain_late, s);
    s->drain_open = true;
    err = peers_open(&s->peers, &peers);
    must(err == ERR_OK); /* the first kilobytes of the process */
    err = open_listener(s, settings, why);
    if (err == ERR_OK)
        err = file_join(&path, dir, FOLDER_CONTROL);
    if (err == ERR_OK)
        err = control_open(&control, (const char *)path.p, &s->control, why);
    if (err == ERR_OK)
        err = loop_signals(&s->loop, on_signal, s);
    buf_done(&path);
    return err;
}

static enum err announce(struct service *s)
{
    say_out("sync %s\n", listen_address(s->listener));
    enum err err = say_flush();
    notify_send("READY=1");
    log_info("serving at %s", listen_address(s->listener));
    return err;
}

/* Start failed half-way: the same end, without what is not there. */
static void undo(struct service *s)
{
    if (!s->jobs_open)
        return;
    if (s->listener != NULL)
        listen_close(s->listener, NULL, NULL);
    if (s->control != NULL)
        control_close(s->control, on_control_closed, s);
    else
        on_control_closed(s);
    loop_run(&s->loop);
}

static enum err prepare(struct service *s, const char *dir, struct note *why)
{
    enum err err = folder_open(dir, &s->folder, why);
    if (err == ERR_OK)
        err = folder_database(dir, &s->database, &s->store, why);
    if (err == ERR_OK)
        err = open_tls(s, why);
    return err;
}

enum err service_run(const char *dir, const struct settings *settings, struct note *why)
{
    struct service *s = mem_new(sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    enum err err = folder_lock(dir, &s->lock, why);
    if (err != ERR_OK) {
        mem_free(s);
        return err;
    }
    err = loop_init(&s->loop);
    must(err == ERR_OK);
    err = prepare(s, dir, why);
    if (err == ERR_OK)
        err = start(s, dir, settings, why);
    if (err == ERR_OK)
        err = announce(s);
    if (err == ERR_OK) {
        loop_run(&s->loop);
        err = s->err;
    } else {
        undo(s);
    }
    tls_config_free(s->tls);
    store_close(s->store);
    loop_done(&s->loop);
    folder_done(&s->folder);
    buf_done(&s->database);
    file_unlock(&s->lock);
    mem_free(s);
    return err;
}
