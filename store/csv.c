/* SPDX-License-Identifier: Apache-2.0 */
#include "store/csv.h"

/* Where the reader stands. */
enum state {
    AT_HEADER, /* looking at the first line for the separator */
    AT_ROW,    /* before the first field of a row */
    AT_FIELD,  /* before a field */
    IN_PLAIN,
    IN_QUOTED,
    AFTER_QUOTE, /* a quote inside a quoted field: its end, or half of a doubled one */
    SKIPPING,    /* the rest of a line that could not be read */
};

enum {
    TEXT_BYTES_MAX = 8 * 1024 * 1024, /* a row, and a chunk and what was held grown threefold */
};

static const char separators[3] = {';', ',', '\t'};
static const char mark[] = "\xef\xbb\xbf";

/* What Windows-1252 has at 0x80..0x9f; 0 where it has nothing. */
static const uint16_t cp1252_high[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

void csv_in_init(struct csv_in *in)
{
    memset(in, 0, sizeof *in);
    buf_init(&in->text, TEXT_BYTES_MAX);
    in->line = 1;
    in->row_line = 1;
    in->state = AT_HEADER;
}

void csv_in_done(struct csv_in *in)
{
    buf_done(&in->held);
    buf_done(&in->text);
    buf_done(&in->row);
}

/* ---- bytes to UTF-8 ---- */

/* Bytes of s that are ASCII but not NUL. */
static size_t ascii_run(struct str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != '\0' && (unsigned char)s.p[i] < 0x80)
        i++;
    return i;
}

/* Length of the well-formed UTF-8 s starts with. */
static size_t utf8_run(struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        size_t step = str_utf8_step((struct str){s.p + i, s.n - i});
        if (step == 0)
            break;
        i += step;
    }
    return i;
}

/* May s, which is no whole character, be the front of one? */
static bool utf8_cut(struct str s)
{
    if (s.n == 0 || s.n > 3)
        return false;
    char whole[4] = {'\x80', '\x80', '\x80', '\x80'};
    memcpy(whole, s.p, s.n);
    static const char second[] = "\x80\x90\xa0"; /* one of these suits every first byte */
    for (size_t i = 0; i < 3; i++) {
        if (s.n == 1)
            whole[1] = second[i];
        if (str_utf8_step((struct str){whole, sizeof whole}) > s.n)
            return true;
    }
    return false;
}

/* Append what is readable of s as Windows-1252; bytes used. */
static size_t add_cp1252(struct buf *text, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        uint16_t u = c >= 0x80 && c < 0xa0 ? cp1252_high[c - 0x80] : c;
        if (u == 0)
            return i;
        if (u >= 0x800)
            buf_u8(text, (uint8_t)(0xe0 | u >> 12));
        if (u >= 0x800)
            buf_u8(text, (uint8_t)(0x80 | (u >> 6 & 0x3f)));
        else if (u >= 0x80)
            buf_u8(text, (uint8_t)(0xc0 | u >> 6));
        buf_u8(text, (uint8_t)(u < 0x80 ? u : 0x80 | (u & 0x3f)));
    }
    return s.n;
}

/* Decide the encoding on the bytes held, when they are enough to. */
static void decide(struct csv_in *in)
{
    struct str s = buf_str(&in->held);
    if (s.n < CSV_SNIFF_BYTES && !in->last)
        return;
    if (s.n > CSV_SNIFF_BYTES)
        s.n = CSV_SNIFF_BYTES;
    size_t good = utf8_run(s);
    struct str rest = {s.p + good, s.n - good};
    bool more_follows = in->held.n > s.n || !in->last;
    bool utf8 = rest.n == 0 || rest.p[0] == '\0' || (more_follows && utf8_cut(rest));
    in->encoding = utf8 ? CSV_UTF8 : CSV_CP1252;
}

/* Move what can be decoded from `held` to `text`. */
static void decode(struct csv_in *in)
{
    if (in->encoding == CSV_UNKNOWN) {
        size_t plain = ascii_run(buf_str(&in->held));
        buf_add(&in->text, in->held.p, plain);
        buf_drop(&in->held, plain);
        if (in->held.n == 0)
            return;
        decide(in);
    }
    struct str s = buf_str(&in->held);
    size_t used = 0;
    switch (in->encoding) {
    case CSV_UNKNOWN:
        return;
    case CSV_UTF8:
        used = utf8_run(s);
        buf_add(&in->text, s.p, used);
        s = (struct str){s.p + used, s.n - used};
        in->foreign = s.n > 0 && (in->last || !utf8_cut(s));
        break;
    case CSV_CP1252:
        used = add_cp1252(&in->text, s);
        in->foreign = used < s.n;
        break;
    }
    buf_drop(&in->held, used);
}

/* Look for the byte order mark; false while there are too few bytes to tell. */
static bool start(struct csv_in *in)
{
    size_t n = in->held.n < 3 ? in->held.n : 3;
    bool alike = n > 0 && memcmp(in->held.p, mark, n) == 0;
    if (alike && n < 3 && !in->last)
        return false;
    if (alike && n == 3) {
        buf_drop(&in->held, 3);
        in->encoding = CSV_UTF8;
    }
    in->started = n > 0;
    return in->started;
}

enum err csv_feed(struct csv_in *in, struct str chunk, bool last)
{
    must(!in->last && chunk.n <= CSV_CHUNK_BYTES_MAX);
    in->last = last;
    if (in->foreign)
        return ERR_OK;
    buf_drop(&in->text, in->row_at);
    in->at -= in->row_at;
    in->row_at = 0;
    buf_add(&in->held, chunk.p, chunk.n);
    if (in->held.err == ERR_OK && (in->started || start(in)))
        decode(in);
    return in->held.err != ERR_OK ? in->held.err : in->text.err;
}

/* ---- rows ---- */

static bool line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* Has no more text than what was looked at been fed, and will no more come? */
static bool at_end(const struct csv_in *in)
{
    return in->last || in->foreign;
}

/* Forget the row given out or given up, and the text before `at`. */
static void begin_row(struct csv_in *in)
{
    in->n = 0;
    in->row.n = 0;
    in->row_at = in->at;
    in->row_line = in->line;
    in->state = AT_ROW;
    in->ready = false;
}

/* Take the line end at `at`; the LF of a CRLF is left for the next row to pass over. */
static void pass_line_end(struct csv_in *in)
{
    in->after_cr = in->text.p[in->at] == '\r';
    in->at++;
    in->line++;
}

/* Say what is wrong with the row and go on with the line after the one it starts on, so that a
 * forgotten quote costs one row and not the rest of the file. */
static void give_up(struct csv_in *in, struct csv_place *place)
{
    *place = (struct csv_place){in->row_line, in->n + 1};
    in->at = in->row_at;
    in->line = in->row_line;
    begin_row(in);
    in->state = SKIPPING;
}

static enum err fault(struct csv_in *in, struct csv_place *place, struct note *why,
                      enum err err, const char *what)
{
    give_up(in, place);
    if (note_words != NULL)
        what = note_words(what);
    return note_set(why, err, "ligne %llu, colonne %u : %s", (unsigned long long)place->line,
                    (unsigned)place->column, what);
}

/* `sep=;` alone on the first line, as Excel writes it: take it and pass over the line. */
static bool declared(struct csv_in *in, struct str line)
{
    if (line.n != 5 || memcmp(line.p, "sep=", 4) != 0 ||
        memchr(separators, line.p[4], sizeof separators) == NULL)
        return false;
    in->separator = line.p[4];
    in->at += line.n;
    if (in->at < in->text.n)
        pass_line_end(in);
    return true;
}

/* Choose the separator on the first line; false while its end was not seen. */
static bool sniff(struct csv_in *in)
{
    const char *text = (const char *)in->text.p;
    while (in->at < in->text.n && line_end(text[in->at])) {
        if (!(in->after_cr && text[in->at] == '\n'))
            in->line++;
        in->after_cr = text[in->at] == '\r';
        in->at++;
    }
    if (in->sniff_at < in->at)
        in->sniff_at = in->at;
    size_t i = in->sniff_at;
    for (; i < in->text.n && (in->sniff_quoted || !line_end(text[i])); i++) {
        if (text[i] == '"')
            in->sniff_quoted = !in->sniff_quoted;
        for (size_t k = 0; k < sizeof separators && !in->sniff_quoted; k++)
            in->counts[k] += text[i] == separators[k];
    }
    in->sniff_at = i;
    if (i == in->text.n && !at_end(in) && i - in->at <= CSV_ROW_BYTES_MAX)
        return false;
    if (i == in->at || !declared(in, (struct str){text + in->at, i - in->at})) {
        size_t best = 0;
        for (size_t k = 1; k < sizeof separators; k++)
            best = in->counts[k] > in->counts[best] ? k : best;
        in->separator = separators[best];
    }
    begin_row(in);
    return true;
}

static bool end_field(struct csv_in *in)
{
    if (in->n == CSV_COLUMNS_MAX)
        return false;
    in->ends[in->n++] = (uint32_t)in->row.n;
    return true;
}

/* The bytes from `at` on that are plain in this state: add them to the field. */
static void take_run(struct csv_in *in)
{
    const char *text = (const char *)in->text.p;
    size_t from = in->at;
    size_t i = from;
    if (in->state == IN_PLAIN) {
        while (i < in->text.n && text[i] != in->separator && !line_end(text[i]))
            i++;
    } else {
        for (; i < in->text.n && text[i] != '"'; i++) {
            in->line += text[i] == '\r' || (text[i] == '\n' && !in->after_cr);
            in->after_cr = text[i] == '\r';
        }
    }
    buf_add(&in->row, text + from, i - from);
    in->at = i;
}

/* The byte at `at` stands before a row: empty lines and halves of line ends are passed over. */
static void before_row(struct csv_in *in)
{
    char c = (char)in->text.p[in->at];
    if (c == '\n' && in->after_cr) {
        in->after_cr = false;
        in->at++;
        in->row_at = in->at;
        return;
    }
    in->after_cr = false;
    if (line_end(c)) {
        pass_line_end(in);
        begin_row(in);
        return;
    }
    in->state = AT_FIELD;
}

/* A field ends at `at`, with a separator, a line end or the file. */
static enum err after_field(struct csv_in *in, const char **what)
{
    bool last = in->at == in->text.n;
    char c = last ? '\n' : (char)in->text.p[in->at];
    if (c != in->separator && !line_end(c)) {
        *what = N_("du texte suit le guillemet fermant");
        return ERR_FORMAT;
    }
    if (!end_field(in)) {
        *what = N_("trop de colonnes");
        return ERR_LIMIT;
    }
    if (c == in->separator) {
        in->at++;
        in->state = AT_FIELD;
        return ERR_OK;
    }
    if (!last)
        pass_line_end(in);
    in->ready = true;
    return ERR_OK;
}

static void skip_line(struct csv_in *in)
{
    while (in->at < in->text.n && !line_end((char)in->text.p[in->at]))
        in->at++;
    in->row_at = in->at;
    if (in->at < in->text.n) {
        pass_line_end(in);
        begin_row(in);
    }
}

/* Look at the byte at `at`, and at those after it that are like it. */
static enum err step(struct csv_in *in, const char **what)
{
    char c = (char)in->text.p[in->at];
    switch ((enum state)in->state) {
    case AT_HEADER:
        must(false);
    case AT_ROW:
        before_row(in);
        return ERR_OK;
    case AT_FIELD:
        in->state = c == '"' ? IN_QUOTED : IN_PLAIN;
        in->at += c == '"';
        in->after_cr = false;
        return ERR_OK;
    case IN_PLAIN:
        take_run(in);
        break;
    case IN_QUOTED:
        take_run(in);
        if (in->at == in->text.n)
            break;
        in->at++;
        in->state = AFTER_QUOTE;
        break;
    case AFTER_QUOTE:
        if (c != '"')
            return after_field(in, what);
        buf_u8(&in->row, '"');
        in->at++;
        in->state = IN_QUOTED;
        return ERR_OK;
    case SKIPPING:
        skip_line(in);
        return ERR_OK;
    }
    if (in->at - in->row_at > CSV_ROW_BYTES_MAX) {
        *what = N_("ligne trop longue");
        return ERR_LIMIT;
    }
    return in->state == IN_PLAIN && in->at < in->text.n ? after_field(in, what) : ERR_OK;
}

/* All text was looked at and the file ends: what becomes of the row begun? */
static enum err finish(struct csv_in *in, const char **what)
{
    switch ((enum state)in->state) {
    case AT_HEADER:
    case AT_ROW:
    case SKIPPING:
        return ERR_OK;
    case IN_QUOTED:
        *what = N_("guillemet jamais refermé");
        return ERR_FORMAT;
    case AT_FIELD:
    case IN_PLAIN:
    case AFTER_QUOTE:
        break;
    }
    return after_field(in, what);
}

static enum err foreign(const struct csv_in *in, struct csv_place *place, struct note *why)
{
    *place = (struct csv_place){in->line, in->n + 1};
    const char *what = in->held.p[0] == '\0'
                           ? N_("octet nul : ce n'est pas un fichier CSV (un classeur doit "
                                "d'abord être enregistré en CSV)")
                           : N_("caractère qui n'est ni en UTF-8 ni en Windows-1252");
    if (note_words != NULL)
        what = note_words(what);
    return note_set(why, ERR_INVALID, "ligne %llu, colonne %u : %s",
                    (unsigned long long)place->line, (unsigned)place->column, what);
}

/* Read on to the end of a row or of the text fed. */
static enum err read_row(struct csv_in *in, struct csv_place *place, struct note *why)
{
    const char *what = "";
    enum err err = ERR_OK;
    while (err == ERR_OK && !in->ready && in->at < in->text.n)
        err = step(in, &what);
    if (err == ERR_OK && in->row.err != ERR_OK)
        return in->row.err;
    if (err == ERR_OK && !in->ready && in->foreign)
        return foreign(in, place, why);
    if (err == ERR_OK && !in->ready && in->last)
        err = finish(in, &what);
    return err == ERR_OK ? ERR_OK : fault(in, place, why, err, what);
}

enum err csv_next(struct csv_in *in, struct csv_row *row, bool *got, struct csv_place *place,
                  struct note *why)
{
    struct csv_place here = {0, 0};
    if (in->ready)
        begin_row(in);
    if (in->state == AT_HEADER && !sniff(in)) {
        *got = false;
        return ERR_OK;
    }
    enum err err = read_row(in, &here, why);
    if (err != ERR_OK) {
        if (place != NULL)
            *place = here;
        return err;
    }
    *got = in->ready;
    if (!in->ready)
        return ERR_OK;
    uint32_t from = 0;
    for (uint32_t i = 0; i < in->n; i++) {
        in->field[i] = STR("");
        if (in->ends[i] > from)
            in->field[i] = (struct str){(const char *)in->row.p + from, in->ends[i] - from};
        from = in->ends[i];
    }
    *row = (struct csv_row){in->field, in->n, in->row_line};
    return ERR_OK;
}

/* ---- writer ---- */

/* Would a spreadsheet take it for a formula once its leading apostrophes are gone? */
static bool formula(struct str text)
{
    size_t i = 0;
    while (i < text.n && text.p[i] == '\'')
        i++;
    return i < text.n && memchr("=+-@\t\r", text.p[i], 6) != NULL;
}

struct str csv_plain_text(struct str field)
{
    if (field.n > 0 && field.p[0] == '\'' && formula(field))
        return (struct str){field.p + 1, field.n - 1};
    return field;
}

void csv_out_init(struct csv_out *out, struct buf *buf, bool bom)
{
    if (bom)
        buf_text(buf, mark);
    *out = (struct csv_out){.buf = buf, .from = buf->n};
}

/* Must it stand in quotes? On the first line so must the other separators, lest a reader takes
 * them for ours, and the two things that mean something at the start of a file. */
static bool needs_quotes(const struct csv_out *out, struct str text)
{
    size_t special = out->below ? 4 : 6;
    for (size_t i = 0; i < text.n; i++) {
        if (memchr(";\"\r\n,\t", text.p[i], special) != NULL)
            return true;
    }
    if (out->below)
        return false;
    return (text.n >= 3 && memcmp(text.p, mark, 3) == 0) ||
           (text.n >= 4 && memcmp(text.p, "sep=", 4) == 0);
}

static void field(struct csv_out *out, struct str text, const char *before)
{
    if (out->n++ > 0)
        buf_u8(out->buf, ';');
    if (!needs_quotes(out, text)) {
        buf_text(out->buf, before);
        buf_add(out->buf, text.p, text.n);
        return;
    }
    buf_u8(out->buf, '"');
    buf_text(out->buf, before);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            buf_u8(out->buf, '"');
        buf_u8(out->buf, (uint8_t)text.p[i]);
    }
    buf_u8(out->buf, '"');
}

void csv_text(struct csv_out *out, struct str text)
{
    field(out, text, formula(text) ? "'" : "");
}

void csv_value(struct csv_out *out, struct str text)
{
    field(out, text, "");
}

void csv_end_row(struct csv_out *out)
{
    must(out->n > 0);
    if (out->n == 1 && out->buf->n == out->from)
        buf_text(out->buf, "\"\""); /* an empty line would be passed over */
    buf_text(out->buf, "\r\n");
    out->n = 0;
    out->below = true;
    out->from = out->buf->n;
}
