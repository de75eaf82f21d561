/* SPDX-License-Identifier: Apache-2.0 */
/* How bytes of a content lie in the file.
 *
 * A leaf of SQLite's trees keeps the beginning of a long value in the cell, the rest in pages
 * of its own. Those are overwritten when they are freed; but a leaf that is put in order anew
 * keeps copies of what was in its cells in the gap between them, for as long as it lives. So
 * every chunk begins with zeros enough for any cell: no byte of a content ever is in a leaf. */
#include "store/content_inside.h"

enum { RENEW_ROWS = 32 };

static void led_bytes(struct buf *out, struct str bytes)
{
    static const uint8_t zeros[CONTENT_LEAD];
    buf_add(out, zeros, sizeof zeros);
    buf_add(out, bytes.p, bytes.n);
}

enum err content_chunk_add(struct content *c, int64_t cid, uint64_t at, struct str bytes)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_CHUNK_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    struct buf led = {0};
    led_bytes(&led, bytes);
    if (led.err == ERR_OK) {
        bind_int(stmt, 1, cid);
        bind_int(stmt, 2, (int64_t)at);
        bind_blob(stmt, 3, buf_str(&led));
        bind_int(stmt, 4, CONTENT_LEAD);
    }
    err = led.err == ERR_OK ? stmt_run(stmt) : led.err;
    buf_done(&led);
    return err;
}

struct str content_chunk_bytes(struct stmt *stmt, int bytes, int lead)
{
    struct str s = col_blob(stmt, bytes);
    int64_t skip = col_int(stmt, lead);
    if (skip < 0 || (uint64_t)skip > s.n)
        return (struct str){s.p, 0};
    return (struct str){s.p + skip, s.n - (size_t)skip};
}

/* ---- a file of before ---- */

struct renewal {
    struct stmt *next, *put;
    int64_t rowid; /* done through here */
    struct buf led;
};

/* The next chunk gets its zeros. NOTFOUND: there is none. */
static enum err renew_one(struct content *c, struct renewal *r)
{
    bind_int(r->next, 1, r->rowid);
    enum step step = stmt_step(r->next);
    bool has = true;
    buf_clear(&r->led);
    if (step == STEP_ROW) {
        r->rowid = col_int(r->next, 0);
        has = col_int(r->next, 2) > 0;
        led_bytes(&r->led, col_blob(r->next, 1));
    }
    stmt_reset(r->next);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(c->db) : ERR_NOTFOUND;
    if (has || r->led.err != ERR_OK)
        return r->led.err;
    bind_int(r->put, 1, r->rowid);
    bind_blob(r->put, 2, buf_str(&r->led));
    bind_int(r->put, 3, CONTENT_LEAD);
    return stmt_run(r->put);
}

static enum err renew_some(struct content *c, struct renewal *r)
{
    enum err err = content_begin(c);
    if (err != ERR_OK)
        return err;
    for (int i = 0; i < RENEW_ROWS && err == ERR_OK; i++)
        err = renew_one(c, r);
    bool last = err == ERR_NOTFOUND;
    err = content_end(c, last ? ERR_OK : err);
    return err == ERR_OK && last ? ERR_NOTFOUND : err;
}

static enum err renew_all(struct content *c)
{
    struct renewal r = {.rowid = INT64_MIN};
    enum err err = db_prepare(
        c->db, "SELECT rowid,bytes,lead FROM chunk WHERE rowid>?1 ORDER BY rowid LIMIT 1",
        &r.next);
    if (err == ERR_OK)
        err = db_prepare(c->db, "UPDATE chunk SET bytes=?2,lead=?3 WHERE rowid=?1", &r.put);
    while (err == ERR_OK)
        err = renew_some(c, &r);
    stmt_free(r.next);
    stmt_free(r.put);
    buf_done(&r.led);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err content_renew(struct content *c)
{
    int64_t led = 0;
    enum err err = content_fact_get(c, CONTENT_FACT_LED, &led);
    if (err != ERR_OK || led != 0)
        return err;
    err = renew_all(c);
    if (err == ERR_OK)
        err = db_exec(c->db, "VACUUM");
    if (err == ERR_OK)
        err = db_checkpoint(c->db);
    if (err == ERR_OK)
        err = content_begin(c);
    return err == ERR_OK ? content_end(c, content_fact_set(c, CONTENT_FACT_LED, 1)) : err;
}
