/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the tree: each reads all files and reports every place that breaks it. */
#ifndef TIDY_RULES_H
#define TIDY_RULES_H

#include "tidy/scan.h"

/* Where findings go. */
struct report {
    bool quiet;     /* only count: the self-test plants its own */
    size_t count;   /* findings so far */
    size_t line;    /* of the latest finding */
    char path[256]; /* of the latest finding */
};

/* Print `path:line: words` (unless quiet) and count it. */
__attribute__((format(printf, 4, 5))) void found(struct report *out, const struct source *file,
                                                 size_t line, const char *fmt, ...);

struct rule {
    const char *name; /* as in the ctest tidy/<name> */
    void (*check)(const struct tree *tree, struct report *out);
};
extern const struct rule rules[];
extern const size_t rules_count;

void rule_arrows(const struct tree *tree, struct report *out);
void rule_banned(const struct tree *tree, struct report *out);
void rule_outside(const struct tree *tree, struct report *out);
void rule_switch(const struct tree *tree, struct report *out);
void rule_spdx(const struct tree *tree, struct report *out);
void rule_headers(const struct tree *tree, struct report *out);
void rule_lengths(const struct tree *tree, struct report *out);
void rule_words(const struct tree *tree, struct report *out);

/* For each plant of `rule` (all when NULL): write it into a tree of its own, run the rule, and
 * compare. Prints what differs; the number of plants that went wrong. */
size_t plants_check(const char *rule, size_t *tried);

#endif
