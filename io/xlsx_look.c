/* SPDX-License-Identifier: Apache-2.0 */
#include "io/xlsx_look.h"

#include "proto/value.h"

#include <math.h>

enum {
    DAY_ZERO = 25569,   /* 1970-01-01 */
    DAY_LEAP = 60,      /* 29 February 1900, which never was */
    DAYS_1904 = 1462,   /* between the two calendars of spreadsheets */
    DAY_LAST = 2958465, /* 9999-12-31 */
    DAY_MINUTES = 24 * 60,
};

enum xlsx_look xlsx_look_known(uint32_t id)
{
    if (id == 22)
        return LOOK_BOTH;
    if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47))
        return LOOK_TIME;
    bool day = (id >= 14 && id <= 17) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58);
    return day ? LOOK_DAY : LOOK_NUMBER;
}

/* The end of a piece of a format that stands for itself: "…", […], \x, _x, *x. */
static const char *past_literal(const char *at)
{
    if (*at == '"' || *at == '[') {
        const char *end = strchr(at + 1, *at == '"' ? '"' : ']');
        return end == NULL ? at + strlen(at) : end + 1;
    }
    return at[1] == '\0' ? at + 1 : at + 2;
}

enum xlsx_look xlsx_look_format(const char *code)
{
    bool day = false;
    bool time = false;
    bool month = false;
    while (*code != '\0' && *code != ';') {
        bool elapsed = *code == '[' && strchr("hHmMsS", code[1]) != NULL && code[1] != '\0';
        if (strchr("\"[\\_*", *code) != NULL) {
            time = time || elapsed;
            code = past_literal(code);
            continue;
        }
        day = day || strchr("yYdD", *code) != NULL;
        time = time || strchr("hHsS", *code) != NULL;
        month = month || strchr("mM", *code) != NULL;
        code++;
    }
    day = day || (month && !time);
    return day && time ? LOOK_BOTH : day ? LOOK_DAY : time ? LOOK_TIME : LOOK_NUMBER;
}

static void print_day(double serial, bool calendar_1904, struct buf *out)
{
    double day = floor(serial);
    day += calendar_1904 ? DAYS_1904 : day < DAY_LEAP ? 1 : 0;
    struct value value = value_int((int64_t)day - DAY_ZERO);
    value_print(KIND_DATE, &value, out);
}

static void print_time(double serial, struct buf *out)
{
    double minutes = floor((serial - floor(serial)) * DAY_MINUTES + 0.5);
    struct value value = value_int((int64_t)minutes % DAY_MINUTES);
    value_print(KIND_TIME, &value, out);
}

void xlsx_look_print(enum xlsx_look look, bool calendar_1904, double number, struct buf *out)
{
    if (!(number >= 0) || number > DAY_LAST - DAYS_1904 || (look == LOOK_TIME && number >= 1))
        look = LOOK_NUMBER;
    if (look == LOOK_NUMBER) {
        buf_printf(out, "%.15g", number);
        return;
    }
    if (look != LOOK_TIME)
        print_day(number, calendar_1904, out);
    bool midnight = number - floor(number) < 0.5 / DAY_MINUTES;
    if (look == LOOK_BOTH && !midnight)
        buf_u8(out, ' ');
    if (look == LOOK_TIME || (look == LOOK_BOTH && !midnight))
        print_time(number, out);
}
