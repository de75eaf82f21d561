/* SPDX-License-Identifier: Apache-2.0 */
#include "io/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void json_out_init(struct json_out *out, struct buf *buf)
{
    *out = (struct json_out){.buf = buf};
}

/* What stands before a value: nothing after a key, a comma between elements. */
static void before_value(struct json_out *out)
{
    if (out->depth == 0) {
        must(!out->any);
        out->any = true;
        return;
    }
    uint32_t top = out->depth - 1;
    if (out->open[top] == '{') {
        must(out->keyed);
        out->keyed = false;
        return;
    }
    if (out->more[top])
        buf_u8(out->buf, ',');
    out->more[top] = true;
}

static void begin(struct json_out *out, char open)
{
    before_value(out);
    must(out->depth < JSON_DEPTH_MAX);
    out->open[out->depth] = open;
    out->more[out->depth] = false;
    out->depth++;
    buf_u8(out->buf, (uint8_t)open);
}

static void finish(struct json_out *out, char open, char close)
{
    must(out->depth > 0 && out->open[out->depth - 1] == open && !out->keyed);
    out->depth--;
    buf_u8(out->buf, (uint8_t)close);
}

void json_object(struct json_out *out)
{
    begin(out, '{');
}

void json_object_end(struct json_out *out)
{
    finish(out, '{', '}');
}

void json_array(struct json_out *out)
{
    begin(out, '[');
}

void json_array_end(struct json_out *out)
{
    finish(out, '[', ']');
}

static void escape(struct buf *buf, unsigned char c)
{
    static const char named[] = "btnvfr"; /* 8..13; 11 has no name in JSON */
    if (c == '"' || c == '\\') {
        buf_u8(buf, '\\');
        buf_u8(buf, c);
    } else if (c >= 8 && c <= 13 && c != 11) {
        buf_u8(buf, '\\');
        buf_u8(buf, (uint8_t)named[c - 8]);
    } else {
        buf_printf(buf, "\\u%04x", c);
    }
}

static void quote(struct buf *buf, struct str text)
{
    buf_u8(buf, '"');
    size_t from = 0;
    size_t i = 0;
    while (i < text.n) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        size_t step = c < 0x80 ? 0 : str_utf8_step((struct str){text.p + i, text.n - i});
        if (step > 0) {
            i += step;
            continue;
        }
        buf_add(buf, text.p + from, i - from);
        if (c < 0x80)
            escape(buf, c);
        else
            buf_text(buf, "\xef\xbf\xbd");
        from = ++i;
    }
    if (i > from)
        buf_add(buf, text.p + from, i - from);
    buf_u8(buf, '"');
}

void json_key_str(struct json_out *out, struct str key)
{
    must(out->depth > 0 && out->open[out->depth - 1] == '{' && !out->keyed);
    uint32_t top = out->depth - 1;
    if (out->more[top])
        buf_u8(out->buf, ',');
    out->more[top] = true;
    quote(out->buf, key);
    buf_u8(out->buf, ':');
    out->keyed = true;
}

void json_key(struct json_out *out, const char *key)
{
    json_key_str(out, str_of(key));
}

void json_str(struct json_out *out, struct str text)
{
    before_value(out);
    quote(out->buf, text);
}

void json_text(struct json_out *out, const char *text)
{
    if (text == NULL)
        json_null(out);
    else
        json_str(out, str_of(text));
}

void json_int(struct json_out *out, int64_t v)
{
    before_value(out);
    buf_printf(out->buf, "%" PRId64, v);
}

void json_uint(struct json_out *out, uint64_t v)
{
    before_value(out);
    buf_printf(out->buf, "%" PRIu64, v);
}

void json_real(struct json_out *out, double v)
{
    if (!isfinite(v)) {
        json_null(out);
        return;
    }
    before_value(out);
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        double back = strtod(text, NULL);
        if (back == v)
            break;
    }
    buf_text(out->buf, text);
    if (strpbrk(text, ".e") == NULL)
        buf_text(out->buf, ".0");
}

void json_bool(struct json_out *out, bool v)
{
    before_value(out);
    buf_text(out->buf, v ? "true" : "false");
}

void json_null(struct json_out *out)
{
    before_value(out);
    buf_text(out->buf, "null");
}

void json_number(struct json_out *out, struct str number)
{
    must(number.n > 0);
    before_value(out);
    buf_add(out->buf, number.p, number.n);
}

void json_line(struct json_out *out)
{
    must(out->depth == 0 && out->any);
    out->any = false;
    buf_u8(out->buf, '\n');
}

/* ---- reader ---- */

void json_in_init(struct json_in *in, struct str bytes, struct arena *arena)
{
    *in = (struct json_in){.start = bytes.p, .p = bytes.p, .arena = arena, .due = true};
    in->end = bytes.n == 0 ? bytes.p : bytes.p + bytes.n;
    if (bytes.n > JSON_BYTES_MAX) {
        in->err = ERR_LIMIT;
        in->what = N_("texte trop long");
    }
}

bool json_fail(struct json_in *in, enum err err, const char *what)
{
    if (in->err == ERR_OK) {
        in->err = err;
        in->what = what;
    }
    return false;
}

static void space(struct json_in *in)
{
    while (in->p < in->end &&
           (*in->p == ' ' || *in->p == '\t' || *in->p == '\n' || *in->p == '\r'))
        in->p++;
}

/* The next byte that is not white space, 0 at the end. */
static char peek(struct json_in *in)
{
    space(in);
    return in->p < in->end ? *in->p : '\0';
}

static bool word(struct json_in *in, const char *w)
{
    size_t n = strlen(w);
    if ((size_t)(in->end - in->p) < n || memcmp(in->p, w, n) != 0)
        return json_fail(in, ERR_FORMAT, N_("valeur attendue"));
    in->p += n;
    return true;
}

/* Run of digits; false when there is none. */
static bool digits(const char **p, const char *end)
{
    const char *from = *p;
    while (*p < end && **p >= '0' && **p <= '9')
        (*p)++;
    return *p > from;
}

static bool number(struct json_in *in, struct str *out)
{
    const char *p = in->p;
    const char *end = in->end;
    if (end - p > JSON_NUMBER_BYTES_MAX + 1)
        end = p + JSON_NUMBER_BYTES_MAX + 1;
    if (*p == '-')
        p++;
    bool ok = true;
    if (p < end && *p == '0')
        p++;
    else
        ok = digits(&p, end);
    if (ok && p < end && *p == '.') {
        p++;
        ok = digits(&p, end);
    }
    if (ok && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        ok = digits(&p, end);
    }
    if (p - in->p > JSON_NUMBER_BYTES_MAX)
        return json_fail(in, ERR_LIMIT, N_("nombre trop long"));
    if (!ok)
        return json_fail(in, ERR_FORMAT, N_("nombre mal formé"));
    *out = (struct str){in->p, (size_t)(p - in->p)};
    in->p = p;
    return true;
}

/* Four hex digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    int32_t v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int32_t d = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static char *put_utf8(char *to, int32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* Decode the \uXXXX at *p (which stands after the 'u'), with its second half if it has one. A
 * lone half has no UTF-8 form. */
static bool unicode(const char **p, const char *end, char **to)
{
    int32_t c = hex4(*p, end);
    if (c < 0 || (c >= 0xdc00 && c <= 0xdfff))
        return false;
    *p += 4;
    if (c >= 0xd800 && c <= 0xdbff) {
        if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
            return false;
        int32_t low = hex4(*p + 2, end);
        if (low < 0xdc00 || low > 0xdfff)
            return false;
        *p += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    *to = put_utf8(*to, c);
    return true;
}

/* Decode one escape; *p stands after the backslash. */
static bool unescape(const char **p, const char *end, char **to)
{
    if (*p == end)
        return false;
    static const char from[] = "\"\\/bfnrt";
    static const char into[] = "\"\\/\b\f\n\r\t";
    char c = *(*p)++;
    if (c == 'u')
        return unicode(p, end, to);
    const char *at = c == '\0' ? NULL : strchr(from, c);
    if (at == NULL)
        return false;
    *(*to)++ = into[at - from];
    return true;
}

/* Are the next eight bytes such that nothing is to be looked at: ASCII, none of them a control,
 * a quote or a backslash? A borrow may tell of one too many. */
static bool eight_plain(const char *p)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t tops = 0x8080808080808080u;
    uint64_t eight = 0;
    memcpy(&eight, p, sizeof eight);
    uint64_t quote = eight ^ (ones * '"');
    uint64_t slash = eight ^ (ones * '\\');
    return ((eight | (eight - ones * ' ') | (quote - ones) | (slash - ones)) & tops) == 0;
}

/* Find the closing quote of the string whose first byte is at p: NULL when there is none or a
 * byte between may not stand there. *plain: nothing to decode. */
static const char *string_end(struct json_in *in, const char *p, bool *plain)
{
    *plain = true;
    while (p < in->end && *p != '"') {
        if (in->end - p >= 8 && eight_plain(p)) {
            p += 8;
            continue;
        }
        unsigned char c = (unsigned char)*p;
        size_t step = 1;
        if (c == '\\') {
            *plain = false;
            step = in->end - p < 2 ? 1 : 2;
        } else if (c >= 0x80) {
            step = str_utf8_step((struct str){p, (size_t)(in->end - p)});
        }
        if (c < 0x20 || step == 0) {
            in->p = p;
            (void)json_fail(in, ERR_FORMAT,
                            c < 0x20 ? N_("caractère de contrôle dans un texte")
                                     : N_("texte qui n'est pas en UTF-8"));
            return NULL;
        }
        p += step;
    }
    if (p >= in->end) {
        (void)json_fail(in, ERR_FORMAT, N_("guillemet fermant absent"));
        return NULL;
    }
    return p;
}

/* in->p stands on the opening quote. */
static bool string(struct json_in *in, struct str *out)
{
    bool plain = true;
    const char *p = in->p + 1;
    const char *close = string_end(in, p, &plain);
    if (close == NULL)
        return false;
    size_t n = (size_t)(close - p);
    if (n > JSON_STRING_BYTES_MAX)
        return json_fail(in, ERR_LIMIT, N_("texte trop long"));
    if (plain) {
        *out = (struct str){p, n};
        in->p = close + 1;
        return true;
    }
    char *bytes = arena_new(in->arena, n); /* decoding never makes it longer */
    if (bytes == NULL)
        return json_fail(in, ERR_NOMEM, N_("mémoire épuisée"));
    char *to = bytes;
    while (p < close) {
        const char *run = memchr(p, '\\', (size_t)(close - p));
        size_t copy = (size_t)((run == NULL ? close : run) - p);
        memcpy(to, p, copy);
        to += copy;
        p += copy;
        if (run == NULL)
            break;
        in->p = p++;
        if (!unescape(&p, close, &to))
            return json_fail(in, ERR_FORMAT, N_("échappement mal formé"));
    }
    *out = (struct str){bytes, (size_t)(to - bytes)};
    in->p = close + 1;
    return true;
}

static bool enter(struct json_in *in)
{
    if (in->depth == JSON_DEPTH_MAX)
        return json_fail(in, ERR_LIMIT, N_("trop de niveaux imbriqués"));
    in->open[in->depth] = *in->p++;
    in->more[in->depth] = false;
    in->depth++;
    return true;
}

bool json_value(struct json_in *in, struct json_val *val)
{
    if (in->err != ERR_OK)
        return false;
    must(in->due);
    in->due = false;
    struct json_val v = {.kind = JSON_NULL};
    bool ok = false;
    char c = peek(in);
    if (c == '{' || c == '[') {
        v.kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        ok = enter(in);
    } else if (c == '"') {
        v.kind = JSON_STRING;
        ok = string(in, &v.text);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        v.kind = JSON_NUMBER;
        ok = number(in, &v.text);
    } else if (c == 't' || c == 'f') {
        v.kind = JSON_BOOL;
        v.truth = c == 't';
        ok = word(in, c == 't' ? "true" : "false");
    } else {
        ok = word(in, "null");
    }
    if (ok)
        *val = v;
    return ok;
}

/* Step to the next member or element of the innermost container, or out of it. */
static bool next(struct json_in *in, char close)
{
    uint32_t top = in->depth - 1;
    char c = peek(in);
    if (c == close) {
        in->p++;
        in->depth--;
        return false;
    }
    if (in->more[top]) {
        if (c != ',')
            return json_fail(in, ERR_FORMAT, N_("virgule ou fermeture attendue"));
        in->p++;
    }
    in->more[top] = true;
    in->due = true;
    return true;
}

bool json_member(struct json_in *in, struct str *key)
{
    if (in->err != ERR_OK)
        return false;
    must(in->depth > 0 && in->open[in->depth - 1] == '{' && !in->due);
    if (!next(in, '}'))
        return false;
    if (peek(in) != '"')
        return json_fail(in, ERR_FORMAT, N_("nom de champ entre guillemets attendu"));
    struct str k = {NULL, 0};
    if (!string(in, &k))
        return false;
    if (peek(in) != ':')
        return json_fail(in, ERR_FORMAT, N_("deux-points attendu"));
    in->p++;
    *key = k;
    return true;
}

bool json_element(struct json_in *in)
{
    if (in->err != ERR_OK)
        return false;
    must(in->depth > 0 && in->open[in->depth - 1] == '[' && !in->due);
    return next(in, ']');
}

/* Read on until only `depth` containers are open. */
static bool leave_to(struct json_in *in, uint32_t depth)
{
    struct json_val val;
    struct str key;
    while (in->err == ERR_OK && in->depth > depth) {
        bool more = in->due;
        if (!more)
            more = in->open[in->depth - 1] == '{' ? json_member(in, &key) : json_element(in);
        if (more && !json_value(in, &val))
            return false;
    }
    return in->err == ERR_OK;
}

bool json_skip(struct json_in *in)
{
    struct json_val val;
    uint32_t depth = in->depth;
    return json_value(in, &val) && leave_to(in, depth);
}

bool json_leave(struct json_in *in)
{
    if (in->err != ERR_OK)
        return false;
    must(in->depth > 0);
    return leave_to(in, in->depth - 1);
}

enum err json_in_end(struct json_in *in, struct note *why)
{
    if (in->err == ERR_OK) {
        must(in->depth == 0 && !in->due);
        if (peek(in) != '\0' || in->p < in->end)
            (void)json_fail(in, ERR_FORMAT, N_("rien n'est attendu après la valeur"));
    }
    if (in->err == ERR_OK)
        return ERR_OK;
    size_t line = 1;
    size_t at = 1;
    for (const char *p = in->start; p < in->p; p++) {
        if (*p == '\n') {
            line++;
            at = 1;
        } else if (((unsigned char)*p & 0xc0) != 0x80) {
            at++;
        }
    }
    const char *what = note_words == NULL ? in->what : note_words(in->what);
    return note_set(why, in->err, "JSON, ligne %zu, caractère %zu : %s", line, at, what);
}

bool json_as_int(const struct json_val *val, int64_t *out)
{
    struct str t = val->text;
    if (val->kind != JSON_NUMBER)
        return false;
    bool minus = t.p[0] == '-';
    int64_t v = 0;
    for (size_t i = minus ? 1 : 0; i < t.n; i++) {
        if (t.p[i] < '0' || t.p[i] > '9')
            return false;
        int64_t d = t.p[i] - '0';
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, minus ? -d : d, &v))
            return false;
    }
    *out = v;
    return true;
}

bool json_as_real(const struct json_val *val, double *out)
{
    char text[JSON_NUMBER_BYTES_MAX + 1];
    if (val->kind != JSON_NUMBER || val->text.n >= sizeof text)
        return false;
    memcpy(text, val->text.p, val->text.n);
    text[val->text.n] = '\0';
    double v = strtod(text, NULL);
    if (!isfinite(v))
        return false;
    *out = v;
    return true;
}
