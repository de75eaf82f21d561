/* SPDX-License-Identifier: Apache-2.0 */
/* The only place that knows how mbedTLS 2.28 and 3.6 differ. Include it before any mbedtls
 * header. */
#ifndef IO_COMPAT_MBEDTLS_H
#define IO_COMPAT_MBEDTLS_H

/* 3.x hides struct fields behind a macro; the few we read (the state of a handshake, the last
 * alert, a ticket's session) have no getter and keep their names across both versions. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include "io/random.h"

#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

/* The library's random source: the kernel, each time. */
static inline int compat_rng(void *unused, unsigned char *out, size_t n)
{
    (void)unused;
    random_bytes(out, n);
    return 0;
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000

enum { COMPAT_TLS13 = 1, COMPAT_BAD_CERTIFICATE = MBEDTLS_ERR_SSL_BAD_CERTIFICATE };

static inline int compat_crypto_start(void)
{
    return psa_crypto_init() == PSA_SUCCESS ? 0 : -1;
}

static inline int compat_sha256_starts(mbedtls_sha256_context *ctx)
{
    return mbedtls_sha256_starts(ctx, 0);
}

static inline int compat_sha256_update(mbedtls_sha256_context *ctx, const unsigned char *p,
                                       size_t n)
{
    return mbedtls_sha256_update(ctx, p, n);
}

static inline int compat_sha256_finish(mbedtls_sha256_context *ctx, unsigned char *out)
{
    return mbedtls_sha256_finish(ctx, out);
}

static inline int compat_pk_parse_key(mbedtls_pk_context *pk, const unsigned char *der,
                                      size_t n)
{
    return mbedtls_pk_parse_key(pk, der, n, NULL, 0, compat_rng, NULL);
}

static inline int compat_pk_check_pair(mbedtls_pk_context *public, mbedtls_pk_context *private)
{
    return mbedtls_pk_check_pair(public, private, compat_rng, NULL);
}

static inline int compat_crt_set_serial(mbedtls_x509write_cert *crt, unsigned char *serial,
                                        size_t n)
{
    return mbedtls_x509write_crt_set_serial_raw(crt, serial, n);
}

/* TLS 1.2 and, unless only12, 1.3; suites, groups and signatures cut down to what Jalon uses:
 * ChaCha20-Poly1305 first, for laptops whose processor does no AES. */
static inline void compat_ssl_limits(mbedtls_ssl_config *conf, int only12)
{
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
                                      MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    static const uint16_t signatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                          MBEDTLS_TLS1_3_SIG_NONE};
    static const int suites[] = {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
                                 MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                 0};
    mbedtls_ssl_conf_ciphersuites(conf, suites);
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(conf, only12 ? MBEDTLS_SSL_VERSION_TLS1_2
                                                  : MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_groups(conf, groups);
    mbedtls_ssl_conf_sig_algs(conf, signatures);
    mbedtls_ssl_conf_tls13_key_exchange_modes(conf,
                                              MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
}

/* TLS 1.3 tickets forget who the client is: none are sent. */
static inline void compat_ssl_no_tls13_tickets(mbedtls_ssl_config *conf)
{
    mbedtls_ssl_conf_new_session_tickets(conf, 0);
}

static inline int compat_ssl_over(mbedtls_ssl_context *ssl)
{
    return mbedtls_ssl_is_handshake_over(ssl);
}

static inline int compat_is_new_ticket(int ret)
{
    return ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

static inline int compat_ssl_is_tls12(const mbedtls_ssl_context *ssl)
{
    return mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
}

/* Up to 3.6.5 a man in the middle could turn a ticket into a session without client
 * certificate; the library is shared, so the version that counts is the one loaded. */
static inline int compat_tickets_safe(void)
{
    return mbedtls_version_get_number() >= 0x03060600;
}

#else

enum { COMPAT_TLS13 = 0, COMPAT_BAD_CERTIFICATE = MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE };

static inline int compat_crypto_start(void)
{
    return 0;
}

static inline int compat_sha256_starts(mbedtls_sha256_context *ctx)
{
    return mbedtls_sha256_starts_ret(ctx, 0);
}

static inline int compat_sha256_update(mbedtls_sha256_context *ctx, const unsigned char *p,
                                       size_t n)
{
    return mbedtls_sha256_update_ret(ctx, p, n);
}

static inline int compat_sha256_finish(mbedtls_sha256_context *ctx, unsigned char *out)
{
    return mbedtls_sha256_finish_ret(ctx, out);
}

static inline int compat_pk_parse_key(mbedtls_pk_context *pk, const unsigned char *der,
                                      size_t n)
{
    return mbedtls_pk_parse_key(pk, der, n, NULL, 0);
}

static inline int compat_pk_check_pair(mbedtls_pk_context *public, mbedtls_pk_context *private)
{
    return mbedtls_pk_check_pair(public, private);
}

static inline int compat_crt_set_serial(mbedtls_x509write_cert *crt, unsigned char *serial,
                                        size_t n)
{
    mbedtls_mpi number;
    mbedtls_mpi_init(&number);
    int ret = mbedtls_mpi_read_binary(&number, serial, n);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_serial(crt, &number);
    mbedtls_mpi_free(&number);
    return ret;
}

/* 2.28 knows nothing above TLS 1.2. */
static inline void compat_ssl_limits(mbedtls_ssl_config *conf, int only12)
{
    static const mbedtls_ecp_group_id groups[] = {
        MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};
    static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};
    static const int suites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                 MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 0};
    (void)only12;
    mbedtls_ssl_conf_ciphersuites(conf, suites);
    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
                                 MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
                                 MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_curves(conf, groups);
    mbedtls_ssl_conf_sig_hashes(conf, hashes);
}

static inline void compat_ssl_no_tls13_tickets(mbedtls_ssl_config *conf)
{
    (void)conf;
}

static inline int compat_ssl_over(mbedtls_ssl_context *ssl)
{
    return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}

static inline int compat_is_new_ticket(int ret)
{
    (void)ret;
    return 0;
}

static inline int compat_ssl_is_tls12(const mbedtls_ssl_context *ssl)
{
    (void)ssl;
    return 1;
}

static inline int compat_tickets_safe(void)
{
    return 1;
}

#endif

#endif
