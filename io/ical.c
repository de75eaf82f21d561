/* SPDX-License-Identifier: Apache-2.0 */
#include "io/ical.h"

#include "proto/value.h"

enum { DAY_MIN = 24 * 60, MINUTE_MS = 60 * 1000, DAY_MS = DAY_MIN * MINUTE_MS };

/* One line, folded where it is too long: the next ones begin with a blank, which counts. */
static void put_line(struct buf *out, struct str line)
{
    size_t room = ICAL_LINE_BYTES_MAX;
    while (line.n > room) {
        size_t n = 0;
        for (;;) {
            size_t step = str_utf8_step((struct str){line.p + n, line.n - n});
            step = step == 0 ? 1 : step; /* not UTF-8: then octet by octet */
            if (n + step > room)
                break;
            n += step;
        }
        buf_add(out, line.p, n);
        buf_text(out, "\r\n ");
        line = (struct str){line.p + n, line.n - n};
        room = ICAL_LINE_BYTES_MAX - 1;
    }
    buf_add(out, line.p, line.n);
    buf_text(out, "\r\n");
}

/* NAME and a text in which what has a meaning to the format is escaped. */
static void put_text(struct buf *out, const char *name, struct str text)
{
    struct buf line = {0};
    buf_text(&line, name);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\n')
            buf_text(&line, "\\n");
        else if (c == '\\' || c == ';' || c == ',')
            buf_printf(&line, "\\%c", c);
        else if ((unsigned char)c >= ' ')
            buf_u8(&line, (uint8_t)c);
    }
    put_line(out, buf_str(&line));
    if (line.err != ERR_OK)
        out->err = line.err;
    buf_done(&line);
}

static void put_day(struct buf *out, const char *name, int32_t day)
{
    int y = 0;
    int m = 0;
    int d = 0;
    date_split(day, &y, &m, &d);
    buf_printf(out, "%s%04d%02d%02d", name, y, m, d);
}

/* Without a zone: what the clock on the wall shows, wherever the file is read. */
static void put_moment(struct buf *out, const char *name, int32_t day, int min)
{
    put_day(out, name, day + min / DAY_MIN);
    min %= DAY_MIN;
    buf_printf(out, "T%02d%02d00", min / 60, min % 60);
}

void ical_begin(struct buf *out, const char *version)
{
    buf_printf(out,
               "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Jalon//Jalon %s//FR\r\n"
               "CALSCALE:GREGORIAN\r\n",
               version);
}

void ical_event(struct buf *out, const struct ical_event *event, int64_t now_ms)
{
    buf_text(out, "BEGIN:VEVENT\r\n");
    put_text(out, "UID:", event->uid);
    put_moment(out, "DTSTAMP:", (int32_t)(now_ms / DAY_MS), (int)(now_ms % DAY_MS / MINUTE_MS));
    buf_text(out, "Z\r\n");
    if (event->start_min < 0) {
        put_day(out, "DTSTART;VALUE=DATE:", event->day);
    } else {
        put_moment(out, "DTSTART:", event->day, event->start_min);
        if (event->minutes > 0) {
            buf_text(out, "\r\n");
            put_moment(out, "DTEND:", event->day, event->start_min + event->minutes);
        }
    }
    buf_text(out, "\r\n");
    put_text(out, "SUMMARY:", event->summary);
    if (event->place.n > 0)
        put_text(out, "LOCATION:", event->place);
    buf_text(out, "CLASS:PRIVATE\r\nTRANSP:");
    buf_text(out, event->start_min < 0 ? "TRANSPARENT" : "OPAQUE");
    buf_text(out, "\r\nEND:VEVENT\r\n");
}

void ical_end(struct buf *out)
{
    buf_text(out, "END:VCALENDAR\r\n");
}
