/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl conflict resolve: the decision, made on the server. */
#include "server/ctl.h"

/* The table of the row the conflict is about. */
static enum err find_about(struct ctl *c, const struct table *table, const struct id *id,
                           const struct table **out)
{
    struct row *row = arena_new(&c->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(c->store, table, id, &c->arena, row);
    if (err != ERR_OK)
        return err;
    const struct value *v = &row->values[schema_field_index(table, FIELD_CONFLICT_OF_TABLE)];
    const struct table *about =
        v->type == VALUE_TEXT ? schema_table_named(&schema_jalon, v->s) : NULL;
    *out = about == NULL ? table : about;
    return ERR_OK;
}

static enum err read_choice(struct ctl *c, const struct args *args, const struct table *about,
                            struct edit_value *mix, struct edit_choice *out, struct note *why)
{
    const char *keep = args_value(args, "keep");
    bool set = args_flag(args, "set");
    *out = (struct edit_choice){.mix = mix,
                                .reason = str_of(args_value(args, "reason")),
                                .again = args_flag(args, "again")};
    if (set != (args->n > 1) || (keep == NULL && !set))
        return note_set(why, ERR_USAGE,
                        N_("que garder ? --keep current|other|VALEUR, ou --set CHAMP=VALEUR…"));
    if (keep != NULL && strcmp(keep, "other") == 0) {
        out->decision = EDIT_TAKE_OTHER;
    } else if (keep != NULL && strcmp(keep, "current") != 0) {
        out->decision = EDIT_OWN_VALUE;
        out->value = str_of(keep);
    }
    if (out->decision == EDIT_OWN_VALUE && set)
        return note_set(why, ERR_USAGE,
                        N_("avec --set, --keep dit current ou other : d'où partir"));
    return set ? ctl_values(c, about, 1, mix, &out->mix_count, why) : ERR_OK;
}

int ctl_conflict_resolve(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    const struct table *table = schema_table(&schema_jalon, TABLE_CONFLICT);
    const struct table *about = NULL;
    struct edit_value mix[SCHEMA_FIELDS_MAX];
    struct edit_choice choice;
    struct id id;
    enum err err = ctl_row(c, table, args->word[0], &id, &why);
    if (err == ERR_OK)
        err = find_about(c, table, &id, &about);
    if (err == ERR_OK)
        err = read_choice(c, args, about, mix, &choice, &why);
    if (err == ERR_OK)
        err = edit_decide(c->store, &id, &choice, &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    ctl_print_id(c, &id);
    return CTL_DONE;
}
