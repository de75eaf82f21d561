/* SPDX-License-Identifier: Apache-2.0 */
#include "web/front.h"

#include "io/clock.h"
#include "io/file.h"
#include "io/json.h"
#include "io/mo.h"
#include "io/random.h"
#include "io/say.h"
#include "store/content.h"
#include "web/assets.h"

#define BYTES                                                                                  \
    "Content-Type: application/octet-stream\r\nContent-Disposition: attachment\r\n"            \
    "Cache-Control: no-store\r\n"
#define JSON "Content-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\n"

/* What no answer goes without. */
static const char common[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

/* A question out on the store's thread. */
struct task {
    struct job job;
    struct front *front;
    struct exchange *x;
    const struct api_route *route;
    struct api api;
    bool saved;
};

/* An open page that listens. */
struct stream {
    struct exchange *x;
    struct stream *next;
};

struct front {
    struct front_cfg cfg;
    struct httpd *httpd; /* NULL once closed */
    struct gate gate;
    struct stream *streams;
    struct loop_timer beat;
    bool beat_closed;
    size_t tasks;    /* out */
    int64_t idle_ms; /* whoever was away so long must come in anew; 0: never */
    bool closing;
    httpd_closed_cb on_closed;
    void *closed_arg;
};

static void end_when_quiet(struct front *front)
{
    if (!front->closing || front->httpd != NULL || front->tasks > 0 || !front->beat_closed)
        return;
    httpd_closed_cb cb = front->on_closed;
    void *arg = front->closed_arg;
    mem_wipe(&front->gate, sizeof front->gate);
    mem_free(front);
    if (cb != NULL)
        cb(arg);
}

/* ---- what is no data ---- */

static void answer_text(struct front *front, struct exchange *x, int status)
{
    httpd_answer(front->httpd, x, status,
                 STR("Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"),
                 str_of(http_reason(status)));
}

static void answer_bytes(struct front *front, struct exchange *x, const struct asset *asset,
                         struct str bytes)
{
    char etag[ASSETS_ETAG_BYTES];
    struct buf headers = {0};
    assets_etag(bytes, etag);
    http_line(&headers, "Content-Type", str_of(asset->type));
    http_line(&headers, "Content-Encoding", STR("gzip"));
    http_line(&headers, "Cache-Control", STR("no-cache"));
    http_line(&headers, "ETag", str_of(etag));
    bool known = str_eq(http_header(&x->request, "If-None-Match"), str_of(etag));
    httpd_answer(front->httpd, x, known ? 304 : 200, buf_str(&headers), bytes);
    buf_done(&headers);
}

static void answer_asset(struct front *front, struct exchange *x, const struct asset *asset)
{
    struct buf path = {0};
    struct buf bytes = {0};
    if (front->cfg.assets == NULL) {
        answer_bytes(front, x, asset,
                     (struct str){asset->from, (size_t)(asset->to - asset->from)});
        return;
    }
    enum err err = file_join(&path, front->cfg.assets, asset->file);
    if (err == ERR_OK)
        err = file_read((const char *)path.p, ASSETS_FILE_BYTES_MAX, &bytes, NULL);
    if (err == ERR_OK)
        answer_bytes(front, x, asset, buf_str(&bytes));
    else
        answer_text(front, x, 404);
    buf_done(&path);
    buf_done(&bytes);
}

/* /i18n/LANG.json → LANG; empty when it is none. */
static struct str language_of(struct str path)
{
    struct str head = STR("/i18n/");
    struct str tail = STR(".json");
    if (path.n != head.n + 2 + tail.n || memcmp(path.p, head.p, head.n) != 0 ||
        memcmp(path.p + head.n + 2, tail.p, tail.n) != 0)
        return (struct str){NULL, 0};
    return (struct str){path.p + head.n, 2};
}

/* {"texte":"text","un":["one","many"],…} */
static void print_catalogue(const struct mo *mo, struct buf *out)
{
    struct json_out json;
    json_out_init(&json, out);
    json_object(&json);
    for (uint32_t i = 0; i < mo->n; i++) {
        const char *msgid;
        struct str words;
        mo_at(mo, i, &msgid, &words);
        const char *nul = memchr(words.p, '\0', words.n);
        if (msgid[0] == '\0' || words.n == 0)
            continue;
        json_key(&json, msgid);
        if (nul == NULL) {
            json_str(&json, words);
            continue;
        }
        size_t one = (size_t)(nul - words.p);
        json_array(&json);
        json_str(&json, (struct str){words.p, one});
        json_str(&json, (struct str){nul + 1, words.n - one - 1});
        json_array_end(&json);
    }
    json_object_end(&json);
}

static void answer_catalogue(struct front *front, struct exchange *x)
{
    struct str bytes = say_catalogue(language_of(x->request.path));
    struct mo mo;
    struct buf out = {0};
    if (bytes.p == NULL || mo_open(&mo, bytes) != ERR_OK) {
        answer_text(front, x, 404);
        return;
    }
    print_catalogue(&mo, &out);
    httpd_answer(front->httpd, x, out.err == ERR_OK ? 200 : 503, STR(JSON), buf_str(&out));
    buf_done(&out);
}

/* ---- coming in ---- */

static void answer_session(struct front *front, struct exchange *x, struct str headers)
{
    struct buf out = {0};
    struct json_out json;
    json_out_init(&json, &out);
    json_object(&json);
    json_key(&json, "csrf");
    json_text(&json, front->gate.csrf);
    json_key(&json, "language");
    json_text(&json, say_code());
    json_key(&json, "version");
    json_text(&json, JALON_VERSION);
    json_object_end(&json);
    httpd_answer(front->httpd, x, out.err == ERR_OK ? 200 : 503, headers, buf_str(&out));
    buf_done(&out);
}

/* {"ticket":"…"} */
static struct str read_ticket(struct exchange *x, struct arena *arena)
{
    struct json_in in;
    struct json_val val;
    struct str key;
    struct str ticket = {NULL, 0};
    json_in_init(&in, buf_str(&x->body), arena);
    if (!json_value(&in, &val) || val.kind != JSON_OBJECT)
        return ticket;
    while (json_member(&in, &key) && json_value(&in, &val))
        if (str_eq(key, STR("ticket")) && val.kind == JSON_STRING)
            ticket = val.text;
    if (json_in_end(&in, NULL) != ERR_OK)
        ticket = (struct str){NULL, 0};
    return ticket;
}

static void answer_open(struct front *front, struct exchange *x)
{
    struct arena arena = {0};
    struct buf headers = {0};
    bool opened = gate_open(&front->gate, clock_wall_ms(), read_ticket(x, &arena));
    arena_done(&arena);
    if (!opened) {
        answer_text(front, x, 401);
        return;
    }
    buf_text(&headers, JSON "Set-Cookie: ");
    gate_cookie(&front->gate, &headers);
    buf_text(&headers, "\r\n");
    if (headers.err == ERR_OK)
        answer_session(front, x, buf_str(&headers));
    else
        answer_text(front, x, 503);
    buf_done(&headers);
}

/* ---- going out ---- */

static void lock(struct front *front)
{
    uint8_t chance[2 * GATE_SECRET_BYTES];
    random_bytes(chance, sizeof chance);
    gate_lock(&front->gate, chance);
    mem_wipe(chance, sizeof chance);
    front_tell(front, "locked");
}

/* A page that is open locks itself, for it knows when it was used last. This is for those that
 * were closed: the browser still has their cookie. */
static bool forgotten(struct front *front)
{
    bool away =
        gate_forgotten(&front->gate, clock_mono_ms(), front->idle_ms, front->streams != NULL);
    if (away)
        lock(front);
    return away;
}

void front_idle(struct front *front, int64_t idle_ms)
{
    front->idle_ms = idle_ms;
}

/* ---- events ---- */

static void open_stream(struct front *front, struct exchange *x)
{
    struct stream *stream = mem_new(sizeof *stream);
    if (stream == NULL) {
        answer_text(front, x, 503);
        return;
    }
    *stream = (struct stream){x, front->streams};
    front->streams = stream;
    httpd_stream(front->httpd, x);
    httpd_push(x, STR("retry: 1000\nevent: hello\ndata: {}\n\n"));
}

void front_tell(struct front *front, const char *what)
{
    struct buf event = {0};
    buf_printf(&event, "event: %s\ndata: {}\n\n", what);
    for (struct stream *s = front->streams; s != NULL && event.err == ERR_OK; s = s->next)
        httpd_push(s->x, buf_str(&event));
    buf_done(&event);
}

static void on_beat(struct loop_timer *timer, void *arg)
{
    struct front *front = arg;
    for (struct stream *s = front->streams; s != NULL; s = s->next)
        httpd_push(s->x, STR(": \n\n"));
    loop_timer_start(timer, FRONT_BEAT_MS);
}

static void on_gone(void *arg, struct exchange *x)
{
    struct front *front = arg;
    struct stream **at = &front->streams;
    while ((*at)->x != x)
        at = &(*at)->next;
    struct stream *gone = *at;
    *at = gone->next;
    mem_free(gone);
    (void)gate_forgotten(&front->gate, clock_mono_ms(), 0, true);
}

/* ---- the API ---- */

static struct task *task_of(struct job *job)
{
    return (struct task *)((char *)job - offsetof(struct task, job));
}

static void on_run(struct job *job)
{
    struct task *task = task_of(job);
    struct api *api = &task->api;
    api->store = task->front->cfg.store(task->front->cfg.arg);
    if (api->store == NULL) {
        api_fail(api, note_set(&api->why, ERR_CLOSED,
                               N_("les données ne sont plus sur cet appareil")));
        return;
    }
    /* A document that is asked for is to be sent for, too. */
    uint64_t before = store_last_op(api->store) + content_wishes(api->store);
    api_run(api, task->route);
    /* Not the store of before: what was asked may have put another in its place. */
    task->saved =
        api->changed || store_last_op(api->store) + content_wishes(api->store) != before;
}

static void on_done(struct job *job)
{
    struct task *task = task_of(job);
    struct front *front = task->front;
    httpd_answer(front->httpd, task->x, task->api.status,
                 task->api.bytes ? STR(BYTES) : STR(JSON), buf_str(&task->api.out));
    if (task->saved && !front->closing) {
        front->cfg.on_saved(front->cfg.arg);
        front_tell(front, "saved");
    }
    arena_done(&task->api.arena);
    buf_done(&task->api.out);
    mem_free(task);
    front->tasks--;
    end_when_quiet(front);
}

static void ask_store(struct front *front, struct exchange *x)
{
    bool other = false;
    struct task *task = mem_new(sizeof *task);
    if (task == NULL) {
        answer_text(front, x, 503);
        return;
    }
    task->job = (struct job){.run = on_run, .done = on_done};
    task->front = front;
    task->x = x;
    task->api.query = x->request.query;
    task->api.body = buf_str(&x->body);
    task->api.command = front->cfg.command;
    task->api.dir = front->cfg.dir;
    task->api.arg = front->cfg.arg;
    must(api_path(&task->api, x->request.path));
    task->route = api_find(&task->api, x->request.method == HTTP_POST, &other);
    must(task->route != NULL);
    if (front->closing || jobs_submit(front->cfg.jobs, &task->job) != ERR_OK) {
        mem_free(task);
        answer_text(front, x, 503);
        return;
    }
    front->tasks++;
}

/* ---- the router ---- */

enum place {
    PLACE_NONE,
    PLACE_OTHER_METHOD, /* there is something, but not for this method */
    PLACE_ASSET,
    PLACE_CATALOGUE,
    PLACE_OPEN,
    PLACE_SESSION,
    PLACE_SYNC,
    PLACE_LOCK,
    PLACE_EVENTS,
    PLACE_API,
};

static const struct {
    const char *path;
    enum place place;
    bool post;
} own_places[] = {
    {"/api/open", PLACE_OPEN, true},  {"/api/session", PLACE_SESSION, false},
    {"/api/sync", PLACE_SYNC, true},  {"/api/lock", PLACE_LOCK, true},
    {"/events", PLACE_EVENTS, false},
};

/* route: set with PLACE_API. */
static enum place find_place(const struct http_request *request, const struct api_route **route)
{
    bool post = request->method == HTTP_POST;
    bool get = request->method == HTTP_GET || request->method == HTTP_HEAD;
    bool other = false;
    struct api api = {.parts = 0};
    for (size_t i = 0; i < sizeof own_places / sizeof *own_places; i++)
        if (str_eq(request->path, str_of(own_places[i].path)))
            return own_places[i].post == post && (post || request->method == HTTP_GET)
                       ? own_places[i].place
                       : PLACE_OTHER_METHOD;
    if (assets_find(request->path) != NULL)
        return get ? PLACE_ASSET : PLACE_OTHER_METHOD;
    if (say_catalogue(language_of(request->path)).p != NULL)
        return get ? PLACE_CATALOGUE : PLACE_OTHER_METHOD;
    if (!api_path(&api, request->path))
        return PLACE_NONE;
    *route = api_find(&api, post, &other);
    if (*route != NULL)
        return post || get ? PLACE_API : PLACE_OTHER_METHOD;
    return other ? PLACE_OTHER_METHOD : PLACE_NONE;
}

static enum gate_need need_of(enum place place, const struct http_request *request)
{
    switch (place) {
    case PLACE_NONE:
    case PLACE_OTHER_METHOD:
    case PLACE_ASSET:
    case PLACE_CATALOGUE:
        return GATE_ANYBODY;
    case PLACE_OPEN:
        return GATE_TICKET;
    case PLACE_SESSION:
    case PLACE_EVENTS:
        return GATE_GUEST;
    case PLACE_SYNC:
    case PLACE_LOCK:
        return GATE_HAND;
    case PLACE_API:
        break;
    }
    return request->method == HTTP_POST ? GATE_HAND : GATE_GUEST;
}

/* Only JSON: a form of another page cannot send that without asking first. */
static bool is_json(const struct http_request *request)
{
    struct str type = http_header(request, "Content-Type");
    return http_is(type, "application/json") ||
           http_is(type, "application/json; charset=utf-8");
}

/* The bytes of a file; a form cannot send that either. */
static bool is_file(const struct http_request *request)
{
    return http_is(http_header(request, "Content-Type"), "application/octet-stream");
}

static int on_head(void *arg, struct exchange *x)
{
    struct front *front = arg;
    const struct api_route *route = NULL;
    enum place place = find_place(&x->request, &route);
    enum gate_need need = need_of(place, &x->request);
    int status = gate_check(&front->gate, &x->request, need);
    if (status != 0)
        return status;
    if (need >= GATE_GUEST && forgotten(front))
        return 401;
    if (place == PLACE_NONE || place == PLACE_OTHER_METHOD)
        return place == PLACE_NONE ? 404 : 405;
    if (x->request.method != HTTP_POST)
        return 0;
    bool file = route != NULL && route->body > 0;
    x->body_max = route != NULL ? api_body_max(route) : API_BODY_BYTES_MAX;
    return (file ? is_file(&x->request) : is_json(&x->request)) ? 0 : 415;
}

static void on_request(void *arg, struct exchange *x)
{
    struct front *front = arg;
    const struct api_route *route = NULL;
    switch (find_place(&x->request, &route)) {
    case PLACE_NONE:
    case PLACE_OTHER_METHOD:
        answer_text(front, x, 404);
        break;
    case PLACE_ASSET:
        answer_asset(front, x, assets_find(x->request.path));
        break;
    case PLACE_CATALOGUE:
        answer_catalogue(front, x);
        break;
    case PLACE_OPEN:
        answer_open(front, x);
        break;
    case PLACE_SESSION:
        answer_session(front, x, STR(JSON));
        break;
    case PLACE_SYNC:
        front->cfg.on_sync(front->cfg.arg);
        httpd_answer(front->httpd, x, 200, STR(JSON), STR("{}\n"));
        break;
    case PLACE_LOCK:
        lock(front);
        httpd_answer(front->httpd, x, 200, STR(JSON), STR("{}\n"));
        break;
    case PLACE_EVENTS:
        open_stream(front, x);
        break;
    case PLACE_API:
        ask_store(front, x);
        break;
    }
}

/* ---- life ---- */

enum err front_open(const struct front_cfg *cfg, struct front **out, struct note *why)
{
    uint8_t chance[3 * GATE_SECRET_BYTES];
    struct front *front = mem_new(sizeof *front);
    if (front == NULL)
        return ERR_NOMEM;
    front->cfg = *cfg;
    struct httpd_cfg httpd = {.loop = cfg->loop,
                              .port = cfg->port,
                              .on_head = on_head,
                              .on_request = on_request,
                              .on_gone = on_gone,
                              .common = {common, sizeof common - 1},
                              .arg = front};
    enum err err = httpd_open(&httpd, &front->httpd, why);
    if (err != ERR_OK) {
        mem_free(front);
        return err;
    }
    random_bytes(chance, sizeof chance);
    gate_init(&front->gate, httpd_port(front->httpd), chance);
    mem_wipe(chance, sizeof chance);
    loop_timer_init(cfg->loop, &front->beat, on_beat, front);
    loop_timer_start(&front->beat, FRONT_BEAT_MS);
    *out = front;
    return ERR_OK;
}

const struct gate *front_gate(const struct front *front)
{
    return &front->gate;
}

static void on_httpd_closed(void *arg)
{
    struct front *front = arg;
    front->httpd = NULL;
    end_when_quiet(front);
}

static void on_beat_closed(struct loop_timer *timer, void *arg)
{
    struct front *front = arg;
    (void)timer;
    front->beat_closed = true;
    end_when_quiet(front);
}

void front_close(struct front *front, httpd_closed_cb cb, void *arg)
{
    if (front == NULL) {
        if (cb != NULL)
            cb(arg);
        return;
    }
    if (front->closing)
        return;
    front->closing = true;
    front->on_closed = cb;
    front->closed_arg = arg;
    loop_timer_close(&front->beat, on_beat_closed);
    httpd_close(front->httpd, on_httpd_closed, front);
}
