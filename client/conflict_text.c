/* SPDX-License-Identifier: Apache-2.0 */
#include "client/conflict_text.h"

#include "client/words.h"
#include "io/grid.h"
#include "store/replica.h"
#include "store/rows_json.h"

struct printing {
    struct cmd *c;
    const struct table *table; /* conflict */
    uint8_t roles;             /* of the person */
    uint64_t count, waiting;
};

static const struct value *get(const struct printing *p, const struct row *row, uint16_t field)
{
    int i = schema_field_index(p->table, field);
    must(i >= 0);
    return &row->values[i];
}

static struct id get_id(const struct printing *p, const struct row *row, uint16_t field)
{
    struct id id = {0};
    const struct value *v = get(p, row, field);
    if (v->type == VALUE_BYTES && v->s.n == ID_BYTES)
        memcpy(id.b, v->s.p, ID_BYTES);
    return id;
}

static const struct table *table_of(const struct printing *p, const struct row *row)
{
    const struct value *v = get(p, row, FIELD_CONFLICT_OF_TABLE);
    return v->type == VALUE_TEXT ? schema_table_named(store_schema(p->c->store), v->s) : NULL;
}

static bool is_decided(const struct printing *p, const struct row *row)
{
    const struct value *v = get(p, row, FIELD_CONFLICT_STATE);
    return v->type == VALUE_TEXT && str_eq(v->s, STR("decided"));
}

static uint8_t decider_of(const struct printing *p, const struct row *row)
{
    const struct value *v = get(p, row, FIELD_CONFLICT_DECIDER);
    return v->type == VALUE_INT ? (uint8_t)v->i : 0;
}

static bool may_decide(const struct printing *p, const struct row *row)
{
    uint8_t decider = decider_of(p, row);
    return decider == 0 || (decider & p->roles) != 0;
}

/* The device the value that lost was written on; 0: the server, or not known. */
static uint32_t other_device(const struct printing *p, const struct row *row)
{
    const struct value *v = get(p, row, FIELD_CONFLICT_ORIGIN);
    struct origin origin = {0};
    if (v->type != VALUE_INT || v->i <= 0 || v->i > UINT32_MAX ||
        replica_origin(p->c->store, (uint32_t)v->i, &origin) != ERR_OK)
        return 0;
    return origin.device;
}

/* Who decided; null: the program, or nobody. */
static struct id decided_by(const struct printing *p, const struct row *row)
{
    struct stamp stamp = row_stamp(row, FIELD_CONFLICT_DECISION);
    struct origin origin = {0};
    if (!is_decided(p, row) || replica_origin(p->c->store, stamp.origin, &origin) != ERR_OK)
        return (struct id){0};
    return origin.staff;
}

/* What the fields of the conflict hold now, as a snapshot like the conflict's own. Empty when
 * the row is not here. */
static enum err present_values(const struct printing *p, const struct row *row, struct buf *out)
{
    const struct table *table = table_of(p, row);
    const struct value *raw = get(p, row, FIELD_CONFLICT_CURRENT);
    struct cur cur = raw->type == VALUE_BYTES ? cur_of(raw->s.p, raw->s.n) : cur_of(NULL, 0);
    struct id id = get_id(p, row, FIELD_CONFLICT_OF_ROW);
    struct arena arena = {0};
    struct row *about = arena_new(&arena, sizeof *about);
    enum err err = about == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK)
        err = table == NULL ? ERR_NOTFOUND : rows_find(p->c->store, table, &id, &arena, about);
    while (err == ERR_OK && cur_left(&cur) > 0 && !cur.bad) {
        uint16_t field = (uint16_t)unpack_int_in(&cur, 0, UINT16_MAX);
        int i = schema_field_index(table, field);
        struct value deleted = value_int(about->deleted ? 1 : 0);
        (void)unpack_any(&cur);
        if (cur.bad || (i < 0 && field != FIELD_DELETED))
            continue;
        pack_int(out, field);
        value_pack(i < 0 ? &deleted : &about->values[i], out);
    }
    arena_done(&arena);
    return err == ERR_OK || err == ERR_NOTFOUND ? out->err : err;
}

/* ---- JSON ---- */

static void json_text_of(struct cmd *c, const char *key, const struct table *table,
                         const struct id *id)
{
    struct buf text = {0};
    if (table != NULL && !id_is_null(id))
        words_row(c, table, id, &text);
    buf_printf(&c->out, ",\"%s\":", key);
    rows_json_text(buf_str(&text), &c->out);
    if (text.err != ERR_OK)
        c->out.err = text.err;
    buf_done(&text);
}

static enum err conflict_json(struct printing *p, const struct row *row)
{
    struct cmd *c = p->c;
    struct buf present = {0};
    const struct schema *schema = store_schema(c->store);
    const struct table *staff = schema_table(schema, TABLE_STAFF);
    struct id of_row = get_id(p, row, FIELD_CONFLICT_OF_ROW);
    struct id current = get_id(p, row, FIELD_CONFLICT_CURRENT_BY);
    struct id other = get_id(p, row, FIELD_CONFLICT_OTHER_BY);
    buf_text(&c->out, p->count == 0 ? "\n" : ",\n");
    rows_json(schema, p->table, row, &c->out);
    if (c->out.n > 0)
        c->out.n--; /* the closing brace: names follow, for programs that show the block */
    json_text_of(c, "row_title", table_of(p, row), &of_row);
    json_text_of(c, "current_by_name", staff, &current);
    json_text_of(c, "other_by_name", staff, &other);
    struct id by = decided_by(p, row);
    json_text_of(c, "decided_by_name", staff, &by);
    buf_printf(&c->out, ",\"other_device\":%u,\"may_decide\":%s,\"present\":",
               (unsigned)other_device(p, row), may_decide(p, row) ? "true" : "false");
    enum err err = present_values(p, row, &present);
    if (present.n == 0)
        buf_text(&c->out, "null");
    else
        rows_json_raw(table_of(p, row), buf_str(&present), &c->out);
    buf_u8(&c->out, '}');
    buf_done(&present);
    return err;
}

/* ---- words ---- */

/* Field by field; what a newer program wrote is passed over. */
static void raw_words(struct cmd *c, const struct table *table, const struct value *raw,
                      struct buf *out)
{
    size_t before = out->n;
    struct cur cur = raw->type == VALUE_BYTES ? cur_of(raw->s.p, raw->s.n) : cur_of(NULL, 0);
    bool several = value_pairs_several(cur);
    const struct field *field = NULL;
    struct value v;
    while (table != NULL && value_pair_next(table, &cur, &field, &v)) {
        if (out->n > before)
            buf_text(out, " ; ");
        if (several)
            buf_printf(out, "%s : ", say_text(field->label));
        words_value(c, field, &v, out);
    }
    if (out->n == before)
        buf_text(out, T("(vide)"));
}

struct side {
    const char *label;
    uint16_t raw, by, at; /* fields of the conflict row; by 0: nobody is named */
};

static void print_side(struct printing *p, const struct row *row, const struct side *side,
                       size_t width)
{
    struct cmd *c = p->c;
    struct buf text = {0};
    buf_text(&c->out, "    ");
    grid_fit(&c->out, str_of(side->label), width, false);
    buf_text(&c->out, "  ");
    raw_words(c, table_of(p, row), get(p, row, side->raw), &text);
    grid_paint(&c->out, buf_str(&text), GRID_BOLD, c->color);
    if (side->by != 0) {
        struct id by = get_id(p, row, side->by);
        const struct value *at = get(p, row, side->at);
        buf_text(&c->out, T("   par "));
        words_staff(c, &by, &c->out);
        buf_text(&c->out, ", ");
        words_time(at->type == VALUE_INT ? at->i : 0, &c->out);
    }
    uint32_t device = side->raw == FIELD_CONFLICT_OTHER ? other_device(p, row) : 0;
    if (device != 0)
        buf_printf(&c->out, T(", appareil %u"), (unsigned)device);
    buf_u8(&c->out, '\n');
    buf_done(&text);
}

/* Changed again since: what is decided about is not what is shown any more. */
static enum err print_present(struct printing *p, const struct row *row, size_t width)
{
    struct cmd *c = p->c;
    struct buf present = {0};
    struct buf text = {0};
    enum err err = present_values(p, row, &present);
    struct value v = value_bytes(buf_str(&present));
    if (err == ERR_OK && present.n > 0 && !value_eq(&v, get(p, row, FIELD_CONFLICT_CURRENT))) {
        buf_text(&c->out, "    ");
        grid_fit(&c->out, str_of(T("à présent")), width, false);
        buf_text(&c->out, "  ");
        raw_words(c, table_of(p, row), &v, &text);
        grid_paint(&c->out, buf_str(&text), GRID_BOLD, c->color);
        buf_u8(&c->out, '\n');
    }
    buf_done(&present);
    buf_done(&text);
    return err;
}

static const char *why_text(const struct value *why)
{
    static const struct {
        const char *word;
        const char *text;
    } texts[] = {
        {"concurrent", N_("deux saisies sans se voir : la plus récente est affichée")},
        {"text_overlap", N_("le même paragraphe a été changé des deux côtés")},
        {"review", N_("la première valeur reste jusqu'à la décision")},
        {"undeleted", N_("une saisie a ramené une fiche supprimée en même temps")},
        {"two_referents",
         N_("deux référents à la fois, chacun sans voir l'autre : l'autre valeur "
            "met fin à celui-ci")},
        {"incomparable", N_("deux états dont aucun ne va plus loin que l'autre")},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (why->type == VALUE_TEXT && str_eq(why->s, str_of(texts[i].word)))
            return say_text(texts[i].text);
    return T("deux saisies concurrentes");
}

static void print_field_label(struct printing *p, const struct row *row,
                              const struct table *table)
{
    const struct value *v = get(p, row, FIELD_CONFLICT_OF_FIELD);
    struct str name = v->type == VALUE_TEXT ? v->s : STR("");
    const struct field *field = table == NULL ? NULL : schema_field_named(table, name);
    if (field != NULL)
        name = str_of(say_text(field->label));
    buf_text(&p->c->out, T("  champ : "));
    grid_clean(&p->c->out, name);
    buf_u8(&p->c->out, '\n');
}

static const char *decision_text(const struct value *decision)
{
    static const struct {
        const char *word;
        const char *text;
    } texts[] = {
        {"current", N_("la valeur affichée (current)")},
        {"other", N_("l'autre valeur (other)")},
        {"value", N_("une troisième valeur")},
        {"mixed", N_("les deux, mêlées")},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (decision->type == VALUE_TEXT && str_eq(decision->s, str_of(texts[i].word)))
            return say_text(texts[i].text);
    return "?";
}

static void print_decided(struct printing *p, const struct row *row, const char *id)
{
    struct cmd *c = p->c;
    const struct value *decision = get(p, row, FIELD_CONFLICT_DECISION);
    const struct value *reason = get(p, row, FIELD_CONFLICT_DECIDED_REASON);
    struct id by = decided_by(p, row);
    buf_text(&c->out, T("  tranché : "));
    buf_text(&c->out, decision_text(decision));
    buf_text(&c->out, T(", par "));
    words_staff(c, &by, &c->out);
    if (reason->type == VALUE_TEXT) {
        buf_text(&c->out, " : ");
        grid_clean(&c->out, reason->s);
    }
    buf_u8(&c->out, '\n');
    if (may_decide(p, row))
        buf_printf(&c->out, T("  revenir dessus : jalon resolve %s --again --keep …\n"), id);
}

static const char *who_decides(uint8_t decider)
{
    bool coordinator = (decider & (ROLE_COORDINATOR | ROLE_FEDERATION)) != 0;
    if ((decider & ROLE_MANAGER) != 0)
        return coordinator
                   ? T("  le responsable (manager) ou la coordination décide ; rien à faire ici\n")
                   : T("  le responsable (manager) décide ; rien à faire ici\n");
    if (coordinator)
        return T("  la coordination décide ; rien à faire ici\n");
    if ((decider & ROLE_JOBCOACH) != 0)
        return T("  un jobcoach décide ; rien à faire ici\n");
    return T("  l'administration décide ; rien à faire ici\n");
}

static void print_next_step(struct printing *p, const struct row *row, const char *id)
{
    struct cmd *c = p->c;
    const struct value *raw = get(p, row, FIELD_CONFLICT_OTHER);
    struct cur cur = raw->type == VALUE_BYTES ? cur_of(raw->s.p, raw->s.n) : cur_of(NULL, 0);
    (void)unpack_any(&cur);
    (void)unpack_any(&cur);
    if (is_decided(p, row)) {
        print_decided(p, row, id);
        return;
    }
    if (!may_decide(p, row)) {
        buf_text(&c->out, who_decides(decider_of(p, row)));
        return;
    }
    if (cur.bad || cur_left(&cur) == 0)
        buf_printf(&c->out, T("  décider : jalon resolve %s --keep current|other|VALEUR\n"),
                   id);
    else
        buf_printf(&c->out,
                   T("  décider : jalon resolve %s --keep current|other, et pour mêler les "
                     "deux --set CHAMP=VALEUR…\n"),
                   id);
}

static enum err conflict_words(struct printing *p, const struct row *row)
{
    const struct side sides[] = {
        {T("au départ"), FIELD_CONFLICT_BASE, 0, 0},
        {T("valeur affichée (current)"), FIELD_CONFLICT_CURRENT, FIELD_CONFLICT_CURRENT_BY,
         FIELD_CONFLICT_CURRENT_AT},
        {T("autre valeur (other)"), FIELD_CONFLICT_OTHER, FIELD_CONFLICT_OTHER_BY,
         FIELD_CONFLICT_OTHER_AT},
    };
    struct cmd *c = p->c;
    const struct table *table = table_of(p, row);
    struct id of_row = get_id(p, row, FIELD_CONFLICT_OF_ROW);
    char id[ID_TEXT_BYTES];
    id_print(&row->id, id);
    if (p->count > 0)
        buf_u8(&c->out, '\n');
    buf_printf(&c->out, T("conflit %s\n"), id);
    buf_printf(&c->out, "  %s : ", table == NULL ? "?" : say_text(table->label));
    if (table != NULL)
        words_row(c, table, &of_row, &c->out);
    buf_u8(&c->out, '\n');
    print_field_label(p, row, table);
    buf_printf(&c->out, "  %s\n", why_text(get(p, row, FIELD_CONFLICT_REASON)));
    size_t width = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t w = grid_width(str_of(sides[i].label));
        width = w > width ? w : width;
    }
    for (size_t i = 0; i < 3; i++)
        print_side(p, row, &sides[i], width);
    enum err err = print_present(p, row, width);
    print_next_step(p, row, id);
    return err;
}

static enum err on_conflict(void *ctx, const struct row *row)
{
    struct printing *p = ctx;
    enum err err = access_shown(&p->c->access, p->c->store, p->table, row);
    if (err == ERR_OK)
        err = p->c->json ? conflict_json(p, row) : conflict_words(p, row);
    p->count++;
    p->waiting += is_decided(p, row) ? 0 : 1;
    return err == ERR_OK ? cmd_flush_some(p->c) : err;
}

enum err conflict_print(struct cmd *c, bool decided, uint64_t *count)
{
    struct printing p = {.c = c, .table = schema_table(store_schema(c->store), TABLE_CONFLICT)};
    struct store_status st;
    enum err err = store_status(c->store, &st);
    if (err != ERR_OK)
        return err;
    p.roles = st.roles;
    const struct field *state = schema_field(p.table, FIELD_CONFLICT_STATE);
    struct filter open = {state, value_text(STR("open"))};
    err = rows_list(c->store, p.table, &open, decided ? 0 : 1, false, 0, on_conflict, &p);
    if (err == ERR_OK)
        *count = p.waiting;
    return err;
}
