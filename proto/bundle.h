/* SPDX-License-Identifier: Apache-2.0 */
/* The container of frames in a file: header, sealed segments, signature. Bytes in and out; keys
 * and ciphers belong to io/stick (PROTOCOL.md "Bundles" specifies it). */
#ifndef PROTO_BUNDLE_H
#define PROTO_BUNDLE_H

#include "proto/hash.h"
#include "proto/id.h"

enum {
    BUNDLE_VERSION = 1,
    BUNDLE_PUBLIC_BYTES = 91, /* SubjectPublicKeyInfo of a P-256 key */
    BUNDLE_HEAD_BYTES = 80 + BUNDLE_PUBLIC_BYTES,
    BUNDLE_NONCE_BYTES = 12,
    BUNDLE_TAG_BYTES = 16,            /* what sealing adds to a segment */
    BUNDLE_SEGMENT_BYTES = 64 * 1024, /* plain bytes of every segment but the last */
    BUNDLE_SEGMENT_HEAD_BYTES = 4,    /* last or not, and how long */
    BUNDLE_SEGMENTS_MAX = 30 * 1024,  /* 2 GB: any file system of a stick takes that */
    BUNDLE_SIGNATURE_BYTES = 64,      /* r and s */
};
#define BUNDLE_SEAL_LABEL "jalon bundle 1 seal"
#define BUNDLE_SIGN_LABEL "jalon bundle 1 sign"

enum bundle_kind { BUNDLE_TO_SERVER = 1, BUNDLE_TO_DEVICE = 2 };

/* What stands in the clear. */
struct bundle_head {
    enum bundle_kind kind;
    uint32_t device;                        /* number of the device that wrote, or is to read */
    struct id history;                      /* of the server */
    uint8_t file[16];                       /* random: tells one file from another */
    uint8_t recipient[SHA256_BYTES];        /* SHA-256 of the public key it is sealed to */
    uint8_t ephemeral[BUNDLE_PUBLIC_BYTES]; /* the other half of the seal, made for this file */
};

/* Why bytes are no bundle one may believe. */
enum bundle_fault {
    BUNDLE_SOUND,   /* they are one, as far as this was looked at */
    BUNDLE_FOREIGN, /* something else altogether */
    BUNDLE_NEWER,   /* of a later version */
    BUNDLE_CUT,     /* the end is missing: the copy was not finished */
    BUNDLE_DAMAGED, /* some byte is not what was written */
};

/* Append the header. */
void bundle_head_write(const struct bundle_head *head, struct buf *out);
/* Read the header at the front of what there is of the file. CUT: too few bytes. */
NODISCARD enum bundle_fault bundle_head_read(struct str file, struct bundle_head *out);

/* One sealed segment. */
struct bundle_segment {
    struct str head;   /* its BUNDLE_SEGMENT_HEAD_BYTES */
    struct str sealed; /* with its tag, in sequence behind the head */
    bool last;         /* the signature follows */
};
/* Append the head of a segment of `plain` bytes (1 … BUNDLE_SEGMENT_BYTES). */
void bundle_segment_begin(size_t plain, bool last, struct buf *out);
/* Take the next segment from the front of `in`; *used: bytes to drop, 0 when more are needed.
 * DAMAGED: no head of ours. Nothing is believed yet: its tag must hold. */
NODISCARD enum bundle_fault bundle_segment_next(struct str in, struct bundle_segment *out,
                                                size_t *used);
/* The nonce of segment `number` (from 0): order and end are part of the seal. */
void bundle_nonce(uint32_t number, bool last, uint8_t out[BUNDLE_NONCE_BYTES]);

/* What is signed: begin with the header's bytes, sha256_add all bytes of all segments, heads
 * included, and sha256_end. */
void bundle_sign_begin(struct sha256 *sha, struct str head);

/* The first frame of the plaintext, before the messages: who wrote. */
void bundle_card_write(const uint8_t public[BUNDLE_PUBLIC_BYTES], struct buf *out);
/* From the body of that frame. DAMAGED when it is no card. */
NODISCARD enum bundle_fault bundle_card_read(struct str body, uint8_t out[BUNDLE_PUBLIC_BYTES]);

#endif
