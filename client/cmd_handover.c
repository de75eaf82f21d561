/* SPDX-License-Identifier: Apache-2.0 */
/* jalon handover: the dossiers of one person become another's from a day on. */
#include "client/cmd.h"
#include "client/words.h"
#include "io/grid.h"
#include "store/handover.h"

static const char *reason_of(enum handover_fate fate)
{
    switch (fate) {
    case HANDOVER_ENDS:
        return T("reste : l'affectation a déjà sa fin");
    case HANDOVER_NOWHERE:
        return T("reste : pas de parcours où affecter quelqu'un");
    case HANDOVER_FOREIGNER:
        return T("reste : celui qui reçoit n'a pas ce rôle dans la structure du dossier");
    case HANDOVER_MOVES:
        break;
    }
    return "";
}

static void print_day(struct cmd *c, int32_t day, struct buf *out)
{
    const struct table *table = schema_table(store_schema(c->store), TABLE_ASSIGNMENT);
    const struct value v = value_int(day);
    words_value(c, schema_field_named(table, STR("start")), &v, out);
}

static void print_item(struct cmd *c, const struct handover_item *item, struct grid *grid)
{
    const struct schema *schema = store_schema(c->store);
    struct buf text = {0};
    words_row(c, schema_table(schema, TABLE_PERSON), &item->person, &text);
    grid_cell(grid, buf_str(&text), GRID_PLAIN);
    const struct table *table = schema_table(schema, TABLE_ASSIGNMENT);
    const struct value role = value_text(item->role);
    buf_clear(&text);
    words_value(c, schema_field_named(table, STR("role")), &role, &text);
    grid_cell(grid, buf_str(&text), GRID_PLAIN);
    buf_clear(&text);
    if (item->fate == HANDOVER_MOVES)
        print_day(c, item->start, &text);
    else if (item->fate == HANDOVER_ENDS)
        print_day(c, item->end, &text);
    grid_cell(grid, buf_str(&text), GRID_PLAIN);
    grid_cell(grid, str_of(reason_of(item->fate)), GRID_YELLOW);
    buf_done(&text);
}

static enum err print_items(struct cmd *c, const struct handover_plan *plan)
{
    const struct grid_column columns[] = {{T("Personne"), false, 40},
                                          {T("Rôle"), false, 20},
                                          {T("Date"), true, 0},
                                          {"", false, 0}};
    struct grid grid;
    size_t n = 0;
    const struct handover_item *items = handover_items(plan, &n);
    grid_init(&grid, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < n; i++)
        print_item(c, &items[i], &grid);
    enum err err = grid_print(&grid, c->color, &c->out);
    grid_done(&grid);
    return err;
}

static void say_result(struct cmd *c, const struct handover *h,
                       const struct handover_plan *plan, bool saved)
{
    struct buf who = {0};
    words_staff(c, &h->from, &who);
    buf_text(&who, " → ");
    words_staff(c, &h->to, &who);
    buf_u8(&who, 0);
    cmd_say(c, TN("%s : %zu dossier passe", "%s : %zu dossiers passent", plan->moves),
            who.err == ERR_OK ? (const char *)who.p : "", plan->moves);
    buf_done(&who);
    if (saved)
        cmd_say_saved(c);
    else if (plan->moves > 0)
        cmd_say(c, T("essai : rien n'a été enregistré ; sans --dry-run pour de bon"));
}

static int tell(struct cmd *c, const struct handover *h, const struct handover_plan *plan,
                bool saved)
{
    size_t n = 0;
    (void)handover_items(plan, &n);
    enum err err = ERR_OK;
    if (c->json) {
        handover_json(h, plan, saved, &c->out);
        buf_u8(&c->out, '\n');
    } else {
        err = print_items(c, plan);
        say_result(c, h, plan, saved);
    }
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    return plan->moves < n ? CMD_WAITS : CMD_DONE;
}

/* Who, when, which dossiers. */
static enum err read_call(struct cmd *c, const struct args *args, struct handover *h,
                          struct note *why)
{
    const struct schema *schema = store_schema(c->store);
    const struct table *staff = schema_table(schema, TABLE_STAFF);
    const struct table *assignment = schema_table(schema, TABLE_ASSIGNMENT);
    const char *from = args_value(args, "from");
    struct value day = VALUE_NONE;
    enum err err = cmd_row(c, staff, args->word[0], &h->from, why);
    if (err == ERR_OK)
        err = cmd_row(c, staff, args->word[1], &h->to, why);
    if (err == ERR_OK && from != NULL)
        err =
            cmd_value(c, schema_field_named(assignment, STR("start")), str_of(from), &day, why);
    h->day = day.type == VALUE_INT ? (int32_t)day.i : handover_today(c->store);
    struct id *persons = arena_new(&c->arena, ARGS_OPTIONS_MAX * sizeof *persons);
    const char *word = NULL;
    if (err == ERR_OK && persons == NULL)
        err = ERR_NOMEM;
    while (err == ERR_OK && (word = args_value_at(args, "person", h->person_count)) != NULL)
        err = cmd_row(c, schema_table(schema, TABLE_PERSON), word, &persons[h->person_count++],
                      why);
    h->persons = persons;
    return err;
}

int cmd_handover(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct handover h = {.day = 0};
    struct handover_plan plan = {.moves = 0};
    enum err err = read_call(c, args, &h, &why);
    if (err == ERR_OK)
        err = handover_plan(c->store, &h, &plan, &why);
    bool saved = err == ERR_OK && !args_flag(args, "dry-run") && plan.moves > 0;
    if (saved)
        err = handover_carry_out(c->store, &h, &plan, &why);
    int exit = err == ERR_OK ? tell(c, &h, &plan, saved) : cmd_fail(c, err, &why);
    handover_done(&plan);
    return exit;
}
