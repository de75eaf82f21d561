/* SPDX-License-Identifier: Apache-2.0 */
/* The one list of errors: name, short text, exit status of the command line, worth a retry or
 * not. */
#ifndef PROTO_ERR_H
#define PROTO_ERR_H

#include <stdbool.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* X(name, text, exit, retry). The position is the wire number: append only, never reorder.
 * exit: 0 done, 1 failed, 2 usage, 3 offline, 4 waits for a person, 5 refused, 6 data damaged.
 */
#define ERR_LIST(X)                                                                            \
    X(OK, "no error", 0, false)                                                                \
    X(NOMEM, "out of memory", 1, true)                                                         \
    X(IO, "input or output failed", 1, true)                                                   \
    X(FULL, "disk full", 1, true)                                                              \
    X(CORRUPT, "data damaged", 6, false)                                                       \
    X(BUSY, "in use by another process", 1, true)                                              \
    X(NOTFOUND, "not found", 1, false)                                                         \
    X(EXISTS, "exists already", 1, false)                                                      \
    X(USAGE, "wrong usage", 2, false)                                                          \
    X(INVALID, "value not valid", 1, false)                                                    \
    X(FORMAT, "malformed bytes", 1, false)                                                     \
    X(LIMIT, "over a limit", 1, false)                                                         \
    X(PROTOCOL, "the peer broke the protocol", 1, true)                                        \
    X(VERSION, "version not understood", 1, false)                                             \
    X(OFFLINE, "server not reachable", 3, true)                                                \
    X(TIMEOUT, "no progress in time", 3, true)                                                 \
    X(CLOSED, "connection closed", 3, true)                                                    \
    X(REFUSED, "refused", 5, false)                                                            \
    X(REVOKED, "device revoked", 5, false)                                                     \
    X(IDENTITY, "not the expected server", 5, false)                                           \
    X(FROZEN, "locked, add an addendum instead", 1, false)                                     \
    X(CONFLICT, "waits for a person", 4, false)                                                \
    X(LATER, "server asks to come back later", 3, true)                                        \
    X(FORK, "this replica is a copy or an older image", 1, true)

enum err {
#define X(name, text, exit, retry) ERR_##name,
    ERR_LIST(X)
#undef X
        ERR_COUNT
};

/* Name as a stable word ("NOTFOUND"), for --json and tests. Never NULL. */
const char *err_name(enum err err);
/* Short English text for logs. Never NULL. */
const char *err_text(enum err err);
/* Exit status of the command-line contract. */
int err_exit(enum err err);
/* May the same request succeed later without a person's help? */
bool err_retry(enum err err);

/* What a person must repair, in words; filled next to an error, printed by the programs. */
enum { NOTE_BYTES = 512 };
struct note {
    char text[NOTE_BYTES]; /* NUL-terminated; "" when nothing is known */
};
/* Write the note (cut at NOTE_BYTES) and return `err`, so that `return note_set(why, …)` works.
 * why may be NULL. Never put a secret or a person's data into it. */
NODISCARD enum err note_set(struct note *why, enum err err, const char *fmt, ...) PRINTF(3, 4);
/* Notes are written in French; a program that speaks other languages sets this once at its
 * start (io/say) and each format passes through it. NULL leaves them as they are. */
extern const char *(*note_words)(const char *fmt);
/* Marks a French text for people that stands in a table: translated where it is printed. */
#define N_(text) (text)

/* A text that goes into a note as an argument, in the language of the notes. */
const char *note_text(const char *text);
/* Only write the note; why may be NULL. */
void note_write(struct note *why, const char *fmt, ...) PRINTF(2, 3);

/* Abort with place and condition, in every build: for our own mistakes only. Bytes from a peer,
 * the disk or a person never reach it. */
#define must(cond) ((cond) ? (void)0 : must_fail(__FILE__, __LINE__, #cond))
__attribute__((noreturn)) void must_fail(const char *file, int line, const char *cond);

#endif
