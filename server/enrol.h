/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment: from an invitation and a proof of its secret to a device with a certificate. */
#ifndef SERVER_ENROL_H
#define SERVER_ENROL_H

#include "io/authority.h"
#include "io/invite.h"
#include "store/serve.h"

enum {
    ENROL_VALID_MS = 72 * 3600 * 1000, /* life of an invitation */
    RELAY_NAME_BYTES = 100,            /* of a relay's name */
};

/* The network's CA. Read only once made: any thread. */
struct enrol_ca {
    struct buf key;                      /* private key, DER */
    struct buf cert;                     /* CA certificate, DER */
    uint8_t pin[CERT_FINGERPRINT_BYTES]; /* SHA-256 of its public key */
    bool has_next;                       /* the authority that will follow is known: … */
    struct authority next;               /* … its key's fingerprint, signed by this one */
    struct buf former_cert; /* the one before, DER; empty: none. Its devices get new ones */
    struct buf former_key;  /* … and its private key until the overlap is over: for bundles */
};
/* From the bytes of key and certificate (copied). INVALID when they do not parse. */
NODISCARD enum err enrol_ca_init(struct enrol_ca *ca, struct str key, struct str cert);
/* Learn of the authority that will follow, from its certificate: what is signed here is told to
 * every device. INVALID: it is no certificate. */
NODISCARD enum err enrol_ca_next(struct enrol_ca *ca, struct str cert);
/* Append what WELCOME says of the authority to the device with this key; nothing when no next
 * one is known and nothing is to be renewed. former: its public key when its certificate is of
 * the former authority: it gets one of this one for the same key; else NULL. Any thread. */
NODISCARD enum err enrol_authority(const struct enrol_ca *ca, const uint8_t *former,
                                   const uint8_t key[CERT_FINGERPRINT_BYTES], struct buf *out);
/* Wipe and free; a zeroed struct is fine. */
void enrol_ca_done(struct enrol_ca *ca);

/* Make an invitation for a staff member: fills id, secret and pin of *out (the caller sets
 * where the server is, and wipes it); `random` is INVITE_ID_BYTES + INVITE_SECRET_BYTES fresh
 * bytes. Store's thread. NOTFOUND: no such live staff member. */
NODISCARD enum err enrol_invite(struct store *s, const struct enrol_ca *ca,
                                const struct id *staff, const uint8_t *random,
                                struct invite *out);
/* The same for a relay of this structure, under a name for people. */
NODISCARD enum err enrol_invite_relay(struct store *s, const struct enrol_ca *ca,
                                      const struct id *structure, struct str name,
                                      const uint8_t *random, struct invite *out);
/* Answer an ENROL: appends ENROLLED; the same request again gets the same answer. Store's
 * thread. REFUSED: unknown, expired, too many tries, wrong proof; EXISTS: used by another
 * device; INVALID, LIMIT: a bad certificate request. */
NODISCARD enum err enrol_answer(struct store *s, const struct enrol_ca *ca,
                                const struct enrol *request, struct buf *frames);

#endif
