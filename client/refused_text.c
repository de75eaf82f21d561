/* SPDX-License-Identifier: Apache-2.0 */
#include "client/refused_text.h"

#include "client/words.h"
#include "io/grid.h"
#include "store/quarantine_json.h"
#include "store/replica.h"

/* A list shows so many changes of one operation; `inbox show` shows all. */
enum { CHANGES_LISTED = 5 };

const char *refused_reason(enum reason reason)
{
    return reason == REASON_RIGHTS ? T("vos droits ne le permettaient pas (ou plus)")
                                   : say_text(reason_text(reason));
}

/* ---- one field ---- */

struct side {
    struct cmd *c;
    const struct quarantine_reader *r;
    const struct row *row; /* as it is here; NULL: it is not */
};

static void print_field(const struct side *side, const struct quarantined_field *f)
{
    struct cmd *c = side->c;
    buf_printf(&c->out, "      %s : ", say_text(f->field->label));
    if (side->r->change.kind == CHANGE_UPDATE) {
        words_value(c, f->field, &f->before, &c->out);
        buf_text(&c->out, " → ");
    }
    words_value(c, f->field, &f->after, &c->out);
    int i = side->row == NULL ? -1 : schema_field_index(side->r->table, f->field->id);
    if (i >= 0 && !value_eq(&side->row->values[i], &f->after) &&
        !value_eq(&side->row->values[i], &f->before)) {
        buf_text(&c->out, T(" ; ici maintenant : "));
        words_value(c, f->field, &side->row->values[i], &c->out);
    }
    buf_u8(&c->out, '\n');
}

/* ---- one change ---- */

static void print_change_head(struct cmd *c, const struct quarantine_reader *r,
                              const struct row *row)
{
    char id[ID_TEXT_BYTES];
    id_print(&r->change.row, id);
    const char *name = r->table == NULL ? "?" : say_text(r->table->label);
    bool made = r->change.kind == CHANGE_INSERT;
    struct buf title = {0};
    if (row != NULL)
        names_title(r->table, row, &title);
    buf_printf(&c->out,
               made ? T("  %u. nouvelle fiche « %s » %s") : T("  %u. changement de « %s » %s"),
               (unsigned)r->number, name, id);
    if (title.n > 0) {
        buf_text(&c->out, " (");
        grid_clean(&c->out, buf_str(&title));
        buf_text(&c->out, ")");
    }
    buf_done(&title);
    if (made && row == NULL)
        buf_text(&c->out, T(" : elle n'existe que dans cette saisie refusée"));
    else if (made)
        buf_text(&c->out, T(" : elle existe par ailleurs"));
    buf_u8(&c->out, '\n');
}

static enum err print_change(struct cmd *c, struct quarantine_reader *r)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    if (r->change.table == OP_CLOSING_TABLE) {
        buf_printf(&c->out, T("  %u. le règlement d'une saisie refusée\n"),
                   (unsigned)r->number);
        arena_done(&arena);
        return ERR_OK;
    }
    enum err err = r->table == NULL
                       ? ERR_NOTFOUND
                       : rows_find(c->store, r->table, &r->change.row, &arena, row);
    if (err == ERR_OK || err == ERR_NOTFOUND) {
        struct side side = {c, r, err == ERR_OK ? row : NULL};
        struct quarantined_field f;
        print_change_head(c, r, side.row);
        while (quarantine_field(r, &f))
            print_field(&side, &f);
        err = ERR_OK;
    }
    arena_done(&arena);
    return err;
}

static enum err print_changes(struct cmd *c, const struct quarantined *q, uint32_t most)
{
    struct quarantine_reader r;
    enum err err = ERR_OK;
    quarantine_read(store_schema(c->store), q->op, &r);
    while (err == ERR_OK && r.number < most && quarantine_change(&r))
        err = print_change(c, &r);
    if (err == ERR_OK && r.number < r.changes && !r.bad)
        buf_printf(&c->out,
                   TN("  et %u autre changement\n", "  et %u autres changements\n",
                      r.changes - r.number),
                   (unsigned)(r.changes - r.number));
    if (r.bad)
        buf_text(&c->out, T("  la suite est illisible\n"));
    return err == ERR_OK ? cmd_flush_some(c) : err;
}

/* ---- one operation ---- */

static void print_head(struct cmd *c, const struct quarantined *q)
{
    struct origin origin = {0};
    buf_text(&c->out, T("saisie refusée "));
    quarantine_name(q->epoch, q->op_no, &c->out);
    buf_printf(&c->out, " : %s\n", refused_reason(q->reason));
    buf_text(&c->out, T("  écrite par "));
    words_staff(c, &q->actor, &c->out);
    buf_text(&c->out, T(" le "));
    words_time(q->edit_ms, &c->out);
    if (replica_origin(c->store, q->epoch, &origin) == ERR_OK)
        buf_printf(&c->out, T(" sur l'appareil %u"), (unsigned)origin.device);
    buf_text(&c->out, T(", refusée le "));
    words_time(q->at_ms, &c->out);
    buf_u8(&c->out, '\n');
}

static void print_closed(struct cmd *c, const struct quarantined *q)
{
    buf_text(&c->out, q->state == QUARANTINE_DISCARDED ? T("  abandonnée par ")
                                                       : T("  corrigée et renvoyée par "));
    words_staff(c, &q->closed_by, &c->out);
    buf_text(&c->out, T(" le "));
    words_time(q->closed_ms, &c->out);
    if (q->note.n > 0) {
        buf_text(&c->out, " : ");
        grid_clean(&c->out, q->note);
    }
    buf_u8(&c->out, '\n');
}

static void print_next_step(struct cmd *c, const struct quarantined *q, bool shown, bool cut)
{
    struct buf name = {0};
    quarantine_name(q->epoch, q->op_no, &name);
    buf_u8(&name, 0);
    const char *id = name.err == ERR_OK ? (const char *)name.p : "?";
    if (!shown)
        buf_printf(&c->out, T("  tout voir : jalon inbox show %s\n"), id);
    if (!cut)
        buf_printf(&c->out,
                   T("  corriger et renvoyer : jalon inbox resubmit %s [CHAMP=VALEUR…]\n"), id);
    buf_printf(&c->out, T("  abandonner : jalon inbox discard %s --reason TEXTE\n"), id);
    buf_done(&name);
}

static enum err print_words(struct cmd *c, const struct quarantined *q, bool all)
{
    bool cut = false;
    print_head(c, q);
    enum err err = print_changes(c, q, all ? UINT32_MAX : CHANGES_LISTED);
    if (err == ERR_OK)
        err = quarantine_is_cut(c->store, q, &cut);
    if (cut)
        buf_text(&c->out, T("  le reste a quitté cet appareil avec le dossier ; le serveur l'a "
                            "gardé, la coordination peut le reprendre\n"));
    if (q->state != QUARANTINE_OPEN)
        print_closed(c, q);
    else
        print_next_step(c, q, all, cut);
    return err;
}

enum err refused_show(struct cmd *c, const struct quarantined *q)
{
    if (!c->json)
        return print_words(c, q, true);
    enum err err = quarantine_json(c->store, q, &c->out);
    buf_u8(&c->out, '\n');
    return err;
}

struct refusals {
    struct cmd *c;
    uint64_t count;
    uint64_t open;
};

static enum err on_refused(void *ctx, const struct quarantined *q)
{
    struct refusals *r = ctx;
    struct cmd *c = r->c;
    enum err err = ERR_OK;
    r->open += q->state == QUARANTINE_OPEN ? 1 : 0;
    if (c->json) {
        buf_text(&c->out, r->count == 0 ? "\n" : ",\n");
        err = quarantine_json(c->store, q, &c->out);
    } else {
        buf_text(&c->out, r->count == 0 ? "" : "\n");
        err = print_words(c, q, false);
    }
    r->count++;
    return err == ERR_OK ? cmd_flush_some(c) : err;
}

enum err refused_print(struct cmd *c, bool closed, uint64_t *count)
{
    struct refusals r = {.c = c};
    enum err err = quarantine_list(c->store, closed, on_refused, &r);
    if (err == ERR_OK)
        *count = r.open;
    return err;
}
