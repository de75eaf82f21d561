/* SPDX-License-Identifier: Apache-2.0 */
/* The codes Jalon brings along, with their words in four languages: of the closed lists, which
 * only a release changes, and of the open ones, as the `code` rows of a new network begin. */
#ifndef PROTO_CODES_H
#define PROTO_CODES_H

#include "proto/buf.h"

/* Languages of the words, also positions in `label`. */
enum codes_language { CODES_FR = 0, CODES_NL, CODES_DE, CODES_EN, CODES_LANGUAGES };

struct code_words {
    const char *code;
    const char *label[CODES_LANGUAGES];
    const char *network_code; /* NULL: none */
    const char *valid_to;     /* last day, as 2012-09-30; NULL: still in use */
};
/* One list: of an enum (field.words), or one only rows of `code` and person_tag name. */
struct code_list {
    const char *name;
    bool open; /* goes into `code`, where a network may add to it */
    const struct code_words *codes;
    size_t count;
};
extern const struct code_list codes_lists[];
extern const size_t codes_list_count;

/* NULL: no such list, or not in it. */
const struct code_list *codes_list(struct str list);
const struct code_words *codes_find(struct str list, struct str code);

#endif
