/* SPDX-License-Identifier: Apache-2.0 */
/* What a network or a structure sets for itself: THE list of keys, and what counts at a date by
 * the rows of the table `parameter`. */
#ifndef STORE_PARAMETER_H
#define STORE_PARAMETER_H

#include "store/parameter_list.h"
#include "store/store.h"

enum parameter_kind {
    PARAMETER_NUMBER, /* digits, 0..max */
    PARAMETER_WORDS,  /* words with blanks between them, at most max bytes */
};

/* One key. Rows with a value that is none of its kind count as not there. */
struct parameter {
    const char *key;
    enum parameter_kind kind;
    int64_t max;
    const char *fallback; /* what counts where nobody says anything; of the kind */
    const char *unit;     /* French, to be translated; "" for none */
    const char *basis;    /* what asks for it: law, decree, custom; French, to be translated */
    bool legal;           /* a jurist has to confirm it */
    const char *label;    /* French, to be translated */
};

enum parameter_key {
#define X(name, ...) PARAMETER_##name,
    PARAMETER_LIST(X)
#undef X
        PARAMETER_COUNT
};
enum { PARAMETER_BYTES_MAX = 400 };

const struct parameter *parameter_of(enum parameter_key key);
/* PARAMETER_COUNT when there is no such key. */
enum parameter_key parameter_named(struct str key);
/* What counts on this day (since 1970) in this structure (the null id: in the network): its own
 * row, else the network's, of several the latest; else the fallback. */
NODISCARD enum err parameter_number(struct store *s, enum parameter_key key,
                                    const struct id *structure, int64_t day, int64_t *out);
/* The same for words, which are appended. */
NODISCARD enum err parameter_words(struct store *s, enum parameter_key key,
                                   const struct id *structure, int64_t day, struct buf *out);
/* May this be the key's value? Always for a key that is not in the list. */
bool parameter_fits(enum parameter_key key, struct str value);
/* What this value of a number counts; false: it does not fit. */
bool parameter_counts(enum parameter_key key, struct str value, int64_t *out);
/* Take the next word off `rest`; false at the end. */
bool parameter_word(struct str *rest, struct str *word);

#endif
