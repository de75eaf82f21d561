/* SPDX-License-Identifier: Apache-2.0 */
/* jalon conflicts, resolve: two values of which one is shown, and the decision. */
#include "client/cmd.h"
#include "client/conflict_text.h"
#include "io/json.h"

int cmd_conflicts(void *program, const struct args *args)
{
    struct cmd *c = program;
    uint64_t count = 0;
    buf_text(&c->out, c->json ? "[" : "");
    size_t before = c->out.n;
    enum err err = conflict_print(c, args_flag(args, "decided"), &count);
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    bool none = c->out.n == before && count == 0;
    buf_text(&c->out, c->json ? (none ? "]\n" : "\n]\n") : "");
    if (!c->json && count == 0)
        cmd_say(c, T("aucun conflit n'attend"));
    return count == 0 ? CMD_DONE : CMD_WAITS;
}

/* ---- resolve ---- */

static const char *word_of(const struct edit_choice *choice)
{
    static const char *const words[] = {[EDIT_KEEP_CURRENT] = "current",
                                        [EDIT_TAKE_OTHER] = "other",
                                        [EDIT_OWN_VALUE] = "value"};
    return choice->mix_count > 0 ? "mixed" : words[choice->decision];
}

static enum err read_choice(struct cmd *c, const struct args *args, const struct table *about,
                            struct edit_value *mix, struct edit_choice *out, struct note *why)
{
    const char *keep = args_value(args, "keep");
    bool set = args_flag(args, "set");
    *out = (struct edit_choice){.decision = EDIT_KEEP_CURRENT,
                                .mix = mix,
                                .reason = str_of(args_value(args, "reason")),
                                .again = args_flag(args, "again")};
    if (keep == NULL && !set)
        return note_set(why, ERR_USAGE,
                        N_("que garder ? --keep current|other|VALEUR, ou --set CHAMP=VALEUR…"));
    if (set != (args->n > 1))
        return note_set(why, ERR_USAGE, N_("--set CHAMP=VALEUR… : les champs à mêler"));
    if (keep != NULL && strcmp(keep, "other") == 0) {
        out->decision = EDIT_TAKE_OTHER;
    } else if (keep != NULL && strcmp(keep, "current") != 0) {
        out->decision = EDIT_OWN_VALUE;
        out->value = str_of(keep);
    }
    if (out->decision == EDIT_OWN_VALUE && set)
        return note_set(why, ERR_USAGE,
                        N_("avec --set, --keep dit current ou other : d'où partir"));
    return set ? cmd_values(c, about, 1, mix, &out->mix_count, why) : ERR_OK;
}

static void print_resolved(struct cmd *c, const struct id *id, const struct edit_choice *choice,
                           bool deletion)
{
    struct json_out json;
    char text[ID_TEXT_BYTES];
    if (!c->json) {
        if (deletion)
            cmd_say(c, choice->decision == EDIT_TAKE_OTHER
                           ? T("la fiche est de nouveau supprimée ; jalon restore la ramène")
                           : T("la fiche reste"));
        else if (choice->mix_count == 0 && choice->decision == EDIT_KEEP_CURRENT)
            cmd_say(c, T("la valeur affichée reste ; l'autre reste lisible dans le conflit"));
        else
            cmd_say(c, T("la valeur choisie est affichée ; celle d'avant reste dans "
                         "l'historique"));
        cmd_say(c, T("décision enregistrée sur cet appareil ; pour l'envoyer : jalon sync"));
        return;
    }
    id_print(id, text);
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "id");
    json_text(&json, text);
    json_key(&json, "decision");
    json_text(&json, word_of(choice));
    json_object_end(&json);
    json_line(&json);
}

/* The table of the row the conflict is about; *deletion: and is it about its deletion? */
static enum err find_about(struct cmd *c, const struct table *table, const struct id *id,
                           const struct table **out, bool *deletion)
{
    struct row *row = arena_new(&c->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(c->store, table, id, &c->arena, row);
    *out = table;
    if (err == ERR_OK) {
        const struct value *v =
            &row->values[schema_field_index(table, FIELD_CONFLICT_OF_TABLE)];
        const struct table *about =
            v->type == VALUE_TEXT ? schema_table_named(store_schema(c->store), v->s) : NULL;
        const struct value *field =
            &row->values[schema_field_index(table, FIELD_CONFLICT_OF_FIELD)];
        *out = about == NULL ? table : about;
        *deletion =
            field->type == VALUE_TEXT && str_eq(field->s, str_of(schema_field_deleted.name));
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

int cmd_resolve(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = schema_table(store_schema(c->store), TABLE_CONFLICT);
    const struct table *about = NULL;
    struct edit_value mix[SCHEMA_FIELDS_MAX];
    struct edit_choice choice;
    struct id id;
    bool deletion = false;
    enum err err = cmd_row(c, table, args->word[0], &id, &why);
    if (err == ERR_NOTFOUND)
        err = note_set(&why, err,
                       N_("aucun conflit avec cet identifiant : voyez jalon conflicts"));
    if (err == ERR_OK)
        err = find_about(c, table, &id, &about, &deletion);
    if (err == ERR_OK)
        err = read_choice(c, args, about, mix, &choice, &why);
    if (err == ERR_OK)
        err = edit_decide(c->store, &id, &choice, &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    print_resolved(c, &id, &choice, deletion);
    return CMD_DONE;
}
