/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl register: the register of processing (GDPR art. 30), made from the declaration of
 * the tables, so that it cannot say anything else than what is kept. */
#include "io/grid.h"
#include "io/json.h"
#include "server/ctl.h"

/* What one line says, as words that do not change and for people. */
struct entry {
    const char *purpose[2], *basis[2], *retention[2], *sensitivity[2], *recipients[2];
};

static void purpose_of(const struct table *table, const char *out[2])
{
    static const char *const words[][2] = {
        [FOR_INFORM] = {"inform", N_("informer")},
        [FOR_ACCOMPANY] = {"accompany", N_("accompagner la personne")},
        [FOR_PROVE] = {"prove", N_("prouver l'emploi de l'argent public")},
        [FOR_CARE] = {"care", N_("accompagner, strictement nécessaire")},
        [FOR_PROTECT] = {"protect", N_("protéger les données")}};
    out[0] = words[table->purpose][0];
    out[1] = words[table->purpose][1];
}

static void basis_of(const struct table *table, const char *out[2])
{
    static const char *const words[][2] = {
        [BASIS_NONE_PERSONAL] = {"none_personal", N_("pas de données personnelles")},
        [BASIS_MISSION] = {"mission", N_("mission d'intérêt public (art. 6.1.e)")},
        [BASIS_CONTRACT] = {"contract", N_("contrat (art. 6.1.b)")},
        [BASIS_LAW] = {"law", N_("obligation légale (art. 6.1.c)")},
        [BASIS_CONSENT] = {"consent", N_("consentement (art. 6.1.a)")},
        [BASIS_SOCIAL_LAW] = {"social_law", N_("droit social (art. 6.1.e, 9.2.b et 10)")}};
    out[0] = words[table->basis][0];
    out[1] = words[table->basis][1];
}

static void retention_of(const struct table *table, const char *out[2])
{
    static const char *const words[][2] = {[KEEP_REFERENCE] = {"reference", N_("référence")},
                                           [KEEP_DOSSIER] = {"dossier", N_("dossier")},
                                           [KEEP_VAULT] = {"vault", N_("coffre")},
                                           [KEEP_EVIDENCE] = {"evidence", N_("preuve")},
                                           [KEEP_AUDIT] = {"audit", N_("traçabilité")}};
    out[0] = words[table->retention][0];
    out[1] = words[table->retention][1];
}

static void sensitivity_of(const struct table *table, const char *out[2])
{
    static const char *const words[][2] = {
        [SENS_NONE] = {"none", N_("non personnelles")},
        [SENS_PERSONAL] = {"personal", N_("personnelles")},
        [SENS_SECRET] = {"secret", N_("secret professionnel")},
        [SENS_GDPR9] = {"gdpr_9_10", N_("sensibles (art. 9 et 10)")},
        [SENS_NATIONAL] = {"national_number", N_("numéro national")}};
    out[0] = words[table->sensitivity][0];
    out[1] = words[table->sensitivity][1];
}

/* Who may read, by scope and facet; the grants say who of them does. */
static void recipients_of(const struct table *table, const char *out[2])
{
    static const char *const network[] = {"network", N_("tous les agents du réseau")};
    static const char *const house[] = {"structure", N_("les agents de la structure")};
    static const char *const leaders[] = {"coordination",
                                          N_("la coordination de la structure")};
    static const char *const facts[] = {
        "dossier_facts", N_("qui suit le dossier, la coordination, l'employeur de la personne, "
                            "qui reçoit une passerelle")};
    static const char *const notes[] = {"dossier_notes", N_("qui suit le dossier")};
    static const char *const vault[] = {"dossier_vault", N_("les référents du dossier")};
    static const char *const as_row[] = {"as_row", N_("comme la fiche dont elle dépend")};
    const char *const *words = facts;
    if (table->scope == SCOPE_NETWORK)
        words = network;
    else if (table->facet == 0)
        words = as_row;
    else if (table->scope == SCOPE_STRUCTURE)
        words = table->facet == FACET_VAULT ? leaders : house;
    else if (table->facet == FACET_NOTES)
        words = notes;
    else if (table->facet == FACET_VAULT)
        words = vault;
    out[0] = words[0];
    out[1] = words[1];
}

static struct entry entry_of(const struct table *table)
{
    struct entry e;
    purpose_of(table, e.purpose);
    basis_of(table, e.basis);
    retention_of(table, e.retention);
    sensitivity_of(table, e.sensitivity);
    recipients_of(table, e.recipients);
    return e;
}

static void print_json(struct json_out *json, const struct table *table, const struct entry *e)
{
    const struct {
        const char *key, *const *words;
    } all[] = {{"purpose", e->purpose},
               {"legal_basis", e->basis},
               {"retention", e->retention},
               {"sensitivity", e->sensitivity},
               {"recipients", e->recipients}};
    json_object(json);
    json_key(json, "table");
    json_text(json, table->name);
    json_key(json, "label");
    json_text(json, say_text(table->label));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        json_key(json, all[i].key);
        json_text(json, all[i].words[0]);
    }
    json_key(json, "fields");
    json_array(json);
    for (uint16_t i = 0; i < table->field_count; i++)
        json_text(json, say_text(table->fields[i].label));
    json_array_end(json);
    json_object_end(json);
}

static void print_markdown(struct ctl *c, const struct table *table, const struct entry *e)
{
    buf_printf(&c->out, "| %s | %s | %s | %s | %s | %s | ", say_text(table->label),
               say_text(e->purpose[1]), say_text(e->basis[1]), say_text(e->sensitivity[1]),
               say_text(e->retention[1]), say_text(e->recipients[1]));
    for (uint16_t i = 0; i < table->field_count; i++)
        buf_printf(&c->out, "%s%s", i == 0 ? "" : ", ", say_text(table->fields[i].label));
    buf_text(&c->out, " |\n");
}

static void print_cells(struct grid *grid, const struct table *table, const struct entry *e)
{
    const char *const cells[] = {table->label,      e->purpose[1],   e->basis[1],
                                 e->sensitivity[1], e->retention[1], e->recipients[1]};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        grid_cell(grid, str_of(say_text(cells[i])), GRID_PLAIN);
}

int ctl_register(void *program, const struct args *args)
{
    enum { WIDTH_MAX = 48 };
    struct ctl *c = program;
    const struct grid_column columns[] = {
        {T("table"), false, 0},        {T("finalité"), false, WIDTH_MAX},
        {T("base légale"), false, 0},  {T("données"), false, 0},
        {T("conservation"), false, 0}, {T("destinataires"), false, WIDTH_MAX}};
    bool markdown = args_flag(args, "markdown");
    struct json_out json;
    struct grid grid;
    grid_init(&grid, columns, sizeof columns / sizeof *columns);
    json_out_init(&json, &c->out);
    if (c->json)
        json_array(&json);
    for (size_t i = 0; markdown && !c->json && i < sizeof columns / sizeof *columns; i++)
        buf_printf(&c->out, "%s%s", i == 0 ? "| " : " | ", columns[i].title);
    if (markdown && !c->json)
        buf_printf(&c->out, " | %s |\n|---|---|---|---|---|---|---|\n", T("champs"));
    for (uint16_t i = 0; i < schema_jalon.table_count; i++) {
        const struct table *table = &schema_jalon.tables[i];
        struct entry e = entry_of(table);
        if (c->json)
            print_json(&json, table, &e);
        else if (markdown)
            print_markdown(c, table, &e);
        else
            print_cells(&grid, table, &e);
    }
    enum err err = ERR_OK;
    if (c->json) {
        json_array_end(&json);
        json_line(&json);
    } else if (!markdown) {
        err = grid_print(&grid, false, &c->out);
    }
    grid_done(&grid);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}
