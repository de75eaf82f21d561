/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle in a file or in memory: written durably, sealed and signed; opened again only when
 * all of it is what was written (proto/bundle.h). */
#ifndef IO_STICK_H
#define IO_STICK_H

#include "io/cert.h"
#include "proto/bundle.h"

/* Everything here blocks: command line, database thread, or a thread of its own; one thread at
 * a time for each struct. Call crypt_start before. `why` (may be NULL) names the file and says
 * what to do. */

/* What a file is written for. */
struct stick_to {
    enum bundle_kind kind;
    uint32_t device; /* number of the device at either end */
    struct id history;
    const uint8_t *recipient; /* public key it is sealed to, CERT_PUBLIC_BYTES */
    struct str key;           /* private key that signs; outlives the writer */
};
struct stick_out;
/* Begin a file: it grows beside its place, as PATH.part. The writer ends in stick_finish or
 * stick_drop. EXISTS: something else than a bundle stands there; INVALID: a key is none; LIMIT,
 * NOMEM, and the errors of io/file. */
NODISCARD enum err stick_create(const char *path, const struct stick_to *to,
                                struct stick_out **out, struct note *why);
/* The same in memory: all of it is appended to `sink`, which outlives the writer and grows no
 * further than its cap (LIMIT). `name` stands for the file in what is said to people. */
NODISCARD enum err stick_create_in(struct buf *sink, const char *name,
                                   const struct stick_to *to, struct stick_out **out,
                                   struct note *why);
/* Append whole frames. LIMIT: the file would grow past what a stick takes. */
NODISCARD enum err stick_add(struct stick_out *out, struct str frames, struct note *why);
/* How many bytes of frames still fit. */
size_t stick_room(const struct stick_out *out);
/* Seal the end, sign, make it durable, give it its name; *bytes is its size. Frees the writer
 * whatever it returns; after an error there is no file. */
NODISCARD enum err stick_finish(struct stick_out *out, uint64_t *bytes, struct note *why);
/* Break off: no file. NULL is fine. */
void stick_drop(struct stick_out *out);

/* What a reader expects. */
struct stick_from {
    enum bundle_kind kind;
    struct id history;     /* of the server we belong to, or are */
    struct str key;        /* own private key; outlives the reader */
    const uint8_t *other;  /* fingerprint of another that may have; NULL: none */
    const uint8_t *signer; /* fingerprint of the one key that may have signed; NULL: any, the
                              caller looks it up */
};
struct stick_in;
/* Open and check the whole file, to its signature, before anything in it is believed. FORMAT:
 * no bundle, an unfinished copy, damaged; VERSION; USAGE: one for the other side; IDENTITY: of
 * another network, or sealed for another server; REFUSED: for another device, or not signed by
 * the server. */
NODISCARD enum err stick_open(const char *path, const struct stick_from *from,
                              struct stick_in **out, struct note *why);
/* The same from memory, which outlives the reader. */
NODISCARD enum err stick_open_in(struct str bytes, const char *name,
                                 const struct stick_from *from, struct stick_in **out,
                                 struct note *why);
/* NULL is fine. */
void stick_close(struct stick_in *in);
/* The device number the header names. */
uint32_t stick_device(const struct stick_in *in);
/* The public key that signed: CERT_PUBLIC_BYTES. */
const uint8_t *stick_signer(const struct stick_in *in);
/* The next frame, without its length: *body is valid until the next call; {NULL, 0} at the end.
 * FORMAT: the file is not the one that was checked any more. */
NODISCARD enum err stick_next(struct stick_in *in, struct str *body, struct note *why);
/* Back to the first frame. */
void stick_rewind(struct stick_in *in);

#endif
