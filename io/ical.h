/* SPDX-License-Identifier: Apache-2.0 */
/* An iCalendar file (RFC 5545), as calendars of telephones and desktops read it. Errors stick
 * to the buffer. */
#ifndef IO_ICAL_H
#define IO_ICAL_H

#include "proto/buf.h"

enum { ICAL_LINE_BYTES_MAX = 75 }; /* a longer line is folded, between two characters */

struct ical_event {
    struct str uid;     /* the same whenever the same event is written */
    int32_t day;        /* days since 1970 */
    int start_min;      /* minutes since midnight on the wall here; -1: the whole day */
    int minutes;        /* how long; 0: no end is told */
    struct str summary; /* any text */
    struct str place;   /* may be empty */
};
void ical_begin(struct buf *out, const char *version);
/* now_ms: when the file is written. */
void ical_event(struct buf *out, const struct ical_event *event, int64_t now_ms);
void ical_end(struct buf *out);

#endif
