/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/people.h"

#include "store/closing.h"
#include "store/duplicates.h"
#include "store/handover.h"
#include "store/inside.h"
#include "store/search.h"
#include "tests/sim/draft.h"
#include "tests/sim/erasing.h"
#include "tests/sim/papers.h"
#include "tests/sim/saving.h"

#include <stdio.h>

enum { PERSON_ACTS, PERSON_WANTS }; /* events of OWNER_PEOPLE: a = node */
enum { CHANGES_MAX = 4, BATCH_MIN = 10, BATCH_MAX = 60 };

/* ---- random people ---- */

/* The more often it is here, the more often it is touched. */
static const uint16_t touched[] = {
    TABLE_PERSON,        TABLE_PERSON,        TABLE_PERSON,
    TABLE_PATHWAY,       TABLE_SESSION,       TABLE_SESSION,
    TABLE_SESSION,       TABLE_SESSION_NOTE,  TABLE_SESSION_NOTE,
    TABLE_OBJECTIVE,     TABLE_OBJECTIVE,     TABLE_ACTION,
    TABLE_ATTENDANCE,    TABLE_CONTRACT,      TABLE_CONTRACT,
    TABLE_STEP,          TABLE_SESSION_STAFF, TABLE_COMPANY,
    TABLE_COMPANY,       TABLE_POSITION,      TABLE_AGREEMENT,
    TABLE_INTERNSHIP,    TABLE_DOCUMENT,      TABLE_CONTACT_POINT,
    TABLE_SITE,          TABLE_PHASE,         TABLE_PROJECT,
    TABLE_JOB_FOLLOWUP,  TABLE_ASSIGNMENT,    TABLE_SESSION_ADDENDUM,
    TABLE_PATHWAY_MODEL, TABLE_PARAMETER,     TABLE_CONSENT,
    TABLE_REFERRAL,      TABLE_REFERRAL,
};

static const struct table *pick_table(struct people *p, const struct node *n)
{
    for (;;) {
        size_t i = (size_t)rng_below(&p->rng, sizeof touched / sizeof *touched);
        const struct table *table = schema_table(&schema_jalon, touched[i]);
        if (n->at != WORLD_SERVER || table->scope == SCOPE_NETWORK)
            return table;
    }
}

static void insert_one(struct people *p, struct saving *s, const struct table *table)
{
    struct draft d = {.n = s->n, .rng = &p->rng, .arena = &s->arena, .table = table};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct id id;
    uint32_t marks = s->n->w->oracle.count;
    if (draft_insert(&d, values, &count))
        saving_tried(s, table, &id, marks,
                     edit_insert(s->edit, table, values, count, &id, NULL));
}

static void update_one(struct people *p, struct saving *s, const struct table *table)
{
    struct draft d = {.n = s->n, .rng = &p->rng, .arena = &s->arena, .table = table};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct id id;
    uint32_t marks = s->n->w->oracle.count;
    if (draft_row(s->n, &p->rng, table, false, &id) && draft_update(&d, &id, values, &count))
        saving_tried(s, table, &id, marks,
                     edit_update(s->edit, table, &id, values, count, NULL));
}

static void delete_one(struct people *p, struct saving *s, const struct table *table)
{
    bool deleted = rng_chance(&p->rng, 250000);
    struct id id;
    if (draft_row(s->n, &p->rng, table, deleted, &id))
        saving_tried(s, table, &id, s->n->w->oracle.count,
                     edit_delete(s->edit, table, &id, !deleted, NULL));
}

static void change_one(struct people *p, struct saving *s)
{
    const struct table *table = pick_table(p, s->n);
    uint64_t what = rng_below(&p->rng, 100);
    if (what < 40)
        insert_one(p, s, table);
    else if (what < 92)
        update_one(p, s, table);
    else
        delete_one(p, s, table);
}

static void import(struct people *p, struct saving *s)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_COMPANY);
    for (int64_t n = rng_between(&p->rng, BATCH_MIN, BATCH_MAX); n > 0 && s->broken == ERR_OK;
         n--)
        insert_one(p, s, table);
}

/* Decide an open conflict; false when there is none. */
static bool decide(struct people *p, struct node *n)
{
    struct stmt *stmt = NULL;
    struct id id;
    bool found = false;
    if (db_prepare(n->store->db,
                   "SELECT _id FROM t_conflict WHERE state='open' AND _del=0 ORDER BY _id",
                   &stmt) != ERR_OK)
        return false;
    for (uint64_t skip = rng_below(&p->rng, 4); stmt_step(stmt) == STEP_ROW; skip--) {
        found = col_id(stmt, 0, &id);
        if (skip == 0)
            break;
    }
    stmt_free(stmt);
    if (!found)
        return false;
    enum edit_decision decision = (enum edit_decision)rng_below(&p->rng, 3);
    enum err err =
        edit_resolve(n->store, &id, decision, STR("décidé"), STR("vu ensemble"), NULL);
    saving_did(n, "a decision", err);
    return true;
}

struct found {
    uint64_t skip;
    struct quarantined q;
    struct arena *arena;
    bool any;
};

static enum err on_waiting(void *ctx, const struct quarantined *q)
{
    struct found *f = ctx;
    f->any = true;
    f->q = *q;
    f->q.op.p = arena_copy(f->arena, q->op.p, q->op.n);
    f->q.note = STR("");
    return f->skip-- == 0 ? ERR_EXISTS : ERR_OK;
}

/* Save a refused operation again, or give it up; false when none waits. */
static bool close_refused(struct people *p, struct node *n)
{
    struct arena arena = {0};
    struct found f = {.skip = rng_below(&p->rng, 4), .arena = &arena};
    struct closing_plan plan = {0};
    uint64_t rows = 0;
    enum err err = quarantine_list(n->store, false, on_waiting, &f);
    if (!f.any || (err != ERR_OK && err != ERR_EXISTS)) {
        arena_done(&arena);
        return false;
    }
    if (rng_chance(&p->rng, 500000))
        err = closing_resubmit(n->store, &f.q, &plan, &rows, NULL);
    else
        err = closing_discard(n->store, &f.q, STR("vu ensemble"), NULL);
    arena_done(&arena);
    saving_did(n, "closing", err);
    return true;
}

/* Decide whether two rows are the same, or take it back; false when there is no case. */
static bool decide_duplicate(struct people *p, struct node *n)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_DUPLICATE_CASE);
    struct id id;
    if (!draft_row(n, &p->rng, table, false, &id))
        return false;
    enum duplicate_state state = (enum duplicate_state)rng_below(&p->rng, 3);
    enum err err = duplicate_decide(n->store, &id, state, STR("vu ensemble"), NULL);
    saving_did(n, "a duplicate", err);
    return true;
}

static const struct client *any_client(struct people *p)
{
    return &p->w->clients[rng_below(&p->rng, p->w->count)];
}

/* The caseload of one goes to another, from some day around now on. */
static void hand_over(struct people *p, struct node *n)
{
    const struct client *from = any_client(p);
    if (n->at != WORLD_SERVER && rng_chance(&p->rng, 600000))
        from = world_client(p->w, n->at);
    const struct client *to = any_client(p);
    for (int tries = 0; tries < 8 && (to == from || to->home != from->home); tries++)
        to = any_client(p);
    struct handover h = {.from = from->staff, .to = to->staff};
    struct handover_plan plan = {.moves = 0};
    h.day = handover_today(n->store) + (int32_t)rng_between(&p->rng, -2, 2);
    enum err err = handover_plan(n->store, &h, &plan, NULL);
    uint64_t moves = plan.moves;
    if (err == ERR_OK && moves > 0)
        err = handover_carry_out(n->store, &h, &plan, NULL);
    handover_done(&plan);
    world_say(n->w, "node %u: handed %llu over: %s", n->at, (unsigned long long)moves,
              err_name(err));
    if (err != ERR_OK || moves > 0)
        saving_did(n, "a hand-over", err);
}

/* A person of here is referred to the other structure, on a consent of today. */
static void refer(struct people *p, struct node *n)
{
    const struct table *person = schema_table(&schema_jalon, TABLE_PERSON);
    unsigned there = 1 - p->w->clients[n->at - 1].home;
    bool notes = rng_chance(&p->rng, 500000);
    const char *shares = notes ? "shares=facts_notes" : "shares=facts";
    char day[40];
    char refs[4][80];
    struct id who;
    struct id consent;
    struct buf text = {0};
    const struct value today = value_int(handover_today(n->store));
    if (!draft_row(n, &p->rng, person, false, &who))
        return;
    value_print(KIND_DATE, &today, &text);
    (void)snprintf(day, sizeof day, "given_on=%.*s", (int)text.n, (const char *)text.p);
    const char *agreed[] = {people_ref("person", &who, refs[0]),
                            "purpose=share_structure",
                            "shares=facts_notes",
                            day,
                            "mode=signed",
                            NULL};
    enum err err = people_add(n, "consent", agreed, &consent);
    (void)snprintf(day, sizeof day, "sent_on=%.*s", (int)text.n, (const char *)text.p);
    buf_done(&text);
    const char *sent[] = {refs[0],
                          people_ref("to", &p->w->structures[there], refs[1]),
                          people_ref("staff", &any_client(p)->staff, refs[2]),
                          people_ref("consent", &consent, refs[3]),
                          shares,
                          "informed=true",
                          "agrees=true",
                          "bound=true",
                          "same_mission=true",
                          "needed=true",
                          "reason=%m",
                          day,
                          NULL};
    if (err == ERR_OK)
        (void)people_add(n, "referral", sent, NULL);
}

/* Somebody who may well be there already. */
static void enter_again(struct people *p, struct node *n)
{
    static const char *const people[][2] = {{"first_name=Camille", "birth_date=1990-03-02"},
                                            {"first_name=Kamille", "birth_date=1990-03-02"},
                                            {"first_name=Camille", "birth_date=1990-02-03"}};
    const char *const *who = people[rng_below(&p->rng, 3)];
    const char *fields[] = {"name=Fictif", who[0], who[1], "emergency=%m", NULL};
    (void)people_add(n, "person", fields, NULL);
}

bool people_keep_papers(uint64_t seed)
{
    struct rng rng;
    rng_stream(&rng, seed, "keeps papers");
    return rng_chance(&rng, 600000);
}

/* The program that stays looks after its index; a search does. */
static bool look_for_words(struct people *p, struct node *n)
{
    bool done = false;
    if (n->at == WORLD_SERVER || !rng_chance(&p->words, 300000))
        return true;
    enum err err = search_catch_up(n->store, 1 + rng_below(&p->words, 40), &done);
    if (err != ERR_OK && !saving_of_machine(err))
        world_fail(n->w, "node %u: taking words in: %s", n->at, err_name(err));
    return node_survived(n) && store_health(n->store) == ERR_OK;
}

void people_act(struct people *p, struct node *n)
{
    struct saving s;
    if (n->store == NULL || store_health(n->store) != ERR_OK || !look_for_words(p, n))
        return;
    if (p->papers_ppm > 0 && rng_chance(&p->papers, p->papers_ppm) && papers_act(n, &p->papers))
        return;
    if (p->erase_ppm > 0 && rng_chance(&p->papers, p->erase_ppm) && erasing_act(n, &p->papers))
        return;
    if (rng_chance(&p->rng, 80000) && decide(p, n))
        return;
    /* What the administrator closes is not told to the devices. */
    if (n->at != WORLD_SERVER && rng_chance(&p->rng, 40000) && close_refused(p, n))
        return;
    if (rng_chance(&p->rng, 40000) && decide_duplicate(p, n))
        return;
    if (n->at != WORLD_SERVER && rng_chance(&p->rng, 30000)) {
        enter_again(p, n);
        return;
    }
    if (rng_chance(&p->rng, 40000)) {
        hand_over(p, n);
        return;
    }
    if (n->at != WORLD_SERVER && rng_chance(&p->rng, 25000)) {
        refer(p, n);
        return;
    }
    if (!saving_open(&s, n))
        return;
    if (rng_chance(&p->rng, p->batch_ppm)) {
        import(p, &s);
    } else {
        for (uint64_t i = rng_below(&p->rng, CHANGES_MAX) + 1; i > 0 && s.broken == ERR_OK; i--)
            change_one(p, &s);
    }
    (void)saving_end(&s);
}

static void again(struct people *p, const struct event *event, int64_t ms_max)
{
    int64_t pause = (int64_t)rng_spread(&p->rng, 1000, (uint64_t)ms_max);
    struct event next = *event;
    if (p->w->engine.now_ms + pause <= p->until_ms)
        (void)engine_after(&p->w->engine, pause, next);
}

static void on_people(void *ctx, const struct event *event)
{
    struct people *p = ctx;
    struct node *n = world_node(p->w, (uint32_t)event->a);
    struct client *c = n->at == WORLD_SERVER ? NULL : world_client(p->w, n->at);
    if (event->kind == PERSON_ACTS) {
        if (node_runs(n))
            people_act(p, n);
        again(p, event, n->at == WORLD_SERVER ? 4 * p->act_ms_max : p->act_ms_max);
        return;
    }
    if (c != NULL && node_runs(n))
        client_feed(c, (struct agent_event){.type = AGENT_EV_WANTED});
    again(p, event, p->want_ms_max);
}

void people_start(struct people *p, struct world *w, int64_t ms)
{
    p->w = w;
    p->rng = engine_rng(&w->engine, "people");
    p->papers = engine_rng(&w->engine, "papers");
    p->words = engine_rng(&w->engine, "words");
    if (people_keep_papers(w->plan.seed)) {
        p->papers_ppm = 150000;
        p->erase_ppm = w->plan.mixed_roles ? 40000 : 0;
    }
    p->until_ms = w->engine.now_ms + ms;
    engine_owner(&w->engine, OWNER_PEOPLE, on_people, p);
    for (uint32_t at = 0; at <= w->count; at++) {
        struct event event = {.owner = OWNER_PEOPLE, .kind = PERSON_ACTS, .a = at};
        again(p, &event, p->act_ms_max);
        event.kind = PERSON_WANTS;
        if (at > 0 && !w->clients[at - 1].live)
            again(p, &event, p->want_ms_max);
    }
}

/* ---- written edits ---- */

/* A text with "%m" replaced by a fresh mark. */
static const char *with_mark(struct saving *s, const struct table *table, const char *text,
                             char out[512])
{
    const char *at = strstr(text, "%m");
    struct node *n = s->n;
    char mark[ORACLE_MARK_BYTES + 1] = "";
    bool network = n->at == WORLD_SERVER || table->scope == SCOPE_NETWORK;
    uint8_t home = network ? ORACLE_NETWORK : (uint8_t)n->w->clients[n->at - 1].home;
    if (at == NULL)
        return text;
    (void)oracle_mark(&n->w->oracle, n->at, home, table->facet, mark);
    (void)snprintf(out, 512, "%.*s%s%s", (int)(at - text), text, mark, at + 2);
    return out;
}

static size_t parse(struct saving *s, const struct table *table, const char *const *fields,
                    struct edit_value *values)
{
    size_t n = 0;
    for (; fields[n] != NULL; n++) {
        const char *eq = strchr(fields[n], '=');
        must(eq != NULL);
        struct str name = {fields[n], (size_t)(eq - fields[n])};
        char text[512];
        values[n].field = schema_field_named(table, name);
        must(values[n].field != NULL);
        enum err err = value_parse(values[n].field, str_of(with_mark(s, table, eq + 1, text)),
                                   &s->arena, &values[n].value, NULL);
        must(err == ERR_OK);
        if (values[n].value.type == VALUE_TEXT) { /* it may point to `text` */
            struct str *v = &values[n].value.s;
            v->p = arena_copy(&s->arena, v->p, v->n);
        }
    }
    return n;
}

enum err people_add(struct node *n, const char *table_name, const char *const *fields,
                    struct id *id)
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(table_name));
    struct saving s;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    struct id made = {0};
    must(table != NULL);
    if (!saving_open(&s, n))
        return s.broken == ERR_OK ? ERR_CLOSED : s.broken;
    size_t count = parse(&s, table, fields, values);
    enum err err = edit_insert(s.edit, table, values, count, &made, NULL);
    saving_tried(&s, table, &made, s.first_mark, err);
    if (id != NULL)
        *id = made;
    enum err end = saving_end(&s);
    return err == ERR_OK ? end : err;
}

static enum err change(struct node *n, const char *table_name, const struct id *id,
                       const char *const *fields, int deleted)
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(table_name));
    struct saving s;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    must(table != NULL);
    if (!saving_open(&s, n))
        return s.broken == ERR_OK ? ERR_CLOSED : s.broken;
    enum err err = ERR_OK;
    if (fields != NULL)
        err = edit_update(s.edit, table, id, values, parse(&s, table, fields, values), NULL);
    else
        err = edit_delete(s.edit, table, id, deleted != 0, NULL);
    saving_tried(&s, table, id, s.first_mark, err);
    enum err end = saving_end(&s);
    return err == ERR_OK ? end : err;
}

enum err people_set(struct node *n, const char *table, const struct id *id,
                    const char *const *fields)
{
    return change(n, table, id, fields, 0);
}

enum err people_delete(struct node *n, const char *table, const struct id *id, bool deleted)
{
    return change(n, table, id, NULL, deleted ? 1 : 0);
}

const char *people_get(struct node *n, const char *table_name, const struct id *id,
                       const char *field_name, char out[512])
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(table_name));
    const struct field *field = schema_field_named(table, str_of(field_name));
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    struct buf text = {0};
    must(field != NULL && row != NULL);
    enum err err = rows_find(n->store, table, id, &arena, row);
    if (err == ERR_OK)
        value_print(field->kind, &row->values[schema_field_index(table, field->id)], &text);
    if (err == ERR_OK && !row->deleted)
        (void)snprintf(out, 512, "%.*s", (int)text.n, text.n == 0 ? "" : (char *)text.p);
    else
        (void)snprintf(out, 512, "<%s>", err == ERR_OK ? "DELETED" : err_name(err));
    buf_done(&text);
    arena_done(&arena);
    return out;
}

const char *people_ref(const char *name, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", name, text);
    return out;
}
