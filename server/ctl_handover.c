/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl handover: the dossiers of one person become another's from a day on. */
#include "server/ctl.h"
#include "store/handover.h"
#include "store/names.h"

static void print_item(struct ctl *c, const struct handover_item *item)
{
    const struct value start = value_int(item->start);
    char id[ID_TEXT_BYTES];
    id_print(&item->person, id);
    buf_printf(&c->out, "%s  ", id);
    ctl_print_text(c, item->role);
    buf_text(&c->out, "  ");
    if (item->fate == HANDOVER_MOVES)
        value_print(KIND_DATE, &start, &c->out);
    else
        buf_text(&c->out, handover_word(item->fate));
    buf_u8(&c->out, '\n');
}

static void tell(struct ctl *c, const struct handover *h, const struct handover_plan *plan,
                 bool saved)
{
    if (c->json) {
        handover_json(h, plan, saved, &c->out);
        buf_u8(&c->out, '\n');
        return;
    }
    size_t n = 0;
    const struct handover_item *items = handover_items(plan, &n);
    for (size_t i = 0; i < n; i++)
        print_item(c, &items[i]);
    ctl_say(c, TN("%zu dossier passe", "%zu dossiers passent", plan->moves), plan->moves);
    if (!saved)
        ctl_say(c, T("essai : rien n'a été enregistré ; sans --dry-run pour de bon"));
}

static enum err read_call(struct ctl *c, const struct args *args, struct handover *h,
                          struct note *why)
{
    const struct table *staff = schema_table(&schema_jalon, TABLE_STAFF);
    const struct table *assignment = schema_table(&schema_jalon, TABLE_ASSIGNMENT);
    const struct table *person = schema_table(&schema_jalon, TABLE_PERSON);
    const char *from = args_value(args, "from");
    struct edit_value day[1] = {{.value = VALUE_NONE}};
    size_t count = 0;
    enum err err = ctl_row(c, staff, args->word[0], &h->from, why);
    if (err == ERR_OK)
        err = ctl_row(c, staff, args->word[1], &h->to, why);
    if (err == ERR_OK && from != NULL)
        err = ctl_value(c, assignment, "start", str_of(from), day, &count, why);
    bool given = day[0].value.type == VALUE_INT;
    h->day = given ? (int32_t)day[0].value.i : handover_today(c->store);
    struct id *persons = arena_new(&c->arena, ARGS_OPTIONS_MAX * sizeof *persons);
    const char *word = NULL;
    if (err == ERR_OK && persons == NULL)
        err = ERR_NOMEM;
    while (err == ERR_OK && (word = args_value_at(args, "person", h->person_count)) != NULL)
        err = ctl_row(c, person, word, &persons[h->person_count++], why);
    h->persons = persons;
    return err;
}

int ctl_handover(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct handover h = {.day = 0};
    struct handover_plan plan = {.moves = 0};
    enum err err = read_call(c, args, &h, &why);
    if (err == ERR_OK)
        err = handover_plan(c->store, &h, &plan, &why);
    bool saved = err == ERR_OK && !args_flag(args, "dry-run") && plan.moves > 0;
    if (saved)
        err = handover_carry_out(c->store, &h, &plan, &why);
    if (err == ERR_OK)
        tell(c, &h, &plan, saved);
    handover_done(&plan);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, &why);
}
