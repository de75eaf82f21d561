/* SPDX-License-Identifier: Apache-2.0 */
/* TLS as a filter between capped buffers: ciphertext on one side, plaintext on the other, no
 * socket.
 *
 * The owner's turn: bytes from the socket → tls_feed (at end of stream also tls_end), then
 * tls_step, then send what tls_out holds, even when tls_step returned an error (it may be the
 * alert that tells the peer why). Step again whenever input came, tls_out drained, plain_in
 * grew or plain_out was emptied. One thread (the loop's) for a configuration and all its
 * connections. */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "io/tls_config.h"
#include "proto/buf.h"

enum {
    TLS_IN_BYTES_MAX = 256 * 1024, /* ciphertext received and not yet decrypted */
    TLS_OUT_BYTES_MAX =
        256 * 1024, /* ciphertext waiting to be sent: above it nothing is encrypted */
};

/* What a client keeps to resume a TLS 1.2 session, in memory only: it holds a master secret. A
 * zeroed struct is empty. tls fills it after a handshake and empties it when one fails; it is
 * used only with the same CA and certificate it was made with. Outlives the connections given
 * it. */
struct tls_session {
    struct buf bytes;                         /* private to tls.c */
    uint8_t bound_to[CERT_FINGERPRINT_BYTES]; /* CA and own certificate of the handshake */
};
/* Wipe and free. */
void tls_session_done(struct tls_session *session);

struct tls;
/* resume: client only, may be NULL or empty. */
NODISCARD enum err tls_new(struct tls_config *cfg, struct tls_session *resume,
                           struct tls **out);
/* NULL is fine. Sends nothing: tls_shutdown first for an orderly end. */
void tls_free(struct tls *tls);

/* Append received ciphertext. ERR_LIMIT, with nothing taken, when n > tls_room. */
NODISCARD enum err tls_feed(struct tls *tls, const void *bytes, size_t n);
/* How many bytes tls_feed takes now: stop reading the socket when it is 0. */
size_t tls_room(const struct tls *tls);
/* The peer's stream has ended. Without a close_notify before it the next tls_step is
 * ERR_PROTOCOL: someone may have cut it. */
void tls_end(struct tls *tls);

/* Shake hands, decrypt into plain_out, encrypt from plain_in, until nothing more can move.
 * plain_in: what was encrypted is dropped from its front; until the handshake is over nothing
 * is touched. While tls_retry() > 0 the owner may only append to it. plain_out: appended to, up
 * to its cap; a full one stops reading: empty it and step again. OK: all well, for now.
 * ERR_CLOSED: the peer said goodbye; all it said before is in plain_out. ERR_IDENTITY (client):
 * not our server; nothing of plain_in was sent. ERR_REFUSED: the server does not accept the
 * client's certificate (both sides may see it). ERR_PROTOCOL: stream cut, bad record, no common
 * ground (version, suite, ALPN).   ERR_NOMEM. Errors stick. */
NODISCARD enum err tls_step(struct tls *tls, struct buf *plain_in, struct buf *plain_out);
/* Bytes at the front of plain_in that are encrypted already but wait for room in tls_out. */
size_t tls_retry(const struct tls *tls);
/* Ciphertext to send. The owner sends from the front and drops it, or takes the whole block by
 * swapping in an empty buffer. */
struct buf *tls_out(struct tls *tls);
/* Free the memory of its empty buffers, but for those of at most `kept` bytes. */
void tls_shrink(struct tls *tls, size_t kept);

/* Is the handshake over, with ALPN and identities right? */
bool tls_open(const struct tls *tls);
/* After tls_open: the fingerprint of the peer's key, also when resumed; false when the peer
 * showed no certificate (a client that enrols). The caller looks it up in its list every time.
 */
bool tls_peer_key(const struct tls *tls, uint8_t out[CERT_FINGERPRINT_BYTES]);
/* After tls_open, on a server: the peer's public key (CERT_PUBLIC_BYTES, of the connection)
 * when its certificate is of the former authority; NULL: of the present one, none, or resumed.
 */
const uint8_t *tls_peer_former(const struct tls *tls);
/* After tls_open, a client whose configuration allows it: did a relay of the site answer, and
 * not the server? */
bool tls_relay(const struct tls *tls);
/* After tls_open: was it a resumption? */
bool tls_resumed(const struct tls *tls);

/* Say goodbye: the next steps send what plain_in still holds, then close_notify. */
void tls_shutdown(struct tls *tls);
/* Has the close_notify gone into tls_out? Then send that and close the socket. */
bool tls_shut(const struct tls *tls);

#endif
