/* SPDX-License-Identifier: Apache-2.0 */
/* The project's text files in memory, with C sources split into code and string literals. */
#ifndef TIDY_SCAN_H
#define TIDY_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Limits: a tree beyond them is not ours. */
enum { SCAN_FILES_MAX = 8192, SCAN_FILE_BYTES_MAX = 8 * 1024 * 1024 };

struct source {
    char *path; /* relative to the root, as "proto/buf.c" */
    char *raw;  /* the bytes, NUL-terminated */
    char *code; /* C only, else NULL: comments and literals blanked, same length and lines */
    char *text; /* C only, else NULL: everything but the insides of string literals blanked */
};

struct tree {
    struct source *files; /* `count` of them, by path */
    size_t count;
};

/* Read every text file of ours below `root`. False, with a word on stderr, when that fails. */
bool tree_load(const char *root, struct tree *tree);
void tree_done(struct tree *tree);

bool ends_with(const char *z, const char *tail);
bool starts_with(const char *z, const char *head);
/* Line number, from 1, of the byte `at` points to within `start`. */
size_t line_of(const char *start, const char *at);
/* Letters, digits and underscore. */
bool word_char(char c);
/* Is the text at `at`, inside `start`, the whole identifier `word`? */
bool word_at(const char *start, const char *at, const char *word);
/* The next whole identifier `word` in [from, …) of `start`; NULL when there is none. */
const char *word_find(const char *start, const char *from, const char *word);

#endif
