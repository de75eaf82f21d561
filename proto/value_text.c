/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/value.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    YEAR_MAX = 9999,
    YEAR_PIVOT = 50, /* two digits: below it 20xx, from it on 19xx */
    MINUTES_OF_HOUR = 60,
    MS_OF_MINUTE = 60 * 1000,
    MS_OF_DAY = 24 * MINUTES_OF_HOUR * MS_OF_MINUTE,
    REAL_CHARS_MAX = 63,
};

/* Dates after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March,
 * so that the leap day is the last one. */
enum { DAYS_OF_ERA = 146097, YEARS_OF_ERA = 400, EPOCH_SHIFT = 719468 };

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool date_of(int year, int month, int day, int32_t *out)
{
    if (year < 1 || year > YEAR_MAX || month < 1 || month > 12 || day < 1 ||
        day > month_days(year, month))
        return false;
    int y = month <= 2 ? year - 1 : year;
    int era = y / YEARS_OF_ERA;
    int year_of_era = y % YEARS_OF_ERA;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    *out = era * DAYS_OF_ERA + day_of_era - EPOCH_SHIFT;
    return true;
}

void date_split(int32_t days, int *year, int *month, int *day)
{
    int64_t z = (int64_t)days + EPOCH_SHIFT;
    int64_t era = (z >= 0 ? z : z - (DAYS_OF_ERA - 1)) / DAYS_OF_ERA;
    int64_t doe = z - era * DAYS_OF_ERA;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * YEARS_OF_ERA + (*month <= 2 ? 1 : 0));
}

/* Decimal digits, filled up with zeros to `width`. */
static void put_number(struct buf *out, uint64_t v, size_t width)
{
    char text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (at > 0 && (v > 0 || sizeof text - at < width));
    buf_add(out, text + at, sizeof text - at);
}

static void put_int(struct buf *out, int64_t v)
{
    if (v < 0)
        buf_u8(out, '-');
    put_number(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 1);
}

static void put_date(struct buf *out, int64_t days)
{
    int year = 0;
    int month = 0;
    int day = 0;
    date_split((int32_t)days, &year, &month, &day);
    put_number(out, (uint64_t)year, 4);
    buf_u8(out, '-');
    put_number(out, (uint64_t)month, 2);
    buf_u8(out, '-');
    put_number(out, (uint64_t)day, 2);
}

static void put_time(struct buf *out, int64_t minutes)
{
    put_number(out, (uint64_t)(minutes / MINUTES_OF_HOUR), 2);
    buf_u8(out, ':');
    put_number(out, (uint64_t)(minutes % MINUTES_OF_HOUR), 2);
}

static void put_instant(struct buf *out, int64_t ms)
{
    int64_t of_day = (ms % MS_OF_DAY + MS_OF_DAY) % MS_OF_DAY;
    put_date(out, (ms - of_day) / MS_OF_DAY);
    buf_u8(out, 'T');
    put_time(out, of_day / MS_OF_MINUTE);
    buf_u8(out, ':');
    put_number(out, (uint64_t)(of_day % MS_OF_MINUTE / 1000), 2);
    buf_u8(out, '.');
    put_number(out, (uint64_t)(of_day % 1000), 3);
    buf_u8(out, 'Z');
}

static void print_int(enum kind kind, int64_t v, struct buf *out)
{
    const struct field bare = {.name = "", .kind = kind};
    const struct value value = value_int(v);
    if (kind == KIND_INT || value_check(&bare, &value, NULL) != ERR_OK)
        put_int(out, v); /* a value without a form of its own is still shown */
    else if (kind == KIND_BOOL)
        buf_text(out, v != 0 ? "true" : "false");
    else if (kind == KIND_DATE)
        put_date(out, v);
    else if (kind == KIND_TIME)
        put_time(out, v);
    else
        put_instant(out, v);
}

/* The shortest of the forms that read back as the same number. The program's locale may have a
 * decimal comma: the conversions run in the "C" locale. */
static void print_real(double v, struct buf *out)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0) {
        out->err = ERR_NOMEM;
        return;
    }
    locale_t before = uselocale(c);
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    (void)uselocale(before);
    freelocale(c);
    buf_text(out, text);
}

static void print_hex(struct str bytes, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.n; i++) {
        buf_u8(out, (uint8_t)digits[(uint8_t)bytes.p[i] >> 4]);
        buf_u8(out, (uint8_t)digits[(uint8_t)bytes.p[i] & 0x0f]);
    }
}

void value_print(enum kind kind, const struct value *v, struct buf *out)
{
    switch (v->type) {
    case VALUE_NULL:
        return;
    case VALUE_INT:
        print_int(kind, v->i, out);
        return;
    case VALUE_REAL:
        print_real(v->r + 0.0, out);
        return;
    case VALUE_TEXT:
        buf_add(out, v->s.p, v->s.n);
        return;
    case VALUE_BYTES:
        break;
    }
    if (kind == KIND_RAW || v->s.n != ID_BYTES) {
        print_hex(v->s, out);
        return;
    }
    struct id id;
    memcpy(id.b, v->s.p, sizeof id.b);
    char text[ID_TEXT_BYTES];
    id_print(&id, text);
    buf_text(out, text);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str trim(struct str s)
{
    while (s.n > 0 && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Moves past one of the characters of `any`; false when none is next. */
static bool eat(struct str *s, const char *any)
{
    if (s->n == 0 || s->p[0] == '\0' || strchr(any, s->p[0]) == NULL)
        return false;
    s->p++;
    s->n--;
    return true;
}

/* Moves past least..most digits (most <= 9); false when there are fewer. */
static bool digits(struct str *s, size_t least, size_t most, int *out)
{
    int v = 0;
    size_t n = 0;
    while (n < most && n < s->n && is_digit(s->p[n]))
        v = v * 10 + (s->p[n++] - '0');
    if (n < least)
        return false;
    s->p += n;
    s->n -= n;
    *out = v;
    return true;
}

static size_t digits_ahead(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_digit(s.p[n]))
        n++;
    return n;
}

/* 2026-11-22 */
static bool take_iso_date(struct str *s, int32_t *out)
{
    int year = 0;
    int month = 0;
    int day = 0;
    return digits(s, 4, 4, &year) && eat(s, "-") && digits(s, 1, 2, &month) && eat(s, "-") &&
           digits(s, 1, 2, &day) && date_of(year, month, day, out);
}

/* 22/11/2026, 22-11-2026, 22.11.2026, 22/11/26, 22.11.26; never 22-11-26, which some read the
 * other way round. */
static bool take_day_first(struct str *s, int32_t *out)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!digits(s, 1, 2, &day) || s->n == 0)
        return false;
    const char separator[2] = {s->p[0], '\0'};
    if (!eat(s, "/-.") || !digits(s, 1, 2, &month) || !eat(s, separator))
        return false;
    size_t width = digits_ahead(*s);
    if (width != 4 && (width != 2 || separator[0] == '-'))
        return false;
    if (!digits(s, width, width, &year))
        return false;
    if (width == 2)
        year += year < YEAR_PIVOT ? 2000 : 1900;
    return date_of(year, month, day, out);
}

static bool parse_date(struct str s, int64_t *out)
{
    int32_t days = 0;
    bool ok = digits_ahead(s) == 4 ? take_iso_date(&s, &days) : take_day_first(&s, &days);
    *out = days;
    return ok && s.n == 0;
}

/* 14:05, 9:05, 14h05, 14u05, 14h */
static bool parse_time(struct str s, int64_t *out)
{
    int hour = 0;
    int minute = 0;
    if (!digits(&s, 1, 2, &hour))
        return false;
    bool bare = s.n == 1 && s.p[0] != ':';
    if (!eat(&s, ":hHuU") || (!bare && !digits(&s, 2, 2, &minute)))
        return false;
    *out = hour * MINUTES_OF_HOUR + minute;
    return s.n == 0 && hour < 24 && minute < MINUTES_OF_HOUR;
}

/* 2026-11-22T14:05:09.123Z, the fraction shorter or left out */
static bool parse_instant(struct str s, int64_t *out)
{
    int32_t days = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int ms = 0;
    if (!take_iso_date(&s, &days) || !eat(&s, "T") || !digits(&s, 2, 2, &hour) ||
        !eat(&s, ":") || !digits(&s, 2, 2, &minute) || !eat(&s, ":") ||
        !digits(&s, 2, 2, &second) || hour > 23 || minute > 59 || second > 59)
        return false;
    if (eat(&s, ".")) {
        size_t width = digits_ahead(s);
        if (!digits(&s, 1, 3, &ms))
            return false;
        ms *= width == 1 ? 100 : width == 2 ? 10 : 1;
    }
    int64_t seconds = ((int64_t)hour * MINUTES_OF_HOUR + minute) * 60 + second;
    *out = (int64_t)days * MS_OF_DAY + seconds * 1000 + ms;
    return eat(&s, "Z") && s.n == 0;
}

static bool parse_int(struct str s, int64_t *out)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    (void)eat(&s, "+-");
    if (s.n == 0)
        return false;
    int64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]))
            return false;
        int digit = s.p[i] - '0';
        /* Downwards, as INT64_MIN has no positive twin. */
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, digit, &v))
            return false;
    }
    if (!minus && v == INT64_MIN)
        return false;
    *out = minus ? v : -v;
    return true;
}

static bool parse_bool(struct str s, int64_t *out)
{
    static const struct {
        const char *word;
        bool v;
    } words[] = {
        {"true", true},  {"false", false},  {"1", true},     {"0", false},   {"oui", true},
        {"non", false},  {"ja", true},      {"nee", false},  {"yes", true},  {"no", false},
        {"nein", false}, {"vrai", true},    {"faux", false}, {"waar", true}, {"onwaar", false},
        {"wahr", true},  {"falsch", false},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == s.n && strncasecmp(words[i].word, s.p, s.n) == 0) {
            *out = words[i].v ? 1 : 0;
            return true;
        }
    }
    return false;
}

/* Is it [sign] digits [point or comma digits] [e [sign] digits]? strtod takes more than that.
 */
static bool real_form(struct str s)
{
    (void)eat(&s, "+-");
    size_t n = digits_ahead(s);
    s.p += n;
    s.n -= n;
    if (eat(&s, ".,")) {
        size_t more = digits_ahead(s);
        s.p += more;
        s.n -= more;
        n += more;
    }
    if (n > 0 && eat(&s, "eE")) {
        (void)eat(&s, "+-");
        n = digits_ahead(s);
        s.p += n;
        s.n -= n;
    }
    return n > 0 && s.n == 0;
}

static enum err parse_real(struct str s, double *out)
{
    if (s.n > REAL_CHARS_MAX || !real_form(s))
        return ERR_INVALID;
    char text[REAL_CHARS_MAX + 1] = {0};
    memcpy(text, s.p, s.n);
    char *comma = strchr(text, ',');
    if (comma != NULL)
        *comma = '.';
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0)
        return ERR_NOMEM;
    double v = strtod_l(text, NULL, c);
    freelocale(c);
    if (!isfinite(v)) /* too large for a double */
        return ERR_INVALID;
    *out = v + 0.0; /* never minus zero */
    return ERR_OK;
}

static int hex(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum err parse_hex(struct str s, struct arena *arena, struct str *out)
{
    if (s.n % 2 != 0)
        return ERR_INVALID;
    char *bytes = arena_new(arena, s.n / 2);
    if (bytes == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < s.n / 2; i++) {
        int high = hex(s.p[2 * i]);
        int low = hex(s.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return ERR_INVALID;
        bytes[i] = (char)(high << 4 | low);
    }
    *out = (struct str){bytes, s.n / 2};
    return ERR_OK;
}

static enum err parse_id(struct str s, struct arena *arena, struct str *out)
{
    struct id id;
    enum err err = id_parse(s, &id);
    if (err != ERR_OK)
        return err;
    char *bytes = arena_copy(arena, id.b, sizeof id.b);
    if (bytes == NULL)
        return ERR_NOMEM;
    *out = (struct str){bytes, sizeof id.b};
    return ERR_OK;
}

/* `s` is trimmed and not empty. */
static enum err parse_kind(enum kind kind, struct str s, struct arena *arena, struct value *v)
{
    v->type = value_type_of(kind);
    bool ok = false;
    switch (kind) {
    case KIND_INT:
        ok = parse_int(s, &v->i);
        break;
    case KIND_BOOL:
        ok = parse_bool(s, &v->i);
        break;
    case KIND_DATE:
        ok = parse_date(s, &v->i);
        break;
    case KIND_TIME:
        ok = parse_time(s, &v->i);
        break;
    case KIND_INSTANT:
        ok = parse_instant(s, &v->i);
        break;
    case KIND_REAL:
        return parse_real(s, &v->r);
    case KIND_REF:
    case KIND_ID:
        return parse_id(s, arena, &v->s);
    case KIND_RAW:
        return parse_hex(s, arena, &v->s);
    case KIND_TEXT:
    case KIND_ENUM:
        v->s = s;
        ok = str_utf8(s);
        break;
    }
    return ok ? ERR_OK : ERR_INVALID;
}

enum err value_parse(const struct field *field, struct str text, struct arena *arena,
                     struct value *out, struct note *why)
{
    /* Spaces around are a slip of the hand, except in text, where they are the person's. */
    struct str s = field->kind == KIND_TEXT ? text : trim(text);
    struct value v = VALUE_NONE;
    enum err err = s.n == 0 ? ERR_OK : parse_kind(field->kind, s, arena, &v);
    if (err == ERR_INVALID)
        return note_set(why, err, "%s: expected %s", field->name,
                        note_text(value_form(field->kind)));
    if (err == ERR_OK)
        *out = v;
    return err;
}

void value_show(const struct field *field, const struct value *v, struct buf *out)
{
    enum { SHOWN = 2 };
    if (!field->masked || v->type != VALUE_TEXT) {
        value_print(field->kind, v, out);
        return;
    }
    size_t hidden = v->s.n > SHOWN ? v->s.n - SHOWN : v->s.n;
    for (size_t i = 0; i < hidden; i++)
        buf_u8(out, '*');
    buf_add(out, v->s.p + hidden, v->s.n - hidden);
}

/* The last two digits are what is missing to a multiple of 97; of people born from 2000 on, of
 * the number with a 2 before it. */
bool value_doubtful(const struct field *field, const struct value *v)
{
    enum { MODULUS = 97, DIGITS_MAX = 11 };
    size_t digits = field->check == CHECK_NATIONAL ? DIGITS_MAX : DIGITS_MAX - 1;
    uint64_t n = 0;
    if (field->check == CHECK_NONE || v->type != VALUE_TEXT)
        return false;
    for (size_t i = 0; i < v->s.n; i++) {
        if (v->s.p[i] < '0' || v->s.p[i] > '9' || v->s.n != digits)
            return true;
        n = n * 10 + (uint64_t)(v->s.p[i] - '0');
    }
    uint64_t given = n % 100;
    uint64_t since_2000 = n / 100 + UINT64_C(2000000000);
    bool fits = given == MODULUS - n / 100 % MODULUS;
    bool later = field->check == CHECK_NATIONAL && given == MODULUS - since_2000 % MODULUS;
    return !fits && !later;
}
