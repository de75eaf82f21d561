/* SPDX-License-Identifier: Apache-2.0 */
#include "tidy/scan.h"

#include <ctype.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ends_with(const char *z, const char *tail)
{
    size_t n = strlen(z);
    size_t m = strlen(tail);
    return n >= m && strcmp(z + n - m, tail) == 0;
}

bool starts_with(const char *z, const char *head)
{
    return strncmp(z, head, strlen(head)) == 0;
}

size_t line_of(const char *start, const char *at)
{
    size_t line = 1;
    for (const char *p = start; p < at; p++)
        line += *p == '\n';
    return line;
}

bool word_char(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_';
}

bool word_at(const char *start, const char *at, const char *word)
{
    size_t n = strlen(word);
    return (at == start || !word_char(at[-1])) && strncmp(at, word, n) == 0 &&
           !word_char(at[n]);
}

const char *word_find(const char *start, const char *from, const char *word)
{
    const char *at = strstr(from, word);
    while (at != NULL && !word_at(start, at, word))
        at = strstr(at + 1, word);
    return at;
}

/* What the byte under the cursor belongs to. */
enum part { PART_CODE, PART_LINE_COMMENT, PART_BLOCK_COMMENT, PART_STRING, PART_CHAR };

static enum part part_opened(const char *p)
{
    if (p[0] == '/' && p[1] == '*')
        return PART_BLOCK_COMMENT;
    if (p[0] == '/' && p[1] == '/')
        return PART_LINE_COMMENT;
    if (p[0] == '"')
        return PART_STRING;
    return p[0] == '\'' ? PART_CHAR : PART_CODE;
}

/* Does the part end with this byte? `started` is its first byte. */
static bool part_ends(enum part part, const char *started, const char *p)
{
    switch (part) {
    case PART_LINE_COMMENT:
        return p[1] == '\n' || p[1] == '\0';
    case PART_BLOCK_COMMENT:
        return p >= started + 3 && p[-1] == '*' && p[0] == '/';
    case PART_STRING:
        return p > started && p[0] == '"';
    case PART_CHAR:
        return p > started && p[0] == '\'';
    case PART_CODE:
        break;
    }
    return false;
}

/* An #include keeps its quoted name in the code view. */
static bool on_include_line(const char *start, const char *at)
{
    while (at > start && at[-1] != '\n')
        at--;
    return starts_with(at, "#include");
}

static void split(struct source *file)
{
    size_t n = strlen(file->raw);
    enum part part = PART_CODE;
    const char *started = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *p = file->raw + i;
        if (part == PART_CODE && !on_include_line(file->raw, p)) {
            part = part_opened(p);
            started = p;
        }
        bool newline = *p == '\n';
        bool inside = part == PART_STRING && p > started && *p != '"';
        file->code[i] = part == PART_CODE || newline ? *p : ' ';
        file->text[i] = inside || newline ? *p : ' ';
        if ((part == PART_STRING || part == PART_CHAR) && *p == '\\' && i + 1 < n) {
            i++;
            file->code[i] = file->raw[i] == '\n' ? '\n' : ' ';
            file->text[i] = file->code[i];
        } else if (part != PART_CODE && part_ends(part, started, p)) {
            part = PART_CODE;
        }
    }
    file->code[n] = '\0';
    file->text[n] = '\0';
}

static bool is_text(const char *path)
{
    static const char *const tails[] = {
        ".c",    ".h",   ".S",    ".sh",           ".cmake",     ".txt",
        ".md",   ".js",  ".css",  ".json",         ".service",   ".conf",
        ".html", ".sql", ".dict", ".clang-format", ".clang-tidy"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        if (ends_with(path, tails[i]))
            return true;
    }
    return strcmp(path, ".ci/run") == 0;
}

/* Folders that hold nothing of ours to read. Only these two dotted names are looked at. */
static bool is_skipped(const FTSENT *entry)
{
    const char *name = entry->fts_name;
    if (entry->fts_level == 0)
        return false;
    if (name[0] == '.')
        return strcmp(name, ".ci") != 0 && !starts_with(name, ".clang-");
    return entry->fts_info == FTS_D &&
           (strcmp(name, "build") == 0 || strcmp(name, "corpus") == 0 ||
            strcmp(name, "node_modules") == 0);
}

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *bytes = NULL;
    if (f != NULL && fseek(f, 0, SEEK_END) == 0) {
        long size = ftell(f);
        if (size >= 0 && size <= SCAN_FILE_BYTES_MAX && fseek(f, 0, SEEK_SET) == 0)
            bytes = calloc(1, (size_t)size + 1);
        if (bytes != NULL && fread(bytes, 1, (size_t)size, f) != (size_t)size) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (f != NULL)
        (void)fclose(f);
    return bytes;
}

static bool add_file(struct tree *tree, const char *where, const char *relative)
{
    if (tree->count == SCAN_FILES_MAX)
        return false;
    struct source *file = &tree->files[tree->count++];
    file->path = strdup(relative);
    file->raw = read_all(where);
    if (file->path == NULL || file->raw == NULL)
        return false;
    if (!ends_with(relative, ".c") && !ends_with(relative, ".h"))
        return true;
    size_t room = strlen(file->raw) + 1;
    file->code = calloc(1, room);
    file->text = calloc(1, room);
    if (file->code == NULL || file->text == NULL)
        return false;
    split(file);
    return true;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

bool tree_load(const char *root, struct tree *tree)
{
    char *roots[] = {strdup(root), NULL};
    tree->count = 0;
    tree->files = calloc(SCAN_FILES_MAX, sizeof *tree->files);
    FTS *walk = NULL;
    if (roots[0] != NULL && tree->files != NULL)
        walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    bool ok = walk != NULL;
    size_t skip = strlen(root) + 1;
    for (FTSENT *e = ok ? fts_read(walk) : NULL; e != NULL && ok; e = fts_read(walk)) {
        if (is_skipped(e)) {
            (void)fts_set(walk, e, FTS_SKIP);
        } else if (e->fts_info == FTS_F && is_text(e->fts_path + skip)) {
            ok = add_file(tree, e->fts_path, e->fts_path + skip);
        }
    }
    if (walk != NULL)
        (void)fts_close(walk);
    free(roots[0]);
    if (!ok)
        (void)fprintf(stderr, "tidy: cannot read %s\n", root);
    return ok;
}

void tree_done(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->files[i].path);
        free(tree->files[i].raw);
        free(tree->files[i].code);
        free(tree->files[i].text);
    }
    free(tree->files);
    *tree = (struct tree){NULL, 0};
}
