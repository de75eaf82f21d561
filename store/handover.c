/* SPDX-License-Identifier: Apache-2.0 */
#include "store/handover.h"

#include "store/inside.h"
#include "store/rows_json.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

struct planning {
    struct store *s;
    const struct handover *h;
    struct handover_plan *plan;
    struct note *why;
};

const char *handover_word(enum handover_fate fate)
{
    static const char *const words[] = {"moves", "ends", "no_pathway", "no_role"};
    return (unsigned)fate <= HANDOVER_FOREIGNER ? words[fate] : "unknown";
}

void handover_done(struct handover_plan *plan)
{
    buf_done(&plan->items);
    arena_done(&plan->arena);
    *plan = (struct handover_plan){.moves = 0};
}

struct handover_item *handover_items(const struct handover_plan *plan, size_t *count)
{
    *count = plan->items.n / sizeof(struct handover_item);
    return (struct handover_item *)(void *)plan->items.p;
}

int32_t handover_today(struct store *s)
{
    return (int32_t)(store_now(s) / DAY_MS);
}

/* ---- rows ---- */

static const struct table *table_of(const struct planning *p, uint16_t id)
{
    return schema_table(p->s->env.schema, id);
}

static bool text_is(const struct value *v, const char *word)
{
    return v->type == VALUE_TEXT && str_eq(v->s, str_of(word));
}

/* A period that has begun by this day and has not ended. */
static bool runs_on(const struct table *table, const struct row *row, int32_t day)
{
    const struct value *start = rows_named(table, row, "start");
    const struct value *end = rows_named(table, row, "end");
    return start->type == VALUE_INT && start->i <= day &&
           (end->type != VALUE_INT || end->i >= day);
}

/* The live rows of a table that refer to this one. */
static enum err list_of(const struct planning *p, uint16_t table, const char *field,
                        const struct id *id, rows_on_row *on_row, void *ctx)
{
    const struct table *t = table_of(p, table);
    const struct filter filter = {schema_field_named(t, str_of(field)), value_id(id)};
    must(filter.field != NULL);
    return rows_list(p->s, t, &filter, 1, false, 0, on_row, ctx);
}

/* A field of one row; null when there is no such row, or it is empty. */
static enum err id_in(const struct planning *p, uint16_t table, const struct id *id,
                      const char *field, struct id *out)
{
    struct arena arena = {0};
    const struct table *t = table_of(p, table);
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(p->s, t, id, &arena, row);
    *out = (struct id){0};
    if (err == ERR_OK)
        (void)value_to_id(rows_named(t, row, field), out);
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* ---- roles ---- */

struct roles {
    const struct planning *p;
    const struct id *structure;
    int32_t day;
    bool any, jobcoach, coordinator;
};

static enum err on_role(void *ctx, const struct row *row)
{
    struct roles *r = ctx;
    const struct table *table = table_of(r->p, TABLE_STAFF_ROLE);
    const struct value *role = rows_named(table, row, "role");
    struct id structure;
    if (!value_to_id(rows_named(table, row, "structure"), &structure) ||
        !id_eq(&structure, r->structure) || !runs_on(table, row, r->day))
        return ERR_OK;
    r->any = true;
    r->jobcoach = r->jobcoach || text_is(role, "jobcoach");
    r->coordinator = r->coordinator || text_is(role, "coordinator");
    return ERR_OK;
}

static enum err roles_in(const struct planning *p, const struct id *staff,
                         const struct id *structure, int32_t day, struct roles *out)
{
    *out = (struct roles){.p = p, .structure = structure, .day = day};
    return list_of(p, TABLE_STAFF_ROLE, "staff", staff, on_role, out);
}

/* ---- whom a dossier has ---- */

struct holders {
    const struct planning *p;
    struct str role;
    bool referent; /* somebody is one, by any of the pathways seen */
    bool held;     /* `to` is there in this role */
};

static enum err on_holder(void *ctx, const struct row *row)
{
    struct holders *h = ctx;
    const struct table *table = table_of(h->p, TABLE_ASSIGNMENT);
    const struct value *role = rows_named(table, row, "role");
    const struct value *end = rows_named(table, row, "end");
    struct id staff;
    if (role->type != VALUE_TEXT || !value_to_id(rows_named(table, row, "staff"), &staff) ||
        (end->type == VALUE_INT && end->i < h->p->h->day))
        return ERR_OK;
    h->referent = h->referent || (scope_assignment(role->s).facets & FACET_VAULT) != 0;
    h->held = h->held || (id_eq(&staff, &h->p->h->to) && str_eq(role->s, h->role) &&
                          end->type != VALUE_INT && runs_on(table, row, h->p->h->day));
    return ERR_OK;
}

static enum err holders_of(const struct planning *p, const struct id *pathway, struct str role,
                           struct holders *out)
{
    *out = (struct holders){.p = p, .role = role};
    return list_of(p, TABLE_ASSIGNMENT, "pathway", pathway, on_holder, out);
}

/* ---- what there is to give ---- */

static bool is_asked_for(const struct handover *h, const struct id *person)
{
    bool asked = h->person_count == 0;
    for (size_t i = 0; i < h->person_count && !asked; i++)
        asked = id_eq(&h->persons[i], person);
    return asked;
}

static enum err add_item(struct planning *p, const struct handover_item *item)
{
    buf_add(&p->plan->items, item, sizeof *item);
    return p->plan->items.err;
}

static enum err on_assignment(void *ctx, const struct row *row)
{
    struct planning *p = ctx;
    const struct table *table = table_of(p, TABLE_ASSIGNMENT);
    const struct value *start = rows_named(table, row, "start");
    const struct value *end = rows_named(table, row, "end");
    const struct value *role = rows_named(table, row, "role");
    struct handover_item item = {.assignment = row->id, .start = p->h->day};
    if (start->type != VALUE_INT || role->type != VALUE_TEXT ||
        !value_to_id(rows_named(table, row, "pathway"), &item.pathway) ||
        (end->type == VALUE_INT && end->i < p->h->day))
        return ERR_OK;
    enum err err = id_in(p, TABLE_PATHWAY, &item.pathway, "person", &item.person);
    if (err != ERR_OK || id_is_null(&item.person) || !is_asked_for(p->h, &item.person))
        return err;
    item.role.p = arena_copy(&p->plan->arena, role->s.p, role->s.n);
    item.role.n = role->s.n;
    if (end->type == VALUE_INT) {
        item.fate = HANDOVER_ENDS;
        item.end = (int32_t)end->i;
    } else if (start->i >= p->h->day) {
        item.dropped = true;
        item.start = (int32_t)start->i;
    }
    return item.role.p == NULL ? ERR_NOMEM : add_item(p, &item);
}

/* The pathway somebody is assigned to: an open one rather than a closed, the latest. */
struct choice {
    struct planning *p;
    struct id pathway; /* null: none */
    bool open, referent;
    int64_t entry;
};

static enum err on_pathway(void *ctx, const struct row *row)
{
    struct choice *c = ctx;
    const struct table *table = table_of(c->p, TABLE_PATHWAY);
    const struct value *entry = rows_named(table, row, "entry");
    bool open = !text_is(rows_named(table, row, "state"), "closed");
    struct holders holders;
    enum err err = holders_of(c->p, &row->id, STR("referent"), &holders);
    c->referent = c->referent || holders.referent;
    int64_t day = entry->type == VALUE_INT ? entry->i : INT32_MIN;
    if (id_is_null(&c->pathway) || (open && !c->open) || (open == c->open && day > c->entry)) {
        c->pathway = row->id;
        c->open = open;
        c->entry = day;
    }
    return err;
}

/* Who opened a dossier holds it until it has a referent. */
static enum err on_person(void *ctx, const struct row *row)
{
    struct planning *p = ctx;
    struct choice c = {.p = p};
    struct roles opener;
    struct id structure = {0};
    if (!id_eq(&row->by, &p->h->from) || !is_asked_for(p->h, &row->id))
        return ERR_OK;
    (void)value_to_id(rows_named(table_of(p, TABLE_PERSON), row, "structure"), &structure);
    enum err err = roles_in(p, &p->h->from, &structure, handover_today(p->s), &opener);
    if (err == ERR_OK)
        err = list_of(p, TABLE_PATHWAY, "person", &row->id, on_pathway, &c);
    if (err != ERR_OK || c.referent || !opener.jobcoach)
        return err;
    const struct handover_item item = {.fate = id_is_null(&c.pathway) ? HANDOVER_NOWHERE
                                                                      : HANDOVER_MOVES,
                                       .person = row->id,
                                       .pathway = c.pathway,
                                       .role = STR("referent"),
                                       .start = p->h->day};
    return add_item(p, &item);
}

/* ---- who may give it, and to whom ---- */

static enum err refuse_author(struct planning *p)
{
    return note_set(p->why, ERR_REFUSED,
                    N_("un jobcoach ne remet que ses propres dossiers ; ceux d'un autre, "
                       "c'est à la coordination de leur structure"));
}

static enum err check_author(struct planning *p, const struct id *structure)
{
    struct roles author;
    if (p->s->env.side == STORE_SERVER)
        return ERR_OK;
    enum err err = roles_in(p, &p->s->staff, structure, handover_today(p->s), &author);
    bool own = id_eq(&p->s->staff, &p->h->from) && author.jobcoach;
    if (err != ERR_OK || own || author.coordinator)
        return err;
    return refuse_author(p);
}

/* `to` needs the role of `from` in the dossier's structure, if that one has it there. */
static enum err check_receiver(struct planning *p, const struct id *structure,
                               struct handover_item *item)
{
    struct roles giver;
    struct roles taker;
    enum err err = roles_in(p, &p->h->from, structure, handover_today(p->s), &giver);
    if (err == ERR_OK)
        err = roles_in(p, &p->h->to, structure, item->start, &taker);
    if (err != ERR_OK)
        return err;
    bool writes = scope_assignment(item->role).roles != 0;
    bool fits = writes ? taker.jobcoach || !giver.jobcoach : taker.any || !giver.any;
    if (!fits)
        item->fate = HANDOVER_FOREIGNER;
    return ERR_OK;
}

static enum err check_item(struct planning *p, struct handover_item *item)
{
    struct id structure;
    struct holders holders;
    if (item->fate != HANDOVER_MOVES)
        return ERR_OK;
    enum err err = id_in(p, TABLE_PERSON, &item->person, "structure", &structure);
    if (err == ERR_OK)
        err = check_author(p, &structure);
    if (err == ERR_OK)
        err = check_receiver(p, &structure, item);
    if (err == ERR_OK)
        err = holders_of(p, &item->pathway, item->role, &holders);
    if (err != ERR_OK || item->fate != HANDOVER_MOVES)
        return err;
    item->held = holders.held;
    p->plan->moves++;
    return ERR_OK;
}

static enum err check_people(struct planning *p)
{
    struct arena arena = {0};
    const struct table *staff = table_of(p, TABLE_STAFF);
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(p->s, staff, &p->h->to, &arena, row);
    bool gives = p->s->env.side == STORE_SERVER || id_eq(&p->s->staff, &p->h->from) ||
                 (p->s->roles & ROLE_COORDINATOR) != 0;
    if (err == ERR_OK && !gives)
        err = refuse_author(p);
    else if (id_eq(&p->h->from, &p->h->to))
        err = note_set(p->why, ERR_INVALID, N_("remettre à quelqu'un d'autre qu'à soi-même"));
    else if (err == ERR_OK &&
             (row->deleted || rows_named(staff, row, "active")->type != VALUE_INT ||
              rows_named(staff, row, "active")->i == 0))
        err = note_set(p->why, ERR_INVALID, N_("celui qui reçoit n'est pas un agent actif"));
    arena_done(&arena);
    return err;
}

static enum err check_found(struct planning *p)
{
    size_t n = 0;
    const struct handover_item *items = handover_items(p->plan, &n);
    if (n == 0 && p->h->person_count == 0)
        return note_set(p->why, ERR_NOTFOUND, N_("il n'y a ici aucun dossier à remettre"));
    for (size_t k = 0; k < p->h->person_count; k++) {
        bool found = false;
        for (size_t i = 0; i < n && !found; i++)
            found = id_eq(&items[i].person, &p->h->persons[k]);
        if (!found)
            return note_set(p->why, ERR_NOTFOUND,
                            N_("la personne n° %zu n'est pas dans ses dossiers"), k + 1);
    }
    return ERR_OK;
}

enum err handover_plan(struct store *s, const struct handover *h, struct handover_plan *out,
                       struct note *why)
{
    struct planning p = {.s = s, .h = h, .plan = out, .why = why};
    *out = (struct handover_plan){.moves = 0};
    enum err err = check_people(&p);
    if (err == ERR_OK)
        err = list_of(&p, TABLE_ASSIGNMENT, "staff", &h->from, on_assignment, &p);
    if (err == ERR_OK)
        err = rows_list(s, table_of(&p, TABLE_PERSON), NULL, 0, false, 0, on_person, &p);
    if (err == ERR_OK)
        err = check_found(&p);
    size_t n = 0;
    struct handover_item *items = handover_items(out, &n);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = check_item(&p, &items[i]);
    return err;
}

/* ---- done ---- */

static enum err close_old(struct edit *edit, const struct table *table,
                          const struct handover_item *item, struct note *why)
{
    if (id_is_null(&item->assignment))
        return ERR_OK;
    if (item->dropped)
        return edit_delete(edit, table, &item->assignment, true, why);
    const struct edit_value end = {schema_field_named(table, STR("end")),
                                   value_int(item->start - 1)};
    return edit_update(edit, table, &item->assignment, &end, 1, why);
}

static enum err open_new(struct edit *edit, const struct table *table, const struct handover *h,
                         struct handover_item *item, struct note *why)
{
    if (item->held)
        return ERR_OK;
    const struct edit_value values[] = {
        {schema_field_named(table, STR("pathway")), value_id(&item->pathway)},
        {schema_field_named(table, STR("staff")), value_id(&h->to)},
        {schema_field_named(table, STR("role")), value_text(item->role)},
        {schema_field_named(table, STR("start")), value_int(item->start)}};
    return edit_insert(edit, table, values, sizeof values / sizeof *values, &item->opened, why);
}

enum err handover_carry_out(struct store *s, const struct handover *h,
                            struct handover_plan *plan, struct note *why)
{
    const struct table *table = schema_table(s->env.schema, TABLE_ASSIGNMENT);
    struct edit *edit = NULL;
    size_t n = 0;
    struct handover_item *items = handover_items(plan, &n);
    enum err err = edit_open(s, &edit, why);
    if (err != ERR_OK)
        return err;
    edit_whole(edit);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        if (items[i].fate != HANDOVER_MOVES)
            continue;
        err = close_old(edit, table, &items[i], why);
        if (err == ERR_OK)
            err = open_new(edit, table, h, &items[i], why);
    }
    if (err == ERR_OK)
        return edit_commit(edit, why);
    edit_abort(edit);
    return err;
}

/* ---- told ---- */

static void json_id(const char *name, const struct id *id, struct buf *out)
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    if (id_is_null(id))
        buf_printf(out, "\"%s\":null", name);
    else
        buf_printf(out, "\"%s\":\"%s\"", name, text);
}

static void json_day(const char *name, int32_t day, struct buf *out)
{
    const struct value v = value_int(day);
    buf_printf(out, ",\"%s\":\"", name);
    value_print(KIND_DATE, &v, out);
    buf_u8(out, '"');
}

static void item_json(const struct handover_item *item, struct buf *out)
{
    buf_u8(out, '{');
    json_id("person", &item->person, out);
    buf_u8(out, ',');
    json_id("pathway", &item->pathway, out);
    buf_u8(out, ',');
    json_id("assignment", &item->assignment, out);
    buf_text(out, ",\"role\":");
    rows_json_text(item->role, out);
    if (item->fate == HANDOVER_MOVES) {
        json_day("start", item->start, out);
        buf_u8(out, ',');
        json_id("opened", &item->opened, out);
    } else {
        buf_printf(out, ",\"why\":\"%s\"", handover_word(item->fate));
    }
    if (item->fate == HANDOVER_ENDS)
        json_day("end", item->end, out);
    buf_u8(out, '}');
}

void handover_json(const struct handover *h, const struct handover_plan *plan, bool saved,
                   struct buf *out)
{
    size_t n = 0;
    const struct handover_item *items = handover_items(plan, &n);
    buf_u8(out, '{');
    json_id("from", &h->from, out);
    buf_u8(out, ',');
    json_id("to", &h->to, out);
    json_day("day", h->day, out);
    buf_printf(out, ",\"saved\":%s", saved ? "true" : "false");
    for (int moves = 1; moves >= 0; moves--) {
        size_t told = 0;
        buf_text(out, moves != 0 ? ",\"moved\":[" : ",\"left\":[");
        for (size_t i = 0; i < n; i++) {
            if ((items[i].fate == HANDOVER_MOVES) != (moves != 0))
                continue;
            buf_text(out, told++ > 0 ? "," : "");
            item_json(&items[i], out);
        }
        buf_u8(out, ']');
    }
    buf_u8(out, '}');
}
