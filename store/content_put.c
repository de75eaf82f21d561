/* SPDX-License-Identifier: Apache-2.0 */
/* What a person attaches, from the first byte to the last. */
#include "store/content_inside.h"

enum err content_put_begin(struct store *s, const struct id *doc, struct content_put *out)
{
    static const uint8_t none[SHA256_BYTES];
    struct content_put put = {.doc = *doc};
    enum err err = content_of(s, true, &put.c);
    if (err == ERR_OK)
        err = content_begin(put.c);
    if (err != ERR_OK)
        return err;
    err = content_blob_add(put.c, none, 0, &put.cid);
    if (err != ERR_OK)
        return content_end(put.c, err);
    sha256_init(&put.sha);
    *out = put;
    return ERR_OK;
}

static enum err put_chunk(struct content_put *put, size_t n)
{
    enum err err =
        content_chunk_add(put->c, put->cid, put->size, (struct str){(char *)put->chunk.p, n});
    sha256_add(&put->sha, put->chunk.p, n);
    put->size += n;
    buf_drop(&put->chunk, n);
    return err;
}

enum err content_put_add(struct content_put *put, struct str bytes)
{
    enum err err = ERR_OK;
    if (put->size + put->chunk.n + bytes.n > CONTENT_BYTES_MAX)
        return ERR_LIMIT;
    buf_add(&put->chunk, bytes.p, bytes.n);
    err = put->chunk.err;
    while (err == ERR_OK && put->chunk.n >= MESSAGE_CHUNK_BYTES)
        err = put_chunk(put, MESSAGE_CHUNK_BYTES);
    return err;
}

enum err content_put_end(struct content_put *put, uint8_t sha256[SHA256_BYTES])
{
    uint8_t got[SHA256_BYTES];
    enum err err = put->chunk.n > 0 ? put_chunk(put, put->chunk.n) : ERR_OK;
    if (err == ERR_OK && put->size == 0)
        err = ERR_INVALID;
    sha256_end(&put->sha, got);
    if (err == ERR_OK)
        err = content_settle(put->c, &put->cid, got, put->size);
    if (err == ERR_OK)
        err = content_doc_add(put->c, &put->doc, CONTENT_UNSENT, put->cid, got, put->size, 0);
    err = content_end(put->c, err);
    buf_done(&put->chunk);
    if (err == ERR_OK)
        memcpy(sha256, got, sizeof got);
    return err;
}

void content_put_abort(struct content_put *put)
{
    enum err err = content_end(put->c, ERR_CLOSED);
    (void)err; /* what was rolled back */
    buf_done(&put->chunk);
}
