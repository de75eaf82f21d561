/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl quarantine: what was refused, opened, saved again in its author's name, or given up.
 */
#include "io/grid.h"
#include "server/ctl.h"
#include "store/closing.h"
#include "store/quarantine_json.h"

static void print_head(struct ctl *c, const struct quarantined *q)
{
    quarantine_name(q->epoch, q->op_no, &c->out);
    buf_text(&c->out, "  ");
    ctl_print_time(c, q->at_ms);
    buf_text(&c->out, "  ");
    ctl_print_staff(c, &q->actor);
    buf_printf(&c->out, "  %s\n", say_text(reason_text(q->reason)));
    if (q->state == QUARANTINE_OPEN)
        return;
    buf_text(&c->out, q->state == QUARANTINE_DISCARDED ? T("  abandonnée par ")
                                                       : T("  corrigée et renvoyée par "));
    if (id_is_null(&q->closed_by)) /* with jalonctl */
        buf_text(&c->out, T("l'administration"));
    else
        ctl_print_staff(c, &q->closed_by);
    buf_text(&c->out, ", ");
    ctl_print_time(c, q->closed_ms);
    buf_text(&c->out, q->note.n > 0 ? " : " : "");
    grid_clean(&c->out, q->note);
    buf_u8(&c->out, '\n');
}

static void print_fields(struct ctl *c, struct quarantine_reader *r, const struct row *row)
{
    struct quarantined_field f;
    while (quarantine_field(r, &f)) {
        buf_printf(&c->out, "      %s : ", say_text(f.field->label));
        if (r->change.kind == CHANGE_UPDATE) {
            ctl_print_value(c, f.field, &f.before);
            buf_text(&c->out, " → ");
        }
        ctl_print_value(c, f.field, &f.after);
        int i = row == NULL ? -1 : schema_field_index(r->table, f.field->id);
        if (i >= 0 && !value_eq(&row->values[i], &f.after) &&
            !value_eq(&row->values[i], &f.before)) {
            buf_text(&c->out, T(" ; ici maintenant : "));
            ctl_print_value(c, f.field, &row->values[i]);
        }
        buf_u8(&c->out, '\n');
    }
}

static enum err print_change(struct ctl *c, struct quarantine_reader *r)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    char id[ID_TEXT_BYTES];
    if (row == NULL)
        return ERR_NOMEM;
    enum err err = r->table == NULL
                       ? ERR_NOTFOUND
                       : rows_find(c->store, r->table, &r->change.row, &arena, row);
    bool made = r->change.kind == CHANGE_INSERT;
    id_print(&r->change.row, id);
    if (err == ERR_OK || err == ERR_NOTFOUND) {
        buf_printf(&c->out,
                   made ? T("  %u. nouvelle fiche « %s » %s")
                        : T("  %u. changement de « %s » %s"),
                   (unsigned)r->number, r->table == NULL ? "?" : say_text(r->table->label), id);
        buf_u8(&c->out, '\n');
        print_fields(c, r, err == ERR_OK ? row : NULL);
        err = ERR_OK;
    }
    arena_done(&arena);
    return err;
}

/* A change opens the dossier of its row, or, while that is not here, of the row it wanted. */
static enum err note_change(struct ctl *c, struct quarantine_reader *r)
{
    struct arena arena = {0};
    struct quarantined_field f;
    struct row *row = arena_new(&arena, sizeof *row);
    struct row *wanted = arena_new(&arena, sizeof *wanted);
    if (row == NULL || wanted == NULL) {
        arena_done(&arena);
        return ERR_NOMEM;
    }
    wanted->id = r->change.row;
    while (quarantine_field(r, &f)) {
        int i = schema_field_index(r->table, f.field->id);
        if (i >= 0)
            wanted->values[i] = f.after;
    }
    enum err err = rows_find(c->store, r->table, &r->change.row, &arena, row);
    if (err == ERR_OK)
        err = access_shown(&c->access, c->store, r->table, row);
    else if (err == ERR_NOTFOUND)
        err = access_wanted(&c->access, c->store, r->table, wanted);
    arena_done(&arena);
    return err;
}

static enum err note_all(struct ctl *c, const struct quarantined *q)
{
    struct quarantine_reader r;
    enum err err = ERR_OK;
    quarantine_read(&schema_jalon, q->op, &r);
    while (err == ERR_OK && quarantine_change(&r))
        err = r.table == NULL ? ERR_OK : note_change(c, &r);
    return err;
}

static enum err print_all(struct ctl *c, const struct quarantined *q)
{
    struct quarantine_reader r;
    enum err err = ERR_OK;
    print_head(c, q);
    quarantine_read(&schema_jalon, q->op, &r);
    while (err == ERR_OK && quarantine_change(&r))
        err = print_change(c, &r);
    if (r.bad)
        buf_text(&c->out, T("  la suite est illisible\n"));
    return err;
}

static enum err on_refused(void *ctx, const struct quarantined *q)
{
    struct ctl *c = ctx;
    struct buf *out = &c->out;
    enum err err = ERR_OK;
    c->refused.count++;
    c->refused.epoch = q->epoch;
    c->refused.op_no = q->op_no;
    if (c->json) {
        buf_text(out, c->refused.count > 1 ? ",\n" : "\n");
        err = quarantine_json(c->store, q, out);
        if (err == ERR_OK)
            err = note_all(c, q);
    } else {
        print_head(c, q); /* no value of a row */
    }
    if (err == ERR_OK)
        err = out->err;
    return err == ERR_OK && out->n > CTL_PIECE_BYTES ? ERR_LATER : err;
}

int ctl_quarantine_list(void *program, const struct args *args)
{
    struct ctl *c = program;
    if (c->json && c->refused.count == 0)
        buf_u8(&c->out, '[');
    enum err err = quarantine_list_after(c->store, args_flag(args, "closed"), c->refused.epoch,
                                         c->refused.op_no, on_refused, c);
    c->more = err == ERR_LATER;
    if (c->more)
        return CTL_DONE;
    if (c->json)
        buf_text(&c->out, c->refused.count == 0 ? "]\n" : "\n]\n");
    else if (err == ERR_OK)
        ctl_say(c, TN("%llu opération refusée", "%llu opérations refusées", c->refused.count),
                (unsigned long long)c->refused.count);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}

int ctl_quarantine_show(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct quarantined q;
    enum err err = quarantine_find(c->store, str_of(args->word[0]), &c->arena, &q, &why);
    if (err == ERR_OK && c->json) {
        err = quarantine_json(c->store, &q, &c->out);
        buf_u8(&c->out, '\n');
    } else if (err == ERR_OK) {
        err = print_all(c, &q);
    }
    if (err == ERR_OK)
        err = note_all(c, &q);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, &why);
}

static void print_closed(struct ctl *c, const struct quarantined *q,
                         enum quarantine_state state, uint64_t rows)
{
    if (!c->json) {
        ctl_say(c, TN("%llu changement enregistré", "%llu changements enregistrés", rows),
                (unsigned long long)rows);
        return;
    }
    buf_text(&c->out, "{\"id\":\"");
    quarantine_name(q->epoch, q->op_no, &c->out);
    buf_printf(&c->out, "\",\"state\":\"%s\",\"changes\":%llu}\n", quarantine_word(state),
               (unsigned long long)rows);
}

static enum err resubmit(struct ctl *c, const struct quarantined *q, uint64_t *rows,
                         struct note *why)
{
    const struct args *args = c->args;
    struct closing_value *values = arena_new(&c->arena, (args->n + 1) * sizeof *values);
    bool *without = arena_new(&c->arena, OP_CHANGES_MAX * sizeof *without);
    enum err err = values == NULL || without == NULL ? ERR_NOMEM : ERR_OK;
    struct closing_plan plan = {.values = values, .without = without};
    for (size_t i = 1; i < args->n && err == ERR_OK; i++) {
        struct closing_target target;
        struct closing_value *v = &values[plan.count++];
        err = closing_target(c->store, q, str_of(args->word[i]), &target, why);
        if (err == ERR_OK)
            err = value_parse(target.field, target.text, &c->arena, &v->value.value, why);
        if (err == ERR_OK) {
            v->change = target.change;
            v->value.field = target.field;
        }
    }
    const char *left_out = args_value(args, "without");
    if (err == ERR_OK && left_out != NULL)
        err = closing_without(str_of(left_out), without, why);
    return err == ERR_OK ? closing_resubmit(c->store, q, &plan, rows, why) : err;
}

int ctl_quarantine_resubmit(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct quarantined q;
    uint64_t rows = 0;
    enum err err = quarantine_find(c->store, str_of(args->word[0]), &c->arena, &q, &why);
    if (err == ERR_OK)
        err = resubmit(c, &q, &rows, &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    print_closed(c, &q, QUARANTINE_RESUBMITTED, rows);
    return CTL_DONE;
}

int ctl_quarantine_discard(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct quarantined q;
    enum err err = quarantine_find(c->store, str_of(args->word[0]), &c->arena, &q, &why);
    if (err == ERR_OK)
        err = closing_discard(c->store, &q, str_of(args_value(args, "reason")), &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    print_closed(c, &q, QUARANTINE_DISCARDED, 0);
    return CTL_DONE;
}
