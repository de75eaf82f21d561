/* SPDX-License-Identifier: Apache-2.0 */
#include "io/stick.h"

#include "io/crypt.h"
#include "io/file.h"
#include "io/random.h"
#include "proto/frame.h"
#include "proto/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The format and the ciphers speak of the same sizes. */
static_assert((int)BUNDLE_PUBLIC_BYTES == (int)CERT_PUBLIC_BYTES, "public keys");
static_assert((int)BUNDLE_TAG_BYTES == (int)CRYPT_TAG_BYTES, "tags");
static_assert((int)BUNDLE_NONCE_BYTES == (int)CRYPT_NONCE_BYTES, "nonces");
static_assert((int)BUNDLE_SIGNATURE_BYTES == (int)CERT_SIGNATURE_BYTES, "signatures");
static_assert((int)SHA256_BYTES == (int)CERT_FINGERPRINT_BYTES, "fingerprints");

/* A writer or reader of one file, as far as they are the same. */
struct seal {
    struct buf path;              /* NUL-terminated */
    int fd;                       /* -1: not open */
    struct buf head;              /* the header's bytes */
    uint8_t key[CRYPT_KEY_BYTES]; /* of this file's segments */
    uint32_t number;              /* of the next segment */
    struct sha256 sha;            /* of what is signed, so far */
};

struct stick_out {
    struct seal seal;
    struct buf part;   /* path while it grows, NUL-terminated */
    struct buf *sink;  /* the caller's memory in place of a file; NULL: a file */
    struct str signer; /* private key */
    struct buf plain;  /* not yet sealed */
    struct buf block;  /* a sealed segment on its way */
    uint64_t bytes;    /* written */
};

struct stick_in {
    struct seal seal;
    struct bundle_head head;
    uint8_t signer[CERT_PUBLIC_BYTES];
    struct buf sealed; /* read and not yet opened */
    struct str memory; /* read in place of a file; p NULL: a file */
    size_t memory_at;  /* of it, read through here */
    bool file_ended;   /* nothing is left to read */
    bool last;         /* the last segment was opened */
    struct buf plain;  /* opened */
    size_t at;         /* of it, frames were taken through here */
};

static enum err failed(struct note *why, const char *what, const char *path)
{
    int code = errno;
    enum err err = ERR_IO;
    if (code == ENOENT)
        err = ERR_NOTFOUND;
    else if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        err = ERR_FULL;
    char text[128];
    return note_set(why, err, N_("%.300s : %s (%s)"), path, note_text(what),
                    strerror_r(code, text, sizeof text));
}

static enum err copy_path(struct seal *s, const char *path)
{
    s->fd = -1;
    buf_text(&s->path, path);
    buf_u8(&s->path, 0);
    return s->path.err;
}

static const char *path_of(const struct seal *s)
{
    return (const char *)s->path.p;
}

/* The key of the segments: own secret and the other's public half, bound to the header. */
static enum err derive(struct seal *s, struct str key, const uint8_t public[CERT_PUBLIC_BYTES])
{
    uint8_t secret[CERT_SECRET_BYTES] = {0};
    enum err err = cert_agree(key, public, secret);
    if (err == ERR_OK)
        crypt_hkdf_sha256(buf_str(&s->head), (struct str){(const char *)secret, sizeof secret},
                          STR(BUNDLE_SEAL_LABEL), s->key);
    mem_wipe(secret, sizeof secret);
    return err;
}

static void seal_done(struct seal *s)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    mem_wipe(s->key, sizeof s->key);
    buf_done(&s->path);
    buf_done(&s->head);
}

/* ---- writing ---- */

static enum err write_all(struct stick_out *out, struct str bytes, struct note *why)
{
    if (out->sink != NULL) {
        buf_add(out->sink, bytes.p, bytes.n);
        out->bytes += bytes.n;
        return out->sink->err;
    }
    for (size_t done = 0; done < bytes.n;) {
        ssize_t n = write(out->seal.fd, bytes.p + done, bytes.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(why, N_("écriture impossible"), (const char *)out->part.p);
        done += (size_t)n;
    }
    out->bytes += bytes.n;
    return ERR_OK;
}

/* A key pair for this file alone; the public half goes into the header. */
static enum err write_head(struct stick_out *out, const struct stick_to *to, struct note *why)
{
    struct bundle_head head = {.kind = to->kind, .device = to->device, .history = to->history};
    struct buf own = {0};
    random_bytes(head.file, sizeof head.file);
    cert_fingerprint(to->recipient, head.recipient);
    enum err err = cert_key_new(&own);
    if (err == ERR_OK)
        err = cert_key_public(buf_str(&own), head.ephemeral);
    if (err == ERR_OK) {
        bundle_head_write(&head, &out->seal.head);
        err = out->seal.head.err;
    }
    if (err == ERR_OK)
        err = derive(&out->seal, buf_str(&own), to->recipient);
    cert_key_done(&own);
    if (err != ERR_OK)
        return err;
    bundle_sign_begin(&out->seal.sha, buf_str(&out->seal.head));
    return write_all(out, buf_str(&out->seal.head), why);
}

static enum err write_card(struct stick_out *out, struct note *why)
{
    uint8_t public[CERT_PUBLIC_BYTES];
    struct buf card = {0};
    enum err err = cert_key_public(out->signer, public);
    if (err == ERR_OK) {
        bundle_card_write(public, &card);
        err = card.err;
    }
    if (err == ERR_OK)
        err = stick_add(out, buf_str(&card), why);
    buf_done(&card);
    return err;
}

/* Is what stands in the place a bundle, of whatever version, or nothing? */
static enum err may_replace(const char *path, struct note *why)
{
    uint8_t begins[BUNDLE_HEAD_BYTES];
    struct bundle_head head;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, begins, sizeof begins) : errno == EACCES ? -1 : 0;
    if (fd >= 0)
        (void)close(fd);
    struct str bytes = {(const char *)begins, n < 0 ? 0 : (size_t)n};
    if (n >= 0 && bundle_head_read(bytes, &head) != BUNDLE_FOREIGN)
        return ERR_OK;
    return note_set(why, ERR_EXISTS,
                    N_("%.300s : il y a déjà là autre chose qu'un paquet ; choisissez un autre "
                       "nom"),
                    path);
}

static enum err open_part(struct stick_out *out, const char *path, struct note *why)
{
    enum err err = may_replace(path, why);
    if (err != ERR_OK)
        return err;
    const char *part = (const char *)out->part.p;
    out->seal.fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return out->seal.fd < 0 ? failed(why, N_("écriture impossible"), part) : ERR_OK;
}

/* sink: NULL for a file. */
static enum err create(struct buf *sink, const char *path, const struct stick_to *to,
                       struct stick_out **result, struct note *why)
{
    struct stick_out *out = mem_new(sizeof *out);
    if (out == NULL)
        return ERR_NOMEM;
    out->signer = to->key;
    out->sink = sink;
    enum err err = copy_path(&out->seal, path);
    buf_printf(&out->part, "%s.part", path);
    buf_u8(&out->part, 0);
    if (err == ERR_OK)
        err = out->part.err;
    if (err == ERR_OK && sink == NULL)
        err = open_part(out, path, why);
    if (err == ERR_OK)
        err = write_head(out, to, why);
    if (err == ERR_OK)
        err = write_card(out, why);
    if (err == ERR_OK)
        *result = out;
    else
        stick_drop(out);
    return err;
}

enum err stick_create(const char *path, const struct stick_to *to, struct stick_out **out,
                      struct note *why)
{
    return create(NULL, path, to, out, why);
}

enum err stick_create_in(struct buf *sink, const char *name, const struct stick_to *to,
                         struct stick_out **out, struct note *why)
{
    return create(sink, name, to, out, why);
}

static enum err write_segment(struct stick_out *out, size_t n, bool last, struct note *why)
{
    uint8_t nonce[CRYPT_NONCE_BYTES];
    struct seal *s = &out->seal;
    bundle_nonce(s->number, last, nonce);
    buf_clear(&out->block);
    bundle_segment_begin(n, last, &out->block);
    enum err err = out->block.err;
    if (err == ERR_OK)
        err =
            crypt_seal(s->key, nonce, (struct str){(const char *)out->plain.p, n}, &out->block);
    if (err != ERR_OK)
        return err;
    s->number++;
    buf_drop(&out->plain, n);
    sha256_add(&s->sha, out->block.p, out->block.n);
    return write_all(out, buf_str(&out->block), why);
}

size_t stick_room(const struct stick_out *out)
{
    size_t used = (size_t)out->seal.number * BUNDLE_SEGMENT_BYTES + out->plain.n;
    return (size_t)BUNDLE_SEGMENTS_MAX * BUNDLE_SEGMENT_BYTES - used;
}

enum err stick_add(struct stick_out *out, struct str frames, struct note *why)
{
    if (frames.n > stick_room(out))
        return note_set(why, ERR_LIMIT, N_("%.300s : paquet trop grand"), path_of(&out->seal));
    buf_add(&out->plain, frames.p, frames.n);
    enum err err = out->plain.err;
    /* One segment's worth stays: the last one must not be empty. */
    while (err == ERR_OK && out->plain.n > BUNDLE_SEGMENT_BYTES)
        err = write_segment(out, BUNDLE_SEGMENT_BYTES, false, why);
    return err;
}

static enum err sign(struct stick_out *out, struct note *why)
{
    uint8_t digest[SHA256_BYTES];
    uint8_t signature[BUNDLE_SIGNATURE_BYTES];
    sha256_end(&out->seal.sha, digest);
    enum err err = cert_sign(out->signer, digest, signature);
    if (err != ERR_OK)
        return err;
    return write_all(out, (struct str){(const char *)signature, sizeof signature}, why);
}

static void free_out(struct stick_out *out)
{
    seal_done(&out->seal);
    if (out->plain.p != NULL)
        mem_wipe(out->plain.p, out->plain.room);
    buf_done(&out->plain);
    buf_done(&out->block);
    buf_done(&out->part);
    mem_free(out);
}

enum err stick_finish(struct stick_out *out, uint64_t *bytes, struct note *why)
{
    const char *part = (const char *)out->part.p;
    enum err err = write_segment(out, out->plain.n, true, why);
    if (err == ERR_OK)
        err = sign(out, why);
    if (err == ERR_OK && out->sink == NULL) /* fsync, rename, fsync of the folder */
        err = file_move(part, path_of(&out->seal), why);
    if (err != ERR_OK) {
        stick_drop(out);
        return err;
    }
    *bytes = out->bytes;
    free_out(out);
    return ERR_OK;
}

void stick_drop(struct stick_out *out)
{
    if (out == NULL)
        return;
    if (out->seal.fd >= 0)
        (void)unlink((const char *)out->part.p);
    free_out(out);
}

/* ---- reading ---- */

static enum err faulty(const struct stick_in *in, enum bundle_fault fault, struct note *why)
{
    const char *path = path_of(&in->seal);
    switch (fault) {
    case BUNDLE_SOUND:
        return ERR_OK;
    case BUNDLE_FOREIGN:
        return note_set(why, ERR_FORMAT, N_("%.300s : ce n'est pas un paquet Jalon"), path);
    case BUNDLE_NEWER:
        return note_set(why, ERR_VERSION,
                        N_("%.300s : paquet écrit par un programme plus récent"), path);
    case BUNDLE_CUT:
        return note_set(why, ERR_FORMAT,
                        N_("%.300s : copie incomplète ; recopiez le fichier et recommencez"),
                        path);
    case BUNDLE_DAMAGED:
        break;
    }
    return note_set(why, ERR_FORMAT,
                    N_("%.300s : paquet abîmé ; recopiez le fichier, ou écrivez-en un nouveau"),
                    path);
}

/* At most `n` bytes more, for which there is room. */
static void fill_from_memory(struct stick_in *in, size_t n)
{
    size_t left = in->memory.n - in->memory_at;
    size_t take = n < left ? n : left;
    buf_add(&in->sealed, in->memory.p + in->memory_at, take);
    in->memory_at += take;
    in->file_ended = take == 0;
}

/* Read until `n` bytes are there or the file ends. */
static enum err fill(struct stick_in *in, size_t n, struct note *why)
{
    struct buf *buf = &in->sealed;
    while (buf->n < n && !in->file_ended) {
        if (!buf_reserve(buf, n - buf->n))
            return buf->err;
        if (in->memory.p != NULL) {
            fill_from_memory(in, n - buf->n);
            continue;
        }
        ssize_t got = read(in->seal.fd, buf->p + buf->n, n - buf->n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(why, N_("lecture impossible"), path_of(&in->seal));
        buf->n += (size_t)got;
        in->file_ended = got == 0;
    }
    return ERR_OK;
}

/* Is it ours to read, by what stands in the clear? */
static enum err addressed(const struct stick_in *in, const struct stick_from *from,
                          struct note *why)
{
    const char *path = path_of(&in->seal);
    uint8_t own[CERT_FINGERPRINT_BYTES];
    if (in->head.kind != from->kind && from->kind == BUNDLE_TO_SERVER)
        return note_set(why, ERR_USAGE,
                        N_("%.300s : c'est une réponse, à lire sur l'appareil : jalon bundle "
                           "read"),
                        path);
    if (in->head.kind != from->kind)
        return note_set(why, ERR_USAGE,
                        N_("%.300s : ce paquet va vers le serveur ; un appareil lit la réponse "
                           "à un paquet"),
                        path);
    if (!id_eq(&in->head.history, &from->history))
        return note_set(why, ERR_IDENTITY, N_("%.300s : paquet d'un autre réseau"), path);
    enum err err = cert_key_fingerprint(from->key, own);
    if (err != ERR_OK || memcmp(own, in->head.recipient, sizeof own) == 0)
        return err;
    if (from->kind == BUNDLE_TO_SERVER)
        return note_set(why, ERR_IDENTITY, N_("%.300s : scellé pour un autre serveur"), path);
    return note_set(why, ERR_REFUSED, N_("%.300s : scellé pour un autre appareil"), path);
}

static enum err read_head(struct stick_in *in, const struct stick_from *from, struct note *why)
{
    enum err err = fill(in, BUNDLE_HEAD_BYTES, why);
    if (err == ERR_OK)
        err = faulty(in, bundle_head_read(buf_str(&in->sealed), &in->head), why);
    if (err == ERR_OK)
        err = addressed(in, from, why);
    if (err != ERR_OK)
        return err;
    buf_add(&in->seal.head, in->sealed.p, BUNDLE_HEAD_BYTES);
    err = in->seal.head.err;
    if (err == ERR_OK)
        err = derive(&in->seal, from->key, in->head.ephemeral);
    return err == ERR_INVALID ? faulty(in, BUNDLE_DAMAGED, why) : err;
}

void stick_rewind(struct stick_in *in)
{
    in->memory_at = BUNDLE_HEAD_BYTES;
    /* A file that cannot go back will be found out by its first segment. */
    if (in->memory.p == NULL)
        (void)lseek(in->seal.fd, BUNDLE_HEAD_BYTES, SEEK_SET);
    in->seal.number = 0;
    in->file_ended = false;
    in->last = false;
    in->at = 0;
    buf_clear(&in->sealed);
    buf_clear(&in->plain);
    bundle_sign_begin(&in->seal.sha, buf_str(&in->seal.head));
}

/* Open the next segment behind the plaintext there is. */
static enum err open_segment(struct stick_in *in, struct note *why)
{
    struct bundle_segment segment;
    size_t used = 0;
    size_t most = BUNDLE_SEGMENT_HEAD_BYTES + BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES;
    enum err err = fill(in, most, why);
    if (err != ERR_OK)
        return err;
    enum bundle_fault fault = bundle_segment_next(buf_str(&in->sealed), &segment, &used);
    if (fault == BUNDLE_SOUND && used == 0)
        fault = BUNDLE_CUT;
    if (fault == BUNDLE_SOUND && in->seal.number >= BUNDLE_SEGMENTS_MAX)
        fault = BUNDLE_DAMAGED;
    if (fault != BUNDLE_SOUND)
        return faulty(in, fault, why);
    uint8_t nonce[CRYPT_NONCE_BYTES];
    bundle_nonce(in->seal.number, segment.last, nonce);
    err = crypt_open(in->seal.key, nonce, segment.sealed, &in->plain);
    if (err == ERR_FORMAT)
        return faulty(in, BUNDLE_DAMAGED, why);
    if (err != ERR_OK)
        return err;
    sha256_add(&in->seal.sha, in->sealed.p, used);
    in->seal.number++;
    in->last = segment.last;
    buf_drop(&in->sealed, used);
    return ERR_OK;
}

static enum err next(struct stick_in *in, struct str *body, struct note *why)
{
    for (;;) {
        struct str rest = buf_str(&in->plain);
        size_t used = 0;
        if (in->at > 0)
            rest = (struct str){rest.p + in->at, rest.n - in->at};
        *body = (struct str){NULL, 0};
        if (rest.n > 0 && frame_next(rest, FRAME_BYTES_MAX, body, &used) != ERR_OK)
            return faulty(in, BUNDLE_DAMAGED, why);
        in->at += used;
        if (used > 0 || (in->last && rest.n == 0))
            return ERR_OK;
        if (in->last)
            return faulty(in, BUNDLE_DAMAGED, why);
        buf_drop(&in->plain, in->at);
        in->at = 0;
        enum err err = open_segment(in, why);
        if (err != ERR_OK)
            return err;
    }
}

enum err stick_next(struct stick_in *in, struct str *body, struct note *why)
{
    enum err err = ERR_OK;
    if (in->seal.number == 0) /* the card comes first */
        err = next(in, body, why);
    return err == ERR_OK ? next(in, body, why) : err;
}

/* The signature ends the file. */
static enum err check_signature(struct stick_in *in, const struct stick_from *from,
                                struct note *why)
{
    uint8_t digest[SHA256_BYTES];
    uint8_t who[CERT_FINGERPRINT_BYTES];
    enum err err = fill(in, BUNDLE_SIGNATURE_BYTES + 1, why);
    if (err != ERR_OK)
        return err;
    if (in->sealed.n != BUNDLE_SIGNATURE_BYTES)
        return faulty(in, in->sealed.n < BUNDLE_SIGNATURE_BYTES ? BUNDLE_CUT : BUNDLE_DAMAGED,
                      why);
    sha256_end(&in->seal.sha, digest);
    if (cert_verify(in->signer, digest, in->sealed.p) != ERR_OK)
        return faulty(in, BUNDLE_DAMAGED, why);
    cert_fingerprint(in->signer, who);
    bool other = from->other != NULL && memcmp(who, from->other, sizeof who) == 0;
    if (from->signer != NULL && !other && memcmp(who, from->signer, sizeof who) != 0)
        return note_set(why, ERR_REFUSED,
                        N_("%.300s : ce n'est pas le serveur de ce réseau qui l'a signé"),
                        path_of(&in->seal));
    return ERR_OK;
}

/* From the first segment to the last byte. */
static enum err check_all(struct stick_in *in, const struct stick_from *from, struct note *why)
{
    struct str body = {NULL, 0};
    stick_rewind(in);
    enum err err = next(in, &body, why);
    if (err == ERR_OK)
        err = faulty(in, bundle_card_read(body, in->signer), why);
    while (err == ERR_OK && body.p != NULL)
        err = next(in, &body, why);
    if (err == ERR_OK)
        err = check_signature(in, from, why);
    if (err == ERR_OK)
        stick_rewind(in);
    return err;
}

/* memory.p: NULL for a file. */
static enum err open_from(struct str memory, const char *path, const struct stick_from *from,
                          struct stick_in **out, struct note *why)
{
    struct stick_in *in = mem_new(sizeof *in);
    if (in == NULL)
        return ERR_NOMEM;
    in->memory = memory;
    enum err err = copy_path(&in->seal, path);
    if (err == ERR_OK && memory.p == NULL) {
        in->seal.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (in->seal.fd < 0)
            err = failed(why, N_("lecture impossible"), path);
    }
    if (err == ERR_OK)
        err = read_head(in, from, why);
    if (err == ERR_OK)
        err = check_all(in, from, why);
    if (err == ERR_OK)
        *out = in;
    else
        stick_close(in);
    return err;
}

enum err stick_open(const char *path, const struct stick_from *from, struct stick_in **out,
                    struct note *why)
{
    return open_from((struct str){NULL, 0}, path, from, out, why);
}

enum err stick_open_in(struct str bytes, const char *name, const struct stick_from *from,
                       struct stick_in **out, struct note *why)
{
    if (bytes.n == 0) /* no bytes may well be no memory */
        bytes = STR("");
    return open_from(bytes, name, from, out, why);
}

void stick_close(struct stick_in *in)
{
    if (in == NULL)
        return;
    seal_done(&in->seal);
    if (in->plain.p != NULL)
        mem_wipe(in->plain.p, in->plain.room);
    buf_done(&in->plain);
    buf_done(&in->sealed);
    mem_free(in);
}

uint32_t stick_device(const struct stick_in *in)
{
    return in->head.device;
}

const uint8_t *stick_signer(const struct stick_in *in)
{
    return in->signer;
}
