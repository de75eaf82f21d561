/* SPDX-License-Identifier: Apache-2.0 */
#include "client/enrol.h"

#include "io/cert.h"
#include "io/dial.h"
#include "io/random.h"
#include "io/tls_config.h"
#include "proto/message.h"

enum { ANSWER_BYTES_MAX = 64 * 1024 };

/* One enrolment under way. */
struct enrolment {
    const struct invite *invite;
    struct loop loop;
    struct tls_config *tls;
    struct buf key; /* private key, DER */
    struct buf csr;
    uint8_t nonce[INVITE_NONCE_BYTES];
    uint8_t proof_key[INVITE_PROOF_BYTES];
    struct buf body; /* of the server's answer; `answer` points into it */
    struct message answer;
    bool answered;
    enum err err;
    struct note why;
};

static struct str view(const uint8_t *p, size_t n)
{
    return (struct str){(const char *)p, n};
}

static void ask(struct enrolment *e, struct conn *conn)
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
    conn_deadline(conn, ENROL_MS, 0);
}

/* The answer: ENROLLED, or BYE with a reason. */
static enum err take(struct enrolment *e, struct str body)
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
    struct enrolment *e = arg;
    struct str body = {NULL, 0};
    size_t used = 0;
    switch (event->kind) {
    case CONN_OPEN:
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
        conn_free(conn);
        break;
    }
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct enrolment *e = arg;
    (void)dial;
    (void)conn;
    if (err == ERR_OK)
        return;
    e->err = err;
    e->why = *why;
}

/* Dial, ask, and run the loop until the connection is gone. */
static enum err talk(struct enrolment *e, struct note *why)
{
    struct dial *dial = NULL;
    struct dial_cfg cfg = {.host = e->invite->server.host,
                           .port = e->invite->server.port,
                           .ms = ENROL_DIAL_MS,
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
static enum err check(const struct enrolment *e, const struct enrolled *m)
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
    good = good && cert_key_fingerprint(buf_str(&e->key), own) == ERR_OK &&
           cert_cert_fingerprint(m->cert, certified) == ERR_OK &&
           memcmp(own, certified, sizeof own) == 0;
    return good ? ERR_OK : ERR_IDENTITY;
}

/* As much of the text as there is room for, whole characters. */
static void copy_text(struct str text, char *out, size_t room)
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

/* The replica learns who it is; again the same is fine. */
static enum err enrol_store(struct store *s, const struct enrolled *m)
{
    struct store_identity identity = {.device = m->device,
                                      .epoch = m->epoch,
                                      .generation = m->generation,
                                      .staff = m->staff,
                                      .structure = m->structure,
                                      .history = m->history,
                                      .roles = m->roles};
    enum err err = store_enrol(s, &identity);
    if (err != ERR_EXISTS)
        return err;
    struct store_status status;
    err = store_status(s, &status);
    if (err == ERR_OK && (status.device != m->device || !id_eq(&status.history, &m->history)))
        err = ERR_EXISTS;
    return err;
}

/* Keep what the server answered: the replica first, for the identity file says "enrolled". */
static enum err keep(struct enrolment *e, const char *dir, struct store *s,
                     struct enrol_result *out, struct note *why)
{
    const struct enrolled *m = &e->answer.enrolled;
    struct key key = {.server = e->invite->server};
    enum err err = check(e, m);
    if (err == ERR_OK)
        err = enrol_store(s, m);
    if (err != ERR_OK)
        return err;
    copy_text(m->network, key.network, sizeof key.network);
    buf_add(&key.cert, m->cert.p, m->cert.n);
    buf_add(&key.ca, m->ca.p, m->ca.n);
    err = key.cert.err != ERR_OK ? key.cert.err : key.ca.err;
    if (err == ERR_OK)
        err = key_save(dir, &key, why);
    if (err == ERR_OK) {
        *out = (struct enrol_result){.device = m->device};
        copy_text(m->network, out->network, sizeof out->network);
        copy_text(m->staff_name, out->staff, sizeof out->staff);
    }
    key_done(&key);
    return err;
}

enum err enrol_run(const char *dir, struct store *s, const struct invite *invite,
                   struct enrol_result *out, struct note *why)
{
    struct enrolment e = {.invite = invite};
    struct tls_setup setup = {.pin = invite->ca};
    random_bytes(e.nonce, sizeof e.nonce);
    invite_proof_key(invite->secret, e.proof_key);
    enum err err = key_make(dir, &e.key, why);
    if (err == ERR_OK)
        err = cert_csr_new(buf_str(&e.key), &e.csr);
    if (err == ERR_OK)
        err = tls_config_new(&setup, &e.tls, why);
    if (err == ERR_OK)
        err = talk(&e, why);
    if (err == ERR_OK)
        err = keep(&e, dir, s, out, why);
    tls_config_free(e.tls);
    cert_key_done(&e.key);
    buf_done(&e.csr);
    buf_done(&e.body);
    mem_wipe(e.proof_key, sizeof e.proof_key);
    return err;
}
