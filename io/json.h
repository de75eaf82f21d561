/* SPDX-License-Identifier: Apache-2.0 */
/* JSON out and in (RFC 8259): a compact writer over a buffer, a bounded pull reader over bytes.
 */
#ifndef IO_JSON_H
#define IO_JSON_H

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/mem.h"

enum {
    JSON_DEPTH_MAX = 16,               /* arrays and objects inside each other */
    JSON_BYTES_MAX = 16 * 1024 * 1024, /* one text to read */
    JSON_STRING_BYTES_MAX = 1024 * 1024,
    JSON_NUMBER_BYTES_MAX = 128,
};

/* Writer: commas and colons are put by the writer. A wrong order of calls is our own mistake
 * (must). Errors of the buffer stick there: check buf->err once at the end. */
struct json_out {
    struct buf *buf; /* where the text goes; the caller's */
    /* private */
    uint32_t depth;            /* open containers */
    bool keyed;                /* a key waits for its value */
    bool any;                  /* the top level value is written */
    char open[JSON_DEPTH_MAX]; /* '{' or '[' */
    bool more[JSON_DEPTH_MAX]; /* the container has a member already */
};
void json_out_init(struct json_out *out, struct buf *buf);
void json_object(struct json_out *out);
void json_object_end(struct json_out *out);
void json_array(struct json_out *out);
void json_array_end(struct json_out *out);
void json_key(struct json_out *out, const char *key);
void json_key_str(struct json_out *out, struct str key);
/* Text; bytes that are not UTF-8 come out as U+FFFD, so that the output always is. */
void json_str(struct json_out *out, struct str text);
/* As json_str; NULL is written as null. */
void json_text(struct json_out *out, const char *text);
void json_int(struct json_out *out, int64_t v);
void json_uint(struct json_out *out, uint64_t v);
/* Shortest of 15 to 17 digits that reads back as the same double, always with a fraction or an
 * exponent. JSON has no infinity or NaN: they are written as null. */
void json_real(struct json_out *out, double v);
void json_bool(struct json_out *out, bool v);
void json_null(struct json_out *out);
/* A number as the reader gave it: its text goes out as it is. */
void json_number(struct json_out *out, struct str number);
/* End a whole value with a line feed; the next one may follow (NDJSON). */
void json_line(struct json_out *out);

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_val {
    enum json_kind kind;
    bool truth;      /* JSON_BOOL */
    struct str text; /* JSON_STRING: decoded, may hold NUL; JSON_NUMBER: as written */
};

/* Reader: pulls one value after the other out of bytes someone else owns. Errors stick: every
 * call returns false from then on; json_in_end tells them.
 *
 *     json_value(&in, &val)            reads a scalar whole, or steps into an array or object
 *     while (json_member(&in, &key))   then exactly one json_value or json_skip per round
 *     while (json_element(&in))        the same for arrays
 *
 * The loop that returns false has left its container. Keys come as they stand, duplicates too.
 */
struct json_in {
    enum err err; /* OK, or FORMAT, LIMIT, NOMEM */
    /* private */
    const char *start;         /* the whole text */
    const char *p;             /* next byte */
    const char *end;           /* one past the last */
    const char *what;          /* what is wrong at p, in French */
    struct arena *arena;       /* for decoded strings; the caller's */
    uint32_t depth;            /* open containers */
    bool due;                  /* a value must come next */
    char open[JSON_DEPTH_MAX]; /* '{' or '[' */
    bool more[JSON_DEPTH_MAX]; /* a member was read already */
};
/* bytes must outlive the reader and what it returns. */
void json_in_init(struct json_in *in, struct str bytes, struct arena *arena);
/* Read the value that stands ahead. */
bool json_value(struct json_in *in, struct json_val *val);
/* Read over the value that stands ahead, whatever it is. */
bool json_skip(struct json_in *in);
/* Step to the next member of the innermost object: true, and its value stands ahead. False at
 * the end, having left the object, and on an error. */
bool json_member(struct json_in *in, struct str *key);
bool json_element(struct json_in *in);
/* Leave the innermost array or object, reading over what is left of it. */
bool json_leave(struct json_in *in);
/* Refuse what was read last: `what` (French, N_) becomes the error unless there is one. False.
 */
bool json_fail(struct json_in *in, enum err err, const char *what);
/* Nothing but white space may follow the value. Returns the first error; `why` names line and
 * character. */
NODISCARD enum err json_in_end(struct json_in *in, struct note *why);

/* The number as int64: false when it has a fraction or exponent or does not fit. */
bool json_as_int(const struct json_val *val, int64_t *out);
/* The number as double: false when it is out of range. */
bool json_as_real(const struct json_val *val, double *out);

#endif
