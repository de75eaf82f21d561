/* SPDX-License-Identifier: Apache-2.0 */
#include "web/site.h"

#include "io/clock.h"
#include "io/file.h"
#include "io/json.h"
#include "io/mo.h"
#include "io/random.h"
#include "io/say.h"
#include "web/assets.h"

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
    struct site *site;
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

struct site {
    struct site_cfg cfg;
    struct httpd *httpd; /* NULL once closed */
    struct door door;
    struct stream *streams;
    struct loop_timer beat;
    bool beat_closed;
    size_t tasks; /* out */
    bool closing;
    httpd_closed_cb on_closed;
    void *closed_arg;
};

static void end_when_quiet(struct site *site)
{
    if (!site->closing || site->httpd != NULL || site->tasks > 0 || !site->beat_closed)
        return;
    httpd_closed_cb cb = site->on_closed;
    void *arg = site->closed_arg;
    mem_wipe(&site->door, sizeof site->door);
    mem_free(site);
    if (cb != NULL)
        cb(arg);
}

/* ---- what is no data ---- */

static void answer_text(struct site *site, struct exchange *x, int status)
{
    httpd_answer(site->httpd, x, status,
                 STR("Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"),
                 str_of(http_reason(status)));
}

static void answer_bytes(struct site *site, struct exchange *x, const struct asset *asset,
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
    httpd_answer(site->httpd, x, known ? 304 : 200, buf_str(&headers), bytes);
    buf_done(&headers);
}

static void answer_asset(struct site *site, struct exchange *x, const struct asset *asset)
{
    struct buf path = {0};
    struct buf bytes = {0};
    if (site->cfg.assets == NULL) {
        answer_bytes(site, x, asset,
                     (struct str){asset->from, (size_t)(asset->to - asset->from)});
        return;
    }
    enum err err = file_join(&path, site->cfg.assets, asset->file);
    if (err == ERR_OK)
        err = file_read((const char *)path.p, ASSETS_FILE_BYTES_MAX, &bytes, NULL);
    if (err == ERR_OK)
        answer_bytes(site, x, asset, buf_str(&bytes));
    else
        answer_text(site, x, 404);
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

static void answer_catalogue(struct site *site, struct exchange *x)
{
    struct str bytes = say_catalogue(language_of(x->request.path));
    struct mo mo;
    struct buf out = {0};
    if (bytes.p == NULL || mo_open(&mo, bytes) != ERR_OK) {
        answer_text(site, x, 404);
        return;
    }
    print_catalogue(&mo, &out);
    httpd_answer(site->httpd, x, out.err == ERR_OK ? 200 : 503, STR(JSON), buf_str(&out));
    buf_done(&out);
}

/* ---- coming in ---- */

static void answer_session(struct site *site, struct exchange *x, struct str headers)
{
    struct buf out = {0};
    struct json_out json;
    json_out_init(&json, &out);
    json_object(&json);
    json_key(&json, "csrf");
    json_text(&json, site->door.csrf);
    json_key(&json, "language");
    json_text(&json, say_code());
    json_key(&json, "version");
    json_text(&json, JALON_VERSION);
    json_object_end(&json);
    httpd_answer(site->httpd, x, out.err == ERR_OK ? 200 : 503, headers, buf_str(&out));
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

static void answer_open(struct site *site, struct exchange *x)
{
    struct arena arena = {0};
    struct buf headers = {0};
    bool opened = door_open(&site->door, clock_wall_ms(), read_ticket(x, &arena));
    arena_done(&arena);
    if (!opened) {
        answer_text(site, x, 401);
        return;
    }
    buf_text(&headers, JSON "Set-Cookie: ");
    door_cookie(&site->door, &headers);
    buf_text(&headers, "\r\n");
    if (headers.err == ERR_OK)
        answer_session(site, x, buf_str(&headers));
    else
        answer_text(site, x, 503);
    buf_done(&headers);
}

/* ---- events ---- */

static void open_stream(struct site *site, struct exchange *x)
{
    struct stream *stream = mem_new(sizeof *stream);
    if (stream == NULL) {
        answer_text(site, x, 503);
        return;
    }
    *stream = (struct stream){x, site->streams};
    site->streams = stream;
    httpd_stream(site->httpd, x);
    httpd_push(x, STR("retry: 1000\nevent: hello\ndata: {}\n\n"));
}

void site_tell(struct site *site, const char *what)
{
    struct buf event = {0};
    buf_printf(&event, "event: %s\ndata: {}\n\n", what);
    for (struct stream *s = site->streams; s != NULL && event.err == ERR_OK; s = s->next)
        httpd_push(s->x, buf_str(&event));
    buf_done(&event);
}

static void on_beat(struct loop_timer *timer, void *arg)
{
    struct site *site = arg;
    for (struct stream *s = site->streams; s != NULL; s = s->next)
        httpd_push(s->x, STR(": \n\n"));
    loop_timer_start(timer, SITE_BEAT_MS);
}

static void on_gone(void *arg, struct exchange *x)
{
    struct site *site = arg;
    struct stream **at = &site->streams;
    while ((*at)->x != x)
        at = &(*at)->next;
    struct stream *gone = *at;
    *at = gone->next;
    mem_free(gone);
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
    api->store = task->site->cfg.store(task->site->cfg.arg);
    if (api->store == NULL) {
        api_fail(api, note_set(&api->why, ERR_CLOSED,
                               N_("les données ne sont plus sur cet appareil")));
        return;
    }
    uint64_t before = store_last_op(api->store);
    api_run(api, task->route);
    task->saved = store_last_op(api->store) != before;
}

static void on_done(struct job *job)
{
    struct task *task = task_of(job);
    struct site *site = task->site;
    httpd_answer(site->httpd, task->x, task->api.status, STR(JSON), buf_str(&task->api.out));
    if (task->saved && !site->closing) {
        site->cfg.on_saved(site->cfg.arg);
        site_tell(site, "saved");
    }
    arena_done(&task->api.arena);
    buf_done(&task->api.out);
    mem_free(task);
    site->tasks--;
    end_when_quiet(site);
}

static void ask_store(struct site *site, struct exchange *x)
{
    bool other = false;
    struct task *task = mem_new(sizeof *task);
    if (task == NULL) {
        answer_text(site, x, 503);
        return;
    }
    task->job = (struct job){.run = on_run, .done = on_done};
    task->site = site;
    task->x = x;
    task->api.query = x->request.query;
    task->api.body = buf_str(&x->body);
    task->api.command = site->cfg.command;
    task->api.arg = site->cfg.arg;
    must(api_path(&task->api, x->request.path));
    task->route = api_find(&task->api, x->request.method == HTTP_POST, &other);
    must(task->route != NULL);
    if (site->closing || jobs_submit(site->cfg.jobs, &task->job) != ERR_OK) {
        mem_free(task);
        answer_text(site, x, 503);
        return;
    }
    site->tasks++;
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
    PLACE_EVENTS,
    PLACE_API,
};

static const struct {
    const char *path;
    enum place place;
    bool post;
} own_places[] = {
    {"/api/open", PLACE_OPEN, true},
    {"/api/session", PLACE_SESSION, false},
    {"/api/sync", PLACE_SYNC, true},
    {"/events", PLACE_EVENTS, false},
};

static enum place find_place(const struct http_request *request)
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
    if (api_find(&api, post, &other) != NULL)
        return post || get ? PLACE_API : PLACE_OTHER_METHOD;
    return other ? PLACE_OTHER_METHOD : PLACE_NONE;
}

static enum door_need need_of(enum place place, const struct http_request *request)
{
    switch (place) {
    case PLACE_NONE:
    case PLACE_OTHER_METHOD:
    case PLACE_ASSET:
    case PLACE_CATALOGUE:
        return DOOR_ANYBODY;
    case PLACE_OPEN:
        return DOOR_TICKET;
    case PLACE_SESSION:
    case PLACE_EVENTS:
        return DOOR_GUEST;
    case PLACE_SYNC:
        return DOOR_HAND;
    case PLACE_API:
        break;
    }
    return request->method == HTTP_POST ? DOOR_HAND : DOOR_GUEST;
}

/* Only JSON: a form of another page cannot send that without asking first. */
static bool is_json(const struct http_request *request)
{
    struct str type = http_header(request, "Content-Type");
    return http_is(type, "application/json") ||
           http_is(type, "application/json; charset=utf-8");
}

static int on_head(void *arg, struct exchange *x)
{
    struct site *site = arg;
    enum place place = find_place(&x->request);
    int status = door_check(&site->door, &x->request, need_of(place, &x->request));
    if (status != 0)
        return status;
    if (place == PLACE_NONE || place == PLACE_OTHER_METHOD)
        return place == PLACE_NONE ? 404 : 405;
    if (x->request.method != HTTP_POST)
        return 0;
    x->body_max = API_BODY_BYTES_MAX;
    return is_json(&x->request) ? 0 : 415;
}

static void on_request(void *arg, struct exchange *x)
{
    struct site *site = arg;
    switch (find_place(&x->request)) {
    case PLACE_NONE:
    case PLACE_OTHER_METHOD:
        answer_text(site, x, 404);
        break;
    case PLACE_ASSET:
        answer_asset(site, x, assets_find(x->request.path));
        break;
    case PLACE_CATALOGUE:
        answer_catalogue(site, x);
        break;
    case PLACE_OPEN:
        answer_open(site, x);
        break;
    case PLACE_SESSION:
        answer_session(site, x, STR(JSON));
        break;
    case PLACE_SYNC:
        site->cfg.on_sync(site->cfg.arg);
        httpd_answer(site->httpd, x, 200, STR(JSON), STR("{}\n"));
        break;
    case PLACE_EVENTS:
        open_stream(site, x);
        break;
    case PLACE_API:
        ask_store(site, x);
        break;
    }
}

/* ---- life ---- */

enum err site_open(const struct site_cfg *cfg, struct site **out, struct note *why)
{
    uint8_t chance[3 * DOOR_SECRET_BYTES];
    struct site *site = mem_new(sizeof *site);
    if (site == NULL)
        return ERR_NOMEM;
    site->cfg = *cfg;
    struct httpd_cfg httpd = {.loop = cfg->loop,
                              .port = cfg->port,
                              .on_head = on_head,
                              .on_request = on_request,
                              .on_gone = on_gone,
                              .common = {common, sizeof common - 1},
                              .arg = site};
    enum err err = httpd_open(&httpd, &site->httpd, why);
    if (err != ERR_OK) {
        mem_free(site);
        return err;
    }
    random_bytes(chance, sizeof chance);
    door_init(&site->door, httpd_port(site->httpd), chance);
    mem_wipe(chance, sizeof chance);
    loop_timer_init(cfg->loop, &site->beat, on_beat, site);
    loop_timer_start(&site->beat, SITE_BEAT_MS);
    *out = site;
    return ERR_OK;
}

const struct door *site_door(const struct site *site)
{
    return &site->door;
}

static void on_httpd_closed(void *arg)
{
    struct site *site = arg;
    site->httpd = NULL;
    end_when_quiet(site);
}

static void on_beat_closed(struct loop_timer *timer, void *arg)
{
    struct site *site = arg;
    (void)timer;
    site->beat_closed = true;
    end_when_quiet(site);
}

void site_close(struct site *site, httpd_closed_cb cb, void *arg)
{
    if (site == NULL) {
        if (cb != NULL)
            cb(arg);
        return;
    }
    if (site->closing)
        return;
    site->closing = true;
    site->on_closed = cb;
    site->closed_arg = arg;
    loop_timer_close(&site->beat, on_beat_closed);
    httpd_close(site->httpd, on_httpd_closed, site);
}
