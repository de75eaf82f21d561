/* SPDX-License-Identifier: Apache-2.0 */
#include "store/duplicates.h"

#include "store/inside.h"
#include "store/rows_json.h"
#include "store/ties.h"

const char *duplicate_word(enum duplicate_state state)
{
    static const char *const words[] = {"open", "same", "different"};
    return (unsigned)state <= DUPLICATE_DIFFERENT ? words[state] : "unknown";
}

/* ---- read ---- */

static const struct table *cases(struct store *s)
{
    return schema_table(s->env.schema, TABLE_DUPLICATE_CASE);
}

const char *duplicate_words(struct str why)
{
    static const struct {
        const char *word;
        const char *text;
    } texts[] = {
        {"name birth_date", N_("même nom, même date de naissance")},
        {"sound birth_date", N_("nom qui sonne pareil, même date de naissance")},
        {"name birth_date_swapped", N_("même nom, jour et mois de naissance inversés")},
        {"sound birth_date_swapped",
         N_("nom qui sonne pareil, jour et mois de naissance inversés")},
        {"name", N_("même nom")},
        {"name postcode", N_("même nom, même code postal")},
        {"company_no", N_("même numéro d'entreprise")},
        {"person date", N_("même personne, même jour, deux agents")},
        {"company date", N_("même entreprise, même jour, deux agents")},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (str_eq(why, str_of(texts[i].word)))
            return texts[i].text;
    return N_("ressemblance");
}

const char *duplicate_why(const struct row *row)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_DUPLICATE_CASE);
    const struct value *why = rows_field(table, row, FIELD_DUPLICATE_WHY);
    return duplicate_words(why->type == VALUE_TEXT ? why->s : STR(""));
}

/* The row the tie field of this one names; null when it names none, or the row is not here. */
static enum err tied_to(struct store *s, const struct table *table, const struct id *id,
                        struct id *out, bool *here)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    *out = (struct id){0};
    enum err err = row == NULL ? ERR_NOMEM : rows_find(s, table, id, &arena, row);
    *here = err == ERR_OK && !row->deleted;
    if (err == ERR_OK)
        (void)value_to_id(rows_field(table, row, schema_tie(table)->id), out);
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* A row of a case, and where its ties lead. */
struct side {
    struct id tied, end; /* end: tied, or for merged rows the end of the chain */
    bool here;           /* live, and all it is merged into is here too */
};

static enum err look_at(struct store *s, const struct table *table, const struct id *id,
                        struct side *out)
{
    struct scope scope;
    enum err err = tied_to(s, table, id, &out->tied, &out->here);
    bool tied = !id_is_null(&out->tied);
    bool merged = ties_merged(table) != NULL;
    out->end = tied && !merged ? out->tied : *id;
    if (err != ERR_OK || !tied || !merged)
        return err;
    err = ties_root(s, table, id, &out->end);
    if (err != ERR_OK)
        return err;
    err = rows_locate(s, table, &out->end, &scope);
    out->here = out->here && err == ERR_OK;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Are the two rows one by now, through whatever ties? And is all of it here? */
static enum err are_one(struct store *s, const struct duplicate *d, bool *one, bool *here)
{
    struct side a;
    struct side b;
    enum err err = look_at(s, d->table, &d->left, &a);
    if (err == ERR_OK)
        err = look_at(s, d->table, &d->right, &b);
    if (err != ERR_OK)
        return err;
    *one = id_eq(&a.end, &b.end) || id_eq(&a.end, &d->right) || id_eq(&b.end, &d->left);
    *here = a.here && b.here;
    return ERR_OK;
}

enum err duplicate_read(struct store *s, const struct row *row, struct duplicate *out)
{
    const struct table *table = cases(s);
    const struct value *kind = rows_field(table, row, FIELD_DUPLICATE_KIND);
    const struct value *state = rows_field(table, row, FIELD_DUPLICATE_STATE);
    *out = (struct duplicate){.state = DUPLICATE_OPEN};
    if (kind->type != VALUE_TEXT ||
        !value_to_id(rows_field(table, row, FIELD_DUPLICATE_LEFT), &out->left) ||
        !value_to_id(rows_field(table, row, FIELD_DUPLICATE_RIGHT), &out->right))
        return ERR_CORRUPT;
    (void)value_to_id(rows_field(table, row, FIELD_DUPLICATE_TIED), &out->tied);
    if (state->type == VALUE_TEXT && str_eq(state->s, STR("same")))
        out->state = DUPLICATE_SAME;
    else if (state->type == VALUE_TEXT && str_eq(state->s, STR("different")))
        out->state = DUPLICATE_DIFFERENT;
    out->table = schema_table_named(s->env.schema, kind->s);
    if (out->table == NULL || schema_tie(out->table) == NULL) {
        out->table = NULL;
        out->settled = true; /* nothing to be done about it here */
        return ERR_OK;
    }
    bool one = false;
    enum err err = are_one(s, out, &one, &out->here);
    out->settled = !out->here || (one ? out->state != DUPLICATE_DIFFERENT
                                      : out->state == DUPLICATE_DIFFERENT);
    return err;
}

struct listing {
    struct store *s;
    bool settled;
    duplicate_on_case *on_case;
    void *ctx;
};

static enum err on_row(void *ctx, const struct row *row)
{
    struct listing *l = ctx;
    struct duplicate d;
    enum err err = duplicate_read(l->s, row, &d);
    if (err != ERR_OK || (d.settled && !l->settled))
        return err;
    return l->on_case(l->ctx, row, &d);
}

enum err duplicates_list(struct store *s, bool settled, duplicate_on_case *on_case, void *ctx)
{
    struct listing l = {s, settled, on_case, ctx};
    return rows_list(s, cases(s), NULL, 0, false, 0, on_row, &l);
}

static enum err on_waiting(void *ctx, const struct row *row, const struct duplicate *d)
{
    uint64_t *count = ctx;
    (void)row;
    (void)d;
    (*count)++;
    return ERR_OK;
}

enum err duplicates_waiting(struct store *s, uint64_t *count)
{
    *count = 0;
    return duplicates_list(s, false, on_waiting, count);
}

static enum err side_json(struct store *s, const char *key, const struct table *table,
                          const struct id *id, struct buf *out)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK)
        err = table == NULL ? ERR_NOTFOUND : rows_find(s, table, id, &arena, row);
    buf_printf(out, ",\"%s\":", key);
    if (err == ERR_OK)
        rows_json(s->env.schema, table, row, out);
    else
        buf_text(out, "null");
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err duplicate_json(struct store *s, const struct row *row, const struct duplicate *d,
                        struct buf *out)
{
    rows_json(s->env.schema, cases(s), row, out);
    if (out->err == ERR_OK)
        out->n--; /* the closing brace */
    buf_printf(out, ",\"here\":%s,\"settled\":%s", d->here ? "true" : "false",
               d->settled ? "true" : "false");
    enum err err = side_json(s, "left_row", d->table, &d->left, out);
    if (err == ERR_OK)
        err = side_json(s, "right_row", d->table, &d->right, out);
    buf_u8(out, '}');
    return err == ERR_OK ? out->err : err;
}

/* ---- decide ---- */

struct settling {
    struct store *s;
    struct edit *edit;
    struct duplicate d;
    hlc_t decided; /* when, if it was */
    struct note *why;
};

static enum err set_tie(struct settling *w, const struct id *row, const struct id *to)
{
    struct edit_value value = {schema_tie(w->d.table), VALUE_NONE};
    if (to != NULL)
        value.value = value_id(to);
    return edit_update(w->edit, w->d.table, row, &value, 1, w->why);
}

/* Half of a case is nobody's to decide: the server would refuse it, and a tie that leads out of
 * sight would be replaced unseen. */
static enum err all_here(struct settling *w)
{
    const struct id *ids[] = {&w->d.left, &w->d.right};
    enum err err = ERR_OK;
    for (size_t i = 0; i < 2 && err == ERR_OK; i++) {
        struct scope scope;
        struct id end = *ids[i];
        err = rows_locate(w->s, w->d.table, ids[i], &scope);
        if (err == ERR_OK)
            err = ties_root(w->s, w->d.table, ids[i], &end);
        if (err == ERR_OK)
            err = rows_locate(w->s, w->d.table, &end, &scope);
    }
    if (err == ERR_NOTFOUND)
        return note_set(w->why, ERR_REFUSED,
                        N_("une des deux fiches, ou celle à laquelle elle est réunie, n'est "
                           "pas ici : c'est à la coordination de décider"));
    return err;
}

/* The row that stands for the other's group becomes tied to the one that stands for all. */
static enum err tie(struct settling *w, struct id *tied)
{
    struct id a = w->d.left;
    struct id b = w->d.right;
    if (!w->d.here)
        return note_set(w->why, ERR_REFUSED,
                        N_("une des deux fiches est supprimée : ramenez-la d'abord (jalon "
                           "restore)"));
    enum err err = ties_shown(w->s, w->d.table, &w->d.left, &a);
    if (err == ERR_OK)
        err = ties_shown(w->s, w->d.table, &w->d.right, &b);
    if (err != ERR_OK)
        return err;
    *tied = (struct id){0};
    if (id_eq(&a, &b))
        return ERR_OK;
    bool ordered = id_cmp(&a, &b) < 0;
    *tied = ordered ? b : a;
    return set_tie(w, tied, ordered ? &a : &b);
}

/* Take a tie away when the row has it, and only towards `to` when that is given. */
static enum err untie_one(struct settling *w, const struct id *row, const struct id *to)
{
    struct id now;
    bool here = false;
    enum err err = tied_to(w->s, w->d.table, row, &now, &here);
    bool is = here && !id_is_null(&now) && (to == NULL || id_eq(&now, to));
    return err == ERR_OK && is ? set_tie(w, row, NULL) : err;
}

/* Is the tie of the row this case tied still the one it set? It may be tied elsewhere since, by
 * another decision; set anew between these two it is meant as well. */
static enum err is_ours(struct settling *w, bool one, bool *out)
{
    const struct table *table = w->d.table;
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(w->s, table, &w->d.tied, &arena, row);
    bool side = id_eq(&w->d.tied, &w->d.left) || id_eq(&w->d.tied, &w->d.right);
    *out = err == ERR_OK &&
           ((one && side) || row_stamp(row, schema_tie(table)->id).hlc <= w->decided);
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* The tie this case set; and where the two are to be different, one that was set by hand. */
static enum err untie(struct settling *w, bool different)
{
    bool one = false;
    bool here = false;
    bool ours = false;
    enum err err = are_one(w->s, &w->d, &one, &here);
    if (err == ERR_OK && !id_is_null(&w->d.tied))
        err = is_ours(w, one, &ours);
    if (err == ERR_OK && ours)
        err = untie_one(w, &w->d.tied, NULL);
    if (err != ERR_OK || !different)
        return err;
    err = untie_one(w, &w->d.left, &w->d.right);
    if (err == ERR_OK)
        err = untie_one(w, &w->d.right, &w->d.left);
    if (err == ERR_OK)
        err = are_one(w->s, &w->d, &one, &here);
    if (err == ERR_OK && one)
        return note_set(w->why, ERR_REFUSED,
                        N_("les deux fiches sont réunies par d'autres décisions : annulez "
                           "celles-là d'abord"));
    return err;
}

static enum err write_case(struct settling *w, const struct id *id, enum duplicate_state state,
                           const struct id *tied, struct str reason)
{
    const struct table *table = cases(w->s);
    struct edit_value values[] = {
        {schema_field(table, FIELD_DUPLICATE_STATE), value_text(str_of(duplicate_word(state)))},
        {schema_field(table, FIELD_DUPLICATE_TIED),
         id_is_null(tied) ? VALUE_NONE : value_id(tied)},
        {schema_field(table, FIELD_DUPLICATE_DECIDED_REASON),
         reason.n == 0 ? VALUE_NONE : value_text(reason)},
    };
    return edit_update(w->edit, table, id, values, sizeof values / sizeof *values, w->why);
}

/* ---- what follows for other cases ---- */

enum { OTHERS_MAX = 64 };
struct others {
    struct settling *w;
    struct id but, ids[OTHERS_MAX];
    enum duplicate_state to[OTHERS_MAX];
    size_t n;
};

/* On a replica the rows are as this edit leaves them; on the server each change is judged as it
 * is made: both are asked afterwards. */
static enum err on_other(void *ctx, const struct row *row, const struct duplicate *d)
{
    struct others *o = ctx;
    if (d->table != o->w->d.table || id_eq(&row->id, &o->but) || o->n == OTHERS_MAX || !d->here)
        return ERR_OK;
    bool one = false;
    bool here = false;
    enum err err = are_one(o->w->s, d, &one, &here);
    bool closes = one && d->state == DUPLICATE_OPEN;
    bool opens = !one && d->state == DUPLICATE_SAME && id_is_null(&d->tied);
    if (err != ERR_OK || (!closes && !opens))
        return err;
    o->to[o->n] = closes ? DUPLICATE_SAME : DUPLICATE_OPEN;
    o->ids[o->n++] = row->id;
    return ERR_OK;
}

/* A case between rows that are one now is closed; one that was closed so waits again. What is
 * not all in sight is left to whoever sees it: the server would refuse the whole decision. */
static enum err settle_others(struct settling *w, const struct id *but)
{
    static const struct id none = {{0}};
    struct others *o = mem_new(sizeof *o);
    if (o == NULL)
        return ERR_NOMEM;
    o->w = w;
    o->but = *but;
    enum err err = duplicates_list(w->s, true, on_other, o);
    for (size_t i = 0; i < o->n && err == ERR_OK; i++)
        err = write_case(w, &o->ids[i], o->to[i], &none, STR(""));
    mem_free(o);
    return err;
}

static enum err find_case(struct settling *w, const struct id *id)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(w->s, cases(w->s), id, &arena, row);
    if (err == ERR_OK)
        err = duplicate_read(w->s, row, &w->d);
    if (err == ERR_OK) {
        hlc_t state = row_stamp(row, FIELD_DUPLICATE_STATE).hlc;
        hlc_t tied = row_stamp(row, FIELD_DUPLICATE_TIED).hlc;
        w->decided = state > tied ? state : tied;
    }
    arena_done(&arena);
    if (err == ERR_NOTFOUND)
        return note_set(w->why, err, N_("aucun doublon possible avec cet identifiant"));
    if (err == ERR_OK && w->d.table == NULL)
        return note_set(w->why, ERR_VERSION,
                        N_("cette version ne connaît pas ce genre de doublon"));
    return err;
}

enum err duplicate_settle(struct store *s, struct edit *edit, const struct id *id,
                          enum duplicate_state state, struct str reason, struct note *why)
{
    struct settling w = {.s = s, .edit = edit, .why = why};
    struct id tied = {0};
    enum err err = find_case(&w, id);
    if (err == ERR_OK && w.d.state == state && (w.d.settled || state == DUPLICATE_OPEN))
        return note_set(why, ERR_EXISTS,
                        state == DUPLICATE_OPEN
                            ? N_("ce doublon possible n'est pas décidé : rien à annuler")
                            : N_("ce doublon possible est déjà décidé ainsi"));
    if (err == ERR_OK)
        err = all_here(&w);
    if (err == ERR_OK)
        err =
            state == DUPLICATE_SAME ? tie(&w, &tied) : untie(&w, state == DUPLICATE_DIFFERENT);
    /* Decided the same before, and taken apart since by hand: what was tied then is tied now.
     */
    if (err == ERR_OK)
        err = write_case(&w, id, state, &tied, reason);
    return err == ERR_OK ? settle_others(&w, id) : err;
}

enum err duplicate_decide(struct store *s, const struct id *id, enum duplicate_state state,
                          struct str reason, struct note *why)
{
    struct edit *edit = NULL;
    enum err err = edit_open(s, &edit, why);
    if (err != ERR_OK)
        return err;
    err = duplicate_settle(s, edit, id, state, reason, why);
    if (err == ERR_OK)
        return edit_commit(edit, why);
    edit_abort(edit);
    return err;
}
