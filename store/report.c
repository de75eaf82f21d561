/* SPDX-License-Identifier: Apache-2.0 */
#include "store/report.h"

#include "proto/day.h"
#include "store/parameter.h"
#include "store/report_inside.h"
#include "store/report_sql.h"
#include "store/rows_json.h"

#include <math.h>

#define COLUMNS(name_, ...)                                                                    \
    static const struct report_column name_[] = {__VA_ARGS__};                                 \
    enum { name_##_n = sizeof(name_) / sizeof(*(name_)) }
#define WHAT(label_)                                                                           \
    {                                                                                          \
        "what", label_, REPORT_TEXT                                                            \
    }
#define COUNT(key_, label_)                                                                    \
    {                                                                                          \
        key_, label_, REPORT_COUNT                                                             \
    }
#define SHARE(key_, label_)                                                                    \
    {                                                                                          \
        key_, label_, REPORT_SHARE                                                             \
    }
#define TALLY(key_, label_)                                                                    \
    {                                                                                          \
        key_, label_, REPORT_TALLY                                                             \
    }
#define NUMBER(key_, label_)                                                                   \
    {                                                                                          \
        key_, label_, REPORT_NUMBER                                                            \
    }

COLUMNS(evolution, WHAT(N_("Phase")), COUNT("pathways", N_("Parcours")),
        SHARE("share", N_("%")));
COLUMNS(flow, WHAT(N_("Mouvement")), COUNT("pathways", N_("Parcours")),
        COUNT("persons", N_("Personnes")));
COLUMNS(exits, WHAT(N_("Sortie")), COUNT("pathways", N_("Parcours")), SHARE("share", N_("%")));
COLUMNS(insertion, WHAT(N_("À la sortie de L2")), COUNT("persons", N_("Personnes")),
        SHARE("share", N_("%")));
COLUMNS(retention, WHAT(N_("À six mois")), COUNT("contracts", N_("Contrats")),
        SHARE("share", N_("%")));
COLUMNS(followups, WHAT(N_("Point")), COUNT("due", N_("Échus")), COUNT("done", N_("Faits")),
        SHARE("share", N_("%")), COUNT("both_heard", N_("Les deux entendus")));
COLUMNS(hours, WHAT(N_("Type")), TALLY("sessions", N_("Séances")),
        NUMBER("staff_hours", N_("Heures d'agents")),
        NUMBER("person_hours", N_("Heures de personnes")));
COLUMNS(caseload, WHAT(N_("Agent")), COUNT("pathways", N_("Parcours")),
        NUMBER("weighted", N_("Pondérés, par ETP")));
COLUMNS(contact, WHAT(N_("Autonomie")), COUNT("persons", N_("Personnes")),
        NUMBER("days", N_("Jours, en moyenne")), COUNT("late", N_("Sans contact")),
        SHARE("share", N_("%")));
COLUMNS(absence, COUNT("present", N_("Présents")), COUNT("excused", N_("Excusés")),
        COUNT("absent", N_("Absents")), SHARE("rate", N_("Taux d'absence")));
COLUMNS(delays, WHAT(N_("Délai")), COUNT("cases", N_("Cas")),
        NUMBER("median", N_("Jours, médiane")), SHARE("in_time", N_("Dans les temps")));
COLUMNS(matrix, {"from", N_("De"), REPORT_TEXT}, {"to", N_("Vers"), REPORT_TEXT},
        COUNT("sent", N_("Envoyées")), COUNT("answered", N_("Répondues")),
        SHARE("accepted", N_("Acceptées")), SHARE("started", N_("Commencées")),
        COUNT("refused", N_("Refusées")));
COLUMNS(internships, COUNT("ended", N_("Stages finis")), COUNT("hired", N_("Engagés")),
        SHARE("share", N_("%")));
COLUMNS(ratio, WHAT(N_("Structure")), COUNT("staff", N_("Travailleurs")),
        COUNT("td", N_("TD et TGD")), SHARE("share", N_("%")), NUMBER("fte", N_("ETP")),
        SHARE("fte_share", N_("Part des ETP")));
COLUMNS(bands, WHAT(N_("Structure")), COUNT("td", N_("TD et TGD")), TALLY("band", N_("Palier")),
        TALLY("euros", N_("Euros")), TALLY("next", N_("Palier suivant")),
        {"state", N_("État"), REPORT_TEXT});
COLUMNS(accreditations, WHAT(N_("Structure")), {"kind", N_("Agrément"), REPORT_TEXT},
        {"rule", N_("Échéance"), REPORT_TEXT}, {"due", N_("Date"), REPORT_DAY},
        {"state", N_("État"), REPORT_TEXT});
COLUMNS(turnover, WHAT(N_("Structure")), COUNT("staff", N_("Travailleurs")),
        COUNT("ends", N_("Départs")), NUMBER("heads", N_("En moyenne")),
        SHARE("turnover", N_("Rotation")),
        NUMBER("seniority", N_("Ancienneté, médiane (jours)")),
        SHARE("chosen", N_("Dans le métier choisi")));
COLUMNS(art60, TALLY("posts", N_("Postes")), COUNT("occupied", N_("Occupés")),
        SHARE("share", N_("%")), COUNT("inside", N_("Internes")),
        SHARE("inside_share", N_("Part interne")));
COLUMNS(agreements, WHAT(N_("Obligation")), COUNT("due", N_("Échues")),
        COUNT("on_time", N_("Dans les temps")), COUNT("late", N_("En retard")),
        COUNT("waiting", N_("À venir")), SHARE("share", N_("%")));
COLUMNS(methods, WHAT(N_("Méthode")), COUNT("pathways", N_("Parcours")),
        SHARE("share", N_("%")));
COLUMNS(distance, WHAT(N_("Axe")), COUNT("persons", N_("Personnes")),
        NUMBER("distance", N_("Niveaux gagnés")), SHARE("better", N_("Mieux")),
        SHARE("stable", N_("Stable")), SHARE("worse", N_("Moins bien")));
COLUMNS(validation, COUNT("guidances", N_("Guidances")), COUNT("tests", N_("Épreuves")),
        COUNT("titles", N_("Titres")), SHARE("share", N_("Titres par épreuve")));
#define BY_GENDER                                                                              \
    COUNT("women", N_("Femmes")), COUNT("men", N_("Hommes")),                                  \
        COUNT("other", N_("X ou inconnu")), COUNT("all", N_("Ensemble")),                      \
        SHARE("share", N_("%"))
COLUMNS(outputs, WHAT(N_("À l'entrée")), BY_GENDER);
COLUMNS(results, {"when", N_("Moment"), REPORT_TEXT}, WHAT(N_("Situation")), BY_GENDER);
COLUMNS(quality, WHAT(N_("Constat")), TALLY("rows", N_("Fiches")));

/* How one is reckoned: by a statement, whose columns are those of the report, with up to two
 * parameters; or in code. */
struct way {
    struct report report;
    const char *sql;
    enum parameter_key more[2]; /* ?6, ?7; PARAMETER_COUNT: none */
    report_reckon *reckon;
};
#define NONE                                                                                   \
    {                                                                                          \
        PARAMETER_COUNT, PARAMETER_COUNT                                                       \
    }
#define REPORT(name_, label_, columns_)                                                        \
    {                                                                                          \
        name_, label_, columns_, columns_##_n                                                  \
    }

static const struct way ways[] = {
    {REPORT("I1", N_("Évolution des parcours"), evolution), SCOPE SQL_EVOLUTION, NONE, NULL},
    {REPORT("I2", N_("Entrées, sorties, actifs"), flow), SCOPE SQL_FLOW, NONE, NULL},
    {REPORT("I3", N_("Sorties positives"), exits), SCOPE SQL_EXITS, NONE, NULL},
    {REPORT("I4", N_("Insertion à la sortie de L2"), insertion), NULL, NONE, report_insertion},
    {REPORT("I5", N_("En emploi à six mois"), retention), NULL, NONE, report_retention},
    {REPORT("I6", N_("Suivi dans l'emploi"), followups), NULL, NONE, report_followups},
    {REPORT("I7", N_("Heures"), hours), SCOPE SQL_HOURS, NONE, NULL},
    {REPORT("I8", N_("Charge par agent"), caseload), SCOPE SQL_CASELOAD, NONE, NULL},
    {REPORT("I9", N_("Dernier contact"), contact),
     SCOPE SQL_CONTACT,
     {PARAMETER_CONTACT_GAP_DAYS, PARAMETER_COUNT},
     NULL},
    {REPORT("I10", N_("Absences"), absence), SCOPE SQL_ABSENCE, NONE, NULL},
    {REPORT("I11", N_("Délais"), delays), NULL, NONE, report_delays},
    {REPORT("I12", N_("Passerelles"), matrix), SCOPE SQL_MATRIX, NONE, NULL},
    {REPORT("I13", N_("Du stage à l'emploi"), internships),
     SCOPE SQL_INTERNSHIPS,
     {PARAMETER_INTERNSHIP_HIRE_DAYS, PARAMETER_COUNT},
     NULL},
    {REPORT("I14", N_("Part de TD et TGD"), ratio), SCOPE SQL_RATIO, NONE, NULL},
    {REPORT("I15", N_("Paliers SIEG"), bands), NULL, NONE, report_bands},
    {REPORT("I16", N_("Dates des agréments"), accreditations), NULL, NONE,
     report_accreditations},
    {REPORT("I17", N_("Rotation et stabilité"), turnover), NULL, NONE, report_turnover},
    {REPORT("I18", N_("Occupation des postes Article 60"), art60), SCOPE SQL_ART60, NONE, NULL},
    {REPORT("I19", N_("PIIS dans les temps"), agreements), NULL, NONE, report_agreements},
    {REPORT("I20", N_("Chemin parcouru"), distance), SCOPE SQL_DISTANCE, NONE, NULL},
    {REPORT("I21", N_("Part par méthode"), methods), SCOPE SQL_METHODS, NONE, NULL},
    {REPORT("I22", N_("Validation des compétences"), validation), SCOPE SQL_VALIDATION, NONE,
     NULL},
    {REPORT("I23", N_("Réalisations FSE"), outputs), NULL, NONE, report_outputs},
    {REPORT("I24", N_("Résultats FSE"), results), NULL, NONE, report_results},
    {REPORT("I25", N_("Qualité des données"), quality),
     SCOPE SQL_QUALITY,
     {PARAMETER_DRAFT_DAYS, PARAMETER_CONFLICT_DAYS},
     NULL},
};
const size_t report_count = sizeof ways / sizeof *ways;

const struct report *report_at(size_t n)
{
    must(n < report_count);
    return &ways[n].report;
}

static bool same_name(const char *name, struct str text)
{
    return strlen(name) == text.n && strncasecmp(name, text.p, text.n) == 0;
}

const struct report *report_named(struct str name)
{
    for (size_t i = 0; i < report_count; i++)
        if (same_name(ways[i].report.name, name))
            return &ways[i].report;
    return NULL;
}

/* ---- what is asked ---- */

static enum err read_day(const char *name, const char *text, int32_t *out, struct note *why)
{
    const struct field field = {.name = name, .kind = KIND_DATE};
    struct arena arena = {0};
    struct value v = VALUE_NONE;
    if (text == NULL)
        return ERR_OK;
    enum err err = value_parse(&field, str_of(text), &arena, &v, why);
    arena_done(&arena);
    if (err == ERR_OK && v.type == VALUE_INT)
        *out = day_add((int32_t)v.i, 0);
    return err;
}

enum err report_days(struct store *s, const char *at, const char *from, const char *to,
                     struct report_ask *ask, struct note *why)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    int year = 0;
    int month = 0;
    int day = 0;
    ask->at = (int32_t)(store_now(s) / day_ms);
    enum err err = read_day("--at", at, &ask->at, why);
    if (err != ERR_OK)
        return err;
    ask->to = day_add(ask->at, 1);
    date_split(ask->at, &year, &month, &day);
    if (!date_of(year, 1, 1, &ask->from))
        ask->from = ask->at;
    err = read_day("--from", from, &ask->from, why);
    if (err == ERR_OK)
        err = read_day("--to", to, &ask->to, why);
    if (err == ERR_OK && ask->to < ask->from)
        err = note_set(why, ERR_INVALID, N_("la période finit avant de commencer"));
    return err;
}

/* ---- running ---- */

enum err report_put(struct report_out *out, struct report_cell *cells)
{
    bool small = false;
    for (size_t i = 0; i < out->report->column_count; i++) {
        struct report_cell *cell = &cells[i];
        if (out->report->columns[i].kind == REPORT_COUNT && !cell->none && cell->count > 0 &&
            cell->count < out->masked_below) {
            cell->masked = true;
            small = true;
        }
    }
    /* A share of what is hidden would tell it, as would a sum or a mean over so few. */
    for (size_t i = 0; i < out->report->column_count && small; i++)
        if ((out->report->columns[i].kind == REPORT_SHARE ||
             out->report->columns[i].kind == REPORT_NUMBER) &&
            !cells[i].none)
            cells[i].masked = true;
    if (out->rows++ == REPORT_ROWS_MAX)
        return ERR_LIMIT;
    return out->on_row(out->ctx, cells);
}

enum err report_select(struct store *s, const char *sql, const struct report_ask *ask,
                       struct stmt **out)
{
    enum err err = db_prepare(s->db, sql, out);
    if (err != ERR_OK)
        return err;
    bind_int(*out, 1, ask->at);
    bind_int(*out, 2, ask->from);
    bind_int(*out, 3, ask->to);
    if (!id_is_null(&ask->structure))
        bind_id(*out, 4, &ask->structure);
    if (!id_is_null(&ask->staff))
        bind_id(*out, 5, &ask->staff);
    return ERR_OK;
}

enum err report_list(struct store *s, const char *sql, const struct report_ask *ask,
                     report_each *each, void *ctx)
{
    struct stmt *stmt = NULL;
    enum err err = report_select(s, sql, ask, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW)
        err = each(ctx, stmt);
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

static void read_cell(struct stmt *stmt, int i, enum report_kind kind, struct report_cell *out)
{
    *out = (struct report_cell){.none = col_null(stmt, i)};
    switch (kind) {
    case REPORT_TEXT:
        out->text = col_text(stmt, i);
        return;
    case REPORT_COUNT:
    case REPORT_TALLY:
    case REPORT_DAY:
        out->count = col_int(stmt, i);
        return;
    case REPORT_NUMBER:
    case REPORT_SHARE:
        out->number = col_real(stmt, i);
        return;
    }
}

static enum err bind_more(struct store *s, const struct way *way, const struct report_ask *ask,
                          struct stmt *stmt)
{
    enum { FIRST = 6 };
    enum err err = ERR_OK;
    for (int i = 0; i < 2 && way->more[i] != PARAMETER_COUNT && err == ERR_OK; i++) {
        int64_t n = 0;
        err = parameter_number(s, way->more[i], &ask->structure, ask->at, &n);
        bind_int(stmt, FIRST + i, n);
    }
    return err;
}

static enum err select_all(struct store *s, const struct way *way, const struct report_ask *ask,
                           struct report_out *out)
{
    struct stmt *stmt = NULL;
    struct report_cell cells[REPORT_COLUMNS_MAX] = {{.none = true}};
    enum err err = report_select(s, way->sql, ask, &stmt);
    if (err != ERR_OK)
        return err;
    err = bind_more(s, way, ask, stmt);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        for (size_t i = 0; i < way->report.column_count; i++)
            read_cell(stmt, (int)i, way->report.columns[i].kind, &cells[i]);
        err = report_put(out, cells);
    }
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(s->db);
    stmt_free(stmt);
    return err;
}

enum err report_run(struct store *s, const struct report *report, const struct report_ask *ask,
                    report_on_row *on_row, void *ctx)
{
    struct report_out out = {on_row, ctx, report, ask->masked_below, 0};
    for (size_t i = 0; i < report_count; i++) {
        if (&ways[i].report != report)
            continue;
        return ways[i].sql != NULL ? select_all(s, &ways[i], ask, &out)
                                   : ways[i].reckon(s, ask, &out);
    }
    return ERR_NOTFOUND;
}

/* ---- printing ---- */

/* Half up, also where the double lies a hair below. */
static double rounded(double v)
{
    enum { HUNDRED = 100 };
    double scaled = v * HUNDRED;
    return floor(scaled + 0.5 + 1e-9) / HUNDRED;
}

static void print_day(int64_t day, struct buf *out)
{
    struct value v = value_int(day);
    value_print(KIND_DATE, &v, out);
}

void report_print(const struct report *report, const struct report_ask *ask, size_t column,
                  const struct report_cell *cell, struct buf *out)
{
    if (cell->none)
        return;
    if (cell->masked) {
        if (report->columns[column].kind == REPORT_COUNT)
            buf_printf(out, "<%lld", (long long)ask->masked_below);
        else
            buf_u8(out, '*');
        return;
    }
    switch (report->columns[column].kind) {
    case REPORT_TEXT:
        buf_add(out, cell->text.p, cell->text.n);
        return;
    case REPORT_COUNT:
    case REPORT_TALLY:
        buf_printf(out, "%lld", (long long)cell->count);
        return;
    case REPORT_DAY:
        print_day(cell->count, out);
        return;
    case REPORT_NUMBER:
    case REPORT_SHARE:
        buf_printf(out, "%.2f", rounded(cell->number));
        return;
    }
}

struct printing {
    const struct report *report;
    const struct report_ask *ask;
    struct buf *out;
    bool any;
};

static void cell_json(const struct printing *p, size_t column, const struct report_cell *cell)
{
    enum report_kind kind = p->report->columns[column].kind;
    buf_printf(p->out, "%s\"%s\":", column == 0 ? "" : ",", p->report->columns[column].key);
    if (cell->none || cell->masked) {
        buf_text(p->out, "null");
        return;
    }
    if (kind == REPORT_TEXT) {
        rows_json_text(cell->text, p->out);
        return;
    }
    buf_text(p->out, kind == REPORT_DAY ? "\"" : "");
    report_print(p->report, p->ask, column, cell, p->out);
    buf_text(p->out, kind == REPORT_DAY ? "\"" : "");
}

static enum err on_json(void *ctx, const struct report_cell *cells)
{
    struct printing *p = ctx;
    size_t hidden = 0;
    buf_text(p->out, p->any ? ",\n{" : "\n{");
    p->any = true;
    for (size_t i = 0; i < p->report->column_count; i++)
        cell_json(p, i, &cells[i]);
    for (size_t i = 0; i < p->report->column_count; i++) {
        if (cells[i].masked)
            buf_printf(p->out, "%s\"%s\"", hidden++ == 0 ? ",\"masked\":[" : ",",
                       p->report->columns[i].key);
    }
    buf_text(p->out, hidden > 0 ? "]}" : "}");
    return p->out->err;
}

enum err report_json(struct store *s, const struct report *report, const struct report_ask *ask,
                     struct buf *out)
{
    struct printing p = {report, ask, out, false};
    buf_printf(out, "{\"name\":\"%s\",\"at\":\"", report->name);
    print_day(ask->at, out);
    buf_text(out, "\",\"from\":\"");
    print_day(ask->from, out);
    buf_text(out, "\",\"to\":\"");
    print_day(ask->to, out);
    buf_text(out, "\",\"rows\":[");
    enum err err = report_run(s, report, ask, on_json, &p);
    buf_text(out, "]}\n");
    return err == ERR_OK ? out->err : err;
}

/* A spreadsheet must not take a name for a formula. */
static void cell_csv(struct str text, struct buf *out)
{
    bool formula = text.n > 0 && strchr("=+-@", text.p[0]) != NULL &&
                   !(text.n > 1 && text.p[1] >= '0' && text.p[1] <= '9');
    buf_u8(out, '"');
    buf_text(out, formula ? "'" : "");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_u8(out, '"');
        buf_u8(out, (uint8_t)text.p[i]);
    }
    buf_u8(out, '"');
}

static enum err on_csv(void *ctx, const struct report_cell *cells)
{
    struct printing *p = ctx;
    struct buf text = {0};
    for (size_t i = 0; i < p->report->column_count; i++) {
        buf_clear(&text);
        report_print(p->report, p->ask, i, &cells[i], &text);
        buf_text(p->out, i == 0 ? "" : ",");
        if (p->report->columns[i].kind == REPORT_TEXT)
            cell_csv(buf_str(&text), p->out);
        else
            buf_add(p->out, text.p, text.n);
    }
    buf_text(p->out, "\r\n");
    enum err err = text.err == ERR_OK ? p->out->err : text.err;
    buf_done(&text);
    return err;
}

enum err report_csv(struct store *s, const struct report *report, const struct report_ask *ask,
                    struct buf *out)
{
    struct printing p = {report, ask, out, false};
    for (size_t i = 0; i < report->column_count; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : ",", report->columns[i].key);
    buf_text(out, "\r\n");
    return report_run(s, report, ask, on_csv, &p);
}
