/* SPDX-License-Identifier: Apache-2.0 */
#include "store/search_words.h"

#include "store/fold.h"
#include "store/sound.h"

enum {
    NUMBER_DIGITS_MIN = 6,   /* fewer may be anything */
    COUNTRY_DIGITS_MIN = 10, /* with the country's 32 before it */
    SOUND_LETTERS_MIN = 3,   /* of a word, for its sound to say something, … */
    SOUND_SHORT = 2,         /* … which this, with its sign, does not */
    LETTERS_MAX = 32,
    SUM_CHARS_MIN = 32, /* an exact text of this length is a checksum, no word */
};
/* Signs before what is no word; the index takes them for letters (ddl.c). */
enum { SIGN_SOUND = '~', SIGN_LETTERS = '_' };

static bool is_text(const struct field *field)
{
    bool sum = field->max >= SUM_CHARS_MIN && field->min == field->max;
    return field->kind == KIND_TEXT && !field->masked && !sum;
}

bool search_covers(const struct table *table)
{
    for (uint16_t i = 0; i < table->field_count; i++)
        if (is_text(&table->fields[i]))
            return true;
    return false;
}

/* Does the table hold those who are called by their names? */
static bool has_names(const struct table *table)
{
    return table->id == TABLE_PERSON || table->id == TABLE_STAFF ||
           table->id == TABLE_CONTACT || table->id == TABLE_COMPANY;
}

static struct str next_word(struct str *rest)
{
    const char *gap = rest->n == 0 ? NULL : memchr(rest->p, ' ', rest->n);
    struct str word = {rest->p, gap == NULL ? rest->n : (size_t)(gap - rest->p)};
    size_t used = word.n + (gap == NULL ? 0 : 1);
    *rest = (struct str){rest->p + used, rest->n - used};
    return word;
}

/* The digits of a word that is nothing else, but for BE before a company's. */
static struct str digits_of(struct str word)
{
    if (word.n > NUMBER_DIGITS_MIN && word.p[0] == 'b' && word.p[1] == 'e')
        word = (struct str){word.p + 2, word.n - 2};
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] < '0' || word.p[i] > '9')
            return (struct str){NULL, 0};
    return word;
}

/* The run of digits that `text` begins with, however grouped, in one piece and as it is told
 * inside the country: without zeros, 32 or both before it. Returns the bytes it stands on, 0:
 * it is no number. */
static size_t number(struct str text, struct buf *out)
{
    struct str rest = text;
    struct str first = next_word(&rest);
    if (!str_eq(first, STR("be")))
        rest = text;
    size_t start = out->n;
    size_t used = 0;
    while (rest.n > 0) {
        struct str word = digits_of(next_word(&rest));
        if (word.n == 0)
            break;
        buf_add(out, word.p, word.n);
        used = text.n - rest.n;
    }
    if (out->err != ERR_OK || out->n - start < NUMBER_DIGITS_MIN) {
        out->n = start;
        return 0;
    }
    size_t cut = start;
    while (cut < out->n && out->p[cut] == '0')
        cut++;
    if (out->n - cut >= COUNTRY_DIGITS_MIN && out->p[cut] == '3' && out->p[cut + 1] == '2')
        cut += 2;
    while (cut < out->n && out->p[cut] == '0')
        cut++;
    memmove(out->p + start, out->p + cut, out->n - cut);
    out->n -= cut - start;
    return used;
}

/* Numbers among the folded words, once more. */
static void add_numbers(struct str folded, struct buf *out)
{
    while (folded.n > 0 && out->err == ERR_OK) {
        size_t before = out->n;
        buf_u8(out, ' ');
        size_t used = number(folded, out);
        if (used == 0) {
            out->n = before;
            (void)next_word(&folded);
        } else {
            folded = (struct str){folded.p + used, folded.n - used};
        }
    }
}

static void add_sound(struct str word, struct buf *out)
{
    buf_u8(out, SIGN_SOUND);
    sound_names(word, STR(""), out);
}

/* Its letters in the order of the alphabet: two that were exchanged stand right again. */
static void add_letters(struct str word, struct buf *out)
{
    char letters[LETTERS_MAX];
    size_t n = 0;
    for (; n < word.n && n < sizeof letters; n++) {
        size_t at = n;
        for (; at > 0 && letters[at - 1] > word.p[n]; at--)
            letters[at] = letters[at - 1];
        letters[at] = word.p[n];
    }
    buf_u8(out, SIGN_LETTERS);
    buf_add(out, letters, n);
}

static void add_names(struct str folded, struct buf *out)
{
    while (folded.n > 0) {
        struct str word = next_word(&folded);
        if (word.n < SOUND_LETTERS_MIN)
            continue;
        buf_u8(out, ' ');
        add_sound(word, out);
        buf_u8(out, ' ');
        add_letters(word, out);
    }
}

void search_words(const struct table *table, const struct value *values, struct buf *out)
{
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        if (!is_text(field) || values[i].type != VALUE_TEXT)
            continue;
        if (out->n > 0)
            buf_u8(out, ' ');
        size_t at = out->n;
        fold_text(values[i].s, out);
        /* What is added may move the words it is made of. */
        size_t n = out->n - at;
        struct buf folded = {0};
        if (out->err == ERR_OK)
            buf_add(&folded, out->p + at, n);
        add_numbers(buf_str(&folded), out);
        if (field->once_per_row && has_names(table))
            add_names(buf_str(&folded), out);
        if (folded.err != ERR_OK)
            out->err = folded.err;
        buf_done(&folded);
    }
}

void search_split(struct str text, struct buf *scratch, struct words *out)
{
    struct buf folded = {0};
    size_t ends[WORDS_MAX];
    size_t n = 0;
    fold_text(text, &folded);
    struct str rest = buf_str(&folded);
    while (rest.n > 0 && n < WORDS_MAX) {
        size_t used = number(rest, scratch);
        if (used > 0) {
            rest = (struct str){rest.p + used, rest.n - used};
        } else {
            struct str word = next_word(&rest);
            buf_add(scratch, word.p, word.n);
        }
        ends[n++] = scratch->n;
    }
    if (folded.err != ERR_OK)
        scratch->err = folded.err;
    out->n = scratch->err == ERR_OK ? n : 0;
    for (size_t i = 0; i < out->n; i++) {
        size_t from = i == 0 ? 0 : ends[i - 1];
        out->word[i] = (struct str){(const char *)scratch->p + from, ends[i] - from};
    }
    buf_done(&folded);
}

/* Folded words have no quotes in them. */
void search_match_word(struct str word, struct buf *out)
{
    buf_u8(out, '"');
    buf_add(out, word.p, word.n);
    buf_text(out, "\"*");
}

void search_match_words(const struct words *words, struct buf *out)
{
    for (size_t i = 0; i < words->n; i++) {
        buf_text(out, i == 0 ? "" : " AND ");
        search_match_word(words->word[i], out);
    }
}

void search_match_sounds(const struct words *words, struct buf *out)
{
    for (size_t i = 0; i < words->n; i++) {
        struct str word = words->word[i];
        buf_text(out, i == 0 ? "(" : " AND (");
        search_match_word(word, out);
        if (word.n >= SOUND_LETTERS_MIN) {
            size_t before = out->n;
            buf_text(out, " OR \"");
            size_t sound = out->n;
            add_sound(word, out);
            if (out->n - sound <= SOUND_SHORT) /* half the names have it */
                out->n = before;
            else
                buf_u8(out, '"');
            buf_text(out, " OR \"");
            add_letters(word, out);
            buf_u8(out, '"');
        }
        buf_u8(out, ')');
    }
}

int search_score(const struct words *words, struct str folded)
{
    int score = 0;
    for (size_t i = 0; i < words->n; i++) {
        struct str rest = folded;
        bool whole = false;
        while (rest.n > 0 && !whole)
            whole = str_eq(next_word(&rest), words->word[i]);
        score += whole ? 1 : 0;
    }
    return score;
}
