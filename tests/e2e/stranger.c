/* SPDX-License-Identifier: Apache-2.0 */
/* stranger noise ADDR PORT COUNT: connections that send bytes of no kind.
 * stranger anonymous ADDR PORT DIR: inside TLS as one who enrols, frames meant to break things.
 * stranger device ADDR PORT DIR: the same from the device whose data folder that is, also after
 * its greeting. Prints how many connections it made; fails when the server is not there, bears
 * such a frame, or does not answer the greeting. */
#include "client/agent.h"
#include "client/key.h"
#include "client/local.h"
#include "io/crypt.h"
#include "io/dial.h"
#include "io/tls_config.h"
#include "proto/message.h"
#include "tests/support/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum {
    NOISE_BYTES_MAX = 40 * 1000,
    NESTED = 200 * 1000,
    BOMB_MIB = 512,
    MIB = 1024 * 1024,
    WINDOW_LOG = 17,        /* nothing to object to */
    PATIENCE_MS = 9 * 1000, /* shorter than any deadline of the server for a greeted peer */
};

struct stranger {
    struct loop loop;
    const char *host;
    uint16_t port;
    struct tls_config *tls; /* NULL: plain */
    struct buf bytes;       /* to send on the next connection */
    struct buf second;      /* and once the server has answered that */
    unsigned connections;
    bool away;    /* the server could not be reached */
    bool leaving; /* say goodbye at once; else the server has to */
    bool borne;   /* it did not */
    bool unheard; /* it did not answer a greeting */
};

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct stranger *s = arg;
    if (event->kind == CONN_OPEN) {
        s->connections++;
        (void)conn_send(conn, s->bytes.p, s->bytes.n);
        conn_deadline(conn, PATIENCE_MS, 0);
        if (s->leaving)
            conn_close(conn, ERR_OK);
    }
    if (event->kind == CONN_DATA) {
        event->took = event->data.n;
        (void)conn_send(conn, s->second.p, s->second.n);
        buf_clear(&s->second);
    }
    if (event->kind == CONN_CLOSED) {
        s->borne = s->borne || event->err == ERR_TIMEOUT;
        conn_free(conn);
    }
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct stranger *s = arg;
    (void)dial;
    (void)conn;
    if (err != ERR_OK) {
        s->away = true;
        (void)fprintf(stderr, "stranger: %s\n", why->text);
    }
}

/* Send s->bytes on a connection of its own, until it ends. */
static void visit(struct stranger *s)
{
    struct dial *dial = NULL;
    struct dial_cfg cfg = {
        .host = s->host, .port = s->port, .conn = {.cb = on_conn, .arg = s, .tls = s->tls}};
    must(s->bytes.err == ERR_OK && s->second.err == ERR_OK);
    must(dial_start(&s->loop, &cfg, on_dial, s, &dial) == ERR_OK);
    loop_run(&s->loop);
    buf_clear(&s->bytes);
    s->unheard = s->unheard || s->second.n > 0;
    buf_clear(&s->second);
}

static void noise(struct stranger *s, unsigned count)
{
    static uint8_t bytes[NOISE_BYTES_MAX];
    static const uint8_t client_hello[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01};
    struct rng rng;
    rng_init(&rng, 1);
    s->leaving = true;
    for (unsigned i = 0; i < count && !s->away; i++) {
        size_t n = (size_t)rng_spread(&rng, 1, sizeof bytes);
        rng_fill(&rng, bytes, n);
        if (i % 3 == 0) /* how TLS begins */
            buf_add(&s->bytes, client_hello, sizeof client_hello);
        if (i % 7 == 0)
            buf_text(&s->bytes, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        buf_add(&s->bytes, bytes, n);
        visit(s);
    }
}

static void frame_of(struct buf *out, const char *body, size_t n)
{
    size_t begun = frame_begin(out);
    buf_add(out, body, n);
    frame_end(out, begun);
}

/* Frames that promise more than they hold. */
static void bombs(struct stranger *s)
{
    static const struct {
        const char *bytes;
        size_t n;
    } liars[] = {
        {"\xdd\xff\xff\xff\xff", 5},                 /* a list of 4 G items */
        {"\x92\x01\xdf\xff\xff\xff\xff", 7},         /* a map of 4 G pairs */
        {"\x93\x03\x01\xc6\xff\xff\xff\xff\x00", 9}, /* 4 GiB of bytes */
        {"\x92\x01\xdb\xff\xff\xff\xff", 7},         /* a text of 4 GiB */
        {"\xc1", 1},                                 /* no value at all */
        {"\x91\x63", 2},                             /* a message nobody knows */
        {"\x91\x06", 2},                             /* one that only servers send */
        {"\x90", 1},
    };
    for (size_t i = 0; i < sizeof liars / sizeof *liars; i++) {
        frame_of(&s->bytes, liars[i].bytes, liars[i].n);
        visit(s);
    }
    buf_add(&s->bytes, "\xff\xff\xff\xff", 4); /* a frame of 4 GiB */
    visit(s);
    buf_add(&s->bytes, "\x00\x00\x00\x00", 4); /* a frame of nothing */
    visit(s);
    s->leaving = true;
    buf_add(&s->bytes, "\x00\x00\x3f\xff\x91", 5); /* a frame that stays open */
    visit(s);
    s->leaving = false;
    size_t begun = frame_begin(&s->bytes);
    for (size_t i = 0; i < NESTED; i++)
        buf_u8(&s->bytes, 0x91);
    frame_end(&s->bytes, begun);
    visit(s);
}

/* Zeros that take some kilobytes packed and half a gigabyte unpacked. */
static void pack_zeros(struct buf *out)
{
    static uint8_t zeros[MIB];
    static uint8_t packed[MIB];
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    must(ctx != NULL);
    must(!ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, WINDOW_LOG)));
    for (int i = 1; i <= BOMB_MIB; i++) {
        ZSTD_inBuffer in = {zeros, sizeof zeros, 0};
        size_t left = 1;
        while (in.pos < in.size || (i == BOMB_MIB && left > 0)) {
            ZSTD_outBuffer to = {packed, sizeof packed, 0};
            left = ZSTD_compressStream2(ctx, &to, &in,
                                        i == BOMB_MIB ? ZSTD_e_end : ZSTD_e_continue);
            must(!ZSTD_isError(left));
            buf_add(out, packed, to.pos);
        }
    }
    (void)ZSTD_freeCCtx(ctx);
}

/* What a device says first, from its own replica. */
static void hello_of(const char *dir, struct hello *out)
{
    struct local local = {0};
    struct agent_job job = {.type = AGENT_JOB_HELLO};
    must(local_open(dir, 0, &local, NULL) == ERR_OK);
    agent_job_run(local.store, &job);
    must(job.err == ERR_OK);
    *out = job.hello;
    local_close(&local);
}

static void rude_pushes(struct stranger *s, const char *dir)
{
    struct hello hello;
    struct buf body = {0};
    hello_of(dir, &hello);
    struct push push = {.epoch = hello.epoch, .first_op = hello.op_last + 1, .count = 1};

    pack_zeros(&body);
    push.packed = true;
    push.body = buf_str(&body);
    message_hello(&s->bytes, &hello);
    message_push(&s->second, &push);
    visit(s);

    push.packed = false;
    push.body = STR("\x94\x01\xdd\xff\xff\xff\xff");
    message_hello(&s->bytes, &hello);
    message_push(&s->second, &push);
    visit(s);

    push.first_op = UINT64_MAX;
    push.count = UINT32_MAX;
    message_hello(&s->bytes, &hello);
    message_push(&s->second, &push);
    visit(s);

    message_hello(&s->bytes, &hello);
    message_hello(&s->second, &hello);
    visit(s);
    buf_done(&body);
}

static struct tls_config *identity(const char *dir, bool device)
{
    struct key key = {0};
    struct note why = {""};
    struct tls_config *tls = NULL;
    uint8_t pin[CERT_FINGERPRINT_BYTES];
    must(key_load(dir, &key, &why) == ERR_OK);
    must(cert_cert_fingerprint(buf_str(&key.ca), pin) == ERR_OK);
    struct tls_setup known = {
        .key = buf_str(&key.der), .cert = buf_str(&key.cert), .ca = buf_str(&key.ca)};
    struct tls_setup unknown = {.pin = pin};
    must(tls_config_new(device ? &known : &unknown, &tls, &why) == ERR_OK);
    key_done(&key);
    return tls;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    struct stranger s = {.host = argv[2], .port = (uint16_t)strtoul(argv[3], NULL, 10)};
    bool device = strcmp(argv[1], "device") == 0;
    crypt_start();
    must(loop_init(&s.loop) == ERR_OK);
    if (strcmp(argv[1], "noise") == 0) {
        noise(&s, (unsigned)strtoul(argv[4], NULL, 10));
    } else {
        s.tls = identity(argv[4], device);
        bombs(&s);
        if (device)
            rude_pushes(&s, argv[4]);
    }
    loop_done(&s.loop);
    tls_config_free(s.tls);
    buf_done(&s.bytes);
    buf_done(&s.second);
    printf("%u\n", s.connections);
    if (s.borne || s.unheard)
        (void)fputs("stranger: the server bore a bad frame, or did not answer a greeting\n",
                    stderr);
    return s.away || s.borne || s.unheard ? 1 : 0;
}
