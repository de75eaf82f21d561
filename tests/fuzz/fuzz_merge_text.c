/* SPDX-License-Identifier: Apache-2.0 */
/* Any three texts, parted by bytes 0xff: the merge is the same both ways, never half done,
 * keeps an unchanged side's other side whole, and makes up no line.
 */
#include "proto/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PART = 0xff };

/* The text before the next part mark; the cursor moves past the mark. */
static struct str part(struct str *rest)
{
    const char *end = rest->n == 0 ? NULL : memchr(rest->p, PART, rest->n);
    struct str text = {rest->p, end == NULL ? rest->n : (size_t)(end - rest->p)};
    size_t used = end == NULL ? rest->n : text.n + 1;
    *rest = (struct str){rest->p + used, rest->n - used};
    return text;
}

/* The line at *at, and *at moved behind it; false after the last. */
static bool next_line(struct str text, size_t *at, struct str *line)
{
    if (*at > text.n)
        return false;
    size_t end = *at;
    while (end < text.n && text.p[end] != '\n')
        end++;
    *line = (struct str){text.p + *at, end - *at};
    *at = end + 1;
    return true;
}

static bool has_line(struct str text, struct str want)
{
    struct str line;
    for (size_t at = 0; next_line(text, &at, &line);) {
        if (str_eq(line, want))
            return true;
    }
    return false;
}

/* Merge into `out`, cleared first. */
static bool merge(struct str base, struct str a, struct str b, struct buf *out)
{
    bool clean = false;
    buf_clear(out);
    must(merge_text(base, a, b, out, &clean) == ERR_OK);
    must(clean || out->n == 0);
    return clean;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str base = part(&rest), ours = part(&rest), theirs = part(&rest);
    struct buf one = {0}, other = {0};
    bool clean = merge(base, ours, theirs, &one);
    must(merge(base, theirs, ours, &other) == clean);
    must(str_eq(buf_str(&one), buf_str(&other)));
    struct str line;
    for (size_t at = 0; clean && one.n > 0 && next_line(buf_str(&one), &at, &line);)
        must(has_line(base, line) || has_line(ours, line) || has_line(theirs, line));
    must(merge(base, ours, base, &other) && str_eq(buf_str(&other), ours));
    must(merge(base, base, theirs, &other) && str_eq(buf_str(&other), theirs));
    must(merge(base, ours, ours, &other) && str_eq(buf_str(&other), ours));
    buf_done(&one);
    buf_done(&other);
    return 0;
}
