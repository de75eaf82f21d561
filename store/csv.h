/* SPDX-License-Identifier: Apache-2.0 */
/* CSV as spreadsheets make and take it: bytes to rows of fields, rows of fields to bytes. */
#ifndef STORE_CSV_H
#define STORE_CSV_H

#include "proto/buf.h"
#include "proto/err.h"

enum {
    CSV_ROW_BYTES_MAX = 1024 * 1024, /* one row, as it stands in the file */
    CSV_COLUMNS_MAX = 512,
    CSV_CHUNK_BYTES_MAX = 1024 * 1024, /* one csv_feed */
    CSV_SNIFF_BYTES = 64 * 1024, /* bytes from the first accent on that decide the encoding */
};

/* One row; the fields are UTF-8 and live until the next call of csv_next or csv_feed. */
struct csv_row {
    const struct str *field; /* n fields, decoded */
    uint32_t n;              /* at least 1 */
    uint64_t line;           /* line of the file the row starts on, from 1 */
};

/* Where and why a row could not be read. */
struct csv_place {
    uint64_t line;   /* from 1 */
    uint32_t column; /* number of the field, from 1 */
};

enum csv_encoding { CSV_UNKNOWN, CSV_UTF8, CSV_CP1252 };

/* Reader. The caller feeds chunks of any size and takes rows until there is none:
 *
 *     csv_feed(&in, chunk, last), then csv_next until !got, then the next chunk
 *
 * Detected: a UTF-8 byte order mark, UTF-8 or Windows-1252, and on the first line the separator
 * (; , or tab). Quoted fields may hold line ends; CRLF, LF and CR end a row; empty lines are
 * passed over. */
struct csv_in {
    enum csv_encoding encoding; /* CSV_UNKNOWN while there are only ASCII characters */
    char separator;             /* 0 until the first line was seen */
    /* private */
    struct buf held;                /* bytes of unknown or incomplete encoding */
    struct buf text;                /* UTF-8 from the start of the current row on */
    struct buf row;                 /* decoded fields of the current row, back to back */
    uint64_t line;                  /* line of the byte at `at` */
    uint64_t row_line;              /* line the current row starts on */
    size_t at;                      /* next byte of text to look at */
    size_t row_at;                  /* first byte of text of the current row */
    uint32_t n;                     /* fields ended in the current row */
    uint32_t ends[CSV_COLUMNS_MAX]; /* where each ends in `row` */
    struct str field[CSV_COLUMNS_MAX];
    uint8_t state;      /* see csv.c */
    size_t sniff_at;    /* next byte of text to count separators in */
    uint32_t counts[3]; /* separators on the first line, outside quotes */
    bool sniff_quoted;  /* that byte is inside quotes */
    bool after_cr;      /* a LF now belongs to the CR before it */
    bool started;       /* the byte order mark is dealt with */
    bool last;          /* no chunk follows */
    bool foreign;       /* after `text` come bytes that are not text */
    bool ready;         /* the row was given out */
};
/* Zeroed memory is not enough: call this. */
void csv_in_init(struct csv_in *in);
void csv_in_done(struct csv_in *in);
/* Copy a chunk in; last: the file ends with it. All rows of the chunk before must be taken.
 * ERR_NOMEM. */
NODISCARD enum err csv_feed(struct csv_in *in, struct str chunk, bool last);
/* Take the next row. *got is false when the next chunk is needed or, after the last, at the
 * end. ERR_FORMAT, ERR_LIMIT: the row at `place` is not readable and `why` says so; the next
 * call goes on with the line after it. ERR_INVALID: from `place` on these are not the
 * characters of a text file; every further call says so too. ERR_NOMEM. place and why may be
 * NULL. */
NODISCARD enum err csv_next(struct csv_in *in, struct csv_row *row, bool *got,
                            struct csv_place *place, struct note *why);

/* Undo what csv_text put before a text that looked like a formula. For text columns. */
struct str csv_plain_text(struct str field);

/* Writer: `;` between fields, CRLF after rows. The texts are UTF-8 without NUL. Errors of the
 * buffer stick there. */
struct csv_out {
    struct buf *buf; /* where the bytes go; the caller's */
    /* private */
    uint32_t n;  /* fields written in this row */
    bool below;  /* the first row is written */
    size_t from; /* where the row starts */
};
/* bom: begin with a byte order mark, which Excel needs to see that it is UTF-8. */
void csv_out_init(struct csv_out *out, struct buf *buf, bool bom);
/* A text field. One that a spreadsheet would run as a formula gets a leading apostrophe. */
void csv_text(struct csv_out *out, struct str text);
/* A number, date or other field of our own making: nothing is put before it. */
void csv_value(struct csv_out *out, struct str text);
void csv_end_row(struct csv_out *out);

#endif
