/* SPDX-License-Identifier: Apache-2.0 */
#include "store/overlaps.h"

#include "store/inside.h"
#include "store/parameter.h"

#define OPEN(row_)                                                                             \
    row_ "._del=0 AND " row_ ".start<=?2 AND (" row_ ".\"end\" IS NULL OR " row_ ".\"end\">?2)"
#define PAIRS(table_)                                                                          \
    "SELECT a._id,b._id,NULL,NULL FROM t_pathway w JOIN " table_                               \
    " a ON a.pathway=w._id JOIN " table_                                                       \
    " b ON b.pathway=w._id AND b._id>a._id WHERE w.person=?1 AND w._del=0 AND " OPEN(          \
        "a") " AND " OPEN("b")

static const struct {
    uint16_t table;
    const char *word, *text, *sql;
} kinds[OVERLAP_KINDS] = {
    [OVERLAP_STEPS] = {TABLE_STEP, "two_open_steps", N_("deux étapes ouvertes"),
                       PAIRS("t_step") " ORDER BY 1,2"},
    [OVERLAP_REFERENTS] = {TABLE_ASSIGNMENT, "two_referents", N_("deux référents"),
                           PAIRS("t_assignment") " AND a.role='referent' AND "
                                                 "b.role='referent' AND coalesce(a.staff,"
                                                 "a._id)<>coalesce(b.staff,b._id) "
                                                 "ORDER BY 1,2"},
    [OVERLAP_STATUS] = {TABLE_STATUS_PERIOD, "exclusive_status",
                        N_("deux situations qui s'excluent"),
                        "SELECT a._id,b._id,a.code,b.code FROM t_status_period a JOIN "
                        "t_status_period b ON b.person=a.person AND b._id>a._id WHERE "
                        "a.person=?1 AND a._del=0 AND b._del=0 AND a.code<>b.code AND "
                        "(a.\"end\" IS NULL OR b.start<a.\"end\") AND "
                        "(b.\"end\" IS NULL OR a.start<b.\"end\") ORDER BY 1,2"},
};

const char *overlap_word(enum overlap_kind kind)
{
    return kinds[kind].word;
}

const char *overlap_text(enum overlap_kind kind)
{
    return kinds[kind].text;
}

static bool is_among(struct str words, struct str code)
{
    struct str word;
    while (parameter_word(&words, &word))
        if (str_eq(word, code))
            return true;
    return false;
}

static enum err list(struct store *s, enum overlap_kind kind, const struct id *person,
                     int32_t day, struct str exclusive, overlap_on *on_overlap, void *ctx)
{
    struct stmt *stmt = NULL;
    struct overlap o = {.kind = kind};
    o.table = schema_table(s->env.schema, kinds[kind].table);
    enum err err = o.table == NULL ? ERR_OK : db_prepare(s->db, kinds[kind].sql, &stmt);
    if (err != ERR_OK || o.table == NULL)
        return err;
    bind_id(stmt, 1, person);
    if (kind != OVERLAP_STATUS)
        bind_int(stmt, 2, day);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        bool counts = kind != OVERLAP_STATUS || (is_among(exclusive, col_text(stmt, 2)) &&
                                                 is_among(exclusive, col_text(stmt, 3)));
        if (!col_id(stmt, 0, &o.left) || !col_id(stmt, 1, &o.right))
            err = ERR_CORRUPT;
        else if (counts)
            err = on_overlap(ctx, &o);
    }
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

enum err overlaps_list(struct store *s, const struct id *person, int32_t day,
                       overlap_on *on_overlap, void *ctx)
{
    struct buf exclusive = {0};
    enum err err =
        parameter_words(s, PARAMETER_EXCLUSIVE_STATUS, &s->structure, day, &exclusive);
    for (int kind = 0; kind < OVERLAP_KINDS && err == ERR_OK; kind++)
        err =
            list(s, (enum overlap_kind)kind, person, day, buf_str(&exclusive), on_overlap, ctx);
    buf_done(&exclusive);
    return err;
}
