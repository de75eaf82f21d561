/* SPDX-License-Identifier: Apache-2.0 */
#include "store/candidates.h"

#include "store/duplicates.h"
#include "store/inside.h"
#include "store/lookalike.h"

enum { SCORE_SOUND = 40 };

struct search {
    struct store *s;
    const struct table *table;
    const struct row *draft;
    struct lookalike keys; /* of the draft */
    int64_t now_ms;
    struct candidates *out;
};

static void keep(struct candidates *out, const struct id *id, int score, const char *why)
{
    size_t at = out->count;
    while (at > 0 &&
           (out->found[at - 1].score < score ||
            (out->found[at - 1].score == score && id_cmp(&out->found[at - 1].id, id) > 0)))
        at--;
    if (at == CANDIDATES_MAX)
        return;
    size_t last = out->count < CANDIDATES_MAX ? out->count++ : CANDIDATES_MAX - 1;
    for (size_t i = last; i > at; i--)
        out->found[i] = out->found[i - 1];
    out->found[at] = (struct candidate){*id, score, why};
}

static bool share_a_key(const struct lookalike *a, const struct lookalike *b)
{
    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t k = 0; k < b->count; k++)
            if (a->keys[i].key == b->keys[k].key && a->keys[i].day == b->keys[k].day)
                return true;
    return false;
}

static bool is_empty(const struct search *f, const struct row *row, uint16_t field)
{
    return row->values[schema_field_index(f->table, field)].type == VALUE_NULL;
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct search *f = ctx;
    struct lookalike keys;
    int score = 0;
    const char *why = "";
    if (id_eq(&row->id, &f->draft->id))
        return ERR_OK;
    enum err err = lookalike_of(f->table, row, f->now_ms, &keys);
    if (err != ERR_OK || !share_a_key(&f->keys, &keys))
        return err;
    err = lookalike_match(f->table, f->draft, row, &score, &why);
    bool undated =
        f->table->id == TABLE_PERSON && (is_empty(f, row, FIELD_PERSON_BIRTH_DATE) ||
                                         is_empty(f, f->draft, FIELD_PERSON_BIRTH_DATE));
    if (err == ERR_OK && score == 0 && undated) {
        score = SCORE_SOUND;
        why = "sound";
    }
    if (err == ERR_OK && score > 0)
        keep(f->out, &row->id, score, why);
    return err;
}

/* Sessions are many: only those of the day are read. */
static size_t narrow(const struct search *f, struct filter *filter)
{
    if (f->table->id != TABLE_SESSION)
        return 0;
    filter->field = schema_field(f->table, FIELD_SESSION_DATE);
    filter->value = f->draft->values[schema_field_index(f->table, FIELD_SESSION_DATE)];
    return 1;
}

enum err candidates_find(struct store *s, const struct table *table,
                         const struct edit_value *values, size_t count, const struct id *self,
                         struct candidates *out)
{
    struct arena arena = {0};
    struct row *draft = arena_new(&arena, sizeof *draft);
    struct search f = {s, table, draft, {.count = 0}, store_now(s), out};
    struct filter filter;
    *out = (struct candidates){.count = 0};
    if (draft == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        int at = values[i].field == NULL ? -1 : schema_field_index(table, values[i].field->id);
        if (at >= 0)
            draft->values[at] = values[i].value;
    }
    if (self != NULL)
        draft->id = *self;
    enum err err = lookalike_of(table, draft, f.now_ms, &f.keys);
    /* On the server rows of other structures are no candidates, and a draft has none yet. */
    if (err == ERR_OK && f.keys.count > 0)
        err = rows_list(s, table, &filter, narrow(&f, &filter), false, 0, on_row, &f);
    arena_done(&arena);
    return err;
}

/* As a case says it, but nothing is known of agents. */
const char *candidates_why(const struct candidate *candidate)
{
    if (strcmp(candidate->why, "person date") == 0)
        return N_("même personne, même jour");
    if (strcmp(candidate->why, "company date") == 0)
        return N_("même entreprise, même jour");
    if (strcmp(candidate->why, "sound") == 0)
        return N_("nom qui sonne pareil");
    return duplicate_words(str_of(candidate->why));
}
