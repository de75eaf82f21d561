/* SPDX-License-Identifier: Apache-2.0 */
/* The socket is opened, and after any failed accept closed and opened anew following a pause: a
 * failed accept can leave a libuv listener deaf or spinning. Connections over a limit are
 * accepted and closed (the peer should know at once), but those that merely would be one
 * handshake too many wait: when everybody comes back at once, each gets his turn. */
#include "io/listen.h"

#include "proto/mem.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUCKETS = 256 };

/* One connection's share of the limits. */
struct pass {
    struct gate *gate;   /* that counts it */
    struct pass *next;   /* in its bucket */
    struct pass **link;  /* what points here */
    uint8_t address[16]; /* the peer's, as counted */
    bool half_open;      /* still in its handshake */
};

/* The counters: they live as long as the listener or one of its connections. */
struct gate {
    struct listener *listener;    /* NULL: gone */
    unsigned total;               /* connections alive */
    unsigned half_open;           /* of them, in their handshake */
    struct pass *bucket[BUCKETS]; /* passes by address */
};

struct listener {
    struct loop *loop;        /* where it lives */
    struct listen_cfg cfg;    /* limits and callback */
    struct gate *gate;        /* counters */
    struct rate_table *rates; /* how often each address came; NULL: no limit */
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;                                  /* the socket */
    bool socket_open;                      /* its handle is not closed yet */
    bool timer_open;                       /* likewise */
    bool closing;                          /* listen_close was called */
    bool waiting;                          /* a connection waits for a handshake slot */
    struct loop_timer timer;               /* pause, or a look at who waits */
    struct sockaddr_storage at;            /* TCP: the real address */
    char text[sizeof(struct sockaddr_un)]; /* the same for people; Unix: the path */
    dev_t device;                          /* Unix: of the socket file … */
    ino_t inode;                           /* … to remove ours and no other */
    listen_closed_cb on_closed;            /* whom to tell */
    void *closed_arg;                      /* his argument */
};

static_assert(sizeof(struct sockaddr_un) >= ADDRESS_TEXT_BYTES, "text holds both kinds");

/* --- limits --- */

static struct pass **bucket_of(struct gate *gate, const uint8_t address[static 16])
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < 16; i++)
        hash = (hash ^ address[i]) * 16777619u;
    return &gate->bucket[hash % BUCKETS];
}

/* A v6 client has a whole /64 to choose from: count that as one address. */
static void counted_address(const struct conn *conn, uint8_t out[static 16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    conn_peer_address(conn, out);
    if (memcmp(out, mapped, sizeof mapped) != 0)
        memset(out + 8, 0, 8);
}

static unsigned count_from(struct gate *gate, const uint8_t address[static 16])
{
    unsigned count = 0;
    for (const struct pass *p = *bucket_of(gate, address); p != NULL; p = p->next)
        count += memcmp(p->address, address, sizeof p->address) == 0;
    return count;
}

static void gate_let_go(struct gate *gate)
{
    if (gate->total == 0 && gate->listener == NULL)
        mem_free(gate);
}

static void leave_half_open(struct pass *pass)
{
    struct gate *gate = pass->gate;
    if (!pass->half_open)
        return;
    pass->half_open = false;
    gate->half_open--;
    struct listener *listener = gate->listener;
    if (listener != NULL && listener->waiting && !listener->closing)
        loop_timer_start(&listener->timer, 0);
}

static void on_conn(void *arg, bool open)
{
    struct pass *pass = arg;
    struct gate *gate = pass->gate;
    leave_half_open(pass);
    if (open)
        return;
    *pass->link = pass->next;
    if (pass->next != NULL)
        pass->next->link = pass->link;
    gate->total--;
    mem_free(pass);
    gate_let_go(gate);
}

/* Count the connection; false when there is no memory for it. */
static bool enter(struct gate *gate, struct conn *conn, const uint8_t address[static 16])
{
    struct pass *pass = mem_new(sizeof *pass);
    if (pass == NULL)
        return false;
    pass->gate = gate;
    pass->half_open = true;
    memcpy(pass->address, address, sizeof pass->address);
    pass->link = bucket_of(gate, address);
    pass->next = *pass->link;
    if (pass->next != NULL)
        pass->next->link = &pass->next;
    *pass->link = pass;
    gate->total++;
    gate->half_open++;
    conn_watch(conn, on_conn, pass);
    return true;
}

static bool is_loopback(const struct conn *conn)
{
    static const uint8_t v4[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
    static const uint8_t v6[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    uint8_t address[16];
    conn_peer_address(conn, address);
    return memcmp(address, v4, sizeof v4) == 0 || memcmp(address, v6, sizeof v6) == 0;
}

/* Does this address come more often than it may? A handshake costs the server milliseconds, a
 * stranger next to nothing. */
static bool too_often(const struct listener *listener, const struct conn *conn,
                      const uint8_t address[static 16])
{
    if (listener->rates == NULL ||
        (listener->cfg.per_address_spares_loopback && is_loopback(conn)))
        return false;
    return !rate_table_take(listener->rates, address, (int64_t)uv_now(&listener->loop->uv) + 1);
}

/* Would this descriptor leave the process too few? They are given out lowest first. */
static bool too_few_left(int fd)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    rlim_t spare =
        limit.rlim_cur / 8 < LISTEN_SPARE_FDS ? limit.rlim_cur / 8 : LISTEN_SPARE_FDS;
    return (rlim_t)fd + spare >= limit.rlim_cur;
}

static bool over_limit(const struct listener *listener, const struct conn *conn,
                       const uint8_t address[static 16])
{
    const struct listen_cfg *cfg = &listener->cfg;
    if (cfg->total_max != 0 && listener->gate->total >= cfg->total_max)
        return true;
    if (cfg->per_address_max != 0 &&
        count_from(listener->gate, address) >= cfg->per_address_max)
        return true;
    return too_few_left(conn_fd(conn));
}

/* --- the socket --- */

static void remove_file(struct listener *listener)
{
    struct stat st;
    if (listener->at.ss_family != AF_UNIX || lstat(listener->text, &st) != 0)
        return;
    if (st.st_dev == listener->device && st.st_ino == listener->inode)
        (void)unlink(listener->text);
}

static void settle(struct listener *listener)
{
    if (!listener->closing || listener->socket_open || listener->timer_open)
        return;
    struct gate *gate = listener->gate;
    listen_closed_cb cb = listener->on_closed;
    void *arg = listener->closed_arg;
    gate->listener = NULL;
    gate_let_go(gate);
    rate_table_free(listener->rates);
    mem_free(listener);
    if (cb != NULL)
        cb(arg);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    listener->socket_open = false;
    settle(listener);
}

static void on_timer_closed(struct loop_timer *timer, void *arg)
{
    (void)timer;
    struct listener *listener = arg;
    listener->timer_open = false;
    settle(listener);
}

/* Something about accepting failed: listen anew after a pause. */
static void start_pause(struct listener *listener)
{
    if (listener->closing || !listener->socket_open || uv_is_closing(&listener->uv.handle))
        return;
    listener->waiting = false;
    remove_file(listener);
    uv_close(&listener->uv.handle, on_socket_closed);
    loop_timer_start(&listener->timer, listener->cfg.pause_ms);
}

static void take(struct listener *listener)
{
    struct gate *gate = listener->gate;
    struct conn *conn = NULL;
    uint8_t address[16];
    int code = 0;
    enum err err =
        conn_accept(listener->loop, &listener->uv.stream, &listener->cfg.conn, &conn, &code);
    if (err != ERR_OK) {
        if (code != UV_EAGAIN)
            start_pause(listener);
        return;
    }
    counted_address(conn, address);
    if (too_often(listener, conn, address) || over_limit(listener, conn, address) ||
        !enter(gate, conn, address)) {
        conn_discard(conn);
        return;
    }
    listener->cfg.cb(listener, conn, listener->cfg.arg);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    if (listener->closing || uv_is_closing(&listener->uv.handle))
        return;
    unsigned max = listener->cfg.half_open_max;
    if (status != 0)
        start_pause(listener);
    else if (max != 0 && listener->gate->half_open >= max)
        listener->waiting = true;
    else
        take(listener);
}

/* A Unix socket whose file has mode 0600 from its first moment, whatever the umask. -1: errno.
 */
static int bind_unix(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (fchmod(fd, 0600) == 0 && bind(fd, (const struct sockaddr *)at, sizeof *at) == 0)
        return fd;
    int code = errno;
    (void)close(fd);
    errno = code;
    return -1;
}

static bool somebody_answers(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true;
    bool nobody =
        connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 && errno == ECONNREFUSED;
    (void)close(fd);
    return !nobody;
}

static enum err take_path(struct listener *listener, int *out, struct note *why)
{
    const char *path = listener->text;
    struct sockaddr_un at;
    memcpy(&at, &listener->at, sizeof at);
    int fd = bind_unix(&at);
    struct stat st;
    if (fd < 0 && errno == EADDRINUSE) {
        if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
            return note_set(why, ERR_EXISTS, N_("%s : existe et n'est pas un socket"), path);
        if (somebody_answers(&at))
            return note_set(why, ERR_BUSY, N_("%s : un autre processus y répond déjà"), path);
        (void)unlink(path);
        fd = bind_unix(&at);
    }
    if (fd < 0)
        return note_set(why, ERR_IO, N_("%s : écoute impossible (%s)"), path,
                        uv_strerror(uv_translate_sys_error(errno)));
    if (lstat(path, &st) == 0) {
        listener->device = st.st_dev;
        listener->inode = st.st_ino;
    }
    *out = fd;
    return ERR_OK;
}

static int bind_tcp(struct listener *listener)
{
    must(uv_tcp_init(&listener->loop->uv, &listener->uv.tcp) == 0);
    listener->socket_open = true;
    listener->uv.handle.data = listener;
    return uv_tcp_bind(&listener->uv.tcp, (const struct sockaddr *)&listener->at, 0);
}

/* The real port, for people and for the next time the socket is opened. */
static int learn_port(struct listener *listener)
{
    int n = (int)sizeof listener->at;
    int code = uv_tcp_getsockname(&listener->uv.tcp, (struct sockaddr *)&listener->at, &n);
    address_print((const struct sockaddr *)&listener->at, listener->text);
    return code;
}

/* Open the socket and listen. On failure the handle may be open: the caller closes. */
static enum err open_socket(struct listener *listener, struct note *why)
{
    int code = 0;
    int fd = -1;
    if (listener->at.ss_family == AF_UNIX) {
        enum err err = take_path(listener, &fd, why);
        if (err != ERR_OK)
            return err;
        must(uv_pipe_init(&listener->loop->uv, &listener->uv.pipe, 0) == 0);
        listener->socket_open = true;
        listener->uv.handle.data = listener;
        code = uv_pipe_open(&listener->uv.pipe, fd);
        if (code != 0)
            (void)close(fd);
    } else {
        code = bind_tcp(listener);
    }
    if (code == 0)
        code = uv_listen(&listener->uv.stream, LISTEN_BACKLOG, on_connection);
    if (code == 0 && listener->at.ss_family != AF_UNIX)
        code = learn_port(listener);
    if (code != 0)
        return note_set(why, code == UV_EADDRINUSE ? ERR_BUSY : ERR_IO,
                        N_("%s : écoute impossible (%s)"), listener->text, uv_strerror(code));
    return ERR_OK;
}

/* Whatever hindered may hinder still: then another pause. */
static void reopen(struct listener *listener)
{
    if (open_socket(listener, NULL) == ERR_OK)
        return;
    if (listener->socket_open)
        start_pause(listener);
    else
        loop_timer_start(&listener->timer, listener->cfg.pause_ms);
}

static void on_timer(struct loop_timer *timer, void *arg)
{
    struct listener *listener = arg;
    if (!listener->socket_open) {
        reopen(listener);
    } else if (uv_is_closing(&listener->uv.handle)) {
        loop_timer_start(timer, listener->cfg.pause_ms);
    } else if (listener->waiting) {
        listener->waiting = false;
        take(listener);
    }
}

/* --- verbs --- */

static struct listener *make(struct loop *loop, const struct listen_cfg *cfg)
{
    must(cfg->cb != NULL);
    struct listener *listener = mem_new(sizeof *listener);
    struct gate *gate = mem_new(sizeof *gate);
    bool limited = cfg->per_address.interval_ms > 0;
    struct rate_table *rates = limited ? rate_table_new(&cfg->per_address) : NULL;
    if (listener == NULL || gate == NULL || (limited && rates == NULL)) {
        rate_table_free(rates);
        mem_free(listener);
        mem_free(gate);
        return NULL;
    }
    gate->listener = listener;
    listener->gate = gate;
    listener->rates = rates;
    listener->loop = loop;
    listener->cfg = *cfg;
    if (listener->cfg.pause_ms <= 0)
        listener->cfg.pause_ms = LISTEN_PAUSE_MS;
    return listener;
}

static enum err start(struct listener *listener, struct listener **out, struct note *why)
{
    loop_timer_init(listener->loop, &listener->timer, on_timer, listener);
    listener->timer_open = true;
    enum err err = open_socket(listener, why);
    if (err == ERR_OK)
        *out = listener;
    else
        listen_close(listener, NULL, NULL);
    return err;
}

enum err listen_tcp(struct loop *loop, const struct address *address,
                    const struct listen_cfg *cfg, struct listener **out, struct note *why)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    const char *host = strcmp(address->host, "localhost") == 0 ? "127.0.0.1" : address->host;
    bool is_v4 = uv_ip4_addr(host, address->port, &v4) == 0;
    if (!is_v4 && uv_ip6_addr(host, address->port, &v6) != 0)
        return note_set(why, ERR_USAGE, N_("%s : une adresse en chiffres est attendue"), host);
    struct listener *listener = make(loop, cfg);
    if (listener == NULL)
        return ERR_NOMEM;
    if (is_v4)
        memcpy(&listener->at, &v4, sizeof v4);
    else
        memcpy(&listener->at, &v6, sizeof v6);
    address_print((const struct sockaddr *)&listener->at, listener->text);
    return start(listener, out, why);
}

enum err listen_unix(struct loop *loop, const char *path, const struct listen_cfg *cfg,
                     struct listener **out, struct note *why)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof at.sun_path)
        return note_set(why, ERR_USAGE, N_("%s : chemin de socket trop long"), path);
    struct listener *listener = make(loop, cfg);
    if (listener == NULL)
        return ERR_NOMEM;
    memcpy(at.sun_path, path, n);
    memcpy(&listener->at, &at, sizeof at);
    memcpy(listener->text, path, n);
    return start(listener, out, why);
}

const char *listen_address(const struct listener *listener)
{
    return listener->text;
}

unsigned listen_total(const struct listener *listener)
{
    return listener->gate->total;
}

unsigned listen_half_open(const struct listener *listener)
{
    return listener->gate->half_open;
}

void listen_close(struct listener *listener, listen_closed_cb cb, void *arg)
{
    if (listener->closing)
        return;
    listener->closing = true;
    listener->on_closed = cb;
    listener->closed_arg = arg;
    remove_file(listener);
    if (listener->socket_open && !uv_is_closing(&listener->uv.handle))
        uv_close(&listener->uv.handle, on_socket_closed);
    loop_timer_close(&listener->timer, on_timer_closed);
}
