/* SPDX-License-Identifier: Apache-2.0 */
/* tidy RULE ROOT: check the tree. tidy plants [RULE]: check that the rules bite. */
#include "tidy/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct rule rules[] = {
    {"arrows", rule_arrows},   {"banned", rule_banned}, {"outside", rule_outside},
    {"switch", rule_switch},   {"spdx", rule_spdx},     {"headers", rule_headers},
    {"lengths", rule_lengths}, {"words", rule_words},
};
const size_t rules_count = sizeof rules / sizeof *rules;

void found(struct report *out, const struct source *file, size_t line, const char *fmt, ...)
{
    out->count++;
    out->line = line;
    (void)snprintf(out->path, sizeof out->path, "%s", file->path);
    if (out->quiet)
        return;
    (void)fprintf(stderr, "%s:%zu: ", file->path, line);
    va_list args;
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

static int check_tree(const struct rule *rule, const char *root)
{
    struct tree tree = {NULL, 0};
    struct report report = {.quiet = false};
    bool ok = tree_load(root, &tree);
    if (ok && tree.count == 0)
        (void)fprintf(stderr, "tidy: no file below %s\n", root);
    ok = ok && tree.count > 0;
    if (ok)
        rule->check(&tree, &report);
    (void)printf("%s: %zu files, %zu findings\n", rule->name, tree.count, report.count);
    tree_done(&tree);
    return ok && report.count == 0 ? 0 : 1;
}

static int check_plants(const char *rule)
{
    size_t tried = 0;
    size_t wrong = plants_check(rule, &tried);
    (void)printf("plants: %zu tried, %zu wrong\n", tried, wrong);
    return tried > 0 && wrong == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "plants") == 0)
        return check_plants(argv[2]);
    for (size_t i = 0; argc == 3 && i < rules_count; i++) {
        if (strcmp(argv[1], rules[i].name) == 0)
            return check_tree(&rules[i], argv[2]);
    }
    (void)fprintf(stderr, "usage: tidy RULE ROOT | tidy plants [RULE]\n");
    return 2;
}
