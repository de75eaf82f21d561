/* SPDX-License-Identifier: Apache-2.0 */
#include "store/closing.h"

#include "store/inside.h"
#include "store/judge.h"
#include "store/names.h"
#include "store/takeback.h"

/* What a device may send that is no operation. */
static enum err unreadable(struct note *why)
{
    return note_set(why, ERR_INVALID,
                    N_("cette saisie est illisible : elle ne peut qu'être abandonnée"));
}

/* ---- which change is meant ---- */

static bool sets(struct quarantine_reader *r, const struct field *field)
{
    struct quarantined_field f;
    bool found = false;
    while (!found && quarantine_field(r, &f))
        found = f.field == field;
    return found;
}

/* "12.name" → 12 and "name"; 0 when there is no number. */
static uint32_t take_number(struct str *name)
{
    uint32_t n = 0;
    size_t i = 0;
    for (; i < name->n && i < 4 && name->p[i] >= '0' && name->p[i] <= '9'; i++)
        n = n * 10 + (uint32_t)(name->p[i] - '0');
    if (i == 0 || i == name->n || name->p[i] != '.')
        return 0;
    *name = (struct str){name->p + i + 1, name->n - i - 1};
    return n;
}

static enum err choose(struct store *s, struct str op, uint32_t wanted, struct str name,
                       struct closing_target *out, struct note *why)
{
    uint32_t setting = 0;
    uint32_t having = 0;
    struct quarantine_reader r;
    quarantine_read(s->env.schema, op, &r);
    while (quarantine_change(&r)) {
        const struct field *field = r.table == NULL ? NULL : names_field(r.table, name);
        if (field == NULL || (wanted != 0 && wanted != r.number))
            continue;
        bool set = sets(&r, field);
        setting += set ? 1 : 0;
        having++;
        if ((set && setting == 1) || (setting == 0 && having == 1))
            *out = (struct closing_target){r.number - 1, r.table, field, out->text};
    }
    if (r.bad)
        return unreadable(why);
    if (having == 0)
        return note_set(why, ERR_USAGE, N_("aucun changement de cette saisie n'a ce champ"));
    if (setting > 1 || (setting == 0 && having > 1))
        return note_set(why, ERR_USAGE,
                        N_("plusieurs changements ont ce champ : écrivez le numéro devant, "
                           "comme 2.%s=…"),
                        out->field->name);
    return ERR_OK;
}

enum err closing_target(struct store *s, const struct quarantined *q, struct str word,
                        struct closing_target *out, struct note *why)
{
    const char *equals = word.n == 0 ? NULL : memchr(word.p, '=', word.n);
    if (equals == NULL)
        return note_set(why, ERR_USAGE, N_("il faut CHAMP=VALEUR"));
    struct str name = {word.p, (size_t)(equals - word.p)};
    struct closing_target target = {.text = {equals + 1, word.n - name.n - 1}};
    uint32_t number = take_number(&name);
    enum err err = choose(s, q->op, number, name, &target, why);
    if (err == ERR_OK)
        *out = target;
    return err;
}

enum err closing_without(struct str text, bool *without, struct note *why)
{
    uint32_t n = 0;
    for (size_t i = 0; i <= text.n; i++) {
        char c = i == text.n ? ',' : text.p[i];
        if (c >= '0' && c <= '9' && n <= OP_CHANGES_MAX) {
            n = n * 10 + (uint32_t)(c - '0');
            continue;
        }
        if (c != ',' || n == 0 || n > OP_CHANGES_MAX)
            return note_set(why, ERR_USAGE, N_("--without : des numéros, comme 3,5"));
        without[n - 1] = true;
        n = 0;
    }
    return ERR_OK;
}

/* ---- save again ---- */

struct again {
    struct store *s;
    struct edit *edit;
    const struct closing_plan *plan;
    struct quarantine_reader r;
    struct edit_value values[SCHEMA_FIELDS_MAX + 1];
    size_t count;
};

/* field NULL: the deletion, as struct edit_value has it. */
static void put(struct again *a, const struct field *field, struct value value)
{
    size_t i = 0;
    while (i < a->count && a->values[i].field != field)
        i++;
    must(i <= SCHEMA_FIELDS_MAX);
    a->values[i] = (struct edit_value){field, value};
    a->count = i == a->count ? i + 1 : a->count;
}

/* The values of a change: all of a new row, of a change those that differ from before. What a
 * newer program wrote and this one does not know is left out. */
static void read_values(struct again *a)
{
    struct quarantined_field f;
    bool made = a->r.change.kind == CHANGE_INSERT;
    a->count = 0;
    while (quarantine_field(&a->r, &f)) {
        const struct field *field = f.field == &schema_field_deleted ? NULL : f.field;
        if (made || !value_eq(&f.before, &f.after))
            put(a, field, f.after);
    }
    for (size_t i = 0; i < a->plan->count; i++) {
        const struct closing_value *v = &a->plan->values[i];
        if (v->change + 1 == a->r.number)
            put(a, v->value.field, v->value.value);
    }
}

/* Did the person say what is wanted of this field? */
static bool insisted(const struct again *a, const struct field *field)
{
    for (size_t i = 0; i < a->plan->count; i++) {
        const struct closing_value *v = &a->plan->values[i];
        if (v->change + 1 == a->r.number && v->value.field == field)
            return true;
    }
    return false;
}

/* Is this field of the row neither as the refused change found it nor as it wanted it? */
static enum err changed_since(struct again *a, const struct row *row,
                              const struct quarantined_field *f, bool *out)
{
    const struct table *table = a->r.table;
    bool made = a->r.change.kind == CHANGE_INSERT;
    int i = schema_field_index(table, f->field->id);
    struct value now = i < 0 ? value_int(row->deleted ? 1 : 0) : row->values[i];
    struct stamp base = f->base;
    const struct value *found = made ? &VALUE_NONE : &f->before;
    *out = !value_eq(&now, &f->after) && !value_eq(&now, found) &&
           (made || !value_eq(&f->before, &f->after));
    if (!*out || made)
        return ERR_OK;
    enum err err = takeback_base(a->s, table, &row->id, f->field->id, &base);
    *out = !stamp_eq(row_stamp(row, f->field->id), base);
    return err;
}

/* What others made of the row meanwhile is not put back by what was refused before: r as a->r
 * is at the beginning of the change. */
static enum err check_unchanged(struct again *a, struct quarantine_reader r, struct note *why)
{
    struct arena arena = {0};
    struct quarantined_field f;
    struct row *row = arena_new(&arena, sizeof *row);
    bool changed = false;
    enum err err =
        row == NULL ? ERR_NOMEM : rows_find(a->s, r.table, &r.change.row, &arena, row);
    while (err == ERR_OK && !changed && quarantine_field(&r, &f)) {
        bool told = insisted(a, f.field == &schema_field_deleted ? NULL : f.field);
        err = told ? ERR_OK : changed_since(a, row, &f, &changed);
    }
    arena_done(&arena);
    if (err != ERR_OK || !changed)
        return err == ERR_NOTFOUND ? ERR_OK : err; /* the edit says so */
    return note_set(why, ERR_EXISTS,
                    N_("%s a changé depuis ; pour le remplacer, écrivez la valeur : %u.%s=…, "
                       "sinon --without %u"),
                    f.field->name, (unsigned)r.number, f.field->name, (unsigned)r.number);
}

static enum err save_change(struct again *a, struct note *why)
{
    const struct table *table = a->r.table;
    const struct id *row = &a->r.change.row;
    struct quarantine_reader fields = a->r;
    struct scope scope;
    if (table == NULL)
        return note_set(why, ERR_VERSION, N_("cette version ne connaît pas cette table"));
    read_values(a);
    if (a->r.bad || a->count == 0)
        return a->r.bad ? unreadable(why) : ERR_OK;
    enum err err = rows_locate(a->s, table, row, &scope);
    if (err == ERR_NOTFOUND && a->r.change.kind == CHANGE_INSERT)
        return edit_insert_as(a->edit, table, row, a->values, a->count, why);
    if (err == ERR_OK)
        err = check_unchanged(a, fields, why);
    return err == ERR_OK || err == ERR_NOTFOUND
               ? edit_update(a->edit, table, row, a->values, a->count, why)
               : err;
}

static enum err save_all(struct again *a, struct str op, struct note *why)
{
    quarantine_read(a->s->env.schema, op, &a->r);
    while (quarantine_change(&a->r)) {
        bool left_out = a->plan->without != NULL && a->plan->without[a->r.number - 1];
        if (left_out || a->r.change.table == OP_CLOSING_TABLE)
            continue;
        struct note own = {""};
        enum err err = save_change(a, &own);
        if (err != ERR_OK && a->r.changes > 1 && own.text[0] != '\0')
            return note_set(why, err, N_("changement %u : %s"), (unsigned)a->r.number,
                            own.text);
        if (err != ERR_OK)
            return note_set(why, err, "%s", own.text);
    }
    return a->r.bad ? unreadable(why) : ERR_OK;
}

/* ---- close ---- */

static enum err check_open(const struct quarantined *q, struct note *why)
{
    if (q->state == QUARANTINE_OPEN)
        return ERR_OK;
    return note_set(why, ERR_EXISTS, N_("cette saisie refusée est déjà réglée"));
}

/* The server would take its own copy, whole, for saved again. */
static enum err check_whole(struct store *s, const struct quarantined *q, struct note *why)
{
    bool cut = false;
    enum err err = quarantine_is_cut(s, q, &cut);
    if (err == ERR_OK && cut)
        return note_set(why, ERR_REFUSED,
                        N_("ce que dit cette saisie a quitté cet appareil avec le dossier ; le "
                           "serveur l'a gardé : c'est à la coordination de la reprendre"));
    return err;
}

/* Into the operation in the making, and on a replica into the quarantine here: the server's
 * judge closes its own. */
static enum err close_it(struct store *s, struct edit *edit, const struct quarantined *q,
                         enum quarantine_state state, struct str note)
{
    struct quarantined closed = *q;
    closed.state = state;
    closed.closed_ms = store_now(s);
    closed.closed_by = s->staff;
    closed.note = note;
    enum err err = edit_closing(edit, q->epoch, q->op_no, quarantine_word(state), note);
    if (err == ERR_OK && s->env.side == STORE_CLIENT)
        err = quarantine_close(s, &closed);
    return err;
}

enum err closing_resubmit(struct store *s, const struct quarantined *q,
                          const struct closing_plan *plan, uint64_t *rows, struct note *why)
{
    struct again *a = mem_new(sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    *a = (struct again){.s = s, .plan = plan};
    enum err err = check_open(q, why);
    if (err == ERR_OK)
        err = check_whole(s, q, why);
    if (err == ERR_OK)
        err = edit_open(s, &a->edit, why);
    if (err == ERR_OK) {
        if (s->env.side == STORE_SERVER)
            edit_for(a->edit, &q->actor);
        err = save_all(a, q->op, why);
        uint64_t written = edit_count(a->edit);
        if (s->env.side == STORE_SERVER && err == ERR_OK)
            edit_for(a->edit, &s->staff);
        if (err == ERR_OK)
            err = close_it(s, a->edit, q, QUARANTINE_RESUBMITTED, STR(""));
        if (err == ERR_OK)
            err = edit_commit(a->edit, why);
        else
            edit_abort(a->edit);
        if (err == ERR_OK)
            *rows = written;
    }
    mem_free(a);
    return err;
}

enum err closing_discard(struct store *s, const struct quarantined *q, struct str reason,
                         struct note *why)
{
    static const struct field note = {
        .name = "reason", .kind = KIND_TEXT, .required = true, .max = CLOSING_NOTE_CHARS};
    struct value v = reason.n == 0 ? VALUE_NONE : value_text(reason);
    struct edit *edit = NULL;
    enum err err = check_open(q, why);
    if (err == ERR_OK)
        err = value_check(&note, &v, why);
    if (err == ERR_OK)
        err = edit_open(s, &edit, why);
    if (err != ERR_OK)
        return err;
    err = close_it(s, edit, q, QUARANTINE_DISCARDED, reason);
    if (err == ERR_OK)
        return edit_commit(edit, why);
    edit_abort(edit);
    return err;
}

/* ---- the server hears of it ---- */

static enum err read_closing(const struct change *change, struct cur *cur,
                             struct quarantined *out)
{
    if (change->kind != CHANGE_UPDATE || change->fields != 2 ||
        !op_closing_of(&change->row, &out->epoch, &out->op_no))
        return ERR_FORMAT;
    uint16_t ids[2] = {0};
    struct value values[2];
    for (size_t i = 0; i < 2; i++) {
        (void)op_field_base(cur, &ids[i]);
        (void)unpack_any(cur);
        values[i] = value_unpack(KIND_TEXT, cur);
    }
    if (cur->bad || ids[0] != OP_CLOSING_STATE || ids[1] != OP_CLOSING_NOTE ||
        values[0].type != VALUE_TEXT)
        return ERR_FORMAT;
    bool given_up = str_eq(values[0].s, str_of(quarantine_word(QUARANTINE_DISCARDED)));
    out->state = given_up ? QUARANTINE_DISCARDED : QUARANTINE_RESUBMITTED;
    if (!str_eq(values[0].s, str_of(quarantine_word(out->state))))
        return ERR_FORMAT;
    out->note = values[1].type == VALUE_TEXT ? values[1].s : STR("");
    return str_utf8(out->note) && out->note.n <= 4 * CLOSING_NOTE_CHARS ? ERR_OK : ERR_FORMAT;
}

enum err judge_closing(struct judge *j, const struct change *change, struct cur *cur)
{
    struct quarantined q = {.closed_ms = j->edit_ms, .closed_by = j->op->actor};
    struct id author = {0};
    enum err err = read_closing(change, cur, &q);
    if (err == ERR_OK)
        err = quarantine_actor(j->s, q.epoch, q.op_no, &author);
    /* Put back before it was refused, the server may have judged it otherwise. */
    if (err == ERR_NOTFOUND)
        return ERR_OK;
    if (err == ERR_OK && j->author->origin != 0 && !id_eq(&author, &j->author->staff)) {
        j->verdict = VERDICT_REFUSED;
        j->reason = REASON_RIGHTS;
        return ERR_OK;
    }
    if (err == ERR_OK)
        err = quarantine_close(j->s, &q);
    /* Closed before by somebody else: that stands. */
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
