/* SPDX-License-Identifier: Apache-2.0 */
/* The engine finds its tables by a list that lies in the file too. Where that does not read,
 * what only this replica has is known by its shape: records in leaves of tables, operations by
 * their hash. The file format is the engine's documented and frozen one. */
#include "store/mend_inside.h"

#include "proto/op.h"

enum {
    PAGE = 4096, /* as db_open leaves it */
    HEADER = 100,
    INDEX = 0x02,
    TABLE = 0x05,
    INDEX_LEAF = 0x0a,
    LEAF = 0x0d,
    WAL_HEADER = 32,
    FRAME = 24 + PAGE,
    PAGES_MAX = 4 * 1024 * 1024,
    RECORD_BYTES_MAX = OP_BYTES_MAX + 4096,
    META_CELLS_MIN = 8 /* fewer are no table `meta` in use */
};

struct carve {
    struct mend *m;
    struct db_bytes *file, *wal; /* wal NULL: none */
    uint32_t pages;              /* there may be, counted from 1 */
    uint32_t *frames;            /* by page: its last committed frame in the log, from 1 */
    bool *free;                  /* by page: unused by the database */
    uint64_t usable;             /* bytes of a page that the engine uses */
    struct buf record;           /* one, put together */
    bool meta;                   /* this round takes what a replica knows of itself */
};

static uint32_t be(const uint8_t *p, int n)
{
    uint32_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

/* ---- pages ---- */

/* As the last commit left it; false: it does not read. */
static bool page_read(struct carve *c, uint32_t no, uint8_t out[PAGE])
{
    if (no == 0 || no > c->pages)
        return false;
    if (c->frames[no] != 0)
        return db_bytes_read(c->wal, WAL_HEADER + (uint64_t)(c->frames[no] - 1) * FRAME + 24,
                             PAGE, out) == ERR_OK;
    return db_bytes_read(c->file, (uint64_t)(no - 1) * PAGE, PAGE, out) == ERR_OK;
}

/* Frames of the log's present round, through its last commit. `apply`: note them; else only
 * where that commit is, and the highest page. */
static uint32_t read_log(struct carve *c, uint32_t frames, bool apply, uint32_t *highest)
{
    uint8_t head[WAL_HEADER];
    uint8_t frame[24];
    uint32_t last = 0;
    if (db_bytes_read(c->wal, 0, sizeof head, head) != ERR_OK)
        return 0;
    for (uint32_t i = 0; i < frames; i++) {
        if (db_bytes_read(c->wal, WAL_HEADER + (uint64_t)i * FRAME, sizeof frame, frame) !=
                ERR_OK ||
            memcmp(frame + 8, head + 16, 8) != 0)
            break;
        uint32_t no = be(frame, 4);
        if (no == 0 || no > PAGES_MAX)
            break;
        *highest = no > *highest ? no : *highest;
        if (apply)
            c->frames[no] = i + 1;
        if (be(frame + 4, 4) != 0)
            last = i + 1;
    }
    return last;
}

static enum err open_pages(struct carve *c)
{
    uint64_t bytes = 0;
    uint64_t log = 0;
    uint32_t highest = 0;
    enum err err = db_bytes_size(c->file, &bytes);
    if (err != ERR_OK)
        return err;
    if (c->wal != NULL && db_bytes_size(c->wal, &log) != ERR_OK)
        log = 0;
    uint64_t frames = log < WAL_HEADER ? 0 : (log - WAL_HEADER) / FRAME;
    frames = frames > PAGES_MAX ? PAGES_MAX : frames;
    uint32_t committed = frames == 0 ? 0 : read_log(c, (uint32_t)frames, false, &highest);
    uint64_t pages = bytes / PAGE > highest ? bytes / PAGE : highest;
    c->pages = pages > PAGES_MAX ? PAGES_MAX : (uint32_t)pages;
    c->frames = mem_array((size_t)c->pages + 1, sizeof *c->frames);
    c->free = mem_array((size_t)c->pages + 1, sizeof *c->free);
    if (c->frames == NULL || c->free == NULL)
        return ERR_NOMEM;
    if (committed > 0)
        (void)read_log(c, committed, true, &highest);
    return ERR_OK;
}

/* What lies on unused pages was deleted. The list of them is believed as far as it reads. */
static void note_free(struct carve *c)
{
    uint8_t page[PAGE];
    if (!page_read(c, 1, page) || memcmp(page, "SQLite format 3", 16) != 0)
        return;
    uint32_t trunk = be(page + 32, 4);
    for (uint32_t i = 0; i < c->pages && trunk != 0 && page_read(c, trunk, page); i++) {
        c->free[trunk] = true;
        uint32_t leaves = be(page + 4, 4);
        for (uint32_t k = 0; k < leaves && k < PAGE / 4 - 2; k++) {
            uint32_t no = be(page + 8 + 4 * k, 4);
            if (no <= c->pages)
                c->free[no] = true;
        }
        trunk = be(page, 4);
    }
}

/* ---- records ---- */

/* At most nine bytes; 0 and *at past the end when there are too few. */
static uint64_t varint(const uint8_t *p, size_t n, size_t *at)
{
    uint64_t v = 0;
    for (int i = 0; i < 9 && *at < n; i++) {
        uint8_t byte = p[(*at)++];
        if (i == 8)
            return v << 8 | byte;
        v = v << 7 | (byte & 0x7f);
        if (byte < 0x80)
            return v;
    }
    *at = n + 1;
    return 0;
}

/* Put the record of the cell at `at` together, from its page and those it flows over to. */
static bool record_of(struct carve *c, const uint8_t page[PAGE], size_t at, int64_t *rowid)
{
    uint8_t more[PAGE];
    uint64_t n = varint(page, PAGE, &at);
    *rowid = (int64_t)varint(page, PAGE, &at);
    buf_clear(&c->record);
    if (at > PAGE || n < 2 || n > RECORD_BYTES_MAX)
        return false;
    uint64_t most = c->usable - 35;
    uint64_t least = (c->usable - 12) * 32 / 255 - 23;
    uint64_t more_in_one = c->usable - 4;
    uint64_t k = least + (n - least) % more_in_one;
    uint64_t local = n <= most ? n : k <= most ? k : least;
    if (at + local + (local < n ? 4 : 0) > PAGE)
        return false;
    buf_add(&c->record, page + at, (size_t)local);
    uint32_t next = local < n ? be(page + at + local, 4) : 0;
    while (c->record.n < n && page_read(c, next, more)) {
        uint64_t left = n - c->record.n;
        buf_add(&c->record, more + 4, (size_t)(left < more_in_one ? left : more_in_one));
        next = be(more, 4);
    }
    return c->record.err == ERR_OK && c->record.n == n;
}

static int64_t integer(const uint8_t *p, size_t n)
{
    uint64_t v = n > 0 && p[0] >= 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

/* One column of this type at p; its bytes, or too many. */
static size_t column(uint64_t type, const uint8_t *p, size_t left, struct value *out)
{
    static const uint8_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    uint64_t n = type < 10 ? sizes[type] : type < 12 ? UINT32_MAX : (type - 12) / 2;
    *out = VALUE_NONE;
    if (n > left)
        return left + 1;
    struct str bytes = {(const char *)p, (size_t)n};
    if (type >= 1 && type <= 6)
        *out = value_int(integer(p, (size_t)n));
    else if (type == 8 || type == 9)
        *out = value_int(type == 9);
    else if (type >= 12)
        *out = type % 2 == 0 ? value_bytes(bytes) : value_text(bytes);
    return (size_t)n;
}

/* How many columns it has, at most MEND_COLUMNS_MAX; 0: it is no record, or has more. */
static size_t columns_of(const struct buf *record, struct value cols[MEND_COLUMNS_MAX])
{
    size_t at = 0;
    size_t count = 0;
    uint64_t head = varint(record->p, record->n, &at);
    if (at > record->n || head > record->n)
        return 0;
    size_t body = (size_t)head;
    while (at < head && count < MEND_COLUMNS_MAX) {
        uint64_t type = varint(record->p, (size_t)head, &at);
        if (at > head)
            return 0;
        body += column(type, record->p + body, record->n - body, &cols[count++]);
        if (body > record->n)
            return 0;
    }
    return at == head && body == record->n ? count : 0;
}

/* ---- what it may be ---- */

static bool all_int(const struct value *cols, size_t from, size_t to)
{
    bool ok = true;
    for (size_t i = from; i < to; i++)
        ok = ok && cols[i].type == VALUE_INT;
    return ok;
}

/* An outbox without its newest column is of an earlier format. sure: of a page that is what it
 * should be; an operation proves itself. */
static enum err take_record(struct carve *c, struct value *cols, size_t count, int64_t rowid,
                            bool sure)
{
    bool keyed = cols[0].type == VALUE_NULL; /* the number of the row is the first column */
    bool cut_told = count == 5 || (count == 6 && cols[5].type == VALUE_INT);
    if (keyed && cut_told && all_int(cols, 1, 4) && cols[4].type == VALUE_BYTES && rowid > 0) {
        cols[0] = value_int(rowid);
        return mend_take_op(c->m, cols, count);
    }
    if (!keyed && count >= 6 && all_int(cols, 0, 4) && cols[4].type == VALUE_BYTES &&
        cols[5].type == VALUE_BYTES)
        return mend_take_refused(c->m, cols, count);
    if (keyed && count == 3 && sure && cols[1].type == VALUE_BYTES &&
        cols[2].type == VALUE_INT) {
        cols[0] = value_int(rowid);
        return mend_take_origin(c->m, cols, count);
    }
    return ERR_OK;
}

/* The table `meta` fills no more than a page: all its records are two columns with small
 * numbers, and one of them says that this is a replica. */
static bool is_meta(struct carve *c, const uint8_t page[PAGE], size_t head, uint32_t cells)
{
    struct value cols[MEND_COLUMNS_MAX];
    bool side = false;
    for (uint32_t i = 0; i < cells; i++) {
        int64_t k = 0;
        if (!record_of(c, page, be(page + head + 8 + 2 * (size_t)i, 2), &k) ||
            columns_of(&c->record, cols) != 2 || cols[0].type != VALUE_NULL ||
            k < META_FORMAT || k > META_LAST)
            return false;
        side =
            side || (k == META_SIDE && cols[1].type == VALUE_INT && cols[1].i == STORE_CLIENT);
    }
    return side && cells >= META_CELLS_MIN;
}

static enum err take_page(struct carve *c, const uint8_t page[PAGE], uint32_t no)
{
    struct value cols[MEND_COLUMNS_MAX];
    size_t head = no == 1 ? HEADER : 0;
    uint32_t cells = be(page + head + 3, 2);
    enum err err = ERR_OK;
    uint8_t kind = page[head];
    if (kind == INDEX || kind == TABLE || kind == INDEX_LEAF || cells > (PAGE - head - 8) / 2)
        return ERR_OK; /* of no known kind: its first byte may be what is wrong */
    bool meta = is_meta(c, page, head, cells);
    for (uint32_t i = 0; i < cells && err == ERR_OK && meta == c->meta; i++) {
        int64_t rowid = 0;
        if (!record_of(c, page, be(page + head + 8 + 2 * (size_t)i, 2), &rowid))
            continue;
        size_t count = columns_of(&c->record, cols);
        if (count > 0 && meta)
            err = mend_take_meta(c->m, rowid, &cols[1]);
        else if (count > 0)
            err = take_record(c, cols, count, rowid, kind == LEAF);
    }
    return c->record.err == ERR_NOMEM ? ERR_NOMEM : err;
}

/* First who this is and what was acknowledged: the rest is judged by it. */
static enum err take_pages(struct carve *c)
{
    uint8_t page[PAGE];
    enum err err = ERR_OK;
    for (int round = 0; round < 2; round++) {
        c->meta = round == 0;
        for (uint32_t no = 1; no <= c->pages && err == ERR_OK; no++)
            if (!c->free[no] && page_read(c, no, page))
                err = take_page(c, page, no);
    }
    return err;
}

enum err mend_carve(struct mend *m, const char *path, const char *vfs)
{
    struct carve c = {.m = m, .record = {.max = RECORD_BYTES_MAX}};
    struct buf wal = {0};
    buf_text(&wal, path);
    buf_text(&wal, "-wal");
    buf_u8(&wal, 0);
    enum err err = wal.err;
    if (err == ERR_OK)
        err = db_bytes_open(path, vfs, &c.file);
    if (err == ERR_OK && db_bytes_open((const char *)wal.p, vfs, &c.wal) != ERR_OK)
        c.wal = NULL;
    if (err == ERR_OK) {
        c.usable = PAGE - db_bytes_reserve(c.file);
        err = open_pages(&c);
    }
    if (err == ERR_OK) {
        note_free(&c);
        err = take_pages(&c);
    }
    db_bytes_close(c.wal);
    db_bytes_close(c.file);
    mem_free(c.frames);
    mem_free(c.free);
    buf_done(&c.record);
    buf_done(&wal);
    return err;
}
