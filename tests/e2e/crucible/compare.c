/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold in the end. The databases are opened here, after all processes have gone; who
 * may see what is worked out from the rows alone, not asked of the code under test. */
#include "tests/e2e/crucible/crucible.h"

#include "io/clock.h"
#include "io/random.h"
#include "proto/mem.h"
#include "store/inside.h"
#include "tests/support/dump.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 32 * 1024 * 1024 };

/* ---- databases ---- */

static int64_t wall(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

static void draw(void *ctx, void *out, size_t n)
{
    (void)ctx;
    random_bytes(out, n);
}

/* NULL when it cannot be, and then the run has failed. */
static struct store *open_store(struct crucible *c, const char *path, enum store_side side)
{
    struct store_env env = {
        .path = path, .schema = &schema_jalon, .side = side, .wall_ms = wall, .random = draw};
    struct store *s = NULL;
    struct note why = {""};
    enum err err = store_open(&env, &s, &why);
    if (err != ERR_OK)
        crucible_fail(c, "%s does not open: %s %s", path, err_name(err), why.text);
    return s;
}

/* ---- marks ---- */

void marks_scan(struct crucible *c, struct str bytes, mark_cb *cb, void *arg)
{
    for (size_t i = 0; bytes.p != NULL && i + MARK_BYTES <= bytes.n; i++) {
        const char *at = memchr(bytes.p + i, 'm', bytes.n - i - MARK_BYTES + 1);
        if (at == NULL)
            return;
        i = (size_t)(at - bytes.p);
        uint32_t n = 0;
        bool whole = at[1] == 'k' && at[MARK_BYTES - 1] == '.';
        for (int k = 2; k < MARK_BYTES - 1 && whole; k++) {
            whole = at[k] >= '0' && at[k] <= '9';
            n = 10 * n + (uint32_t)(at[k] - '0');
        }
        if (whole && n < c->marks_n)
            cb(c, &c->marks[n], arg);
    }
}

static void note_found(struct crucible *c, struct mark *mark, void *arg)
{
    (void)c;
    (void)arg;
    mark->found = true;
}

static void forget_found(struct crucible *c)
{
    for (uint32_t i = 0; i < c->marks_n; i++)
        c->marks[i].found = false;
}

static void scan_sql(struct crucible *c, struct store *s, const char *sql)
{
    struct stmt *stmt = NULL;
    if (db_prepare(s->db, sql, &stmt) != ERR_OK) {
        crucible_fail(c, "cannot be read: %s", sql);
        return;
    }
    while (stmt_step(stmt) == STEP_ROW)
        marks_scan(c, col_blob(stmt, 0), note_found, NULL);
    stmt_free(stmt);
}

struct scanned {
    struct crucible *c;
    const struct table *table;
};

static enum err scan_row(void *ctx, const struct row *row)
{
    const struct scanned *in = ctx;
    for (size_t i = 0; i < in->table->field_count; i++)
        if (row->values[i].type == VALUE_TEXT || row->values[i].type == VALUE_BYTES)
            marks_scan(in->c, row->values[i].s, note_found, NULL);
    return ERR_OK;
}

/* Where a person can see it: in a row, a conflict, the history, or the quarantine. */
static void no_word_is_lost(struct comparison *k)
{
    struct crucible *c = k->c;
    forget_found(c);
    for (uint16_t i = 0; i < schema_jalon.table_count; i++) {
        struct scanned in = {c, &schema_jalon.tables[i]};
        if (rows_list(k->server, in.table, NULL, 0, false, 0, scan_row, &in) != ERR_OK ||
            rows_list(k->server, in.table, NULL, 0, true, 0, scan_row, &in) != ERR_OK)
            crucible_fail(c, "%s cannot be read", in.table->name);
    }
    scan_sql(c, k->server, "SELECT changes FROM history");
    scan_sql(c, k->server, "SELECT op FROM quarantine");
    for (uint32_t i = 0; i < c->marks_n; i++) {
        const struct mark *m = &c->marks[i];
        if (m->told && !m->found && !m->excused && !m->erased)
            crucible_fail(c, "mk%06u. was saved on device %u%s, and is nowhere on the server",
                          i, m->device, m->synced ? " and acknowledged" : "");
    }
}

/* ---- who may see what ---- */

struct str line_field(struct str line, const char *name)
{
    char key[40];
    int n = snprintf(key, sizeof key, " %s@", name);
    const char *at = n < 0 ? NULL : memmem(line.p, line.n, key, (size_t)n);
    const char *end = line.p + line.n;
    at = at == NULL ? NULL : memchr(at, '=', (size_t)(end - at));
    if (at == NULL)
        return (struct str){NULL, 0};
    at++;
    const char *stop = memchr(at, ' ', (size_t)(end - at));
    return (struct str){at, (size_t)((stop == NULL ? end : stop) - at)};
}

bool line_is(struct str line, const char *table)
{
    size_t n = strlen(table);
    return line.n > n && memcmp(line.p, table, n) == 0 && line.p[n] == ' ';
}

struct str line_id(struct str line)
{
    const char *at = memchr(line.p, ' ', line.n);
    must(at != NULL && line.n >= (size_t)(at - line.p) + CRUCIBLE_ID_BYTES);
    return (struct str){at + 1, CRUCIBLE_ID_BYTES - 1};
}

struct str line_of(struct str all, const char *table, struct str id)
{
    while (all.n > 0) {
        struct str line = dump_line(&all);
        if (line_is(line, table) && str_eq(line_id(line), id))
            return line;
    }
    return (struct str){NULL, 0};
}

bool line_deleted(struct str line)
{
    return memmem(line.p, line.n, " deleted=1", 10) != NULL;
}

/* Is this assignment in force and does it concern that dossier? */
static bool assigned(struct str all, struct str line, struct str person)
{
    struct str pathway = line_of(all, "pathway", line_field(line, "pathway"));
    return !line_deleted(line) && line_field(line, "end").n == 0 && pathway.n > 0 &&
           str_eq(line_field(pathway, "person"), person);
}

/* A coach with a caseload: one of the referents or helpers, or who opened the dossier while it
 * has no referent. */
static bool holds(const struct comparison *k, const struct device *d, struct str person,
                  struct str line)
{
    struct str rest = buf_str(&k->all);
    struct str me = str_of(k->c->staff[d->staff].id);
    bool referent = false;
    bool named = false;
    while (rest.n > 0) {
        struct str a = dump_line(&rest);
        if (!line_is(a, "assignment") || !assigned(buf_str(&k->all), a, person))
            continue;
        referent = referent || str_eq(line_field(a, "role"), STR("referent"));
        named = named || str_eq(line_field(a, "staff"), me);
    }
    const char *by = memmem(line.p, line.n, " by=", 4);
    must(by != NULL);
    struct str opener = {by + 4, CRUCIBLE_ID_BYTES - 1};
    return named || (!referent && str_eq(opener, me));
}

static bool holds_own(const struct comparison *k, const struct device *d, struct str person)
{
    const struct staff *me = &k->c->staff[d->staff];
    struct str line = line_of(buf_str(&k->all), "person", person);
    if (line.n == 0 ||
        !str_eq(line_field(line, "structure"), str_of(k->c->structures[me->home])))
        return false;
    if (me->part == PART_COORDINATOR || me->home == 1)
        return true;
    return holds(k, d, person, line);
}

static bool may_see(const struct comparison *k, const struct device *d, struct str person,
                    bool notes)
{
    bool coach = k->c->staff[d->staff].part == PART_COACH;
    return ((coach || !notes) && holds_own(k, d, person)) || referred_to(k, d, person, notes);
}

/* ---- devices ---- */

/* Exactly the dossiers that its holder may see. */
static void has_its_dossiers(const struct comparison *k, const struct device *d, struct str own)
{
    struct str rest = buf_str(&k->all);
    while (rest.n > 0) {
        struct str line = dump_line(&rest);
        if (!line_is(line, "person"))
            continue;
        struct str id = line_id(line);
        bool here = line_of(own, "person", id).n > 0;
        if (here != may_see(k, d, id, false))
            crucible_fail(k->c, "device %u %s dossier %.*s", d->at,
                          here ? "has, and may not see," : "lacks", (int)id.n, id.p);
    }
}

static void has_the_same(const struct comparison *k, const struct device *d, struct store *s,
                         struct str own)
{
    struct buf theirs = {0};
    struct store_status status;
    if (store_status(s, &status) != ERR_OK ||
        dump_store(k->server, &status.staff, &theirs) != ERR_OK)
        crucible_fail(k->c, "device %u cannot be compared", d->at);
    struct str a = buf_str(&theirs);
    while ((a.n > 0 || own.n > 0) && !k->c->failed) {
        struct str x = dump_line(&a);
        struct str y = dump_line(&own);
        if (!str_eq(x, y))
            crucible_fail(k->c, "device %u differs\n  server: %.*s\n  device: %.*s", d->at,
                          (int)(x.n < 300 ? x.n : 300), x.n == 0 ? "" : x.p,
                          (int)(y.n < 300 ? y.n : 300), y.n == 0 ? "" : y.p);
    }
    buf_done(&theirs);
}

struct leak {
    const struct comparison *k;
    const struct device *d;
};

/* A text in one of the device's files; what it was refused itself stays with it. */
static void on_held(struct crucible *c, struct mark *mark, void *arg)
{
    const struct leak *l = arg;
    const struct staff *me = &c->staff[l->d->staff];
    bool coach = me->part == PART_COACH;
    if (mark->network || mark->found || c->failed)
        return;
    struct str person = str_of(mark->person);
    bool dossier = person.n > 0;
    if (dossier ? may_see(l->k, l->d, person, mark->notes)
                : mark->home == me->home && (coach || !mark->notes))
        return;
    crucible_fail(c, "device %u still has mk%06u. (of device %u, dossier %s)", l->d->at,
                  (unsigned)(mark - c->marks), mark->device, dossier ? mark->person : "none");
}

/* One file, into `bytes`, which is used again. */
static bool read_file(const char *path, struct buf *bytes)
{
    FILE *file = fopen(path, "rb");
    buf_clear(bytes);
    if (file == NULL)
        return false;
    while (buf_reserve(bytes, 65536)) {
        size_t n = fread(bytes->p + bytes->n, 1, 65536, file);
        bytes->n += n;
        if (n == 0)
            break;
    }
    (void)fclose(file);
    return bytes->err == ERR_OK;
}

void marks_scan_files(struct crucible *c, const char *dir, mark_cb *cb, void *arg)
{
    struct buf bytes = {.max = FILE_BYTES_MAX};
    char path[PATH_MAX];
    DIR *folder = opendir(dir);
    const struct dirent *entry = NULL;
    while (folder != NULL &&
           (entry = readdir(folder)) != NULL) { // NOLINT(concurrency-mt-unsafe)
        struct stat about;
        int n = snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (n < 0 || (size_t)n >= sizeof path || stat(path, &about) != 0 ||
            !S_ISREG(about.st_mode) || strstr(entry->d_name, ".before-") != NULL)
            continue;
        if (read_file(path, &bytes))
            marks_scan(c, buf_str(&bytes), cb, arg);
        else
            crucible_fail(c, "%s cannot be read", path);
    }
    if (folder != NULL)
        (void)closedir(folder);
    buf_done(&bytes);
}

/* A name of a dossier whose id nobody heard: the row on the server tells it. */
static void name_dossiers(const struct comparison *k)
{
    struct str rest = buf_str(&k->all);
    while (rest.n > 0) {
        struct str line = dump_line(&rest);
        struct str name = line_field(line, "name");
        if (!line_is(line, "person") || name.n != MARK_BYTES)
            continue;
        char number[MARK_BYTES] = "";
        memcpy(number, name.p + 2, MARK_BYTES - 3);
        uint32_t n = (uint32_t)strtoul(number, NULL, 10);
        if (n < k->c->marks_n)
            memcpy(k->c->marks[n].person, line_id(line).p, CRUCIBLE_ID_BYTES - 1);
    }
}

static void compare_device(const struct comparison *k, const struct device *d)
{
    char path[PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/replica.db", d->dir);
    struct leak leak = {.k = k, .d = d};
    struct buf own = {0};
    struct store *s = open_store(k->c, path, STORE_CLIENT);
    if (s == NULL)
        return;
    if (dump_store(s, NULL, &own) != ERR_OK)
        crucible_fail(k->c, "device %u cannot be read", d->at);
    has_the_same(k, d, s, buf_str(&own));
    has_its_dossiers(k, d, buf_str(&own));
    forget_found(k->c);
    scan_sql(k->c, s, "SELECT op FROM quarantine");
    (void)snprintf(path, sizeof path, "device %u", d->at);
    papers_compare(k->c, s, path);
    store_close(s);
    buf_done(&own);
    marks_scan_files(k->c, d->dir, on_held, &leak);
}

void compare_all(struct crucible *c)
{
    char path[PATH_MAX + 16];
    struct comparison k = {.c = c};
    (void)snprintf(path, sizeof path, "%s/server/jalon.db", c->dir);
    k.server = open_store(c, path, STORE_SERVER);
    if (k.server == NULL)
        return;
    if (dump_store(k.server, NULL, &k.all) != ERR_OK)
        crucible_fail(c, "the server's rows cannot be read");
    name_dossiers(&k);
    traces_orders(&k);
    no_word_is_lost(&k);
    papers_compare_server(&k);
    for (unsigned i = 0; i < CRUCIBLE_DEVICES && !c->failed; i++)
        if (c->devices[i].present)
            compare_device(&k, &c->devices[i]);
    store_close(k.server);
    traces_compare(&k);
    site_compare(c);
    buf_done(&k.all);
}
