/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/control.h"

#include "bench/rows_made.h"
#include "io/crypt.h"
#include "support/ends.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    COMMIT_ROWS = 10000,
    BATCH_BYTES = 64 * 1024,
    COLUMNS = 17, /* the id and the fields of a session */
};

/* ---- a plain database ---- */

struct plain {
    sqlite3 *h;
    sqlite3_stmt *insert, *log, *begin, *commit;
    uint64_t rows;
};

static void run(sqlite3 *h, const char *sql)
{
    int rc = sqlite3_exec(h, sql, NULL, NULL, NULL);
    must(rc == SQLITE_OK);
}

static sqlite3_stmt *prepare(sqlite3 *h, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(h, sql, -1, &stmt, NULL);
    must(rc == SQLITE_OK);
    return stmt;
}

static void step_once(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    must(rc == SQLITE_DONE);
    (void)sqlite3_reset(stmt);
}

/* With the settings the store uses. */
static void plain_open(struct plain *db, const char *path)
{
    int rc = sqlite3_open(path, &db->h);
    must(rc == SQLITE_OK);
    run(db->h, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
               "PRAGMA synchronous=FULL; PRAGMA cache_size=-6144;"
               "PRAGMA wal_autocheckpoint=2000; PRAGMA mmap_size=0;"
               "CREATE TABLE IF NOT EXISTS session(n INTEGER PRIMARY KEY, id BLOB NOT NULL "
               "UNIQUE, kind TEXT, person BLOB, structure BLOB, date INT, start INT, minutes "
               "INT, place TEXT, company BLOB, contract BLOB, internship BLOB, phase BLOB, "
               "project BLOB, subject TEXT, next_date INT, same_as BLOB, state TEXT) STRICT;"
               "CREATE TABLE IF NOT EXISTS log(seq INTEGER PRIMARY KEY, tab INT, row INT, "
               "at_ms INT, who BLOB) STRICT;");
    db->insert = prepare(db->h, "INSERT INTO session VALUES(?18,?1,?2,?3,?4,?5,?6,?7,?8,?9,"
                                "?10,?11,?12,?13,?14,?15,?16,?17)");
    db->log = prepare(db->h, "INSERT INTO log VALUES(NULL,30,?1,?2,?3)");
    db->begin = prepare(db->h, "BEGIN IMMEDIATE");
    db->commit = prepare(db->h, "COMMIT");
}

static void plain_close(struct plain *db)
{
    (void)sqlite3_finalize(db->insert);
    (void)sqlite3_finalize(db->log);
    (void)sqlite3_finalize(db->begin);
    (void)sqlite3_finalize(db->commit);
    int rc = sqlite3_close(db->h);
    must(rc == SQLITE_OK);
}

static void bind_next(sqlite3_stmt *stmt, int column, struct cur *cur)
{
    enum pack_type type = pack_peek(cur);
    if (type == PACK_NIL) {
        (void)unpack_nil(cur);
        (void)sqlite3_bind_null(stmt, column);
    } else if (type == PACK_STR) {
        struct str s = unpack_str(cur);
        (void)sqlite3_bind_text(stmt, column, s.p, (int)s.n, SQLITE_STATIC);
    } else if (type == PACK_BIN) {
        struct str s = unpack_bin(cur);
        (void)sqlite3_bind_blob(stmt, column, s.p, (int)s.n, SQLITE_STATIC);
    } else {
        (void)sqlite3_bind_int64(stmt, column, unpack_int(cur));
    }
}

/* Insert one packed row and its log row. */
static void plain_add(struct plain *db, struct cur *cur)
{
    uint32_t count = unpack_array(cur);
    must(count == COLUMNS && !cur->bad);
    for (int i = 1; i <= COLUMNS; i++)
        bind_next(db->insert, i, cur);
    must(!cur->bad);
    int64_t n = (int64_t)++db->rows;
    (void)sqlite3_bind_int64(db->insert, COLUMNS + 1, n);
    step_once(db->insert);
    static const uint8_t who[ID_BYTES] = {7};
    (void)sqlite3_bind_int64(db->log, 1, n);
    (void)sqlite3_bind_int64(db->log, 2, INT64_C(1795000000000) + n);
    (void)sqlite3_bind_blob(db->log, 3, who, ID_BYTES, SQLITE_STATIC);
    step_once(db->log);
}

static void file_in(char out[300], const char *dir, const char *name)
{
    int n = snprintf(out, 300, "%s/%s", dir, name);
    must(n > 0 && n < 300);
}

static void remove_database(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char file[310];
        (void)snprintf(file, sizeof file, "%s%s", path, ends[i]);
        (void)unlink(file);
    }
}

static double file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

/* Insert made rows, so many to a transaction. */
static void fill(const char *path, uint64_t rows, uint64_t commit_rows, struct sample *out)
{
    struct rows_made made;
    rows_made_invent(&made);
    struct plain db = {0};
    remove_database(path);
    plain_open(&db, path);
    struct buf packed = {0};
    double at = figures_now();
    double cpu = figures_cpu();
    for (uint64_t i = 0; i < rows; i++) {
        if (i % commit_rows == 0)
            step_once(db.begin);
        buf_clear(&packed);
        rows_made_pack(&made, i, &packed);
        struct cur cur = cur_of(packed.p, packed.n);
        plain_add(&db, &cur);
        if ((i + 1) % commit_rows == 0 || i + 1 == rows)
            step_once(db.commit);
    }
    *out = SAMPLE_NONE;
    out->seconds = figures_now() - at;
    out->near_cpu_s = figures_cpu() - cpu;
    plain_close(&db);
    out->disk_bytes = file_bytes(path);
    buf_done(&packed);
}

void control_commits(const char *dir, uint64_t rows, uint64_t commit_rows, struct sample *out)
{
    char path[300];
    file_in(path, dir, "commits.db");
    fill(path, rows, commit_rows, out);
    remove_database(path);
}

void control_record(const char *dir, uint64_t rows, struct sample *out)
{
    control_commits(dir, rows, 1, out);
}

void control_batch(const char *dir, uint64_t rows, struct sample *out)
{
    control_commits(dir, rows, COMMIT_ROWS, out);
}

/* ---- a TLS connection over a blocking socket ---- */

struct line {
    int fd;
    struct end end;
    uint64_t bytes;
};

static void line_flush(struct line *line)
{
    struct buf *out = tls_out(line->end.tls);
    size_t sent = 0;
    while (sent < out->n) {
        ssize_t n = send(line->fd, out->p + sent, out->n - sent, 0);
        must(n > 0);
        sent += (size_t)n;
    }
    line->bytes += sent;
    buf_clear(out);
}

/* One step, everything sent, then one read when the peer has to speak next. */
static void line_turn(struct line *line, bool wait)
{
    end_step(&line->end);
    must(line->end.err == ERR_OK);
    line_flush(line);
    if (!wait)
        return;
    uint8_t bytes[64 * 1024];
    ssize_t n = recv(line->fd, bytes, sizeof bytes, 0);
    must(n > 0);
    line->bytes += (uint64_t)n;
    enum err err = tls_feed(line->end.tls, bytes, (size_t)n);
    must(err == ERR_OK);
    end_step(&line->end);
    must(line->end.err == ERR_OK);
}

static void line_open(struct line *line, int fd, struct tls_config *cfg)
{
    *line = (struct line){.fd = fd};
    end_init(&line->end, cfg, NULL);
    while (!tls_open(line->end.tls))
        line_turn(line, !tls_open(line->end.tls));
    line_flush(line);
}

static void line_send(struct line *line, struct str bytes)
{
    buf_add(&line->end.in, bytes.p, bytes.n);
    while (line->end.in.n > 0 || tls_out(line->end.tls)->n > 0)
        line_turn(line, false);
}

/* ---- the two processes ---- */

static void pack_column(sqlite3_stmt *row, int column, struct buf *out)
{
    int type = sqlite3_column_type(row, column);
    if (type == SQLITE_NULL) {
        pack_nil(out);
        return;
    }
    if (type == SQLITE_INTEGER) {
        pack_int(out, sqlite3_column_int64(row, column));
        return;
    }
    struct str s = {sqlite3_column_blob(row, column),
                    (size_t)sqlite3_column_bytes(row, column)};
    if (type == SQLITE_TEXT)
        pack_str(out, s);
    else
        pack_bin(out, s);
}

static void send_batch(struct line *line, struct buf *rows)
{
    struct buf frame = {0};
    buf_be32(&frame, (uint32_t)rows->n);
    buf_add(&frame, rows->p, rows->n);
    line_send(line, buf_str(&frame));
    buf_done(&frame);
    buf_clear(rows);
}

static void sender(const char *path, int fd, struct tls_config *cfg, double *wire)
{
    struct line line;
    line_open(&line, fd, cfg);
    struct plain db = {0};
    plain_open(&db, path);
    sqlite3_stmt *rows = prepare(db.h, "SELECT id,kind,person,structure,date,start,minutes,"
                                       "place,company,contract,internship,phase,project,"
                                       "subject,next_date,same_as,state FROM session "
                                       "ORDER BY n");
    struct buf batch = {0};
    while (sqlite3_step(rows) == SQLITE_ROW) {
        pack_array(&batch, COLUMNS);
        for (int i = 0; i < COLUMNS; i++)
            pack_column(rows, i, &batch);
        if (batch.n >= BATCH_BYTES)
            send_batch(&line, &batch);
    }
    if (batch.n > 0)
        send_batch(&line, &batch);
    send_batch(&line, &batch);
    while (line.end.out.n == 0)
        line_turn(&line, true);
    *wire = (double)line.bytes;
    _exit(0);
}

/* Take one whole batch from the front; false when it is not there yet. */
static bool take_batch(struct plain *db, struct buf *in, bool *last)
{
    struct cur cur = cur_of(in->p, in->n);
    if (cur_left(&cur) < 4)
        return false;
    uint32_t bytes = cur_be32(&cur);
    if (cur_left(&cur) < bytes)
        return false;
    *last = bytes == 0;
    cur.end = cur.p + bytes;
    while (cur_left(&cur) > 0) {
        if (db->rows % COMMIT_ROWS == 0)
            step_once(db->begin);
        plain_add(db, &cur);
        if (db->rows % COMMIT_ROWS == 0)
            step_once(db->commit);
    }
    buf_drop(in, 4u + bytes);
    return true;
}

static void receiver(const char *path, int fd, struct tls_config *cfg)
{
    struct line line;
    line_open(&line, fd, cfg);
    struct plain db = {0};
    plain_open(&db, path);
    bool last = false;
    while (!last) {
        while (!last && take_batch(&db, &line.end.out, &last))
            ;
        if (!last)
            line_turn(&line, true);
    }
    if (db.rows % COMMIT_ROWS != 0)
        step_once(db.commit);
    line_send(&line, STR("k"));
    _exit(0);
}

static int listen_any(struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof *address;
    int rc = bind(fd, (struct sockaddr *)address, n);
    must(rc == 0 && listen(fd, 1) == 0);
    rc = getsockname(fd, (struct sockaddr *)address, &n);
    must(rc == 0);
    return fd;
}

static double cpu_of(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static void wait_for(pid_t pid, double *cpu, double *peak_kb)
{
    int status = 0;
    struct rusage usage;
    pid_t done = wait4(pid, &status, 0, &usage);
    must(done == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    *cpu = cpu_of(&usage);
    *peak_kb = (double)usage.ru_maxrss;
}

/* The two ends of a TCP connection to ourselves. */
static void connect_ends(int ends[2])
{
    struct sockaddr_in address;
    int listener = listen_any(&address);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    int rc = connect(ends[0], (struct sockaddr *)&address, sizeof address);
    must(rc == 0);
    ends[1] = accept(listener, NULL, NULL);
    must(ends[1] >= 0);
    int on = 1;
    for (int i = 0; i < 2; i++)
        (void)setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)close(listener);
}

void control_transfer(const char *dir, uint64_t rows, struct sample *out)
{
    char from[300];
    char to[300];
    file_in(from, dir, "from.db");
    file_in(to, dir, "to.db");
    struct sample ignored;
    fill(from, rows, COMMIT_ROWS, &ignored);
    remove_database(to);
    crypt_start();
    struct network net;
    network_init(&net);
    struct tls_config *cfg[2] = {network_client(&net, true), network_server(&net)};
    double *wire =
        mmap(NULL, sizeof *wire, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(wire != MAP_FAILED);
    int ends[2];
    connect_ends(ends);
    (void)malloc_trim(0); /* what a child uses counts from what its parent held */
    double at = figures_now();
    pid_t pids[2];
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        must(pids[i] >= 0);
        if (pids[i] == 0 && i == 0)
            sender(from, ends[0], cfg[0], wire);
        if (pids[i] == 0)
            receiver(to, ends[1], cfg[1]);
    }
    *out = SAMPLE_NONE;
    double ignored_kb = 0;
    wait_for(pids[0], &out->near_cpu_s, &ignored_kb);
    wait_for(pids[1], &out->far_cpu_s, &out->peak_kb);
    out->seconds = figures_now() - at;
    out->wire_bytes = *wire;
    (void)munmap(wire, sizeof *wire);
    for (int i = 0; i < 2; i++) {
        (void)close(ends[i]);
        tls_config_free(cfg[i]);
    }
    network_done(&net);
    struct plain db = {0};
    plain_open(&db, to);
    plain_close(&db);
    out->disk_bytes = file_bytes(to);
    remove_database(from);
    remove_database(to);
}
