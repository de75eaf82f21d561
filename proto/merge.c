/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/merge.h"

#include "proto/mem.h"

const char MERGE_WHY_CONCURRENT[] = "concurrent";
const char MERGE_WHY_TEXT[] = "text_overlap";
const char MERGE_WHY_REVIEW[] = "review";
const char MERGE_WHY_UNDELETED[] = "undeleted";
const char MERGE_WHY_INCOMPARABLE[] = "incomparable";

/* Ranks below those of the codes in a lattice. */
enum { RANK_EMPTY = -2, RANK_OUTSIDE = -1 };

int merge_order(const struct merge_side *a, const struct merge_side *b)
{
    if (a->edit_ms != b->edit_ms)
        return a->edit_ms > b->edit_ms ? 1 : -1;
    return stamp_cmp(a->stamp, b->stamp);
}

/* Any total order over values. */
static int value_order(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return a->type > b->type ? 1 : -1;
    switch (a->type) {
    case VALUE_NULL:
        return 0;
    case VALUE_INT:
        return (a->i > b->i) - (a->i < b->i);
    case VALUE_REAL:
        return (a->r > b->r) - (a->r < b->r);
    case VALUE_TEXT:
    case VALUE_BYTES:
        return str_cmp(a->s, b->s);
    }
    return 0;
}

/* Does the incoming edit come after the current one? Two devices that wrote under one number
 * can make equal stamps: then the values themselves decide, the same on every side. */
static bool incoming_later(const struct merge_side *current, const struct merge_side *incoming)
{
    int order = merge_order(incoming, current);
    return order != 0 ? order > 0 : value_order(&incoming->value, &current->value) > 0;
}

static enum merge_outcome later_wins(const struct merge_side *current,
                                     const struct merge_side *incoming)
{
    return incoming_later(current, incoming) ? MERGED_TAKE_LOSER : MERGED_KEEP_LOSER;
}

static int lattice_rank(const struct field *field, const struct value *v)
{
    if (v->type == VALUE_NULL)
        return RANK_EMPTY;
    int rank = v->type == VALUE_TEXT ? schema_lattice_rank(field, v->s) : RANK_OUTSIDE;
    return rank < 0 ? RANK_OUTSIDE : rank;
}

/* The further state passed through the nearer one, which is therefore not a loser. A code
 * outside the lattice was passed by nobody: it gives way to every known one, and is shown. */
static enum merge_outcome merge_lattice(const struct field *field,
                                        const struct merge_side *current,
                                        const struct merge_side *incoming, const char **why)
{
    int here = lattice_rank(field, &current->value);
    int there = lattice_rank(field, &incoming->value);
    bool passed = here == RANK_EMPTY || there == RANK_EMPTY ||
                  (here != RANK_OUTSIDE && there != RANK_OUTSIDE);
    if (here != there && passed)
        return there > here ? MERGED_TAKE : MERGED_SAME;
    *why = MERGE_WHY_INCOMPARABLE;
    if (here != there)
        return there > here ? MERGED_TAKE_LOSER : MERGED_KEEP_LOSER;
    return later_wins(current, incoming);
}

static bool is_text(const struct value *v)
{
    return v->type == VALUE_TEXT || v->type == VALUE_NULL;
}

static struct str text_of(const struct value *v)
{
    return v->type == VALUE_TEXT ? v->s : (struct str){NULL, 0};
}

/* A text made of two fitting ones can still be too long for its field, or empty. */
static bool text_fits(const struct field *field, struct str text)
{
    struct value merged = value_text(text);
    return text.n > 0 && text.n <= PACK_STRING_MAX &&
           value_check(field, &merged, NULL) == ERR_OK;
}

static enum err merge_prose(const struct field *field, const struct value *base,
                            const struct merge_side *current, const struct merge_side *incoming,
                            struct buf *text, enum merge_outcome *outcome, const char **why)
{
    size_t before = text->n;
    bool clean = false;
    if (is_text(base) && is_text(&current->value) && is_text(&incoming->value)) {
        enum err err = merge_text(text_of(base), text_of(&current->value),
                                  text_of(&incoming->value), text, &clean);
        if (err != ERR_OK)
            return err;
    }
    if (clean) {
        struct str merged = {NULL, text->n - before};
        if (merged.n > 0)
            merged.p = (const char *)text->p + before;
        if (str_eq(merged, text_of(&current->value)))
            *outcome = MERGED_SAME;
        else if (str_eq(merged, text_of(&incoming->value)))
            *outcome = MERGED_TAKE;
        else if (text_fits(field, merged))
            *outcome = MERGED_TEXT;
        else
            clean = false;
    }
    if (!clean) {
        *outcome = later_wins(current, incoming);
        *why = MERGE_WHY_TEXT;
    }
    if (!clean || *outcome != MERGED_TEXT)
        text->n = before;
    return ERR_OK;
}

enum err merge_field(const struct field *field, bool locked, const struct value *base,
                     const struct merge_side *current, const struct merge_side *incoming,
                     struct buf *text, enum merge_outcome *outcome, const char **why)
{
    bool same = value_eq(&current->value, &incoming->value);
    if (locked || field->merge == MERGE_FROZEN) {
        *outcome = same ? MERGED_SAME : MERGED_REFUSE;
        return ERR_OK;
    }
    bool by_time = field->merge != MERGE_REVIEW && field->merge != MERGE_ONCE;
    if (same) {
        *outcome = by_time && merge_order(incoming, current) > 0 ? MERGED_TAKE : MERGED_SAME;
        return ERR_OK;
    }
    switch (field->merge) {
    case MERGE_LATEST:
        *outcome = later_wins(current, incoming);
        *why = MERGE_WHY_CONCURRENT;
        return ERR_OK;
    case MERGE_LATTICE:
        *outcome = merge_lattice(field, current, incoming, why);
        return ERR_OK;
    case MERGE_TEXT:
        return merge_prose(field, base, current, incoming, text, outcome, why);
    case MERGE_ONCE:
        if (current->value.type == VALUE_NULL) {
            *outcome = MERGED_TAKE;
            return ERR_OK;
        }
        *outcome = MERGED_KEEP_LOSER;
        *why = MERGE_WHY_REVIEW;
        return ERR_OK;
    case MERGE_REVIEW:
        *outcome = MERGED_KEEP_LOSER;
        *why = MERGE_WHY_REVIEW;
        return ERR_OK;
    case MERGE_FROZEN:
        break; /* answered above */
    }
    must(false);
}

/* ---- Text by paragraph ---- */

/* A text cut at its line ends; joining the lines again gives the same bytes. */
struct lines {
    struct str *line;
    size_t n;
};

/* Base lines from..to became the side's lines start..end. */
struct hunk {
    size_t from, to;
    size_t start, end;
};

/* One side against the base. */
struct side {
    struct lines lines;
    struct hunk *hunks; /* in order, never overlapping */
    size_t count;
};

/* The stretch of both texts that differs, and where Myers' algorithm got on each diagonal. */
struct trace {
    const struct str *a, *b;
    int n, m;
    int32_t *x;  /* triangle: row d holds diagonals -d, -d + 2 .. d */
    size_t room; /* entries allocated */
};

/* ERR_LIMIT: more lines than we compare. */
static enum err lines_init(struct lines *out, struct str text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    if (n > MERGE_PARAGRAPHS_MAX)
        return ERR_LIMIT;
    struct str *line = mem_array(n, sizeof *line);
    if (line == NULL)
        return ERR_NOMEM;
    const char *p = text.p;
    for (size_t i = 0; i < n; i++) {
        size_t left = text.n - (size_t)(p - text.p);
        const char *stop = left == 0 ? NULL : memchr(p, '\n', left);
        line[i] = (struct str){p, stop == NULL ? left : (size_t)(stop - p)};
        p = stop == NULL ? p : stop + 1;
    }
    *out = (struct lines){line, n};
    return ERR_OK;
}

static int32_t *trace_row(const struct trace *t, int d)
{
    return t->x + (size_t)d * ((size_t)d + 1) / 2;
}

/* Did the furthest path of d steps reach diagonal k by an insertion (else by a deletion)? */
static bool came_down(const int32_t *before, int d, int k)
{
    int i = (k + d) / 2; /* in row d; its neighbours in row d - 1 are i - 1 and i */
    return k == -d || (k != d && before[i - 1] < before[i]);
}

/* Fill row d. True when a path reached the end of both. */
static bool trace_step(const struct trace *t, int d)
{
    int32_t *row = trace_row(t, d);
    const int32_t *before = d == 0 ? NULL : trace_row(t, d - 1);
    for (int k = -d; k <= d; k += 2) {
        int i = (k + d) / 2;
        int x = 0;
        if (before != NULL)
            x = came_down(before, d, k) ? before[i] : before[i - 1] + 1;
        while (x < t->n && x - k < t->m && str_eq(t->a[x], t->b[x - k]))
            x++;
        row[i] = x;
        if (x >= t->n && x - k >= t->m)
            return true;
    }
    return false;
}

/* Sets *steps to the edit distance; ERR_LIMIT when it is over MERGE_EDITS_MAX. */
static enum err trace_run(struct trace *t, int *steps)
{
    for (int d = 0; d <= MERGE_EDITS_MAX; d++) {
        size_t need = ((size_t)d + 1) * ((size_t)d + 2) / 2;
        if (need > t->room) {
            int32_t *grown = mem_grow(t->x, need * 2 * sizeof *grown);
            if (grown == NULL)
                return ERR_NOMEM;
            t->x = grown;
            t->room = need * 2;
        }
        if (trace_step(t, d)) {
            *steps = d;
            return ERR_OK;
        }
    }
    return ERR_LIMIT;
}

/* Walk back from the end and mark the lines that are not common to both. */
static void trace_mark(const struct trace *t, int steps, bool *gone, bool *added)
{
    int k = t->n - t->m;
    for (int d = steps; d > 0; d--) {
        const int32_t *before = trace_row(t, d - 1);
        int i = (k + d) / 2;
        if (came_down(before, d, k)) {
            k++;
            added[before[i] - k] = true;
        } else {
            k--;
            gone[before[i - 1]] = true;
        }
    }
}

/* Add a hunk. One that replaces lines one for one is kept as single lines, so that edits of
 * neighbouring paragraphs do not look like one. */
static void hunk_add(struct side *side, struct hunk h)
{
    size_t n = h.to - h.from;
    if (n != h.end - h.start) {
        side->hunks[side->count++] = h;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        side->hunks[side->count++] =
            (struct hunk){h.from + i, h.from + i + 1, h.start + i, h.start + i + 1};
    }
}

static void hunks_of_marks(struct side *side, size_t base_n, const bool *gone,
                           const bool *added)
{
    size_t i = 0, j = 0;
    while (i < base_n || j < side->lines.n) {
        struct hunk h = {.from = i, .start = j};
        while (i < base_n && gone[i])
            i++;
        while (j < side->lines.n && added[j])
            j++;
        h.to = i;
        h.end = j;
        if (h.from == h.to && h.start == h.end) {
            i++;
            j++;
        } else {
            hunk_add(side, h);
        }
    }
}

static enum err diff(const struct lines *base, struct side *side)
{
    const struct lines *own = &side->lines;
    size_t head = 0, tail = 0;
    while (head < base->n && head < own->n && str_eq(base->line[head], own->line[head]))
        head++;
    while (tail < base->n - head && tail < own->n - head &&
           str_eq(base->line[base->n - 1 - tail], own->line[own->n - 1 - tail]))
        tail++;
    struct trace trace = {.a = base->line + head,
                          .b = own->line + head,
                          .n = (int)(base->n - head - tail),
                          .m = (int)(own->n - head - tail)};
    int steps = 0;
    bool *gone = mem_array(base->n + own->n, sizeof *gone);
    side->hunks = mem_array(base->n + own->n, sizeof *side->hunks);
    enum err err = gone == NULL || side->hunks == NULL ? ERR_NOMEM : trace_run(&trace, &steps);
    if (err == ERR_OK) {
        bool *added = gone + base->n;
        trace_mark(&trace, steps, gone + head, added + head);
        hunks_of_marks(side, base->n, gone, added);
    }
    mem_free(trace.x);
    mem_free(gone);
    return err;
}

static enum err side_init(struct side *side, const struct lines *base, struct str text)
{
    enum err err = lines_init(&side->lines, text);
    return err != ERR_OK ? err : diff(base, side);
}

static void side_done(struct side *side)
{
    mem_free(side->lines.line);
    mem_free(side->hunks);
}

static bool hunk_grows(const struct hunk *h)
{
    return h->end - h->start > h->to - h->from;
}

/* Do they change the same lines? Where two hunks only touch, the order of their lines is known
 * unless both brought new ones to that place. */
static bool hunks_overlap(const struct hunk *a, const struct hunk *b)
{
    if (a->from < b->to && b->from < a->to)
        return true;
    bool touch = a->to == b->from || b->to == a->from;
    return touch && hunk_grows(a) && hunk_grows(b);
}

static bool hunks_same(const struct side *a, const struct hunk *ha, const struct side *b,
                       const struct hunk *hb)
{
    size_t n = ha->end - ha->start;
    if (ha->from != hb->from || ha->to != hb->to || n != hb->end - hb->start)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(a->lines.line[ha->start + i], b->lines.line[hb->start + i]))
            return false;
    }
    return true;
}

static bool hunk_first(const struct hunk *a, const struct hunk *b)
{
    return a->from != b->from ? a->from < b->from : a->to < b->to;
}

/* Append lines from..to; `first`: nothing stands before them. */
static void lines_add(struct buf *out, const struct lines *lines, size_t from, size_t to,
                      bool *first)
{
    for (size_t i = from; i < to; i++) {
        if (!*first)
            buf_u8(out, '\n');
        buf_add(out, lines->line[i].p, lines->line[i].n);
        *first = false;
    }
}

/* Weave the hunks of both sides into the base. False, with part of the text written, when two
 * overlap. */
static bool weave(const struct lines *base, const struct side *a, const struct side *b,
                  struct buf *out)
{
    size_t i = 0, j = 0, at = 0;
    bool first = true;
    while (i < a->count || j < b->count) {
        const struct hunk *ha = i < a->count ? &a->hunks[i] : NULL;
        const struct hunk *hb = j < b->count ? &b->hunks[j] : NULL;
        bool both = ha != NULL && hb != NULL;
        bool same = both && hunks_same(a, ha, b, hb);
        if (both && !same && hunks_overlap(ha, hb))
            return false;
        bool from_a = hb == NULL || (ha != NULL && (same || hunk_first(ha, hb)));
        const struct hunk *h = from_a ? ha : hb;
        must(h != NULL);
        lines_add(out, base, at, h->from, &first);
        lines_add(out, from_a ? &a->lines : &b->lines, h->start, h->end, &first);
        at = h->to;
        i += from_a;
        j += !from_a || same;
    }
    lines_add(out, base, at, base->n, &first);
    return true;
}

/* When one side did not change anything, or both made the same, no lines need comparing. */
static bool merge_trivial(struct str base, struct str ours, struct str theirs, struct str *out)
{
    if (str_eq(ours, theirs) || str_eq(base, theirs))
        *out = ours;
    else if (str_eq(base, ours))
        *out = theirs;
    else
        return false;
    return true;
}

enum err merge_text(struct str base, struct str ours, struct str theirs, struct buf *out,
                    bool *clean)
{
    size_t before = out->n;
    struct str whole = {NULL, 0};
    struct lines lines = {NULL, 0};
    struct side a = {0}, b = {0};
    bool woven = merge_trivial(base, ours, theirs, &whole);
    enum err err = ERR_OK;
    if (woven) {
        buf_add(out, whole.p, whole.n);
    } else {
        err = lines_init(&lines, base);
        if (err == ERR_OK)
            err = side_init(&a, &lines, ours);
        if (err == ERR_OK)
            err = side_init(&b, &lines, theirs);
        if (err == ERR_OK)
            woven = weave(&lines, &a, &b, out);
        else if (err == ERR_LIMIT)
            err = ERR_OK; /* too much to compare counts as overlap */
        mem_free(lines.line);
        side_done(&a);
        side_done(&b);
    }
    if (err == ERR_OK)
        err = out->err;
    if (err != ERR_OK || !woven)
        out->n = before;
    if (err == ERR_OK)
        *clean = woven;
    return err;
}
