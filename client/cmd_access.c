/* SPDX-License-Identifier: Apache-2.0 */
/* jalon access: who opened a dossier, as far as this replica knows. */
#include "client/cmd.h"
#include "client/words.h"
#include "io/grid.h"

struct listing {
    struct cmd *c;
    struct json_out json;
    struct grid grid;
    struct buf text; /* one cell */
    uint64_t count;
};

static const struct {
    const char *code, *label;
} opened[] = {
    {"dossier", N_("le dossier")},
    {"notes", N_("les notes")},
    {"vault", N_("le coffre")},
    {"national_number", N_("le numéro national")},
};

static const char *label_of(struct str code)
{
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++)
        if (str_eq(code, str_of(opened[i].code)))
            return say_text(opened[i].label);
    return "?";
}

static void entry_json(struct listing *l, const struct access_entry *e)
{
    char id[ID_TEXT_BYTES];
    json_object(&l->json);
    words_time_json(&l->json, "at", e->at_ms);
    id_print(&e->staff, id);
    json_key(&l->json, "staff");
    if (id_is_null(&e->staff))
        json_null(&l->json);
    else
        json_text(&l->json, id);
    json_key(&l->json, "opened");
    json_str(&l->json, e->opened);
    json_key(&l->json, "device");
    json_uint(&l->json, e->device);
    json_key(&l->json, "reason");
    if (e->reason.n > 0)
        json_str(&l->json, e->reason);
    else
        json_null(&l->json);
    id_print(&e->person, id);
    json_key(&l->json, "person");
    json_text(&l->json, id);
    json_object_end(&l->json);
}

static enum err on_entry(void *ctx, const struct access_entry *e)
{
    struct listing *l = ctx;
    l->count++;
    if (l->c->json) {
        entry_json(l, e);
        return l->c->out.err;
    }
    buf_clear(&l->text);
    words_time(e->at_ms, &l->text);
    grid_cell(&l->grid, buf_str(&l->text), GRID_PLAIN);
    buf_clear(&l->text);
    if (id_is_null(&e->staff))
        buf_text(&l->text, T("au serveur"));
    else
        words_staff(l->c, &e->staff, &l->text);
    grid_cell(&l->grid, buf_str(&l->text), GRID_PLAIN);
    grid_cell(&l->grid, str_of(label_of(e->opened)), GRID_PLAIN);
    buf_clear(&l->text);
    grid_clean(&l->text, e->reason);
    grid_cell(&l->grid, buf_str(&l->text), GRID_PLAIN);
    return l->text.err;
}

static enum err print(struct listing *l, const struct id *person)
{
    static const char *const titles[] = {N_("Le"), N_("Agent"), N_("Ouvert"), N_("Motif")};
    struct grid_column columns[4];
    for (size_t i = 0; i < 4; i++)
        columns[i] = (struct grid_column){.title = say_text(titles[i])};
    grid_init(&l->grid, columns, 4);
    json_out_init(&l->json, &l->c->out);
    if (l->c->json)
        json_array(&l->json);
    enum err err = access_list(l->c->store, person, on_entry, l);
    if (l->c->json) {
        json_array_end(&l->json);
        json_line(&l->json);
    } else if (err == ERR_OK) {
        err = grid_print(&l->grid, l->c->color, &l->c->out);
    }
    grid_done(&l->grid);
    buf_done(&l->text);
    return err;
}

int cmd_access(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct id id;
    struct listing *l = arena_new(&c->arena, sizeof *l);
    const struct table *persons = schema_table(store_schema(c->store), TABLE_PERSON);
    enum err err = l == NULL ? ERR_NOMEM : cmd_row(c, persons, args->word[0], &id, &why);
    if (err == ERR_OK) {
        l->c = c;
        err = print(l, &id);
    }
    if (err == ERR_OK && !c->json)
        cmd_say(c, TN("%llu ouverture notée", "%llu ouvertures notées", l->count),
                (unsigned long long)l->count);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
}
