/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fold.h"

#include <assert.h>

enum { LATIN_FIRST = 0xC0, LATIN_END = 0x180, MARKS_FIRST = 0x300, MARKS_END = 0x370 };

/* Base letters of U+00C0..U+017F. A digit stands for two letters, see below. */
static const char latin[] = "aaaaaa1ceeeeiiiidnooooo ouuuuy43aaaaaa1ceeeeiiiidnooooo ouuuuy4y"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii55jjkkk"
                            "llllllllllnnnnnnnnnoooooo22rrrrrrssssssssttttttuuuuuuuuuuuu"
                            "wwyyyzzzzzzs";
static_assert(sizeof latin - 1 == LATIN_END - LATIN_FIRST, "one letter per code point");
static const char *const pairs[] = {"", "ae", "oe", "ss", "th", "ij"};

/* Of an ASCII byte: the letter or digit it is folded to, 0 = a gap. */
static uint8_t ascii(uint8_t c)
{
    bool kept = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
    bool capital = c >= 'A' && c <= 'Z';
    return (uint8_t)(kept ? c : capital ? c - 'A' + 'a' : 0);
}

static uint32_t code_point(const uint8_t *p, size_t n)
{
    if (n == 1)
        return p[0];
    uint32_t c = p[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3Fu);
    return c;
}

/* Blanks and punctuation people write in one way or another, or forget. */
static bool is_gap(uint32_t c)
{
    if (c < 0x80)
        return ascii((uint8_t)c) == 0;
    return c < LATIN_FIRST || (c >= 0x2000 && c < 0x2070);
}

static void add_letter(struct buf *out, uint32_t c, const uint8_t *p, size_t n)
{
    if (c < 0x80) {
        buf_u8(out, ascii((uint8_t)c));
    } else if (c < LATIN_END) {
        char base = latin[c - LATIN_FIRST];
        if (base >= '1' && base <= '5')
            buf_text(out, pairs[base - '0']);
        else
            buf_u8(out, (uint8_t)base);
    } else {
        buf_add(out, p, n);
    }
}

void fold_text(struct str text, struct buf *out)
{
    bool any = false;
    bool gap = false;
    while (text.n > 0) {
        const uint8_t *p = (const uint8_t *)text.p;
        size_t n = p[0] < 0x80 ? p[0] != 0 : str_utf8_step(text);
        uint32_t c = n == 0 ? ' ' : code_point(p, n);
        n = n == 0 ? 1 : n;
        text = (struct str){text.p + n, text.n - n};
        if (is_gap(c)) {
            gap = true;
            continue;
        }
        if (c >= MARKS_FIRST && c < MARKS_END) /* an accent written apart from its letter */
            continue;
        if (gap && any)
            buf_u8(out, ' ');
        gap = false;
        any = true;
        add_letter(out, c, p, n);
    }
}
