/* SPDX-License-Identifier: Apache-2.0 */
#include "tidy/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S "/* SPDX-License-Identifier: Apache-2.0 */\n"
#define L10 "x;\nx;\nx;\nx;\nx;\nx;\nx;\nx;\nx;\nx;\n"
#define L60 L10 L10 L10 L10 L10 L10
#define L650 L60 L60 L60 L60 L60 L60 L60 L60 L60 L60 L10 L10 L10 L10 L10

/* One file put alone into a tree, and what its rule must say. */
struct plant {
    const char *rule;
    const char *path;
    const char *bytes;
    size_t line; /* where the one finding must be; 0 = must stay silent */
};

static const struct plant plants[] = {
    {"arrows", "proto/session.c", S "#include <uv.h>\n", 2},
    {"arrows", "proto/session.c", S "#include \"store/store.h\"\n", 2},
    {"arrows", "proto/session.c", S "#include <sys/socket.h>\n", 2},
    {"arrows", "proto/session.c", S "#include <time.h>\n", 2},
    {"arrows", "proto/session.c", S "#include \"proto/buf.h\"\n#include <string.h>\n", 0},
    {"arrows", "store/rows.c", S "\n#include <uv.h>\n", 3},
    {"arrows", "store/rows.c", S "#include \"io/clock.h\"\n", 2},
    {"arrows", "store/rows.c", S "#include <sqlite3.h>\n#include \"proto/id.h\"\n", 0},
    {"arrows", "io/conn.c", S "#include \"store/store.h\"\n", 2},
    {"arrows", "io/conn.c", S "#include <sqlite3.h>\n", 2},
    {"arrows", "io/conn.c", S "#include <mbedtls/ssl.h>\n", 2},
    {"arrows", "io/conn.c", S "#include <uv.h>\n#include \"io/tls.h\"\n", 0},
    {"arrows", "io/tls.c", S "#include <mbedtls/ssl.h>\n", 0},
    {"arrows", "io/log.c", S "const char *a = \"SELECT 1\";\n", 2},
    {"arrows", "store/rows.c", S "const char *a = \"SELECT 1\";\n", 0},
    {"arrows", "server/peer.c", S "#include \"client/link.h\"\n", 2},
    {"arrows", "server/peer.c", S "#include <uv.h>\n", 2},
    {"arrows", "server/peer.c", S "#include \"store/store.h\"\n#include \"io/conn.h\"\n", 0},
    {"arrows", "client/link.c", S "#include \"server/peer.h\"\n", 2},
    {"arrows", "client/link.c", S "#include <sqlite3.h>\n", 2},
    {"arrows", "client/link.c", S "#include \"link.h\"\n", 2},
    {"arrows", "tests/unit/test_db.c", S "#include <sqlite3.h>\n", 0},
    {"banned", "io/log.c", S "strcpy(a, b);\n", 2},
    {"banned", "io/log.c", S "/* strcpy(a, b) */\nx = \"strcpy(a, b)\";\n", 0},
    {"banned", "io/log.c", S "int n = atoi(z);\n", 2},
    {"banned", "io/log.c", S "char *p = \"\\\"\"; sprintf(p, q);\n", 2},
    {"banned", "io/log.c", S "snprintf(p, n, q);\n", 0},
    {"banned", "store/rows.c", S "p = malloc(3);\n", 2},
    {"banned", "proto/mem.c", S "p = calloc(1, n);\n", 0},
    {"banned", "store/rows.c", S "exit(1);\n", 2},
    {"banned", "server/main.c", S "exit(1);\n", 0},
    {"banned", "tests/unit/test_conn.c", S "usleep(10);\n", 2},
    {"outside", "proto/hlc.c", S "t = time(NULL);\n", 2},
    {"outside", "proto/hlc.c", S "t = clock->time(clock);\n", 0},
    {"outside", "store/edit.c", S "clock_gettime(CLOCK_REALTIME, &ts);\n", 2},
    {"outside", "store/edit.c", S "x = \"INSERT INTO t VALUES (random())\";\n", 2},
    {"outside", "store/edit.c", S "x = \"SELECT datetime('now')\";\n", 2},
    {"outside", "store/edit.c", S "x = \"a INTEGER DEFAULT Current_Timestamp\";\n", 2},
    {"outside", "server/hub.c", S "\nnow = uv_now(loop);\n", 3},
    {"outside", "server/hub.c", S "if (getrandom(b, n, 0) < 0)\n", 2},
    {"outside", "client/agent.c", S "delay = rand() % 7;\n", 2},
    {"outside", "client/main.c", S "const char *lang = getenv(\"LANG\");\n", 2},
    {"outside", "io/clock.c", S "clock_gettime(CLOCK_REALTIME, &ts);\n", 0},
    {"outside", "tests/sim/world.c", S "t = time(NULL);\n", 2},
    {"outside", "tests/property/test_merge.c", S "seed = getenv(\"SEED\");\n", 0},
    {"switch", "proto/a.c",
     S
     "enum kind { KIND_A, KIND_B };\nswitch (k) {\ncase KIND_A:\nbreak;\ndefault:\nbreak;\n}\n",
     6},
    {"switch", "proto/a.c",
     S
     "enum err {\n#define X(n) ERR_##n,\nL(X)\n};\nswitch (k) {\ndefault:\ncase ERR_IO:;\n}\n",
     7},
    {"switch", "proto/a.c", S "switch (k) {\ncase THEIRS:\nbreak;\ndefault:\nbreak;\n}\n", 0},
    {"spdx", "proto/a.c", "int a;\n", 1},
    {"spdx", "proto/a.c", "int a;\n" S, 1},
    {"spdx", "proto/a.c", S "int a;\n", 0},
    {"spdx", "tests/run.sh", "#!/bin/sh\necho\n", 1},
    {"spdx", "tests/run.sh", "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n", 0},
    {"spdx", "io/CMakeLists.txt", "project(x)\n", 1},
    {"headers", "io/dial.h", S "/* Dial. */\n#ifndef DIAL_H\n#define DIAL_H\n#endif\n", 3},
    {"headers", "io/dial.h", S "#ifndef IO_DIAL_H\n#define IO_DIAL_H\n#endif\n", 2},
    {"headers", "io/dial.h", S "/* Dial. */\n#ifndef IO_DIAL_H\n#define IO_DIAL_H\n#endif\n",
     0},
    {"lengths", "io/dial.c", S L650, 651},
    {"lengths", "io/dial.c", L650, 0},
    {"lengths", "io/dial.c", S "int f(void)\n{\n" L60 "x;\n}\n", 3},
    {"lengths", "io/dial.c", S "int f(void)\n{\n" L60 "}\n", 0},
    {"words", "io/dial.c",
     S "/* TO"
       "DO later */\n",
     2},
    {"words", "deploy/OPERATIONS.md",
     "see /wo"
     "rk/main\n",
     1},
    {"words", "deploy/OPERATIONS.md",
     "see /ho"
     "me/ann/jalon\n",
     1},
    {"words", "deploy/OPERATIONS.md",
     "see $base/wo"
     "rk/x\n",
     0},
};

static bool write_plant(const char *root, const struct plant *plant)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", root, plant->path);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0700) == 0;
        *slash = '/';
        if (!made)
            return false;
    }
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return false;
    bool ok = fputs(plant->bytes, f) >= 0;
    return fclose(f) == 0 && ok;
}

static void remove_plant(const char *root, const struct plant *plant)
{
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s", root, plant->path);
    (void)unlink(path);
    while (n > 0 && strlen(path) > strlen(root)) {
        *strrchr(path, '/') = '\0';
        (void)rmdir(path);
    }
}

static void run_rule(const char *name, const char *root, struct report *report)
{
    struct tree tree = {NULL, 0};
    bool read = tree_load(root, &tree);
    for (size_t i = 0; read && i < rules_count; i++) {
        if (strcmp(rules[i].name, name) == 0)
            rules[i].check(&tree, report);
    }
    tree_done(&tree);
}

static bool plant_holds(const struct plant *plant)
{
    char root[] = "/tmp/jalon-tidy-XXXXXX";
    struct report report = {.quiet = true};
    if (mkdtemp(root) == NULL || !write_plant(root, plant)) {
        perror("tidy: cannot write a plant");
        return false;
    }
    run_rule(plant->rule, root, &report);
    remove_plant(root, plant);
    bool silent = plant->line == 0 && report.count == 0;
    bool bitten = plant->line != 0 && report.count == 1 && report.line == plant->line &&
                  strcmp(report.path, plant->path) == 0;
    if (!silent && !bitten)
        (void)fprintf(
            stderr, "%s on %s: %zu findings, the last at line %zu, wanted line %zu\n%s",
            plant->rule, plant->path, report.count, report.line, plant->line, plant->bytes);
    return silent || bitten;
}

size_t plants_check(const char *rule, size_t *tried)
{
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof plants / sizeof *plants; i++) {
        if (rule != NULL && strcmp(rule, plants[i].rule) != 0)
            continue;
        (*tried)++;
        wrong += !plant_holds(&plants[i]);
    }
    return wrong;
}
