/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls_config.h"

#include "io/cert_inside.h"
#include "io/crypt.h"
#include "io/tls_inside.h"
#include "proto/mem.h"

#include <assert.h>

static_assert((int)CRYPT_DIGEST_BYTES == (int)CERT_FINGERPRINT_BYTES,
              "a fingerprint is a digest");

static const mbedtls_x509_crt_profile profile = {
    .allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256),
    .allowed_pks =
        MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    .allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1),
    .rsa_min_bitlen = 0,
};

/* Which of two authorities stands above the leaf? The next one is known by its key only, so
 * that the library finds nobody to trust there; that it signed the leaf the library has seen.
 */
static void judge_top(struct tls_config *cfg, const mbedtls_x509_crt *top, uint32_t *flags)
{
    uint8_t key[CERT_FINGERPRINT_BYTES];
    if (cfg->server && cfg->ca.next != NULL)
        cfg->other = top->raw.len == cfg->ca.next->raw.len &&
                     memcmp(top->raw.p, cfg->ca.next->raw.p, top->raw.len) == 0;
    if (!cfg->server && cfg->has_next && tls_inside_key_of(top, key) &&
        memcmp(key, cfg->next, sizeof key) == 0)
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
}

/* Laptop clocks are wrong, and trust comes from the list of keys: dates do not count. Who takes
 * a relay for what it is lets its other name pass; all else about it must be right. */
static int on_verify(void *config, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct tls_config *cfg = config;
    if (cfg != NULL && depth == 1)
        judge_top(cfg, crt, flags);
    if (cfg != NULL && cfg->relay && !cfg->server && depth == 0 && cert_names_relay(crt))
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    return 0;
}

bool tls_inside_issued_by(mbedtls_x509_crt *leaf, mbedtls_x509_crt *ca, const char *name,
                          bool server)
{
    uint32_t flags = 0;
    if (mbedtls_x509_crt_verify_with_profile(leaf, ca, NULL, &profile, name, &flags, on_verify,
                                             NULL) != 0)
        return false;
    const char *eku = server ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
    return mbedtls_x509_crt_check_extended_key_usage(
               leaf, eku, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) == 0 &&
           mbedtls_x509_crt_check_key_usage(leaf, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) == 0;
}

bool tls_inside_key_of(const mbedtls_x509_crt *crt, uint8_t out[CERT_FINGERPRINT_BYTES])
{
    uint8_t public[CERT_PUBLIC_BYTES];
    if (cert_spki(crt->pk_raw.p, crt->pk_raw.len, public) != ERR_OK)
        return false;
    cert_fingerprint(public, out);
    return true;
}

/* Seal a session without its certificate, of which only the key's fingerprint is needed: that
 * takes the ticket, and so every resumed connection, from 1.2 KB to 0.8 KB. The fingerprint
 * travels in the field of the session id, which a ticket leaves unused. Only good clients get a
 * ticket; the library sends an empty one on error. */
static int on_ticket_write(void *arg, const mbedtls_ssl_session *session, unsigned char *start,
                           const unsigned char *end, size_t *n, uint32_t *lifetime)
{
    struct tls_config *cfg = arg;
    mbedtls_ssl_session slim = *session;
    static_assert(sizeof slim.id == CERT_FINGERPRINT_BYTES, "the fingerprint takes its place");
    if (session->peer_cert == NULL || session->verify_result != 0 ||
        !tls_inside_key_of(session->peer_cert, slim.id))
        return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
    slim.id_len = sizeof slim.id;
    slim.peer_cert = NULL;
    int ret = mbedtls_ssl_ticket_write(&cfg->ticket, &slim, start, end, n, lifetime);
    mem_wipe(&slim, sizeof slim);
    return ret;
}

static int on_ticket_parse(void *arg, mbedtls_ssl_session *session, unsigned char *p, size_t n)
{
    struct tls_config *cfg = arg;
    int ret = mbedtls_ssl_ticket_parse(&cfg->ticket, session, p, n);
    if (ret != 0)
        return ret;
    if (session->id_len != sizeof session->id || session->verify_result != 0)
        return MBEDTLS_ERR_SSL_INVALID_MAC;
    memcpy(cfg->ticket_key, session->id, sizeof session->id);
    cfg->ticket_taken = true;
    return 0;
}

static bool parse_cert(mbedtls_x509_crt *into, struct str der)
{
    return der.n > 0 && der.n <= CERT_BYTES_MAX &&
           mbedtls_x509_crt_parse_der(into, (const unsigned char *)der.p, der.n) == 0;
}

/* Load key, certificate and CA, and see that they belong together. */
static enum err load_identity(struct tls_config *cfg, const struct tls_setup *setup,
                              struct note *why)
{
    if (!cfg->pinned && !parse_cert(&cfg->ca, setup->ca))
        return note_set(why, ERR_INVALID, "the CA certificate is not readable");
    if (setup->key.n == 0)
        return ERR_OK;
    if (compat_pk_parse_key(&cfg->key, (const unsigned char *)setup->key.p, setup->key.n) != 0)
        return note_set(why, ERR_INVALID, "the private key is not readable");
    if (!parse_cert(&cfg->chain, setup->cert))
        return note_set(why, ERR_INVALID, "the certificate is not readable");
    if (compat_pk_check_pair(&cfg->chain.pk, &cfg->key) != 0)
        return note_set(why, ERR_INVALID, "the private key is not the certificate's");
    const char *own_name = setup->relay ? CERT_RELAY_NAME : CERT_SERVER_NAME;
    const char *name = setup->server ? own_name : NULL;
    if (!cfg->pinned && !tls_inside_issued_by(&cfg->chain, &cfg->ca, name, setup->server))
        return note_set(why, ERR_INVALID, "the CA did not issue this certificate for this use");
    if (setup->former.n > 0 && !parse_cert(&cfg->ca, setup->former))
        return note_set(why, ERR_INVALID, "the former CA certificate is not readable");
    if (setup->server && !parse_cert(&cfg->chain, setup->ca))
        return ERR_NOMEM;
    if (mbedtls_ssl_conf_own_cert(&cfg->ssl, &cfg->chain, &cfg->key) != 0)
        return ERR_NOMEM;
    struct str parts[] = {setup->ca, setup->cert};
    crypt_hmac_sha256(STR("session"), parts, 2, cfg->id);
    return ERR_OK;
}

static enum err set_tickets(struct tls_config *cfg)
{
    compat_ssl_no_tls13_tickets(&cfg->ssl);
    cfg->tickets = compat_tickets_safe() && cfg->chain.version != 0 && !cfg->pinned &&
                   !(cfg->server && cfg->relay);
    mbedtls_ssl_conf_session_tickets(&cfg->ssl, !cfg->server && cfg->tickets
                                                    ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                    : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    if (!cfg->server || !cfg->tickets)
        return ERR_OK;
    if (mbedtls_ssl_ticket_setup(&cfg->ticket, compat_rng, NULL, MBEDTLS_CIPHER_AES_256_GCM,
                                 TLS_TICKET_SECONDS) != 0)
        return ERR_NOMEM;
    mbedtls_ssl_conf_session_tickets_cb(&cfg->ssl, on_ticket_write, on_ticket_parse, cfg);
    return ERR_OK;
}

/* A client requires a certificate that leads to its CA. With a pin there is no CA to lead to
 * yet: the handshake lets any chain through, and `check_pin` judges it before anything is sent.
 * A server lets clients without certificate through, for enrolment, and `judge` refuses bad
 * ones. */
static void set_trust(struct tls_config *cfg)
{
    bool optional = cfg->server || cfg->pinned;
    mbedtls_ssl_conf_authmode(&cfg->ssl, optional ? MBEDTLS_SSL_VERIFY_OPTIONAL
                                                  : MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_cert_profile(&cfg->ssl, &profile);
    mbedtls_ssl_conf_verify(&cfg->ssl, on_verify, cfg);
    if (!cfg->pinned)
        mbedtls_ssl_conf_ca_chain(&cfg->ssl, &cfg->ca, NULL);
    if (cfg->server)
        mbedtls_ssl_conf_cert_req_ca_list(&cfg->ssl, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
}

enum err tls_config_new(const struct tls_setup *setup, struct tls_config **out,
                        struct note *why)
{
    static const char *protocols[] = {TLS_ALPN, NULL};
    bool pinned = setup->ca.n == 0;
    must(!setup->server || (setup->key.n > 0 && !pinned));
    must(setup->key.n == 0 || setup->cert.n > 0);
    must(pinned == (setup->pin != NULL));
    struct tls_config *cfg = mem_new(sizeof *cfg);
    if (cfg == NULL)
        return ERR_NOMEM;
    cfg->server = setup->server;
    cfg->relay = setup->relay;
    cfg->pinned = pinned;
    cfg->has_next = setup->next != NULL;
    if (cfg->has_next)
        memcpy(cfg->next, setup->next, sizeof cfg->next);
    if (pinned)
        memcpy(cfg->pin, setup->pin, sizeof cfg->pin);
    mbedtls_ssl_config_init(&cfg->ssl);
    mbedtls_x509_crt_init(&cfg->chain);
    mbedtls_x509_crt_init(&cfg->ca);
    mbedtls_pk_init(&cfg->key);
    mbedtls_ssl_ticket_init(&cfg->ticket);
    enum err err = ERR_NOMEM;
    if (mbedtls_ssl_config_defaults(
            &cfg->ssl, setup->server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
            MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        mbedtls_ssl_conf_alpn_protocols(&cfg->ssl, protocols) != 0)
        goto out;
    mbedtls_ssl_conf_rng(&cfg->ssl, compat_rng, NULL);
    compat_ssl_limits(&cfg->ssl, setup->only_tls12);
    mbedtls_ssl_conf_renegotiation(&cfg->ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
    err = load_identity(cfg, setup, why);
    if (err == ERR_OK)
        err = set_tickets(cfg);
    if (err != ERR_OK)
        goto out;
    set_trust(cfg);
    *out = cfg;
    return ERR_OK;
out:
    tls_config_free(cfg);
    return err;
}

void tls_config_free(struct tls_config *cfg)
{
    if (cfg == NULL)
        return;
    must(cfg->users == 0);
    mbedtls_ssl_ticket_free(&cfg->ticket);
    mbedtls_ssl_config_free(&cfg->ssl);
    mbedtls_x509_crt_free(&cfg->chain);
    mbedtls_x509_crt_free(&cfg->ca);
    mbedtls_pk_free(&cfg->key);
    mem_wipe(cfg->scratch, sizeof cfg->scratch);
    mem_free(cfg);
}
