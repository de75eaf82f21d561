/* SPDX-License-Identifier: Apache-2.0 */
/* The routes that are commands of the command line too: the same words, the same JSON. */
#include "io/file.h"
#include "io/json.h"
#include "store/undo.h"
#include "web/api.h"

#include <strings.h>

enum { WORDS_MAX = 80, EXIT_DONE = 0, EXIT_WAITS = 4 };

/* One command, and the body it is made of. */
struct words {
    struct api *api;
    const char *word[WORDS_MAX];
    size_t count;
    struct str names[WORDS_MAX], texts[WORDS_MAX]; /* of the body's members; "set" apart */
    size_t n;
    struct str set_names[SCHEMA_FIELDS_MAX], set_texts[SCHEMA_FIELDS_MAX];
    size_t set_n;
    bool set; /* there was a "set" */
};

static struct words *words_new(struct api *api)
{
    struct words *w = arena_new(&api->arena, sizeof *w);
    if (w == NULL)
        api_fail(api, ERR_NOMEM);
    else
        w->api = api;
    return w;
}

static void add(struct words *w, const char *word)
{
    must(w->count < WORDS_MAX);
    w->word[w->count++] = word;
}

/* A text of the page's, as a word with its end. */
static void add_text(struct words *w, struct str text)
{
    const char *word = arena_copy(&w->api->arena, text.p, text.n);
    add(w, word == NULL ? "" : word);
}

/* ---- running ---- */

/* Which error the command told in JSON, as a status. */
static int status_of(struct api *api, struct str talk)
{
    struct json_in in;
    struct json_val val;
    struct str key;
    int status = 500;
    json_in_init(&in, talk, &api->arena);
    if (!json_value(&in, &val) || val.kind != JSON_OBJECT)
        return status;
    while (json_member(&in, &key)) {
        if (!json_value(&in, &val))
            break;
        for (int err = 1; err < ERR_COUNT && str_eq(key, STR("error")); err++)
            if (val.kind == JSON_STRING && str_eq(val.text, str_of(err_name((enum err)err))))
                status = api_status((enum err)err);
    }
    return status;
}

static void run(struct words *w)
{
    struct api *api = w->api;
    struct buf talk = {.max = API_BODY_BYTES_MAX};
    int exit = api->command(api->arg, w->word, w->count, &api->out, &talk);
    if (exit != EXIT_DONE && exit != EXIT_WAITS) {
        api->status = status_of(api, buf_str(&talk));
        buf_clear(&api->out);
        buf_add(&api->out, talk.p, talk.n);
        if (api->out.n == 0)
            api_fail(api, ERR_BUSY);
    }
    buf_done(&talk);
}

/* ---- bodies ---- */

static bool take_text(struct json_in *in, struct str *out)
{
    struct json_val val;
    if (!json_value(in, &val))
        return false;
    if (val.kind == JSON_STRING || val.kind == JSON_NUMBER)
        *out = val.text;
    else if (val.kind == JSON_BOOL)
        *out = val.truth ? STR("true") : STR("false");
    else if (val.kind == JSON_NULL)
        *out = (struct str){"", 0};
    else
        return json_fail(in, ERR_FORMAT, N_("un texte, un nombre ou oui/non est attendu ici"));
    return true;
}

static bool take_set(struct json_in *in, struct words *w)
{
    struct json_val val;
    struct str key;
    w->set = true;
    if (!json_value(in, &val) || val.kind != JSON_OBJECT)
        return json_fail(in, ERR_FORMAT, N_("un objet est attendu ici"));
    while (json_member(in, &key)) {
        if (w->set_n == SCHEMA_FIELDS_MAX)
            return json_fail(in, ERR_LIMIT, N_("trop de champs"));
        w->set_names[w->set_n] = key;
        if (!take_text(in, &w->set_texts[w->set_n]))
            return false;
        w->set_n++;
    }
    return true;
}

static bool read_body(struct words *w)
{
    struct api *api = w->api;
    struct json_in in;
    struct json_val val;
    struct str key;
    json_in_init(&in, api->body, &api->arena);
    if (json_value(&in, &val) && val.kind != JSON_OBJECT)
        (void)json_fail(&in, ERR_FORMAT, N_("un objet est attendu ici"));
    while (json_member(&in, &key)) {
        bool good = false;
        if (str_eq(key, STR("set"))) {
            good = take_set(&in, w);
        } else if (w->n < WORDS_MAX && take_text(&in, &w->texts[w->n])) {
            w->names[w->n++] = key;
            good = true;
        }
        if (!good)
            break;
    }
    enum err err = json_in_end(&in, &api->why);
    if (err != ERR_OK)
        api_fail(api, err);
    return err == ERR_OK;
}

static struct str member(const struct words *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(w->names[i], str_of(name)))
            return w->texts[i];
    return (struct str){NULL, 0};
}

/* "--name" and the member's text, when it is there. */
static void add_option(struct words *w, const char *option, const char *name)
{
    struct str text = member(w, name);
    if (text.n == 0)
        return;
    add(w, option);
    add_text(w, text);
}

/* FIELD=VALUE of each member of "set". */
static void add_set(struct words *w)
{
    for (size_t i = 0; i < w->set_n; i++) {
        struct buf word = {0};
        buf_add(&word, w->set_names[i].p, w->set_names[i].n);
        buf_u8(&word, '=');
        buf_add(&word, w->set_texts[i].p, w->set_texts[i].n);
        add_text(w, buf_str(&word));
        buf_done(&word);
    }
}

/* ---- the routes ---- */

void api_state(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL)
        return;
    add(w, "status");
    run(w);
}

void api_inbox(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL)
        return;
    add(w, "inbox");
    if (api_number(api, "closed", 0) != 0)
        add(w, "--closed");
    run(w);
}

static void run_list(struct api *api, const char *command)
{
    struct words *w = words_new(api);
    if (w == NULL)
        return;
    add(w, command);
    if (api_number(api, "decided", 0) != 0)
        add(w, "--decided");
    run(w);
}

void api_conflicts(struct api *api)
{
    run_list(api, "conflicts");
}

void api_duplicates(struct api *api)
{
    run_list(api, "duplicates");
}

void api_refused(struct api *api)
{
    struct words *w = words_new(api);
    struct buf name = {0};
    if (w == NULL)
        return;
    buf_add(&name, api->part[1].p, api->part[1].n);
    buf_u8(&name, '/');
    buf_add(&name, api->part[2].p, api->part[2].n);
    add(w, "inbox");
    add(w, "show");
    add(w, "--");
    add_text(w, buf_str(&name));
    buf_done(&name);
    run(w);
}

void api_history(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL)
        return;
    add(w, "show");
    add(w, "--history");
    add(w, "--");
    for (size_t i = 1; i < api->parts; i++)
        add_text(w, api->part[i]);
    run(w);
}

void api_resolve(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL || !read_body(w))
        return;
    add(w, "resolve");
    add_option(w, "--keep", "keep");
    add_option(w, "--reason", "reason");
    if (w->set)
        add(w, "--set");
    if (str_eq(member(w, "again"), STR("true")))
        add(w, "--again");
    add(w, "--");
    add_text(w, member(w, "id"));
    add_set(w);
    run(w);
}

void api_resubmit(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL || !read_body(w))
        return;
    add(w, "inbox");
    add(w, "resubmit");
    add_option(w, "--without", "without");
    add(w, "--");
    add_text(w, member(w, "id"));
    add_set(w);
    run(w);
}

void api_discard(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL || !read_body(w))
        return;
    add(w, "inbox");
    add(w, "discard");
    add_option(w, "--reason", "reason");
    add(w, "--");
    add_text(w, member(w, "id"));
    run(w);
}

void api_accept(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL || !read_body(w))
        return;
    add(w, "referral");
    add(w, "accept");
    add(w, "--");
    add_text(w, member(w, "id"));
    add_set(w);
    run(w);
}

void api_duplicate(struct api *api)
{
    static const char *const decisions[] = {"same", "different", "undo"};
    struct words *w = words_new(api);
    const char *decision = NULL;
    if (w == NULL || !read_body(w))
        return;
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++)
        if (str_eq(member(w, "decision"), str_of(decisions[i])))
            decision = decisions[i];
    if (decision == NULL) {
        api_fail(api, note_set(&api->why, ERR_INVALID, N_("décision inconnue")));
        return;
    }
    add(w, "duplicate");
    add(w, decision);
    add_option(w, "--reason", "reason");
    add(w, "--");
    add_text(w, member(w, "id"));
    run(w);
}

/* An option, when the query has it. */
static void add_param(struct words *w, const char *option, const char *name)
{
    struct str text = api_param(w->api, name);
    if (text.n == 0)
        return;
    add(w, option);
    add_text(w, text);
}

void api_today(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL)
        return;
    add(w, "today");
    add_param(w, "--at", "at");
    run(w);
}

void api_overlaps(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL)
        return;
    add(w, "overlaps");
    add(w, "--");
    add_text(w, api->part[1]);
    run(w);
}

/* FIELD=VALUE of each field that the query names. */
void api_candidates(struct api *api)
{
    struct words *w = words_new(api);
    const struct table *table = w == NULL ? NULL : api_table(api, api->part[1]);
    if (table == NULL)
        return;
    add(w, "candidates");
    add_param(w, "--except", "except");
    add(w, "--");
    add_text(w, api->part[1]);
    for (uint16_t i = 0; i < table->field_count; i++) {
        struct buf word = {0};
        struct str text = api_param(api, table->fields[i].name);
        buf_printf(&word, "%s=%.*s", table->fields[i].name, (int)text.n, text.p);
        if (text.n > 0)
            add_text(w, buf_str(&word));
        buf_done(&word);
    }
    run(w);
}

void api_agenda(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL)
        return;
    add(w, "agenda");
    add_param(w, "--from", "from");
    add_param(w, "--to", "to");
    if (api_number(api, "ical", 0) != 0) {
        add(w, "--ical");
        add(w, "-");
    }
    if (api_number(api, "names", 0) != 0)
        add(w, "--names");
    run(w);
}

void api_settings(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL)
        return;
    add(w, "settings");
    run(w);
}

void api_settle(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL || !read_body(w))
        return;
    add(w, "settings");
    add(w, "--");
    add_set(w);
    run(w);
    api->changed = true;
}

/* The code is a secret: it is in no list of processes, for no process is started. */
void api_enrol(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL || !read_body(w))
        return;
    add(w, "enrol");
    add_option(w, "--server", "server");
    add(w, "--");
    add_text(w, member(w, "code"));
    api->changed = true;
    run(w);
}

void api_example(struct api *api)
{
    struct words *w = words_new(api);
    if (w == NULL || !read_body(w))
        return;
    add(w, "example");
    add(w, str_eq(member(w, "on"), STR("true")) ? "begin" : "end");
    api->changed = true;
    run(w);
}

/* The file lies beside the replica while it is read. */
static enum err put_file(struct api *api, struct buf *path)
{
    struct str name = api_param(api, "name");
    bool sheet = name.n > 5 && strncasecmp(name.p + name.n - 5, ".xlsx", 5) == 0;
    enum err err = file_join(path, api->dir, sheet ? "import.xlsx" : "import.csv");
    return err == ERR_OK ? file_replace((const char *)path->p, api->body, 0600, &api->why)
                         : err;
}

/* Which operations it made, so that they can be undone: {…,"first":N,"last":N}. */
static void add_ops(struct api *api, uint64_t first, uint64_t last)
{
    while (api->out.n > 0 && api->out.p[api->out.n - 1] != '}')
        api->out.n--;
    if (api->out.n > 0)
        api->out.n--;
    buf_printf(&api->out, ",\"first\":%llu,\"last\":%llu}\n", (unsigned long long)first,
               (unsigned long long)last);
}

/* {"first":N,"last":N} */
void api_undo(struct api *api)
{
    struct words *w = words_new(api);
    struct undo_tally tally;
    uint64_t ends[2] = {0, 0};
    static const char *const names[] = {"first", "last"};
    if (w == NULL || !read_body(w))
        return;
    for (size_t i = 0; i < 2; i++) {
        struct json_val val = {.kind = JSON_NUMBER, .text = member(w, names[i])};
        int64_t n = 0;
        if (val.text.n > 0 && json_as_int(&val, &n) && n > 0)
            ends[i] = (uint64_t)n;
    }
    enum err err = undo_ops(api->store, ends[0], ends[1], &tally, &api->why);
    if (err == ERR_OK)
        buf_printf(&api->out, "{\"undone\":%llu,\"kept\":%llu}\n",
                   (unsigned long long)tally.undone, (unsigned long long)tally.kept);
    else
        api_fail(api, err);
}

void api_import(struct api *api)
{
    struct words *w = words_new(api);
    struct buf path = {0};
    if (w == NULL || api_table(api, api->part[1]) == NULL)
        return;
    enum err err = put_file(api, &path);
    if (err != ERR_OK) {
        buf_done(&path);
        api_fail(api, err);
        return;
    }
    uint64_t before = store_last_op(api->store);
    add(w, "import");
    add(w, "--skip-bad");
    if (api_number(api, "dry", 0) != 0)
        add(w, "--dry-run");
    add(w, "--");
    add_text(w, api->part[1]);
    add_text(w, (struct str){(const char *)path.p, path.n});
    run(w);
    err = file_erase((const char *)path.p, &api->why);
    buf_done(&path);
    if (err != ERR_OK)
        api_fail(api, err);
    else if (api->status == 200)
        add_ops(api, before + 1, store_last_op(api->store));
}
