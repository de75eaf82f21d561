/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sound.h"

#include "store/fold.h"

#include <stdlib.h>

/* ---- one word ---- */

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

static char at(struct str word, size_t i)
{
    return i < word.n ? word.p[i] : '\0';
}

/* The sound that begins at `i`; moves *i past its letters. NUL: nothing is heard. */
static char sound_at(struct str word, size_t *i)
{
    char c = at(word, *i);
    char next = at(word, *i + 1);
    (*i)++;
    if ((c == 'c' || c == 's') && next == 'h') {
        (*i)++;
        return 's';
    }
    if (c == 'p' && next == 'h') {
        (*i)++;
        return 'f';
    }
    if (c == 'c')
        return next == 'e' || next == 'i' || next == 'y' ? 's' : 'k';
    if (c == 'q')
        return 'k';
    if (c == 'z' || c == 'x')
        return 's';
    if (c == 'w')
        return 'v';
    return c == 'h' || is_vowel(c) ? '\0' : c;
}

/* Heard at the end of a word, or not: Dupont, Dupond. */
static bool is_mute_end(char c)
{
    return c == 's' || c == 't' || c == 'd';
}

static void add_sound(struct str word, struct buf *out)
{
    size_t start = out->n;
    size_t first = at(word, 0) == 'h' ? 1 : 0;
    if (is_vowel(at(word, first)))
        buf_u8(out, 'a');
    for (size_t i = 0; i < word.n && out->err == ERR_OK;) {
        char c = sound_at(word, &i);
        bool doubled = out->n > start && out->p[out->n - 1] == (uint8_t)c;
        if (c != '\0' && !doubled)
            buf_u8(out, (uint8_t)c);
    }
    enum { KEPT_MIN = 2 };
    while (out->err == ERR_OK && out->n > start + KEPT_MIN &&
           is_mute_end((char)out->p[out->n - 1]))
        out->n--;
}

/* ---- all words ---- */

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The words of folded text, sounded or not, end to end in `all`; `ends` where each stops. */
static size_t split(struct str text, bool sounded, struct buf *all, size_t *ends, size_t n)
{
    while (text.n > 0 && n < SOUND_WORDS_MAX) {
        const char *gap = memchr(text.p, ' ', text.n);
        struct str word = {text.p, gap == NULL ? text.n : (size_t)(gap - text.p)};
        size_t used = word.n + (gap == NULL ? 0 : 1);
        if (sounded)
            add_sound(word, all);
        else
            buf_add(all, word.p, word.n);
        ends[n++] = all->n;
        text = (struct str){text.p + used, text.n - used};
    }
    return n;
}

static void names(struct str a, struct str b, bool sounded, struct buf *out)
{
    struct buf folded = {.max = SOUND_BYTES_MAX * 4};
    struct buf all = {.max = SOUND_BYTES_MAX * 4};
    size_t ends[SOUND_WORDS_MAX];
    struct str words[SOUND_WORDS_MAX];
    fold_text(a, &folded);
    if (folded.n > 0)
        buf_u8(&folded, ' ');
    fold_text(b, &folded);
    size_t n = split(buf_str(&folded), sounded, &all, ends, 0);
    for (size_t i = 0; i < n; i++) {
        size_t from = i == 0 ? 0 : ends[i - 1];
        words[i] = (struct str){(const char *)all.p + from, ends[i] - from};
    }
    if (n > 0)
        qsort(words, n, sizeof words[0], by_text);
    size_t start = out->n;
    for (size_t i = 0; i < n && out->n - start < SOUND_BYTES_MAX; i++)
        buf_add(out, words[i].p, words[i].n);
    if (folded.err == ERR_NOMEM || all.err == ERR_NOMEM)
        out->err = ERR_NOMEM;
    buf_done(&folded);
    buf_done(&all);
}

void sound_names(struct str a, struct str b, struct buf *out)
{
    names(a, b, true, out);
}

void sound_words(struct str a, struct str b, struct buf *out)
{
    names(a, b, false, out);
}
