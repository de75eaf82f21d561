/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/merge.h"

#include "tests/support/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const state_codes[] = {"planned", "in_progress", "done", "dropped", NULL};
static const struct field latest = {.id = 1, .name = "phone", .kind = KIND_TEXT};
static const struct field lattice = {.id = 2,
                                     .name = "state",
                                     .kind = KIND_ENUM,
                                     .merge = MERGE_LATTICE,
                                     .open = true,
                                     .codes = state_codes,
                                     .lattice = "planned<in_progress<done,dropped"};
static const struct field prose = {
    .id = 3, .name = "text", .kind = KIND_TEXT, .merge = MERGE_TEXT, .max = 40};
static const struct field review = {
    .id = 4, .name = "end", .kind = KIND_DATE, .merge = MERGE_REVIEW};
static const struct field frozen = {
    .id = 5, .name = "day", .kind = KIND_DATE, .merge = MERGE_FROZEN};
static const struct field once = {
    .id = 6, .name = "until", .kind = KIND_DATE, .merge = MERGE_ONCE};

static struct merge_side side(struct value value, int64_t edit_ms, uint32_t origin)
{
    return (struct merge_side){value, {hlc_of_ms(edit_ms), origin}, edit_ms};
}

static struct merge_side text_side(const char *text, int64_t edit_ms)
{
    return side(value_text(str_of(text)), edit_ms, (uint32_t)edit_ms);
}

/* What a merge decided. */
struct answer {
    enum merge_outcome outcome;
    const char *why; /* NULL when nothing is to be shown */
    char text[256];
};

static struct answer ask(const struct field *field, bool locked, const char *base,
                         struct merge_side current, struct merge_side incoming)
{
    struct answer answer = {.why = NULL};
    struct buf text = {0};
    struct value before = base == NULL ? VALUE_NONE : value_text(str_of(base));
    assert_int_equal(merge_field(field, locked, &before, &current, &incoming, &text,
                                 &answer.outcome, &answer.why),
                     ERR_OK);
    assert_true(text.n < sizeof answer.text);
    if (text.n > 0)
        memcpy(answer.text, text.p, text.n);
    if (answer.outcome != MERGED_TEXT)
        assert_int_equal(text.n, 0);
    buf_done(&text);
    return answer;
}

static void expect(const struct field *field, struct merge_side current,
                   struct merge_side incoming, enum merge_outcome outcome, const char *why)
{
    struct answer answer = ask(field, false, NULL, current, incoming);
    assert_int_equal(answer.outcome, outcome);
    assert_ptr_equal(answer.why, why);
}

static void the_later_edit_wins_and_the_earlier_is_shown(void **state)
{
    (void)state;
    struct merge_side early = text_side("0470 00 00 01", 1000);
    struct merge_side late = text_side("0470 00 00 02", 2000);
    expect(&latest, early, late, MERGED_TAKE_LOSER, MERGE_WHY_CONCURRENT);
    expect(&latest, late, early, MERGED_KEEP_LOSER, MERGE_WHY_CONCURRENT);
}

static void equal_times_are_decided_by_the_stamp(void **state)
{
    (void)state;
    struct merge_side a = side(value_int(1), 1000, 7);
    struct merge_side b = side(value_int(2), 1000, 8);
    expect(&latest, a, b, MERGED_TAKE_LOSER, MERGE_WHY_CONCURRENT);
    expect(&latest, b, a, MERGED_KEEP_LOSER, MERGE_WHY_CONCURRENT);
    a.stamp.hlc++;
    expect(&latest, a, b, MERGED_KEEP_LOSER, MERGE_WHY_CONCURRENT);
    assert_true(merge_order(&a, &b) > 0);
    assert_true(merge_order(&b, &a) < 0);
    assert_int_equal(merge_order(&a, &a), 0);
}

static void equal_stamps_are_decided_by_the_value(void **state)
{
    (void)state;
    const struct value values[] = {VALUE_NONE,
                                   value_int(-3),
                                   value_int(4),
                                   {.type = VALUE_REAL, .r = -0.5},
                                   {.type = VALUE_REAL, .r = 2.5},
                                   value_text(STR("a")),
                                   value_text(STR("ab")),
                                   value_bytes(STR("a"))};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        for (size_t j = 0; j < i; j++) {
            struct merge_side a = side(values[i], 5, 1);
            struct merge_side b = side(values[j], 5, 1);
            expect(&latest, a, b, MERGED_KEEP_LOSER, MERGE_WHY_CONCURRENT);
            expect(&latest, b, a, MERGED_TAKE_LOSER, MERGE_WHY_CONCURRENT);
        }
    }
}

static void the_same_value_is_no_conflict_under_any_rule(void **state)
{
    (void)state;
    struct merge_side early = side(value_int(20000), 1000, 1);
    struct merge_side late = side(value_int(20000), 2000, 2);
    const struct field *const kept[] = {&review, &frozen, &once};
    for (size_t i = 0; i < 3; i++) {
        expect(kept[i], early, late, MERGED_SAME, NULL);
        expect(kept[i], late, early, MERGED_SAME, NULL);
    }
    expect(&latest, late, early, MERGED_SAME, NULL);
    expect(&latest, late, late, MERGED_SAME, NULL);
    /* The later time must count, or an edit between the two would win against it. */
    expect(&latest, early, late, MERGED_TAKE, NULL);
}

static void the_further_state_wins_without_a_loser(void **state)
{
    (void)state;
    struct merge_side near = text_side("in_progress", 2000);
    struct merge_side far = text_side("done", 1000);
    struct merge_side empty = side(VALUE_NONE, 3000, 3);
    expect(&lattice, near, far, MERGED_TAKE, NULL);
    expect(&lattice, far, near, MERGED_SAME, NULL);
    expect(&lattice, empty, near, MERGED_TAKE, NULL);
    expect(&lattice, near, empty, MERGED_SAME, NULL);
}

static void states_of_one_rank_go_to_the_later_and_show_the_other(void **state)
{
    (void)state;
    struct merge_side done = text_side("done", 1000);
    struct merge_side dropped = text_side("dropped", 2000);
    expect(&lattice, done, dropped, MERGED_TAKE_LOSER, MERGE_WHY_INCOMPARABLE);
    expect(&lattice, dropped, done, MERGED_KEEP_LOSER, MERGE_WHY_INCOMPARABLE);
}

static void a_code_outside_the_lattice_yields_and_is_shown(void **state)
{
    (void)state;
    struct merge_side planned = text_side("planned", 1000);
    struct merge_side local = text_side("awaiting_committee", 2000);
    struct merge_side other = text_side("on_hold", 3000);
    struct merge_side empty = side(VALUE_NONE, 4000, 4);
    expect(&lattice, planned, local, MERGED_KEEP_LOSER, MERGE_WHY_INCOMPARABLE);
    expect(&lattice, local, planned, MERGED_TAKE_LOSER, MERGE_WHY_INCOMPARABLE);
    expect(&lattice, local, other, MERGED_TAKE_LOSER, MERGE_WHY_INCOMPARABLE);
    expect(&lattice, local, empty, MERGED_SAME, NULL);
    expect(&lattice, empty, local, MERGED_TAKE, NULL);
    struct merge_side number = side(value_int(3), 9000, 9);
    expect(&lattice, planned, number, MERGED_KEEP_LOSER, MERGE_WHY_INCOMPARABLE);
}

static void under_review_the_current_value_stays(void **state)
{
    (void)state;
    struct merge_side first = side(value_int(20000), 1000, 1);
    struct merge_side second = side(value_int(20030), 2000, 2);
    expect(&review, first, second, MERGED_KEEP_LOSER, MERGE_WHY_REVIEW);
    expect(&review, second, first, MERGED_KEEP_LOSER, MERGE_WHY_REVIEW);
}

static void once_set_a_value_stays_for_review(void **state)
{
    (void)state;
    struct merge_side empty = side(VALUE_NONE, 5000, 1);
    struct merge_side value = side(value_int(20000), 1000, 2);
    struct merge_side other = side(value_int(20001), 9000, 3);
    expect(&once, empty, value, MERGED_TAKE, NULL);
    expect(&once, value, other, MERGED_KEEP_LOSER, MERGE_WHY_REVIEW);
    expect(&once, value, empty, MERGED_KEEP_LOSER, MERGE_WHY_REVIEW);
}

static void a_locked_field_refuses_another_value(void **state)
{
    (void)state;
    struct merge_side current = text_side("a", 1000);
    struct merge_side incoming = text_side("b", 2000);
    struct merge_side again = text_side("a", 2000);
    const struct field *const fields[5] = {&latest, &lattice, &prose, &review, &once};
    for (size_t i = 0; i < 5; i++) {
        struct answer answer = ask(fields[i], true, NULL, current, incoming);
        assert_int_equal(answer.outcome, MERGED_REFUSE);
        assert_null(answer.why);
        assert_int_equal(ask(fields[i], true, NULL, current, again).outcome, MERGED_SAME);
    }
    expect(&frozen, side(value_int(1), 1, 1), side(value_int(2), 2, 2), MERGED_REFUSE, NULL);
}

static void edits_of_different_paragraphs_both_survive(void **state)
{
    (void)state;
    struct answer answer = ask(&prose, false, "one\n\ntwo", text_side("ONE\n\ntwo", 1000),
                               text_side("one\n\ntwo, more", 2000));
    assert_int_equal(answer.outcome, MERGED_TEXT);
    assert_string_equal(answer.text, "ONE\n\ntwo, more");
    assert_null(answer.why);
}

static void edits_of_one_paragraph_are_both_readable(void **state)
{
    (void)state;
    struct merge_side early = text_side("the longer text of a careful visit", 1000);
    struct merge_side late = text_side("shorter", 2000);
    struct answer answer = ask(&prose, false, "visit", early, late);
    assert_int_equal(answer.outcome, MERGED_TAKE_LOSER);
    assert_ptr_equal(answer.why, MERGE_WHY_TEXT);
    answer = ask(&prose, false, "visit", late, early);
    assert_int_equal(answer.outcome, MERGED_KEEP_LOSER);
    assert_ptr_equal(answer.why, MERGE_WHY_TEXT);
}

static void a_missing_base_counts_as_an_empty_text(void **state)
{
    (void)state;
    expect(&prose, text_side("a", 1000), text_side("b", 2000), MERGED_TAKE_LOSER,
           MERGE_WHY_TEXT);
    expect(&prose, text_side("a", 1000), side(VALUE_NONE, 2000, 2), MERGED_SAME, NULL);
    expect(&prose, side(VALUE_NONE, 2000, 2), text_side("a", 1000), MERGED_TAKE, NULL);
}

static void a_text_that_contains_the_other_edit_is_taken_whole(void **state)
{
    (void)state;
    struct merge_side one = text_side("A\nb\nc", 2000);
    struct merge_side both = text_side("A\nb\nC", 1000);
    assert_int_equal(ask(&prose, false, "a\nb\nc", one, both).outcome, MERGED_TAKE);
    assert_int_equal(ask(&prose, false, "a\nb\nc", both, one).outcome, MERGED_SAME);
}

static void a_merged_text_too_long_for_its_field_is_a_conflict(void **state)
{
    (void)state;
    struct answer answer =
        ask(&prose, false, "a\n\nb", text_side("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\nb", 1000),
            text_side("a\n\nbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 2000));
    assert_int_equal(answer.outcome, MERGED_TAKE_LOSER);
    assert_ptr_equal(answer.why, MERGE_WHY_TEXT);
}

static void a_merged_text_too_long_to_travel_is_a_conflict(void **state)
{
    (void)state;
    static const struct field endless = {
        .id = 3, .name = "text", .kind = KIND_TEXT, .merge = MERGE_TEXT};
    enum { HALF = PACK_STRING_MAX / 2 };
    static char ours[HALF + 3], theirs[HALF + 3];
    memset(ours, 'x', HALF);
    memcpy(ours + HALF, "\n\nb", 3);
    memcpy(theirs, "a\n\n", 3);
    memset(theirs + 3, 'y', HALF);
    struct value base = value_text(STR("a\n\nb"));
    for (size_t spare = 0; spare < 5; spare++) {
        struct merge_side current = side(value_text((struct str){ours, HALF + 3}), 1000, 1);
        struct merge_side incoming =
            side(value_text((struct str){theirs, HALF + 3 - spare}), 2000, 2);
        struct buf text = {0};
        enum merge_outcome outcome = MERGED_REFUSE;
        const char *why = NULL;
        assert_int_equal(
            merge_field(&endless, false, &base, &current, &incoming, &text, &outcome, &why),
            ERR_OK);
        assert_int_equal(outcome, spare < 2 ? MERGED_TAKE_LOSER : MERGED_TEXT);
        assert_int_equal(text.n, spare < 2 ? 0 : PACK_STRING_MAX + 2 - spare);
        buf_done(&text);
    }
}

static void two_deletions_never_leave_an_empty_text(void **state)
{
    (void)state;
    struct answer answer =
        ask(&prose, false, "a\nb", text_side("a", 1000), text_side("b", 2000));
    assert_int_equal(answer.outcome, MERGED_TAKE_LOSER);
    assert_ptr_equal(answer.why, MERGE_WHY_TEXT);
}

/* Merge both ways; both must agree. NULL: they overlap. */
static void weave(const char *base, const char *ours, const char *theirs, const char *want)
{
    for (int turn = 0; turn < 2; turn++) {
        struct buf out = {0};
        bool clean = false;
        buf_text(&out, "kept ");
        assert_int_equal(merge_text(str_of(base), str_of(turn == 0 ? ours : theirs),
                                    str_of(turn == 0 ? theirs : ours), &out, &clean),
                         ERR_OK);
        assert_int_equal(clean, want != NULL);
        buf_u8(&out, '\0');
        assert_memory_equal(out.p, "kept ", 5);
        assert_string_equal((const char *)out.p + 5, want == NULL ? "" : want);
        buf_done(&out);
    }
}

static void a_text_left_alone_gives_the_other(void **state)
{
    (void)state;
    weave("a\nb\n", "a\nb\n", "x\r\n\ny", "x\r\n\ny");
    weave("a", "a", "", "");
    weave("", "", "", "");
    weave("a", "b", "b", "b");
}

static void neighbouring_paragraphs_merge(void **state)
{
    (void)state;
    weave("a\nb\nc", "A\nb\nc", "a\nB\nc", "A\nB\nc");
    weave("a\nb\nc", "A\nB\nc", "a\nb\nC\n", "A\nB\nC\n");
    weave("a\nb\nc", "A\nB\nc", "a\nb\nC", "A\nB\nC");
    weave("a\nb\nc", "a\nc", "a\nb\nC", "a\nC");
    weave("a\nb\nc", "b\nc", "a\nb", "b");
}

static void additions_at_different_places_merge(void **state)
{
    (void)state;
    weave("a\nb", "x\na\nb", "a\nb\ny", "x\na\nb\ny");
    weave("a\nb", "a\nb\ny", "a\nB", "a\nB\ny");
    weave("a\nb", "a\nx\nb", "A\nB", "A\nx\nB");
}

static void additions_at_one_place_overlap_unless_identical(void **state)
{
    (void)state;
    weave("a\nb", "a\nb\nx", "a\nb\ny", NULL);
    weave("a\nb", "a\nb\nx", "a\nB\ny", NULL);
    weave("a\nb", "a\nx\nb", "a\nx\nb\ny", "a\nx\nb\ny");
    weave("a\nb", "A\nx\nb", "a\ny\nB", NULL);
}

static void the_same_change_on_both_sides_is_made_once(void **state)
{
    (void)state;
    weave("a\nb\nc\nd", "A\nb\nc\nD", "A\nb\nC\nd", "A\nb\nC\nD");
    weave("a\nb\nc\nd", "a\nd", "a\nD\nd", NULL);
    weave("a\nb\nc\nd", "b\nc\nd", "b\nc\nD", "b\nc\nD");
}

static void line_ends_are_kept_as_they_are(void **state)
{
    (void)state;
    weave("a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", "A\r\nb\r\nC\r\n");
    weave("a\n\n\nb\n", "a\n\n\nB\n", "A\n\n\nb\n", "A\n\n\nB\n");
    weave("a\nb", "a\nb\n", "A\nb", "A\nb\n");
}

/* `n` lines "number\n"; line `odd` reads otherwise. */
static void number_lines(struct buf *out, size_t n, size_t odd, char mark)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%zu%c\n", i, i == odd ? mark : ' ');
}

static void long_texts_merge_up_to_the_limits(void **state)
{
    (void)state;
    struct buf base = {0}, ours = {0}, theirs = {0}, out = {0};
    bool clean = false;
    for (size_t lines = MERGE_PARAGRAPHS_MAX - 1; lines <= MERGE_PARAGRAPHS_MAX; lines++) {
        buf_clear(&base);
        buf_clear(&ours);
        buf_clear(&theirs);
        number_lines(&base, lines, lines, ' ');
        number_lines(&ours, lines, 3, 'x');
        number_lines(&theirs, lines, lines - 3, 'y');
        assert_int_equal(
            merge_text(buf_str(&base), buf_str(&ours), buf_str(&theirs), &out, &clean), ERR_OK);
        /* The empty line after the last line end counts too. */
        assert_int_equal(clean, lines < MERGE_PARAGRAPHS_MAX);
        assert_int_equal(out.n > 0, clean);
        buf_clear(&out);
    }
    buf_clear(&base);
    buf_clear(&ours);
    buf_clear(&theirs);
    number_lines(&base, MERGE_EDITS_MAX, 0, ' ');
    for (size_t i = 0; i < MERGE_EDITS_MAX / 2 - 1; i++)
        buf_text(&ours, "new\n");
    number_lines(&ours, MERGE_EDITS_MAX / 2 + 1, 0, ' ');
    number_lines(&theirs, MERGE_EDITS_MAX, MERGE_EDITS_MAX - 1, 'y');
    assert_int_equal(merge_text(buf_str(&base), buf_str(&ours), buf_str(&theirs), &out, &clean),
                     ERR_OK);
    assert_false(clean);
    buf_done(&base);
    buf_done(&ours);
    buf_done(&theirs);
    buf_done(&out);
}

static void without_memory_nothing_is_written(void **state)
{
    (void)state;
    struct value base = value_text(STR("a\nb\nc"));
    struct merge_side current = text_side("A\nb\nc", 1000);
    struct merge_side incoming = text_side("a\nb\nC\nd", 2000);
    bool lasting = false;
    do {
        enum err err = ERR_NOMEM;
        for (uint64_t n = 1; err != ERR_OK; n++) {
            struct buf text = {0};
            enum merge_outcome outcome = MERGED_REFUSE;
            const char *why = NULL;
            alloc_fail_at(ALLOC_OURS, n, lasting);
            err = merge_field(&prose, false, &base, &current, &incoming, &text, &outcome, &why);
            bool refused = alloc_fail_refused() > 0;
            alloc_fail_off();
            assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
            assert_int_equal(text.n, refused ? 0 : strlen("A\nb\nC\nd"));
            assert_int_equal(outcome, refused ? MERGED_REFUSE : MERGED_TEXT);
            buf_done(&text);
        }
        lasting = !lasting;
    } while (lasting);
}

static void a_full_output_is_an_error_and_not_half_a_text(void **state)
{
    (void)state;
    struct buf out = {0};
    buf_init(&out, 4);
    bool clean = false;
    assert_int_equal(merge_text(STR("a\nb\nc"), STR("A\nb\nc"), STR("a\nb\nC"), &out, &clean),
                     ERR_LIMIT);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_later_edit_wins_and_the_earlier_is_shown),
        cmocka_unit_test(equal_times_are_decided_by_the_stamp),
        cmocka_unit_test(equal_stamps_are_decided_by_the_value),
        cmocka_unit_test(the_same_value_is_no_conflict_under_any_rule),
        cmocka_unit_test(the_further_state_wins_without_a_loser),
        cmocka_unit_test(states_of_one_rank_go_to_the_later_and_show_the_other),
        cmocka_unit_test(a_code_outside_the_lattice_yields_and_is_shown),
        cmocka_unit_test(under_review_the_current_value_stays),
        cmocka_unit_test(once_set_a_value_stays_for_review),
        cmocka_unit_test(a_locked_field_refuses_another_value),
        cmocka_unit_test(edits_of_different_paragraphs_both_survive),
        cmocka_unit_test(edits_of_one_paragraph_are_both_readable),
        cmocka_unit_test(a_missing_base_counts_as_an_empty_text),
        cmocka_unit_test(a_text_that_contains_the_other_edit_is_taken_whole),
        cmocka_unit_test(a_merged_text_too_long_for_its_field_is_a_conflict),
        cmocka_unit_test(a_merged_text_too_long_to_travel_is_a_conflict),
        cmocka_unit_test(two_deletions_never_leave_an_empty_text),
        cmocka_unit_test(a_text_left_alone_gives_the_other),
        cmocka_unit_test(neighbouring_paragraphs_merge),
        cmocka_unit_test(additions_at_different_places_merge),
        cmocka_unit_test(additions_at_one_place_overlap_unless_identical),
        cmocka_unit_test(the_same_change_on_both_sides_is_made_once),
        cmocka_unit_test(line_ends_are_kept_as_they_are),
        cmocka_unit_test(long_texts_merge_up_to_the_limits),
        cmocka_unit_test(without_memory_nothing_is_written),
        cmocka_unit_test(a_full_output_is_an_error_and_not_half_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
