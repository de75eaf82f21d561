/* SPDX-License-Identifier: Apache-2.0 */
/* The end, in order: no more callers → guests and line → thread of the deposits. */
#include "server/site_inside.h"

#include "io/clock.h"
#include "io/log.h"
#include "io/notify.h"
#include "io/say.h"
#include "io/tls.h"
#include "server/folder.h"

enum { MEGABYTE = 1000 * 1000 };

void site_digest(struct str bytes, uint8_t out[SHA256_BYTES])
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, bytes.p, bytes.n);
    sha256_end(&sha, out);
}

bool site_send(struct outgoing *out, struct conn *conn)
{
    struct buf frames = {0};
    while (out->sent < out->bytes.n && frames.err == ERR_OK && frames.n < SITE_SEND_BYTES) {
        size_t n = out->bytes.n - out->sent;
        n = n < MESSAGE_PIECE_BYTES ? n : MESSAGE_PIECE_BYTES;
        message_piece(&frames, (struct str){(const char *)out->bytes.p + out->sent, n});
        out->sent += n;
    }
    if (frames.err != ERR_OK)
        conn_close(conn, frames.err);
    else
        (void)conn_send(conn, frames.p, frames.n);
    buf_done(&frames);
    out->going = out->sent < out->bytes.n;
    return !out->going;
}

/* ---- the end ---- */

static void on_jobs_closed(struct jobs *jobs, void *arg)
{
    (void)jobs;
    (void)arg;
}

void site_part_gone(struct site *site)
{
    if (site->stopping && site->first == NULL && site->forward == NULL)
        jobs_close(&site->jobs, on_jobs_closed, site);
}

static void stop(struct site *site, enum err err)
{
    if (site->stopping)
        return;
    site->stopping = true;
    site->err = err;
    notify_send("STOPPING=1");
    listen_close(site->listener, NULL, NULL);
    site->listener = NULL;
    guests_close(site, err == ERR_OK);
    forward_close(site);
}

void site_failed(struct site *site, enum err err)
{
    if (!site->stopping)
        log_error("deposits: %s; nothing more is taken, the files stay as they are",
                  err_text(err));
    stop(site, err);
}

static void on_signal(struct loop *loop, void *arg)
{
    (void)loop;
    log_info("stopping");
    stop(arg, ERR_OK);
}

/* ---- the start ---- */

static void on_accept(struct listener *listener, struct conn *conn, void *arg)
{
    (void)listener;
    guest_take(arg, conn);
}

static enum err open_tls(struct site *site, struct note *why)
{
    struct tls_setup setup = {.server = true,
                              .relay = true,
                              .key = buf_str(&site->id.key),
                              .cert = buf_str(&site->id.cert),
                              .ca = buf_str(&site->id.ca)};
    enum err err = tls_config_new(&setup, &site->tls, why);
    setup.server = false;
    setup.relay = false; /* only the server itself will do */
    return err == ERR_OK ? tls_config_new(&setup, &site->tls_up, why) : err;
}

static enum err open_listener(struct site *site, struct note *why)
{
    struct address address;
    int64_t total = site->settings.peers_max;
    struct listen_cfg cfg = {.total_max = total < SITE_GUESTS_MAX ? (unsigned)total
                                                                  : (unsigned)SITE_GUESTS_MAX,
                             .per_address = {LIMIT_ADDRESS_MS, LIMIT_ADDRESS_BURST},
                             .per_address_spares_loopback = true,
                             .cb = on_accept,
                             .arg = site};
    enum err err = address_parse(site->settings.sync, SETTINGS_PORT, &address, why);
    return err == ERR_OK ? listen_tcp(&site->loop, &address, &cfg, &site->listener, why) : err;
}

static enum err prepare(struct site *site, const char *dir, struct note *why)
{
    enum err err = site_id_load(dir, &site->id, why);
    if (err == ERR_OK)
        err = file_join(&site->path, dir, SITE_DEPOSITS);
    if (err == ERR_OK)
        err = deposits_open((const char *)site->path.p, NULL,
                            (uint64_t)site->settings.relay_mb * MEGABYTE, &site->deposits, why);
    if (err == ERR_OK)
        err = deposits_sweep(site->deposits, clock_wall_ms());
    return err == ERR_OK ? open_tls(site, why) : err;
}

/* From here on the loop must run to end it. */
static enum err start(struct site *site, struct note *why)
{
    enum err err = jobs_open(&site->jobs, &site->loop, SITE_JOBS);
    if (err != ERR_OK)
        return err;
    err = open_listener(site, why);
    if (err == ERR_OK)
        err = loop_signals(&site->loop, on_signal, site);
    if (err == ERR_OK)
        err = forward_open(site);
    if (err == ERR_OK) {
        say_out("sync %s\n", listen_address(site->listener));
        err = say_flush();
    }
    if (err != ERR_OK) {
        site->stopping = true;
        if (site->listener != NULL)
            listen_close(site->listener, NULL, NULL);
        forward_close(site);
        site_part_gone(site);
        loop_run(&site->loop);
        return err;
    }
    notify_send("READY=1");
    log_info("relaying at %s", listen_address(site->listener));
    loop_run(&site->loop);
    return site->err;
}

enum err site_run(const char *dir, const struct settings *settings, struct note *why)
{
    struct site *site = mem_new(sizeof *site);
    if (site == NULL)
        return ERR_NOMEM;
    site->settings = *settings;
    enum err err = folder_lock(dir, &site->lock, why);
    if (err != ERR_OK) {
        mem_free(site);
        return err;
    }
    err = loop_init(&site->loop);
    must(err == ERR_OK);
    err = prepare(site, dir, why);
    if (err == ERR_OK)
        err = start(site, why);
    tls_config_free(site->tls);
    tls_config_free(site->tls_up);
    deposits_close(site->deposits);
    loop_done(&site->loop);
    site_id_done(&site->id);
    buf_done(&site->path);
    file_unlock(&site->lock);
    mem_free(site);
    return err;
}
