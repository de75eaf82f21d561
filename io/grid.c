/* SPDX-License-Identifier: Apache-2.0 */
#include "io/grid.h"

struct range {
    uint32_t from, to;
};

/* Marks that stand over, under or inside the character before them; joiners. */
static const struct range no_columns[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},
    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}};
static const struct range two_columns[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},  {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3},  {0xf900, 0xfaff},
    {0xfe30, 0xfe4f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

static bool within(uint32_t c, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= ranges[i].from && c <= ranges[i].to)
            return true;
    }
    return false;
}

/* Directions and invisible characters could make a line show something else than it says. */
static bool steers(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

struct glyph {
    size_t bytes;   /* in the text */
    size_t columns; /* on the screen */
    bool shown;     /* its bytes may go to the terminal */
};

/* The character text starts with; text is not empty. */
static struct glyph glyph_of(struct str text)
{
    unsigned char first = (unsigned char)text.p[0];
    if (first >= 0x20 && first < 0x7f)
        return (struct glyph){1, 1, true};
    size_t bytes = str_utf8_step(text);
    if (bytes == 0)
        return (struct glyph){1, 1, false};
    uint32_t c = bytes == 1 ? first : first & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++)
        c = c << 6 | ((unsigned char)text.p[i] & 0x3f);
    if (steers(c))
        return (struct glyph){bytes, 1, false};
    if (c < 0x300)
        return (struct glyph){bytes, 1, true};
    if (within(c, no_columns, sizeof no_columns / sizeof no_columns[0]))
        return (struct glyph){bytes, 0, true};
    bool wide = within(c, two_columns, sizeof two_columns / sizeof two_columns[0]);
    return (struct glyph){bytes, wide ? 2 : 1, true};
}

size_t grid_width(struct str text)
{
    size_t width = 0;
    while (text.n > 0) {
        struct glyph g = glyph_of(text);
        width += g.columns;
        text = (struct str){text.p + g.bytes, text.n - g.bytes};
    }
    return width;
}

/* Append the characters that fit into `width` columns; the columns used. */
static size_t add(struct buf *out, struct str text, size_t width)
{
    size_t used = 0;
    while (text.n > 0) {
        struct glyph g = glyph_of(text);
        if (g.columns > width - used)
            break;
        used += g.columns;
        if (g.shown)
            buf_add(out, text.p, g.bytes);
        else
            buf_u8(out, ' ');
        text = (struct str){text.p + g.bytes, text.n - g.bytes};
    }
    return used;
}

void grid_clean(struct buf *out, struct str text)
{
    for (;;) {
        const char *end = text.n == 0 ? NULL : memchr(text.p, '\n', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p);
        (void)add(out, (struct str){text.p, n}, SIZE_MAX);
        if (end == NULL)
            return;
        buf_u8(out, '\n');
        text = (struct str){end + 1, text.n - n - 1};
    }
}

static void spaces(struct buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_u8(out, ' ');
}

void grid_fit(struct buf *out, struct str text, size_t width, bool right_aligned)
{
    size_t need = grid_width(text);
    if (need <= width) {
        spaces(out, right_aligned ? width - need : 0);
        (void)add(out, text, width);
        spaces(out, right_aligned ? 0 : width - need);
        return;
    }
    if (width == 0)
        return;
    size_t used = add(out, text, width - 1);
    buf_text(out, "…");
    spaces(out, width - 1 - used);
}

static const char *const codes[] = {
    [GRID_PLAIN] = "",       [GRID_BOLD] = "\x1b[1m",   [GRID_DIM] = "\x1b[2m",
    [GRID_RED] = "\x1b[31m", [GRID_GREEN] = "\x1b[32m", [GRID_YELLOW] = "\x1b[33m"};

static void style_on(struct buf *out, enum grid_style style, bool color)
{
    if (color)
        buf_text(out, codes[style]);
}

static void style_off(struct buf *out, enum grid_style style, bool color)
{
    if (color && style != GRID_PLAIN)
        buf_text(out, "\x1b[0m");
}

void grid_paint(struct buf *out, struct str text, enum grid_style style, bool color)
{
    style_on(out, style, color);
    (void)add(out, text, SIZE_MAX);
    style_off(out, style, color);
}

void grid_init(struct grid *grid, const struct grid_column *columns, size_t n)
{
    must(n > 0 && n <= GRID_COLUMNS_MAX);
    *grid = (struct grid){.columns = columns, .n = n};
    for (size_t i = 0; i < n; i++)
        grid->width[i] = grid_width(str_of(columns[i].title));
}

void grid_done(struct grid *grid)
{
    buf_done(&grid->text);
    grid->cells = 0;
}

void grid_cell(struct grid *grid, struct str text, enum grid_style style)
{
    size_t at = grid->cells % grid->n;
    size_t width = grid_width(text);
    size_t most = grid->columns[at].width_max;
    if (most > 0 && width > most)
        width = most;
    if (width > grid->width[at])
        grid->width[at] = width;
    buf_be32(&grid->text, (uint32_t)text.n);
    buf_u8(&grid->text, (uint8_t)style);
    buf_add(&grid->text, text.p, text.n);
    grid->cells++;
}

/* One cell with the gap before it; nothing stands after the last one, so that lines carry no
 * spaces at their end. */
static void print_cell(const struct grid *grid, size_t column, struct str text,
                       enum grid_style style, bool color, struct buf *out)
{
    size_t width = grid->width[column];
    bool right = grid->columns[column].right;
    if (column > 0)
        buf_text(out, "  ");
    if (column + 1 == grid->n && !right && grid_width(text) < width)
        width = grid_width(text);
    style_on(out, style, color);
    grid_fit(out, text, width, right);
    style_off(out, style, color);
    if (column + 1 == grid->n)
        buf_u8(out, '\n');
}

enum err grid_print(const struct grid *grid, bool color, struct buf *out)
{
    if (grid->text.err != ERR_OK)
        return grid->text.err;
    must(grid->cells % grid->n == 0);
    for (size_t i = 0; grid->cells > 0 && i < grid->n; i++)
        print_cell(grid, i, str_of(grid->columns[i].title), GRID_BOLD, color, out);
    struct cur cur = cur_of(grid->text.p, grid->text.n);
    for (size_t i = 0; i < grid->cells; i++) {
        uint32_t n = cur_be32(&cur);
        enum grid_style style = (enum grid_style)cur_u8(&cur);
        print_cell(grid, i % grid->n, cur_take(&cur, n), style, color, out);
    }
    must(!cur.bad);
    return out->err;
}
