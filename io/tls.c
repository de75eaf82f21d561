/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls.h"

#include "io/cert_inside.h"
#include "io/tls_inside.h"
#include "proto/mem.h"

/* A turn of the library that neither takes input nor ends may happen a few times in a row (it
 * works off what it holds); this many means that it never will. */
enum { IDLE_TURNS_MAX = 64 };
/* Once tls_out was full, encrypt again only below this: few, large moves of plain_in. */
enum { OUT_BYTES_LOW = TLS_OUT_BYTES_MAX / 2 };

struct tls {
    mbedtls_ssl_context ssl;
    struct tls_config *cfg;     /* shared */
    struct tls_session *resume; /* the caller's; NULL when there is nothing to keep */
    struct buf in;              /* ciphertext received */
    size_t in_at;               /* how much of it the library has taken */
    struct buf out;             /* ciphertext to send */
    size_t retry;               /* length that the last write must be repeated with; 0 = none */
    enum err failed;            /* sticks */
    bool ended;                 /* no more input will come */
    bool out_full;              /* tls_out was full and has not been low since */
    bool offered;               /* client: a session was offered */
    bool full;                  /* the handshake exchanged keys: it is no resumption */
    bool open;                  /* handshake over and judged */
    bool closing;               /* tls_shutdown was called */
    bool shut;                  /* close_notify is in `out` */
    bool has_peer;              /* peer_key is known */
    bool relay;                 /* client: the peer is a relay */
    bool ticket_taken;          /* server: a ticket of ours was opened */
    bool former;                /* server: the peer's certificate is of the former authority */
    uint8_t peer_public[CERT_PUBLIC_BYTES];     /* valid when former */
    uint8_t peer_key[CERT_FINGERPRINT_BYTES];   /* valid when has_peer */
    uint8_t ticket_key[CERT_FINGERPRINT_BYTES]; /* the key the ticket was given to */
};

void tls_session_done(struct tls_session *session)
{
    if (session->bytes.p != NULL)
        mem_wipe(session->bytes.p, session->bytes.room);
    buf_done(&session->bytes);
}

/* The library sends: all of it or, when there is no room, nothing for now. */
static int on_send(void *arg, const unsigned char *bytes, size_t n)
{
    struct tls *tls = arg;
    if (tls->out_full && tls->out.n > OUT_BYTES_LOW)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    tls->out_full = tls->out.n > 0 && tls->out.n + n > TLS_OUT_BYTES_MAX;
    if (tls->out_full)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    buf_add(&tls->out, bytes, n);
    return tls->out.err == ERR_OK ? (int)n : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

/* The library receives; 0 tells it that the stream has ended. */
static int on_recv(void *arg, unsigned char *bytes, size_t n)
{
    struct tls *tls = arg;
    size_t left = tls->in.n - tls->in_at;
    if (left == 0)
        return tls->ended ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
    size_t take = n < left ? n : left;
    memcpy(bytes, tls->in.p + tls->in_at, take);
    tls->in_at += take;
    if (tls->in_at == tls->in.n) {
        buf_clear(&tls->in);
        tls->in_at = 0;
    }
    return (int)take;
}

/* Offer the session kept from before, if it was made with this CA and this certificate. One
 * that does not load is forgotten: a full handshake does it too. */
static enum err offer(struct tls *tls)
{
    struct tls_session *kept = tls->resume;
    if (kept == NULL || kept->bytes.n == 0)
        return ERR_OK;
    if (mem_differ(kept->bound_to, tls->cfg->id, sizeof kept->bound_to) != 0) {
        tls_session_done(kept);
        return ERR_OK;
    }
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    int ret = mbedtls_ssl_session_load(&session, kept->bytes.p, kept->bytes.n);
    if (ret == 0)
        ret = mbedtls_ssl_set_session(&tls->ssl, &session);
    mbedtls_ssl_session_free(&session);
    tls->offered = ret == 0;
    if (ret == MBEDTLS_ERR_SSL_ALLOC_FAILED)
        return ERR_NOMEM;
    if (ret != 0)
        tls_session_done(kept);
    return ERR_OK;
}

enum err tls_new(struct tls_config *cfg, struct tls_session *resume, struct tls **out)
{
    must(resume == NULL || !cfg->server);
    struct tls *tls = mem_new(sizeof *tls);
    if (tls == NULL)
        return ERR_NOMEM;
    tls->cfg = cfg;
    tls->resume = cfg->tickets ? resume : NULL;
    buf_init(&tls->in, TLS_IN_BYTES_MAX);
    cfg->users++;
    mbedtls_ssl_init(&tls->ssl);
    if (mbedtls_ssl_setup(&tls->ssl, &cfg->ssl) != 0)
        goto nomem;
    /* Without a name 2.28 accepts any certificate of the CA, a device's too (CVE-2025-27809).
     */
    if (!cfg->server && mbedtls_ssl_set_hostname(&tls->ssl, CERT_SERVER_NAME) != 0)
        goto nomem;
    mbedtls_ssl_set_bio(&tls->ssl, tls, on_send, on_recv, NULL);
    if (offer(tls) != ERR_OK)
        goto nomem;
    *out = tls;
    return ERR_OK;
nomem:
    tls_free(tls);
    return ERR_NOMEM;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    mbedtls_ssl_free(&tls->ssl);
    buf_done(&tls->in);
    buf_done(&tls->out);
    tls->cfg->users--;
    mem_wipe(tls, sizeof *tls);
    mem_free(tls);
}

size_t tls_room(const struct tls *tls)
{
    return TLS_IN_BYTES_MAX - (tls->in.n - tls->in_at);
}

enum err tls_feed(struct tls *tls, const void *bytes, size_t n)
{
    if (n > tls_room(tls))
        return ERR_LIMIT;
    if (tls->in_at > 0 && n > TLS_IN_BYTES_MAX - tls->in.n) {
        buf_drop(&tls->in, tls->in_at);
        tls->in_at = 0;
    }
    buf_add(&tls->in, bytes, n);
    return tls->in.err;
}

void tls_end(struct tls *tls)
{
    tls->ended = true;
}

static enum err err_of_alert(const struct tls *tls)
{
    enum { ALERT_ACCESS_DENIED = MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED };
    /* Before the handshake is over anyone on the way could have written it. */
    if (tls->open && !tls->cfg->server && tls->ssl.in_msg[1] == ALERT_ACCESS_DENIED)
        return ERR_REFUSED;
    return ERR_PROTOCOL;
}

/* The one place that turns the library's codes into ours; WANT_* are handled before. */
static enum err err_of(const struct tls *tls, int ret)
{
    switch (ret) {
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return ERR_CLOSED;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        return err_of_alert(tls);
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
    case MBEDTLS_ERR_MD_ALLOC_FAILED:
    case MBEDTLS_ERR_CIPHER_ALLOC_FAILED:
        return ERR_NOMEM;
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
    case MBEDTLS_ERR_X509_FATAL_ERROR:
    case COMPAT_BAD_CERTIFICATE:
        return tls->cfg->server ? ERR_PROTOCOL : ERR_IDENTITY;
    default:
        return ERR_PROTOCOL;
    }
}

/* After WANT_READ: is another turn due at once, because input is left? 3.6 says WANT_READ after
 * each message it dealt with itself. `at` and `idle` belong to one loop. */
static enum err more_input(const struct tls *tls, size_t *left, int *idle, bool *more)
{
    size_t now = tls->in.n - tls->in_at;
    *idle = now == *left ? *idle + 1 : 0;
    *left = now;
    *more = now > 0;
    return *more && *idle > IDLE_TURNS_MAX ? ERR_PROTOCOL : ERR_OK;
}

/* Take the handshake as far as input and output allow. */
static enum err shake(struct tls *tls)
{
    size_t left = 0;
    int idle = 0;
    bool more = true;
    enum err err = ERR_OK;
    while (err == ERR_OK && more && !compat_ssl_over(&tls->ssl)) {
        /* Both sides pass this state in a full TLS 1.2 handshake, and in no other. */
        if (tls->ssl.state == MBEDTLS_SSL_CLIENT_KEY_EXCHANGE)
            tls->full = true;
        int ret = mbedtls_ssl_handshake_step(&tls->ssl);
        if (ret == MBEDTLS_ERR_SSL_WANT_READ)
            err = more_input(tls, &left, &idle, &more);
        else if (ret == MBEDTLS_ERR_SSL_WANT_WRITE)
            more = false;
        else if (ret != 0 && !compat_is_new_ticket(ret))
            err = err_of(tls, ret);
    }
    return err;
}

/* The chain must be a leaf and a CA with the pinned key, and that CA must have issued the leaf
 * for a server of the fixed name. What else the CA's certificate says does not matter: only the
 * holder of the pinned key can have signed the leaf. */
static enum err check_pin(const struct tls *tls)
{
    const mbedtls_x509_crt *leaf = mbedtls_ssl_get_peer_cert(&tls->ssl);
    if (leaf == NULL || leaf->next == NULL || leaf->next->next != NULL)
        return ERR_IDENTITY;
    uint8_t key[CERT_FINGERPRINT_BYTES];
    if (!tls_inside_key_of(leaf->next, key) || mem_differ(key, tls->cfg->pin, sizeof key) != 0)
        return ERR_IDENTITY;
    mbedtls_x509_crt own;
    mbedtls_x509_crt top;
    mbedtls_x509_crt_init(&own);
    mbedtls_x509_crt_init(&top);
    enum err err = ERR_IDENTITY;
    if (mbedtls_x509_crt_parse_der(&own, leaf->raw.p, leaf->raw.len) == 0 &&
        mbedtls_x509_crt_parse_der(&top, leaf->next->raw.p, leaf->next->raw.len) == 0 &&
        (tls_inside_issued_by(&own, &top, CERT_SERVER_NAME, true) ||
         (tls->cfg->relay && tls_inside_issued_by(&own, &top, CERT_RELAY_NAME, true))))
        err = ERR_OK;
    mbedtls_x509_crt_free(&own);
    mbedtls_x509_crt_free(&top);
    return err;
}

/* Keep the session for the next connection; without it that one costs a full handshake, so that
 * a failure here is none. */
static void keep_session(struct tls *tls)
{
    struct tls_session *kept = tls->resume;
    if (kept == NULL || tls_resumed(tls))
        return;
    tls_session_done(kept);
    if (!compat_ssl_is_tls12(&tls->ssl))
        return;
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    size_t n = 0;
    if (mbedtls_ssl_get_session(&tls->ssl, &session) == 0 && session.ticket_len > 0 &&
        mbedtls_ssl_session_save(&session, NULL, 0, &n) == MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL &&
        buf_reserve(&kept->bytes, n) &&
        mbedtls_ssl_session_save(&session, kept->bytes.p, n, &n) == 0) {
        kept->bytes.n = n;
        memcpy(kept->bound_to, tls->cfg->id, sizeof kept->bound_to);
    }
    mbedtls_ssl_session_free(&session);
}

/* Who is the peer of a full handshake? A server's answer may be: nobody yet. */
static enum err judge_peer(struct tls *tls)
{
    enum err bad = tls->cfg->server ? ERR_REFUSED : ERR_IDENTITY;
    const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&tls->ssl);
    if (crt == NULL)
        return tls->cfg->server ? ERR_OK : bad;
    if (tls->cfg->pinned) {
        enum err err = check_pin(tls);
        if (err != ERR_OK)
            return err;
    } else if (mbedtls_ssl_get_verify_result(&tls->ssl) != 0) {
        return bad;
    }
    tls->has_peer = tls_inside_key_of(crt, tls->peer_key);
    if (tls->has_peer && cert_spki(crt->pk_raw.p, crt->pk_raw.len, tls->peer_public) != ERR_OK)
        tls->has_peer = false;
    tls->relay = !tls->cfg->server && cert_names_relay(crt);
    return tls->has_peer ? ERR_OK : bad;
}

/* The handshake is over: decide whether this connection may be used. */
static enum err judge(struct tls *tls)
{
    const char *alpn = mbedtls_ssl_get_alpn_protocol(&tls->ssl);
    if (alpn == NULL || strcmp(alpn, TLS_ALPN) != 0)
        return ERR_PROTOCOL;
    /* Short handshakes only where we know why: ours was offered, or came back. */
    bool resumed = tls_resumed(tls);
    if (resumed && !tls->offered && !tls->ticket_taken)
        return ERR_PROTOCOL;
    if (!resumed || !tls->cfg->server)
        return judge_peer(tls);
    /* The library has no certificate to show after a resumption: the key was in the ticket. */
    memcpy(tls->peer_key, tls->ticket_key, sizeof tls->peer_key);
    tls->has_peer = true;
    return ERR_OK;
}

static enum err open_up(struct tls *tls)
{
    tls->cfg->ticket_taken = false;
    tls->cfg->other = false;
    enum err err = shake(tls);
    tls->former = tls->former || tls->cfg->other;
    if (tls->cfg->ticket_taken) {
        tls->ticket_taken = true;
        memcpy(tls->ticket_key, tls->cfg->ticket_key, sizeof tls->ticket_key);
    }
    if (err != ERR_OK || !compat_ssl_over(&tls->ssl))
        return err;
    err = judge(tls);
    if (err != ERR_OK) {
        /* A courtesy to the peer; when it does not fit, the closed socket says it too. */
        (void)mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
        return err;
    }
    tls->open = true;
    keep_session(tls);
    return ERR_OK;
}

/* Decrypt until the library wants input and there is none, or plain_out is full. */
static enum err pull(struct tls *tls, struct buf *plain_out)
{
    size_t max = plain_out->max == 0 ? MEM_BLOCK_BYTES_MAX : plain_out->max;
    size_t left = 0;
    int idle = 0;
    bool more = true;
    enum err err = plain_out->err;
    while (err == ERR_OK && more && plain_out->n < max) {
        size_t n = max - plain_out->n;
        if (n > sizeof tls->cfg->scratch)
            n = sizeof tls->cfg->scratch;
        int ret = mbedtls_ssl_read(&tls->ssl, tls->cfg->scratch, n);
        if (ret > 0) {
            buf_add(plain_out, tls->cfg->scratch, (size_t)ret);
            err = plain_out->err;
        } else if (ret == MBEDTLS_ERR_SSL_WANT_READ) {
            err = more_input(tls, &left, &idle, &more);
        } else if (ret == MBEDTLS_ERR_SSL_WANT_WRITE) {
            more = false;
        } else if (!compat_is_new_ticket(ret)) {
            err = err_of(tls, ret);
        }
    }
    return err;
}

/* Encrypt until plain_in is empty or tls_out full. */
static enum err push(struct tls *tls, struct buf *plain_in)
{
    enum err err = ERR_OK;
    size_t at = 0;
    must(plain_in->n >= tls->retry);
    while (err == ERR_OK && at < plain_in->n) {
        /* After WANT_WRITE the record is made already: only the same length again is right. */
        size_t n = tls->retry > 0 ? tls->retry : plain_in->n - at;
        if (n > TLS_RECORD_BYTES)
            n = TLS_RECORD_BYTES;
        int ret = mbedtls_ssl_write(&tls->ssl, plain_in->p + at, n);
        if (ret == MBEDTLS_ERR_SSL_WANT_WRITE) {
            tls->retry = n;
            break;
        }
        tls->retry = 0;
        if (ret > 0)
            at += (size_t)ret;
        else
            err = err_of(tls, ret);
    }
    buf_drop(plain_in, at);
    return err;
}

static enum err say_goodbye(struct tls *tls)
{
    int ret = mbedtls_ssl_close_notify(&tls->ssl);
    if (ret == MBEDTLS_ERR_SSL_WANT_WRITE)
        return ERR_OK;
    tls->shut = true;
    return ret == 0 ? ERR_OK : err_of(tls, ret);
}

static enum err pump(struct tls *tls, struct buf *plain_in, struct buf *plain_out)
{
    if (!tls->open) {
        enum err err = open_up(tls);
        if (err != ERR_OK || !tls->open) {
            tls->shut = tls->closing;
            return err;
        }
    }
    enum err err = pull(tls, plain_out);
    if (err == ERR_CLOSED && tls->retry == 0 && !tls->shut)
        (void)say_goodbye(tls);
    if (err != ERR_OK || tls->shut)
        return err;
    err = push(tls, plain_in);
    if (err == ERR_OK && tls->closing && plain_in->n == 0)
        err = say_goodbye(tls);
    return err;
}

enum err tls_step(struct tls *tls, struct buf *plain_in, struct buf *plain_out)
{
    if (tls->failed != ERR_OK)
        return tls->failed;
    tls->failed = pump(tls, plain_in, plain_out);
    /* Whatever was wrong, the next try does not depend on an old session. */
    if (tls->failed != ERR_OK && !tls->open && tls->resume != NULL)
        tls_session_done(tls->resume);
    return tls->failed;
}

size_t tls_retry(const struct tls *tls)
{
    return tls->retry;
}

struct buf *tls_out(struct tls *tls)
{
    return &tls->out;
}

static void shrink(struct buf *buf, size_t kept)
{
    if (buf->n == 0 && buf->room > kept)
        buf_done(buf);
}

void tls_shrink(struct tls *tls, size_t kept)
{
    shrink(&tls->in, kept);
    shrink(&tls->out, kept);
}

bool tls_open(const struct tls *tls)
{
    return tls->open;
}

bool tls_peer_key(const struct tls *tls, uint8_t out[CERT_FINGERPRINT_BYTES])
{
    if (!tls->open || !tls->has_peer)
        return false;
    memcpy(out, tls->peer_key, sizeof tls->peer_key);
    return true;
}

const uint8_t *tls_peer_former(const struct tls *tls)
{
    return tls->open && tls->has_peer && tls->former ? tls->peer_public : NULL;
}

bool tls_relay(const struct tls *tls)
{
    return tls->open && tls->relay;
}

bool tls_resumed(const struct tls *tls)
{
    return compat_ssl_is_tls12(&tls->ssl) && !tls->full;
}

void tls_shutdown(struct tls *tls)
{
    tls->closing = true;
}

bool tls_shut(const struct tls *tls)
{
    return tls->shut;
}
