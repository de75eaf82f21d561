/* SPDX-License-Identifier: Apache-2.0 */
/* Happy path: RESOLVE → CONNECT → DONE, in which our own handles close and the callback comes.
 * Each address has a handle of its own, closed before the next is tried; the one that connects
 * gives a duplicate of its descriptor to the connection. Failures: no such name, no address
 * answers, the deadline passes (also while the resolver is silent), dial_cancel. */
#include "io/dial.h"

#include "io/address.h"
#include "proto/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

enum state { STATE_RESOLVE, STATE_CONNECT, STATE_DONE };

struct dial {
    struct loop *loop;    /* where it lives */
    struct conn_cfg conn; /* for the connection */
    dial_cb cb;           /* whom to tell */
    void *arg;            /* his argument */
    enum state state;     /* see above */

    char host[ADDRESS_HOST_BYTES];                        /* to resolve; "" for a Unix socket */
    char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* of a Unix socket */
    uint16_t port;                                        /* on each address */
    uint64_t due_ms;                                      /* loop time when all must be done */

    uv_getaddrinfo_t resolve;                            /* runs on a thread of libuv's */
    bool resolving;                                      /* its callback has not come yet */
    struct sockaddr_storage address[DIAL_ADDRESSES_MAX]; /* to try */
    size_t addresses;                                    /* how many */
    size_t tried;                                        /* of them */

    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;                    /* the attempt */
    bool attempt;            /* it is open */
    uv_connect_t connect;    /* of the attempt */
    struct loop_timer timer; /* deadline of the attempt, or of the resolver */
    bool timer_open;         /* not closed yet */

    int fd;          /* connected; -1: not */
    enum err err;    /* the outcome so far */
    struct note why; /* its cause */
};

static void next(struct dial *dial);

static uint64_t left_ms(const struct dial *dial)
{
    uint64_t now = uv_now(&dial->loop->uv);
    return dial->due_ms > now ? dial->due_ms - now : 0;
}

static const char *name_of(const struct dial *dial)
{
    return dial->host[0] != '\0' ? dial->host : dial->path;
}

/* Remember why the latest attempt failed; the last one is what a person hears. */
static void remember(struct dial *dial, int code)
{
    const char *name = name_of(dial);
    if (code == UV_ECONNREFUSED)
        dial->err = note_set(&dial->why, ERR_OFFLINE, N_("%s : connexion refusée"), name);
    else if (code == UV_ENOENT)
        dial->err = note_set(&dial->why, ERR_OFFLINE, N_("%s : rien n'écoute ici"), name);
    else if (code == UV_ETIMEDOUT)
        dial->err = note_set(&dial->why, ERR_OFFLINE, N_("%s : pas de réponse à temps"), name);
    else if (code == UV_EAI_NONAME || code == UV_EAI_NODATA || code == UV_EAI_FAIL)
        dial->err = note_set(&dial->why, ERR_OFFLINE, N_("%s : nom inconnu"), name);
    else if (code == UV_EAI_AGAIN)
        dial->err = note_set(&dial->why, ERR_OFFLINE,
                             N_("%s : nom introuvable, le réseau est-il là ?"), name);
    else if (code == UV_ENETUNREACH || code == UV_EHOSTUNREACH)
        dial->err = note_set(&dial->why, ERR_OFFLINE, N_("%s : injoignable"), name);
    else if (code == UV_ENOMEM || code == UV_EAI_MEMORY)
        dial->err = note_set(&dial->why, ERR_NOMEM, N_("mémoire insuffisante"));
    else if (code == UV_EMFILE || code == UV_ENFILE)
        dial->err = note_set(&dial->why, ERR_IO, N_("trop de fichiers ouverts"));
    else
        dial->err = note_set(&dial->why, ERR_OFFLINE, "%s : %s", name, uv_strerror(code));
}

/* --- the end --- */

static void tell(struct dial *dial)
{
    struct conn *conn = NULL;
    if (dial->fd >= 0 && dial->err == ERR_OK)
        dial->err = conn_open(dial->loop, dial->fd, &dial->conn, &conn);
    else if (dial->fd >= 0)
        (void)close(dial->fd);
    dial->fd = -1;
    dial_cb cb = dial->cb;
    dial->cb = NULL;
    cb(dial, dial->err, conn, &dial->why, dial->arg);
}

/* Our handles are closed: tell. The memory stays as long as the resolver may still write to it.
 */
static void settle(struct dial *dial)
{
    if (dial->attempt || dial->timer_open)
        return;
    if (dial->cb != NULL)
        tell(dial);
    if (!dial->resolving)
        mem_free(dial);
}

static void on_timer_closed(struct loop_timer *timer, void *arg)
{
    (void)timer;
    struct dial *dial = arg;
    dial->timer_open = false;
    settle(dial);
}

static void on_attempt_closed(uv_handle_t *handle)
{
    struct dial *dial = handle->data;
    dial->attempt = false;
    if (dial->state == STATE_DONE)
        settle(dial);
    else
        next(dial);
}

static void close_attempt(struct dial *dial)
{
    if (dial->attempt && !uv_is_closing(&dial->uv.handle))
        uv_close(&dial->uv.handle, on_attempt_closed);
}

static void finish(struct dial *dial)
{
    if (dial->state == STATE_DONE)
        return;
    dial->state = STATE_DONE;
    if (dial->resolving)
        (void)uv_cancel((uv_req_t *)&dial->resolve);
    close_attempt(dial);
    loop_timer_close(&dial->timer, on_timer_closed);
}

/* --- one address --- */

static void on_connect(uv_connect_t *req, int status)
{
    struct dial *dial = req->data;
    if (dial->state == STATE_DONE || uv_is_closing(&dial->uv.handle))
        return;
    uv_os_fd_t fd = -1;
    if (status == 0)
        status = uv_fileno(&dial->uv.handle, &fd);
    if (status == 0) {
        dial->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        status = dial->fd >= 0 ? 0 : UV_EMFILE;
    }
    if (status == 0) {
        dial->err = ERR_OK;
        dial->why.text[0] = '\0';
        finish(dial);
        return;
    }
    remember(dial, status);
    close_attempt(dial);
}

static int try_tcp(struct dial *dial)
{
    must(uv_tcp_init(&dial->loop->uv, &dial->uv.tcp) == 0);
    struct sockaddr *to = (struct sockaddr *)&dial->address[dial->tried];
    return uv_tcp_connect(&dial->connect, &dial->uv.tcp, to, on_connect);
}

static int try_pipe(struct dial *dial)
{
    must(uv_pipe_init(&dial->loop->uv, &dial->uv.pipe, 0) == 0);
    uv_pipe_connect(&dial->connect, &dial->uv.pipe, dial->path, on_connect);
    return 0;
}

/* Try the next address, with its share of the time that is left. */
static void next(struct dial *dial)
{
    uint64_t ms = left_ms(dial);
    if (dial->tried == dial->addresses || ms == 0) {
        finish(dial);
        return;
    }
    dial->connect.data = dial;
    dial->attempt = true;
    int code = dial->host[0] != '\0' ? try_tcp(dial) : try_pipe(dial);
    dial->uv.handle.data = dial;
    ms /= dial->addresses - dial->tried;
    dial->tried++;
    if (code != 0) {
        remember(dial, code);
        close_attempt(dial);
        return;
    }
    loop_timer_start(&dial->timer, (int64_t)ms);
}

/* --- the name --- */

static bool numeric(struct dial *dial)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (uv_ip4_addr(dial->host, dial->port, &v4) == 0)
        memcpy(&dial->address[0], &v4, sizeof v4);
    else if (uv_ip6_addr(dial->host, dial->port, &v6) == 0)
        memcpy(&dial->address[0], &v6, sizeof v6);
    else
        return false;
    dial->addresses = 1;
    return true;
}

static void keep(struct dial *dial, const struct addrinfo *list)
{
    for (; list != NULL && dial->addresses < DIAL_ADDRESSES_MAX; list = list->ai_next) {
        if (list->ai_family == AF_INET || list->ai_family == AF_INET6)
            memcpy(&dial->address[dial->addresses++], list->ai_addr, list->ai_addrlen);
    }
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct dial *dial = req->data;
    dial->resolving = false;
    if (dial->state == STATE_DONE) {
        uv_freeaddrinfo(list);
        settle(dial);
        return;
    }
    if (status == 0)
        keep(dial, list);
    uv_freeaddrinfo(list);
    if (dial->addresses == 0)
        remember(dial, status != 0 ? status : UV_EAI_NONAME);
    dial->state = STATE_CONNECT;
    next(dial);
}

static void resolve(struct dial *dial)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%u", dial->port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    dial->resolve.data = dial;
    int code =
        uv_getaddrinfo(&dial->loop->uv, &dial->resolve, on_resolved, dial->host, port, &hints);
    if (code != 0) {
        remember(dial, code);
        finish(dial);
        return;
    }
    dial->resolving = true;
    loop_timer_start(&dial->timer, (int64_t)left_ms(dial));
}

/* Fires first to begin, then as the deadline of what is going on. */
static void on_timer(struct loop_timer *timer, void *arg)
{
    (void)timer;
    struct dial *dial = arg;
    if (dial->resolving) {
        remember(dial, UV_ETIMEDOUT);
        finish(dial);
    } else if (dial->attempt && uv_is_closing(&dial->uv.handle)) {
        return; /* it failed in this very turn; the next one begins by itself */
    } else if (dial->attempt) {
        remember(dial, UV_ETIMEDOUT);
        close_attempt(dial);
    } else if (dial->host[0] != '\0' && !numeric(dial)) {
        resolve(dial);
    } else {
        dial->state = STATE_CONNECT;
        next(dial);
    }
}

/* --- verbs --- */

enum err dial_start(struct loop *loop, const struct dial_cfg *cfg, dial_cb cb, void *arg,
                    struct dial **out)
{
    const char *name = cfg->host != NULL ? cfg->host : cfg->path;
    must(name != NULL && cb != NULL);
    size_t room = cfg->host != NULL ? sizeof((*out)->host) : sizeof((*out)->path);
    size_t n = strlen(name);
    if (n == 0 || n >= room)
        return ERR_USAGE;
    struct dial *dial = mem_new(sizeof *dial);
    if (dial == NULL)
        return ERR_NOMEM;
    dial->loop = loop;
    dial->conn = cfg->conn;
    dial->cb = cb;
    dial->arg = arg;
    dial->port = cfg->port;
    dial->fd = -1;
    memcpy(cfg->host != NULL ? dial->host : dial->path, name, n);
    dial->addresses = cfg->host != NULL ? 0 : 1;
    uv_update_time(&loop->uv);
    dial->due_ms = uv_now(&loop->uv) + (uint64_t)(cfg->ms > 0 ? cfg->ms : DIAL_MS);
    remember(dial, UV_ETIMEDOUT);
    loop_timer_init(loop, &dial->timer, on_timer, dial);
    dial->timer_open = true;
    loop_timer_start(&dial->timer, 0);
    *out = dial;
    return ERR_OK;
}

void dial_cancel(struct dial *dial)
{
    if (dial->state == STATE_DONE && dial->err == ERR_CLOSED)
        return;
    /* A connection that stands already but was not handed over is closed again. */
    dial->err = note_set(&dial->why, ERR_CLOSED, N_("abandonné"));
    finish(dial);
}
