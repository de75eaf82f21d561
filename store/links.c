/* SPDX-License-Identifier: Apache-2.0 */
#include "store/links.h"

#include "proto/day.h"
#include "store/inside.h"
#include "store/parameter.h"

enum err links_add(struct store *s, uint32_t dossier, uint32_t source,
                   const struct id *referral, const struct id *structure, int64_t day)
{
    struct stmt *stmt = NULL;
    int64_t months = 0;
    enum err err =
        parameter_number(s, PARAMETER_REFERRAL_SENDER_MONTHS, structure, day, &months);
    if (err == ERR_OK)
        err = store_sql(s, SQL_LINK_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, dossier);
    bind_int(stmt, 2, source);
    bind_id(stmt, 3, referral);
    bind_int(stmt, 4, months == 0 ? day - 1 : day_add_months((int32_t)day, (int32_t)months));
    return stmt_run(stmt);
}

enum err links_drop(struct store *s, uint32_t dossier)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_LINK_DROP, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, dossier);
    return stmt_run(stmt);
}

/* ---- how many people ---- */

struct node {
    uint32_t dossier;
    uint32_t up; /* towards the one that stands for all that are the same */
    bool live, counted;
};

static enum err list_nodes(struct store *s, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_LINK_PERSONS, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    for (uint32_t i = 0; (step = stmt_step(stmt)) == STEP_ROW; i++) {
        struct node node = {
            .dossier = (uint32_t)col_int(stmt, 0), .up = i, .live = col_int(stmt, 1) == 0};
        buf_add(out, &node, sizeof node);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : out->err;
}

/* Position of a dossier; n: there is none. */
static uint32_t find(const struct node *nodes, uint32_t n, uint32_t dossier)
{
    uint32_t low = 0;
    uint32_t high = n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (nodes[mid].dossier < dossier)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && nodes[low].dossier == dossier ? low : n;
}

static uint32_t top(struct node *nodes, uint32_t i)
{
    for (; nodes[i].up != i; i = nodes[i].up)
        nodes[i].up = nodes[nodes[i].up].up;
    return i;
}

static enum err join_all(struct store *s, struct node *nodes, uint32_t n)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_LINK_EDGES, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        uint32_t a = find(nodes, n, (uint32_t)col_int(stmt, 0));
        uint32_t b = find(nodes, n, (uint32_t)col_int(stmt, 1));
        if (a < n && b < n)
            nodes[top(nodes, a)].up = top(nodes, b);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

enum err links_count(struct store *s, uint64_t *dossiers, uint64_t *people)
{
    struct buf list = {0};
    enum err err = list_nodes(s, &list);
    struct node *nodes = (struct node *)(void *)list.p;
    uint32_t n = (uint32_t)(list.n / sizeof *nodes);
    *dossiers = 0;
    *people = 0;
    if (err == ERR_OK)
        err = join_all(s, nodes, n);
    for (uint32_t i = 0; i < n && err == ERR_OK; i++) {
        struct node *one = &nodes[top(nodes, i)];
        *dossiers += nodes[i].live ? 1 : 0;
        *people += nodes[i].live && !one->counted ? 1 : 0;
        one->counted = one->counted || nodes[i].live;
    }
    buf_done(&list);
    return err;
}
