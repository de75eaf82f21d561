/* SPDX-License-Identifier: Apache-2.0 */
/* Who this device is, outside the database: its private key, its certificate, its server. */
#ifndef CLIENT_KEY_H
#define CLIENT_KEY_H

#include "io/address.h"
#include "proto/buf.h"

/* Files of the data folder, all mode 0600. */
#define KEY_FILE "device.key"       /* private key, DER; made before enrolment is asked for */
#define KEY_IDENTITY "device.id"    /* the rest of struct key; its presence means: enrolled */
#define KEY_NEXT "authority.next"   /* fingerprint of the next authority's key, 32 bytes */
#define KEY_WIPE_ORDER "wipe.order" /* a wipe has begun and must come to its end */
#define KEY_RECEIPT "wiped.receipt" /* … and has come to it: when, and nothing else */

enum { KEY_NETWORK_BYTES = 256, KEY_IDENTITY_BYTES_MAX = 16 * 1024 };

struct key {
    struct buf der;                  /* private key; wiped by key_done */
    struct buf cert;                 /* of this device, DER */
    struct buf ca;                   /* of the network, DER */
    struct buf next;                 /* fingerprint of the key of the authority that will follow
                                        that one; empty, and its p NULL: not told yet */
    struct buf dir;                  /* the folder it was loaded from, NUL-terminated */
    struct address server;           /* where to dial */
    char network[KEY_NETWORK_BYTES]; /* its name, for people */
};
/* Wipe and free; a zeroed struct is fine. */
void key_done(struct key *key);

/* The private key of this folder: the one it has, or a new one, durably written. The same key
 * is found again when enrolment was cut short, so that asking again gets the same answer. */
NODISCARD enum err key_make(const char *dir, struct buf *der, struct note *why);
/* Write what enrolment brought; from here on the device is enrolled. */
NODISCARD enum err key_save(const char *dir, const struct key *key, struct note *why);
/* NOTFOUND: not enrolled. CORRUPT: a file is damaged, or the key is missing. */
NODISCARD enum err key_load(const char *dir, struct key *out, struct note *why);

/* Take in what the server said of its authority (io/authority): the next one, and a certificate
 * of the one that followed, which the folder has from then on; `key`, as it was loaded, stays.
 * What is not signed by an authority this device knows, or is no certificate of its key, is
 * INVALID, and changes nothing. Blocks; one thread at a time. */
NODISCARD enum err key_learn(const struct key *key, struct str authority);
/* Is this the fingerprint of an authority this device knows: the present or the next one? */
bool key_believes(const struct key *key, const uint8_t pin[32]);

/* The coordinator wants the data gone: the order itself, then the key, then the database files
 * named (NULL-terminated, relative to dir), then the receipt, last the order. Nobody reads them
 * any more. */
NODISCARD enum err key_wipe(const char *dir, const char *const *files, struct note *why);
/* Was a wipe cut short? Then call key_wipe before anything else. */
bool key_wipe_due(const char *dir);
/* When the data of this folder was destroyed, ms since 1970; 0: never. CORRUPT: the receipt
 * says nothing. */
NODISCARD enum err key_receipt(const char *dir, int64_t *wiped_ms);

#endif
