/* SPDX-License-Identifier: Apache-2.0 */
#include "client/example.h"

#include "io/clock.h"
#include "store/edit.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

enum { MARKS_MAX = 96, MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS };

/* One row: FIELD=VALUE, separated by bars. @MARK is the row of that mark, ~N a day that many
 * days from today. */
struct line {
    const char *mark; /* "" when nobody refers to it */
    const char *table;
    const char *values;
};

#define MARKED " (EXEMPLE)"
/* The first two are who works here. */
static const struct line lines[] = {
    {"structure", "structure", "name=Atelier Fictif" MARKED "|kind=EI|city=Ville-Fictive"},
    {"staff", "staff",
     "name=Fictif" MARKED "|first_name=Dominique|structure=@structure|active=true|"
     "job_title=Jobcoach"},
    {"", "parameter", "key=lease_days|value=0|valid_from=2000-01-01"},
    {"model", "pathway_model", "name=Jobcoaching" MARKED "|method=jobcoaching"},
    {"bilan", "phase", "model=@model|rank=1|code=JC2|label=Bilan et projet|network_phase=JC2"},
    {"search", "phase",
     "model=@model|rank=2|code=JC3|label=Recherche active|network_phase=JC3"},
    {"job", "phase", "model=@model|rank=3|code=JC5|label=Suivi en emploi|network_phase=JC5"},
    {"wood", "company",
     "name=Menuiserie Fictive" MARKED "|city=Ville-Fictive|potential=high|"
     "access=Entrée par la cour ; chaussures de sécurité."},
    {"kitchen", "company", "name=Cuisine Fictive" MARKED "|city=Bourg-Fictif|potential=medium"},
    {"", "contact",
     "company=@wood|name=Camille Fictive" MARKED "|role=Cheffe d'atelier|"
     "phone=0400 00 00 90|preferred=true"},

    {"p1", "person",
     "name=Lambert" MARKED "|first_name=Zoé|birth_date=1990-04-03|gender=F|"
     "city=Ville-Fictive|language=fr"},
    {"p2", "person",
     "name=Dubois" MARKED "|first_name=Karim|birth_date=1985-11-21|gender=M|"
     "city=Bourg-Fictif|language=fr"},
    {"p3", "person",
     "name=Ève" MARKED "|first_name=Nadia|birth_date=1998-02-14|gender=F|"
     "city=Ville-Fictive|language=nl"},
    {"p4", "person",
     "name=Éloi" MARKED "|first_name=Marc|birth_date=1971-07-30|gender=M|"
     "city=Val-Fictif|language=fr"},
    {"p5", "person",
     "name=Abel" MARKED "|first_name=Inès|birth_date=2001-09-09|gender=F|"
     "city=Bourg-Fictif|language=fr"},
    {"p6", "person",
     "name=Petit" MARKED "|first_name=Yusuf|birth_date=1993-12-01|gender=M|"
     "city=Ville-Fictive|language=other"},
    {"p7", "person",
     "name=Zimmer" MARKED "|first_name=Greta|birth_date=1980-05-17|gender=F|"
     "city=Val-Fictif|language=de"},
    {"p8", "person",
     "name=Martin" MARKED "|first_name=Luca|birth_date=1996-03-26|gender=M|"
     "city=Ville-Fictive|language=fr"},
    {"p9", "person",
     "name=Noël" MARKED "|first_name=Aïcha|birth_date=1988-08-08|gender=F|"
     "city=Bourg-Fictif|language=fr"},
    {"", "contact_point", "person=@p1|kind=phone|value=0400 00 00 01"},
    {"", "contact_point", "person=@p2|kind=phone|value=0400 00 00 02|note=après 16 h"},
    {"", "contact_point", "person=@p3|kind=email|value=nadia@exemple.invalid"},

    {"w1", "pathway", "person=@p1|model=@model|entry=~-120|state=open|method=jobcoaching"},
    {"w2", "pathway", "person=@p2|model=@model|entry=~-60|state=open|method=jobcoaching"},
    {"w3", "pathway", "person=@p3|model=@model|entry=~-20|state=open|method=jobcoaching"},
    {"w4", "pathway", "person=@p4|model=@model|entry=~-200|state=open|method=jobcoaching"},
    {"", "step", "pathway=@w1|phase=@job|start=~-92|staff=@staff"},
    {"", "step", "pathway=@w2|phase=@search|start=~-30|staff=@staff"},
    {"", "step", "pathway=@w3|phase=@bilan|start=~-20|staff=@staff"},
    {"", "assignment", "pathway=@w1|staff=@staff|role=referent|start=~-120"},
    {"", "assignment", "pathway=@w2|staff=@staff|role=referent|start=~-60"},
    {"", "assignment", "pathway=@w3|staff=@staff|role=referent|start=~-20"},
    {"", "assignment", "pathway=@w4|staff=@staff|role=referent|start=~-200"},
    {"o2", "objective",
     "pathway=@w2|theme=mobility|label=Se rendre seul au travail|due=~40|state=in_progress"},
    {"", "action",
     "pathway=@w2|objective=@o2|who=person|label=S'inscrire au permis B|due=~-3|"
     "state=planned"},
    {"", "action",
     "pathway=@w2|who=jobcoach|label=Appeler la Menuiserie Fictive|due=~1|state=planned"},
    {"", "action", "pathway=@w3|who=jobcoach|label=Préparer le bilan|due=~5|state=in_progress"},
    {"c1", "contract",
     "person=@p1|pathway=@w1|employer_company=@wood|kind=CDD|start=~-92|expected_end=~88|"
     "hours_week=30"},
    {"", "job_followup",
     "contract=@c1|milestone=M1|date=~-62|in_job=same|person_score=4|company_score=4"},
    {"", "internship", "person=@p2|company=@kitchen|start=~7|end=~18"},

    {"s1", "session",
     "kind=tripartite|person=@p1|date=~0|start=09:00|minutes=45|place=Menuiserie Fictive|"
     "company=@wood|subject=Point du troisième mois|state=draft"},
    {"s2", "session",
     "kind=individual|person=@p2|date=~0|start=11:00|minutes=60|place=Bureau|"
     "subject=Recherche de stage|next_date=~7|state=draft"},
    {"s3", "session",
     "kind=individual|person=@p3|date=~0|start=14:30|minutes=60|place=Bureau|"
     "subject=Premier bilan|next_date=~2|state=draft"},
    {"s4", "session",
     "kind=individual|person=@p1|date=~-31|start=10:00|minutes=50|place=Bureau|"
     "subject=Horaires et trajet|next_date=~0|state=draft"},
    {"s5", "session",
     "kind=phone|person=@p4|date=~-9|start=16:00|minutes=15|subject=Prise de nouvelles|"
     "next_date=~4|state=draft"},
    {"g1", "session",
     "kind=group|date=~-7|start=13:30|minutes=120|place=Salle fictive|"
     "subject=Atelier CV|state=draft"},
    {"", "session_note",
     "session=@s4|person=@p1|text=Le premier bus arrive trop tard le lundi.\nÀ revoir avec la "
     "cheffe d'atelier."},
    {"", "session_note", "session=@s5|person=@p4|text=Va bien, cherche un mi-temps."},
    {"", "attendance", "session=@g1|person=@p5|date=~-7|status=present|minutes=120"},
    {"", "attendance", "session=@g1|person=@p6|date=~-7|status=present|minutes=120"},
    {"", "attendance", "session=@g1|person=@p7|date=~-7|status=excused"},
    {"", "deadline",
     "of_table=contract|of_row=@c1|label=Fin du contrat|due=~88|owner=@staff|state=todo|"
     "source=manual"},
};

/* One example in the making. */
struct making {
    struct store *store;
    struct edit *edit;
    struct arena arena; /* texts of values */
    struct id ids[MARKS_MAX];
    int32_t today; /* since 1970, on the wall here */
};

static const struct id *marked(const struct making *m, struct str mark)
{
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (mark.n > 0 && str_eq(mark, str_of(lines[i].mark)))
            return &m->ids[i];
    return NULL;
}

static int32_t day_here(void)
{
    int64_t now_ms = clock_wall_ms();
    return (int32_t)((now_ms + (int64_t)clock_offset_min(now_ms) * MINUTE_MS) / DAY_MS);
}

static void print_day(int32_t day, char out[static ID_TEXT_BYTES])
{
    int y = 0;
    int m = 0;
    int d = 0;
    date_split(day, &y, &m, &d);
    (void)snprintf(out, ID_TEXT_BYTES, "%04d-%02d-%02d", y, m, d);
}

/* What stands for a row or a day, as value_parse reads it; other texts as they are. */
static struct str spell(struct making *m, struct str text)
{
    char word[ID_TEXT_BYTES] = "";
    if (text.n > 1 && text.p[0] == '@') {
        const struct id *id = marked(m, (struct str){text.p + 1, text.n - 1});
        must(id != NULL);
        id_print(id, word);
    } else if (text.n > 1 && text.p[0] == '~') {
        bool back = text.p[1] == '-';
        int32_t days = 0;
        for (size_t i = back ? 2 : 1; i < text.n; i++)
            days = days * 10 + (text.p[i] - '0');
        print_day(m->today + (back ? -days : days), word);
    } else {
        return text;
    }
    const char *copy = arena_copy(&m->arena, word, strlen(word));
    return copy == NULL ? (struct str){"", 0} : (struct str){copy, strlen(copy)};
}

static enum err add(struct making *m, const struct line *line, const struct id *id,
                    struct note *why)
{
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    const struct table *table = schema_table_named(&schema_jalon, str_of(line->table));
    must(table != NULL);
    for (const char *at = line->values; at != NULL && *at != '\0'; count++) {
        const char *bar = strchr(at, '|');
        const char *equals = strchr(at, '=');
        size_t n = bar == NULL ? strlen(at) : (size_t)(bar - at);
        size_t name = (size_t)(equals - at);
        values[count].field = schema_field_named(table, (struct str){at, name});
        must(values[count].field != NULL);
        enum err err =
            value_parse(values[count].field, spell(m, (struct str){equals + 1, n - name - 1}),
                        &m->arena, &values[count].value, why);
        if (err != ERR_OK)
            return err;
        at = bar == NULL ? NULL : bar + 1;
    }
    return edit_insert_as(m->edit, table, id, values, count, why);
}

/* All of it is one transaction: the example is there, or it is not. */
static enum err fill(struct making *m, struct note *why)
{
    struct store_identity identity = {.device = EXAMPLE_DEVICE,
                                      .epoch = 1,
                                      .generation = 1,
                                      .history = store_new_id(m->store)};
    size_t n = sizeof lines / sizeof *lines;
    static_assert(sizeof lines / sizeof *lines <= MARKS_MAX, "room for all");
    for (size_t i = 0; i < n; i++)
        m->ids[i] = store_new_id(m->store);
    identity.structure = m->ids[0];
    identity.staff = m->ids[1];
    identity.roles = ROLE_JOBCOACH | ROLE_COORDINATOR | ROLE_ADMIN | ROLE_FEDERATION;
    enum err err = store_enrol(m->store, &identity);
    if (err == ERR_OK)
        err = edit_open(m->store, &m->edit, why);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = add(m, &lines[i], &m->ids[i], why);
    if (err == ERR_OK) {
        err = edit_commit(m->edit, why);
        m->edit = NULL;
    }
    edit_abort(m->edit);
    arena_done(&m->arena);
    return err;
}

/* ---- the folder ---- */

enum err example_open(const char *dir, struct local *out)
{
    struct buf folder = {0};
    struct buf path = {0};
    struct local local = {0};
    enum err err = file_join(&folder, dir, EXAMPLE_FOLDER);
    if (err == ERR_OK)
        err = file_join(&path, (const char *)folder.p, local_files[0]);
    bool there = err == ERR_OK && access((const char *)path.p, F_OK) == 0;
    if (there)
        err = local_open((const char *)folder.p, 0, &local, NULL);
    if (there && err == ERR_OK && store_last_op(local.store) == 0)
        err = example_remove(dir, &local, NULL);
    else if (there && err == ERR_OK)
        *out = local;
    buf_done(&path);
    buf_done(&folder);
    return err;
}

enum err example_make(const char *dir, struct local *out, struct note *why)
{
    struct buf folder = {0};
    struct local local = {0};
    struct making m = {.today = day_here()};
    struct local none = {0};
    enum err err = example_remove(dir, &none, why);
    if (err == ERR_OK)
        err = file_join(&folder, dir, EXAMPLE_FOLDER);
    if (err == ERR_OK)
        err = local_open((const char *)folder.p, 0, &local, why);
    m.store = local.store;
    if (err == ERR_OK)
        err = fill(&m, why);
    if (err == ERR_OK)
        *out = local;
    else
        (void)!example_remove(dir, &local, NULL);
    buf_done(&folder);
    return err;
}

enum err example_remove(const char *dir, struct local *local, struct note *why)
{
    struct buf folder = {0};
    struct buf path = {0};
    local_close(local);
    enum err err = file_join(&folder, dir, EXAMPLE_FOLDER);
    for (size_t i = 0; err == ERR_OK && local_files[i] != NULL; i++) {
        err = file_join(&path, (const char *)folder.p, local_files[i]);
        if (err == ERR_OK && access((const char *)path.p, F_OK) == 0)
            err = file_remove((const char *)path.p, why);
    }
    buf_done(&path);
    buf_done(&folder);
    return err;
}
