/* SPDX-License-Identifier: Apache-2.0 */
/* The laws of merging, over all small cases and over random ones. SEED=n replays one. */
#include "proto/merge.h"

#include "tests/support/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEEDS = 3000, REPLICAS = 3, SHOWN_MAX = 16, LINES_MAX = 64 };

static const char *const codes[] = {"planned", "in_progress", "done", "dropped", NULL};
static const struct field fields[] = {
    {.id = 1, .name = "latest", .kind = KIND_TEXT, .merge = MERGE_LATEST},
    {.id = 2,
     .name = "lattice",
     .kind = KIND_ENUM,
     .merge = MERGE_LATTICE,
     .open = true,
     .codes = codes,
     .lattice = "planned<in_progress<done,dropped"},
    {.id = 3, .name = "text", .kind = KIND_TEXT, .merge = MERGE_TEXT},
    {.id = 4, .name = "review", .kind = KIND_TEXT, .merge = MERGE_REVIEW},
    {.id = 5, .name = "frozen", .kind = KIND_TEXT, .merge = MERGE_FROZEN},
    {.id = 6, .name = "once", .kind = KIND_TEXT, .merge = MERGE_ONCE},
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* One field of one row, as the server holds it, and what its inbox and quarantine show. */
struct cell {
    const struct field *field;
    struct value base; /* what all edits started from */
    bool touched;      /* an edit has arrived; before that, versions match and no rule speaks */
    struct merge_side current;
    struct value shown[SHOWN_MAX];
    size_t shown_count;
    size_t clashes; /* merges that showed or refused something */
    struct arena *arena;
};

static void show(struct cell *cell, struct value value)
{
    cell->clashes++;
    for (size_t i = 0; i < cell->shown_count; i++) {
        if (value_eq(&cell->shown[i], &value))
            return;
    }
    assert_true(cell->shown_count < SHOWN_MAX);
    cell->shown[cell->shown_count++] = value;
}

static bool is_shown(const struct cell *cell, const struct value *value)
{
    for (size_t i = 0; i < cell->shown_count; i++) {
        if (value_eq(&cell->shown[i], value))
            return true;
    }
    return false;
}

static struct str keep(struct arena *arena, struct str text)
{
    char *copy = arena_copy(arena, text.p, text.n);
    assert_non_null(copy);
    return (struct str){copy, text.n};
}

static void take_text(struct cell *cell, const struct merge_side *incoming,
                      const struct buf *text)
{
    if (merge_order(incoming, &cell->current) > 0)
        cell->current = *incoming;
    cell->current.value = value_text(keep(cell->arena, buf_str(text)));
}

/* An edit reaches the server. */
static void arrive(struct cell *cell, const struct merge_side *incoming)
{
    if (!cell->touched) {
        cell->touched = true;
        cell->current = *incoming;
        return;
    }
    struct buf text = {0};
    enum merge_outcome outcome = MERGED_REFUSE;
    const char *why = NULL;
    assert_int_equal(merge_field(cell->field, false, &cell->base, &cell->current, incoming,
                                 &text, &outcome, &why),
                     ERR_OK);
    switch (outcome) {
    case MERGED_SAME:
        break;
    case MERGED_TAKE_LOSER:
        show(cell, cell->current.value);
        cell->current = *incoming;
        break;
    case MERGED_TAKE:
        cell->current = *incoming;
        break;
    case MERGED_TEXT:
        take_text(cell, incoming, &text);
        break;
    case MERGED_KEEP_LOSER:
    case MERGED_REFUSE:
        show(cell, incoming->value);
        break;
    }
    assert_int_equal(why != NULL, outcome == MERGED_TAKE_LOSER || outcome == MERGED_KEEP_LOSER);
    buf_done(&text);
}

static bool sides_equal(const struct merge_side *a, const struct merge_side *b)
{
    return value_eq(&a->value, &b->value) && a->edit_ms == b->edit_ms &&
           stamp_eq(a->stamp, b->stamp);
}

static const int orders[6][REPLICAS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static struct cell deliver(const struct field *field, struct value base, struct arena *arena,
                           const struct merge_side *edits, const int *order)
{
    struct cell cell = {.field = field, .base = base, .arena = arena};
    for (int i = 0; i < REPLICAS; i++)
        arrive(&cell, &edits[order[i]]);
    return cell;
}

/* ---- Running a law over seeds ---- */

typedef bool law_fn(struct rng *rng, struct arena *arena);

static void holds(law_fn *law)
{
    const char *asked = getenv("SEED");
    uint64_t first = asked == NULL ? 1 : strtoull(asked, NULL, 10);
    uint64_t last = asked == NULL ? SEEDS : first;
    for (uint64_t seed = first; seed <= last; seed++) {
        struct rng rng;
        struct arena arena = {0};
        rng_init(&rng, seed);
        bool ok = law(&rng, &arena);
        arena_done(&arena);
        if (!ok)
            fail_msg("broken; replay with SEED=%llu", (unsigned long long)seed);
    }
}

/* ---- Laws of all rules ---- */

/* Few values, times and numbers, so that equal ones are frequent. */
static struct merge_side random_edit(struct rng *rng)
{
    static const char *const values[] = {"planned", "in_progress", "done", "dropped",
                                         "on_hold", "elsewhere",   "x\ny"};
    enum { VALUES = sizeof values / sizeof *values };
    struct merge_side edit = {.value = VALUE_NONE};
    uint64_t pick = rng_below(rng, VALUES + 1);
    if (pick < VALUES)
        edit.value = value_text(str_of(values[pick]));
    edit.edit_ms = rng_between(rng, 1, 3);
    edit.stamp.hlc = rng_below(rng, 2) + 1;
    edit.stamp.origin = (uint32_t)rng_below(rng, 2);
    return edit;
}

static int rank(const struct field *field, const struct value *v)
{
    return v->type == VALUE_NULL ? -2 : schema_lattice_rank(field, v->s);
}

/* May this edit be neither the final value nor shown? */
static bool may_pass(const struct cell *cell, const struct value *v)
{
    if (cell->field->merge == MERGE_ONCE)
        return v->type == VALUE_NULL;
    if (cell->field->merge == MERGE_LATTICE) {
        int own = rank(cell->field, v);
        return own == -2 || (own >= 0 && own < rank(cell->field, &cell->current.value));
    }
    return false;
}

static bool nothing_vanished(const struct cell *cell, const struct merge_side *edits)
{
    for (int i = 0; i < REPLICAS; i++) {
        const struct value *v = &edits[i].value;
        bool stays = value_eq(v, &cell->current.value) || is_shown(cell, v);
        if (!stays && !may_pass(cell, v))
            return false;
    }
    return true;
}

static bool by_arrival(const struct field *field)
{
    return field->merge == MERGE_REVIEW || field->merge == MERGE_ONCE ||
           field->merge == MERGE_FROZEN;
}

/* Text rules that weave have laws of their own below. */
static bool orders_agree(struct rng *rng, struct arena *arena)
{
    struct merge_side edits[REPLICAS];
    for (int i = 0; i < REPLICAS; i++)
        edits[i] = random_edit(rng);
    for (int f = 0; f < FIELDS; f++) {
        if (fields[f].merge == MERGE_TEXT)
            continue;
        struct cell first = deliver(&fields[f], VALUE_NONE, arena, edits, orders[0]);
        for (int o = 0; o < 6; o++) {
            struct cell cell = deliver(&fields[f], VALUE_NONE, arena, edits, orders[o]);
            if (!nothing_vanished(&cell, edits))
                return false;
            if (!by_arrival(&fields[f]) && !sides_equal(&cell.current, &first.current))
                return false;
        }
    }
    return true;
}

static void three_replicas_agree_in_every_order_and_nothing_vanishes(void **state)
{
    (void)state;
    holds(orders_agree);
}

static bool redelivery_is_idle(struct rng *rng, struct arena *arena)
{
    struct merge_side edits[REPLICAS];
    for (int i = 0; i < REPLICAS; i++)
        edits[i] = random_edit(rng);
    for (int f = 0; f < FIELDS; f++) {
        /* A woven text is no longer any device's edit; the stored verdict answers there. */
        if (fields[f].merge == MERGE_TEXT)
            continue;
        struct cell cell = deliver(&fields[f], VALUE_NONE, arena, edits, orders[0]);
        for (int i = 0; i < REPLICAS; i++) {
            struct cell again = cell;
            arrive(&again, &edits[i]);
            if (!sides_equal(&again.current, &cell.current))
                return false;
            if (again.shown_count != cell.shown_count && !may_pass(&cell, &edits[i].value))
                return false;
        }
    }
    return true;
}

static void an_edit_delivered_again_changes_nothing(void **state)
{
    (void)state;
    holds(redelivery_is_idle);
}

static struct merge_side join(const struct field *field, const struct merge_side *a,
                              const struct merge_side *b)
{
    struct cell cell = {.field = field, .touched = true, .current = *a};
    arrive(&cell, b);
    return cell.current;
}

/* Every side made of these values, two times and two origins: equal stamps included. */
enum { SIDE_VALUES = 7, SIDES = SIDE_VALUES * 4 };
static void all_sides(struct merge_side out[SIDES])
{
    static const char *const values[SIDE_VALUES] = {"planned", "in_progress", "done", "dropped",
                                                    "on_hold", "elsewhere",   NULL};
    for (size_t i = 0; i < SIDES; i++) {
        const char *z = values[i / 4];
        out[i].value = z == NULL ? VALUE_NONE : value_text(str_of(z));
        out[i].edit_ms = (int64_t)(i / 2 % 2);
        out[i].stamp = (struct stamp){1, (uint32_t)(i % 2)};
    }
}

static void latest_and_lattice_are_joins(void **state)
{
    (void)state;
    static struct merge_side sides[SIDES];
    all_sides(sides);
    for (int f = 0; f < 2; f++) {
        for (size_t n = 0; n < (size_t)SIDES * SIDES * SIDES; n++) {
            const struct merge_side *a = &sides[n % SIDES];
            const struct merge_side *b = &sides[n / SIDES % SIDES];
            const struct merge_side *c = &sides[n / SIDES / SIDES];
            struct merge_side ab = join(&fields[f], a, b), ba = join(&fields[f], b, a);
            struct merge_side bc = join(&fields[f], b, c);
            struct merge_side left = join(&fields[f], &ab, c);
            struct merge_side right = join(&fields[f], a, &bc);
            struct merge_side aa = join(&fields[f], a, a);
            struct merge_side again = join(&fields[f], &ab, b);
            assert_true(sides_equal(&ab, &ba));
            assert_true(sides_equal(&left, &right));
            assert_true(sides_equal(&aa, a));
            assert_true(sides_equal(&again, &ab));
        }
    }
}

/* ---- Laws of texts ---- */

/* A text as line numbers; every number is one distinct line, negative ones are empty. */
struct draft {
    int line[LINES_MAX];
    size_t n;
};

static void draft_add(struct draft *draft, int line)
{
    assert_true(draft->n < LINES_MAX);
    draft->line[draft->n++] = line;
}

static struct str draft_print(const struct draft *draft, struct arena *arena)
{
    struct buf out = {0};
    for (size_t i = 0; i < draft->n; i++) {
        buf_text(&out, i == 0 ? "" : "\n");
        if (draft->line[i] >= 0)
            buf_printf(&out, "line %d", draft->line[i]);
    }
    struct str text = keep(arena, buf_str(&out));
    buf_done(&out);
    return text;
}

/* The lines from..to of `base` as replica r rewrites them, 1 in `calm` touched; its own lines
 * get the numbers from *next on. */
static void rewrite(struct rng *rng, const struct draft *base, size_t from, size_t to,
                    uint64_t calm, int *next, struct draft *out)
{
    for (size_t i = from; i < to; i++) {
        uint64_t dice = rng_below(rng, 3 * calm);
        if (dice == 0 || dice == 1)
            draft_add(out, (*next)++);
        if (dice != 1 && dice != 2)
            draft_add(out, base->line[i]);
    }
    if (rng_below(rng, calm) == 0)
        draft_add(out, (*next)++);
}

static bool has_line(struct str text, int line)
{
    char want[32];
    int n = snprintf(want, sizeof want, "line %d", line);
    for (size_t at = 0; at <= text.n;) {
        size_t end = at;
        while (end < text.n && text.p[end] != '\n')
            end++;
        if (str_eq((struct str){text.p + at, end - at}, (struct str){want, (size_t)n}))
            return true;
        at = end + 1;
    }
    return false;
}

static bool draft_has(const struct draft *draft, int line)
{
    for (size_t i = 0; i < draft->n; i++) {
        if (draft->line[i] == line)
            return true;
    }
    return false;
}

/* Does the text hold every line the draft added to the base, and none it removed? */
static bool honours(struct str text, const struct draft *base, const struct draft *draft)
{
    for (size_t i = 0; i < draft->n; i++) {
        if (!draft_has(base, draft->line[i]) && !has_line(text, draft->line[i]))
            return false;
    }
    for (size_t i = 0; i < base->n; i++) {
        if (!draft_has(draft, base->line[i]) && has_line(text, base->line[i]))
            return false;
    }
    return true;
}

static bool honoured_somewhere(const struct cell *cell, const struct draft *base,
                               const struct draft *draft)
{
    if (honours(cell->current.value.s, base, draft))
        return true;
    for (size_t i = 0; i < cell->shown_count; i++) {
        if (honours(cell->shown[i].s, base, draft))
            return true;
    }
    return false;
}

static struct merge_side text_edit(struct rng *rng, const struct draft *draft,
                                   struct arena *arena)
{
    struct merge_side edit = random_edit(rng);
    edit.value = value_text(draft_print(draft, arena));
    return edit;
}

/* Three coaches each rewrite a part of their own, with an untouched line between the parts. */
static bool own_parts_all_survive(struct rng *rng, struct arena *arena)
{
    struct draft base = {.n = 0}, want = {.n = 0}, drafts[REPLICAS] = {{.n = 0}};
    size_t part = rng_below(rng, 5) + 1;
    for (size_t i = 0; i < REPLICAS * (part + 1); i++)
        draft_add(&base, (int)i);
    for (size_t p = 0; p < REPLICAS; p++) {
        size_t from = p * (part + 1);
        int next = 100 + 100 * (int)p;
        struct draft own = {.n = 0};
        rewrite(rng, &base, from, from + part, 2, &next, &own);
        draft_add(&own, base.line[from + part]);
        for (size_t r = 0; r < REPLICAS; r++) {
            const struct draft *source = r == p ? &own : &base;
            size_t start = r == p ? 0 : from;
            size_t end = r == p ? own.n : from + part + 1;
            for (size_t i = start; i < end; i++)
                draft_add(&drafts[r], source->line[i]);
        }
        for (size_t i = 0; i < own.n; i++)
            draft_add(&want, own.line[i]);
    }
    struct merge_side edits[REPLICAS];
    for (size_t r = 0; r < REPLICAS; r++)
        edits[r] = text_edit(rng, &drafts[r], arena);
    struct value start = value_text(draft_print(&base, arena));
    struct str expected = draft_print(&want, arena);
    for (int o = 0; o < 6; o++) {
        struct cell cell = deliver(&fields[2], start, arena, edits, orders[o]);
        if (cell.clashes != 0 || !str_eq(cell.current.value.s, expected))
            return false;
    }
    return true;
}

static void edits_in_different_parts_all_survive_in_every_order(void **state)
{
    (void)state;
    holds(own_parts_all_survive);
}

/* Anyone rewrites anything: what is not in the text is in the inbox. */
static bool rewritten_texts_stay_readable(struct rng *rng, struct arena *arena)
{
    struct draft base = {.n = 0}, drafts[REPLICAS] = {{.n = 0}};
    struct merge_side edits[REPLICAS];
    size_t n = rng_below(rng, 12) + 1;
    for (size_t i = 0; i < n; i++)
        draft_add(&base, (int)i);
    uint64_t calm = rng_below(rng, 8) + 1;
    for (int r = 0; r < REPLICAS; r++) {
        int next = 100 + 100 * r;
        rewrite(rng, &base, 0, base.n, calm, &next, &drafts[r]);
        edits[r] = text_edit(rng, &drafts[r], arena);
    }
    struct value start = value_text(draft_print(&base, arena));
    for (int o = 0; o < 6; o++) {
        struct cell cell = deliver(&fields[2], start, arena, edits, orders[o]);
        for (int r = 0; r < REPLICAS; r++) {
            /* Nothing left of a text that somebody emptied: no line of it can be looked for. */
            if (drafts[r].n > 0 && !honoured_somewhere(&cell, &base, &drafts[r]))
                return false;
        }
    }
    return true;
}

static void no_rewritten_paragraph_vanishes(void **state)
{
    (void)state;
    holds(rewritten_texts_stay_readable);
}

static bool weave(struct str base, struct str ours, struct str theirs, struct buf *out)
{
    bool clean = false;
    buf_clear(out);
    assert_int_equal(merge_text(base, ours, theirs, out, &clean), ERR_OK);
    return clean;
}

/* Few distinct lines, many of them empty: alignment is ambiguous, the laws hold all the same.
 */
static bool texts_weave_lawfully(struct rng *rng, struct arena *arena)
{
    struct draft drafts[REPLICAS] = {{.n = 0}};
    uint64_t words = rng_below(rng, 4) + 1;
    for (uint64_t n = rng_below(rng, 16); n > 0; n--)
        draft_add(&drafts[0], (int)rng_below(rng, words + 1) - 1);
    for (int r = 1; r < REPLICAS; r++) {
        int next = (int)rng_below(rng, words + 2);
        rewrite(rng, &drafts[0], 0, drafts[0].n, rng_below(rng, 12) + 1, &next, &drafts[r]);
    }
    struct str base = draft_print(&drafts[0], arena);
    struct str a = draft_print(&drafts[1], arena), b = draft_print(&drafts[2], arena);
    struct buf ab = {0}, ba = {0}, one = {0};
    bool clean = weave(base, a, b, &ab);
    bool ok = weave(base, b, a, &ba) == clean && str_eq(buf_str(&ab), buf_str(&ba));
    ok = ok && weave(base, a, base, &one) && str_eq(buf_str(&one), a);
    ok = ok && weave(base, base, a, &one) && str_eq(buf_str(&one), a);
    ok = ok && weave(base, a, a, &one) && str_eq(buf_str(&one), a);
    ok = ok && (clean || ab.n == 0);
    /* One more line far below, changed by the other side alone, never hinders. */
    struct buf base_x = {0}, a_x = {0}, base_y = {0}, a_y = {0};
    buf_printf(&base_x, "%.*s\n%%\nx", (int)base.n, base.p);
    buf_printf(&base_y, "%.*s\n%%\ny", (int)base.n, base.p);
    buf_printf(&a_x, "%.*s\n%%\nx", (int)a.n, a.p);
    buf_printf(&a_y, "%.*s\n%%\ny", (int)a.n, a.p);
    ok = ok && weave(buf_str(&base_x), buf_str(&a_x), buf_str(&base_y), &one) &&
         str_eq(buf_str(&one), buf_str(&a_y));
    struct buf *const all[7] = {&ab, &ba, &one, &base_x, &a_x, &base_y, &a_y};
    for (size_t i = 0; i < 7; i++)
        buf_done(all[i]);
    return ok;
}

static void texts_weave_the_same_both_ways(void **state)
{
    (void)state;
    holds(texts_weave_lawfully);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_replicas_agree_in_every_order_and_nothing_vanishes),
        cmocka_unit_test(an_edit_delivered_again_changes_nothing),
        cmocka_unit_test(latest_and_lattice_are_joins),
        cmocka_unit_test(edits_in_different_parts_all_survive_in_every_order),
        cmocka_unit_test(no_rewritten_paragraph_vanishes),
        cmocka_unit_test(texts_weave_the_same_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
