/* SPDX-License-Identifier: Apache-2.0 */
#include "io/join.h"

#include "io/cert.h"
#include "io/dial.h"
#include "io/file.h"
#include "io/random.h"
#include "io/tls_config.h"
#include "proto/mem.h"

enum { ANSWER_BYTES_MAX = 64 * 1024 };

/* One under way. */
struct joining {
    const struct invite *invite;
    struct str key; /* private key, DER */
    struct loop loop;
    struct tls_config *tls;
    struct buf csr;
    uint8_t nonce[INVITE_NONCE_BYTES];
    uint8_t proof_key[INVITE_PROOF_BYTES];
    struct buf body; /* of the server's answer; `answer` points into it */
    struct message answer;
    bool answered;
    bool relay; /* a relay of the site answered: it makes nobody a member */
    enum err err;
    struct note why;
};

static struct str view(const uint8_t *p, size_t n)
{
    return (struct str){(const char *)p, n};
}

static void ask(struct joining *e, struct conn *conn)
{
    uint8_t proof[INVITE_PROOF_BYTES];
    struct enrol request = {.csr = buf_str(&e->csr),
                            .nonce = view(e->nonce, sizeof e->nonce),
                            .proof = view(proof, sizeof proof)};
    struct buf frame = {0};
    memcpy(request.invite.b, e->invite->id, INVITE_ID_BYTES);
    invite_proof_client(e->proof_key, e->invite->ca, request.csr, request.nonce, proof);
    message_enrol(&frame, &request);
    if (frame.err == ERR_OK)
        (void)conn_send(conn, frame.p, frame.n);
    else
        conn_close(conn, frame.err);
    buf_done(&frame);
    conn_deadline(conn, JOIN_MS, 0);
}

/* The answer: ENROLLED, or BYE with a reason. */
static enum err take(struct joining *e, struct str body)
{
    buf_add(&e->body, body.p, body.n);
    enum err err =
        e->body.err == ERR_OK ? message_read(buf_str(&e->body), &e->answer) : e->body.err;
    if (err != ERR_OK)
        return err;
    if (e->answer.type == MESSAGE_BYE)
        return e->answer.bye.err == ERR_OK ? ERR_CLOSED : e->answer.bye.err;
    if (e->answer.type != MESSAGE_ENROLLED)
        return ERR_PROTOCOL;
    e->answered = true;
    return ERR_OK;
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct joining *e = arg;
    struct str body = {NULL, 0};
    size_t used = 0;
    switch (event->kind) {
    case CONN_OPEN:
        e->relay = conn_peer_relay(conn);
        if (e->relay)
            conn_close(conn, ERR_OFFLINE);
        else
            ask(e, conn);
        break;
    case CONN_DATA: {
        enum err err = frame_next(event->data, ANSWER_BYTES_MAX, &body, &used);
        event->took = used;
        if (err == ERR_OK && used > 0)
            err = take(e, body);
        if (err != ERR_OK || used > 0)
            conn_close(conn, err);
        break;
    }
    case CONN_DRAINED:
        break;
    case CONN_CLOSED:
        if (!e->answered) {
            e->err = event->err == ERR_OK ? ERR_CLOSED : event->err;
            e->why = *event->note;
        }
        if (e->relay)
            e->err = note_set(&e->why, ERR_OFFLINE,
                              N_("le relais de ce site répond, mais sa ligne vers le serveur "
                                 "est coupée ; réessayez quand elle est revenue"));
        conn_free(conn);
        break;
    }
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct joining *e = arg;
    (void)dial;
    (void)conn;
    if (err == ERR_OK)
        return;
    e->err = err;
    e->why = *why;
}

/* Dial, ask, and run the loop until the connection is gone. */
static enum err talk(struct joining *e, struct note *why)
{
    struct dial *dial = NULL;
    struct dial_cfg cfg = {.host = e->invite->server.host,
                           .port = e->invite->server.port,
                           .ms = JOIN_DIAL_MS,
                           .conn = {.cb = on_conn, .arg = e, .tls = e->tls}};
    enum err err = loop_init(&e->loop);
    if (err != ERR_OK)
        return err;
    err = dial_start(&e->loop, &cfg, on_dial, e, &dial);
    if (err == ERR_OK)
        loop_run(&e->loop);
    loop_done(&e->loop);
    if (err == ERR_OK && !e->answered) {
        err = e->err;
        if (why != NULL)
            *why = e->why;
    }
    return err;
}

/* Is the answer from who knows the secret, and does it speak of our CA and our key? */
static enum err check(const struct joining *e, const struct enrolled *m)
{
    uint8_t proof[INVITE_PROOF_BYTES];
    uint8_t ca[CERT_FINGERPRINT_BYTES];
    uint8_t own[CERT_FINGERPRINT_BYTES];
    uint8_t certified[CERT_FINGERPRINT_BYTES];
    invite_proof_server(e->proof_key, e->invite->ca, m->cert, view(e->nonce, sizeof e->nonce),
                        proof);
    bool good = m->proof.n == sizeof proof && mem_differ(proof, m->proof.p, sizeof proof) == 0;
    good = good && cert_cert_fingerprint(m->ca, ca) == ERR_OK &&
           memcmp(ca, e->invite->ca, sizeof ca) == 0;
    good = good && cert_key_fingerprint(e->key, own) == ERR_OK &&
           cert_cert_fingerprint(m->cert, certified) == ERR_OK &&
           memcmp(own, certified, sizeof own) == 0;
    return good ? ERR_OK : ERR_IDENTITY;
}

enum err join_run(const struct invite *invite, struct str key, struct join *out,
                  struct note *why)
{
    struct joining e = {.invite = invite, .key = key};
    struct tls_setup setup = {.pin = invite->ca, .relay = true};
    random_bytes(e.nonce, sizeof e.nonce);
    invite_proof_key(invite->secret, e.proof_key);
    enum err err = cert_csr_new(key, &e.csr);
    if (err == ERR_OK)
        err = tls_config_new(&setup, &e.tls, why);
    if (err == ERR_OK)
        err = talk(&e, why);
    if (err == ERR_OK)
        err = check(&e, &e.answer.enrolled);
    tls_config_free(e.tls);
    buf_done(&e.csr);
    mem_wipe(e.proof_key, sizeof e.proof_key);
    if (err == ERR_OK)
        *out = (struct join){.answer = e.answer.enrolled, .body = e.body};
    else
        buf_done(&e.body);
    return err;
}

void join_done(struct join *join)
{
    buf_done(&join->body);
}

void join_text(struct str text, char *out, size_t room)
{
    size_t n = 0;
    size_t step = 0;
    do {
        n += step;
        step = str_utf8_step((struct str){text.p + n, text.n - n});
    } while (step > 0 && n + step < room);
    if (n > 0)
        memcpy(out, text.p, n);
    out[n] = '\0';
}

enum err join_code(const struct args *args, struct invite *out, struct note *why)
{
    struct buf code = {0};
    enum err err = ERR_OK;
    if (args->n == 1 && strcmp(args->word[0], "-") == 0)
        err = file_read("/dev/stdin", INVITE_CODE_BYTES_MAX, &code, why);
    for (size_t i = 0; err == ERR_OK && code.n == 0 && i < args->n; i++)
        buf_text(&code, args->word[i]);
    if (err == ERR_OK)
        err = code.err == ERR_OK ? invite_parse(buf_str(&code), out, why) : code.err;
    if (code.n > 0)
        mem_wipe(code.p, code.n);
    buf_done(&code);
    const char *server = args_value(args, "server");
    if (err == ERR_OK && server != NULL)
        err = address_parse(server, out->server.port, &out->server, why);
    return err;
}
