/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: one declared table of commands and options gives parsing, help and
 * suggestions. */
#ifndef IO_ARGS_H
#define IO_ARGS_H

#include "proto/buf.h"
#include "proto/err.h"

enum {
    ARGS_WORDS_MAX = 1024,  /* positional arguments of one call */
    ARGS_OPTIONS_MAX = 64,  /* options of one call */
    ARGS_NEAREST_BYTES = 64 /* longer words have no nearest one */
};

/* All texts are French msgids (N_). Tables end with an entry whose name is NULL. */
struct args_option {
    const char *name;  /* without the dashes: "data" */
    const char *value; /* what follows it, for the help: N_("DOSSIER"); NULL for a flag */
    const char *help;  /* one line */
    bool required;     /* the command does not run without it */
};

struct args;
/* program: what the program passes through. Returns the exit status. */
typedef int args_run(void *program, const struct args *args);

struct args_command {
    const char *name; /* "sync", or two words: "device list" */
    const char
        *usage; /* its positional arguments, for the help: N_("TABLE CHAMP=VALEUR…"), or "" */
    int words_min;                     /* how many of them */
    int words_max;                     /* -1: any number */
    const struct args_option *options; /* its own; NULL for none */
    const char *help;                  /* one line */
    args_run *run;                     /* never called by this module */
};

struct args_program {
    const char *name;                    /* "jalon" */
    const char *help;                    /* what it is, one line */
    const struct args_command *commands; /* ends with name NULL */
    const struct args_option *common;    /* options of every command; --help and --version come
                                            by themselves. NULL for none */
};

/* The options most programs have in common, for their `common` tables. */
#define ARGS_DATA                                                                              \
    {                                                                                          \
        "data", N_("DOSSIER"), N_("dossier des données"), false                                \
    }
#define ARGS_JSON                                                                              \
    {                                                                                          \
        "json", NULL, N_("répondre en JSON"), false                                            \
    }

/* One call, taken apart. The strings are those of argv. */
struct args {
    const struct args_command *command; /* NULL when only --help or --version was asked for */
    bool help;                          /* --help or -h: show the help of `command`, or all */
    bool version;                       /* --version */
    size_t n;                           /* words: the positional arguments after the command */
    const char *word[ARGS_WORDS_MAX];
    /* private */
    size_t options_n;
    struct {
        const char *name;
        const char *value;
    } option[ARGS_OPTIONS_MAX];
};

/* Take argv apart (argv[0] is passed over). Options may stand anywhere, as `--name value` or
 * `--name=value`; `--` ends them; `-` and what looks like a negative number are words.
 * ERR_USAGE with `why` naming the nearest command or option; ERR_LIMIT. */
NODISCARD enum err args_parse(const struct args_program *program, int argc,
                              const char *const *argv, struct args *args, struct note *why);
/* Was the flag given? The name must be declared. */
bool args_flag(const struct args *args, const char *name);
/* The option's value (the last, when given again), or NULL when it was not given. */
const char *args_value(const struct args *args, const char *name);
/* Of an option that may be given several times: the value of the one at `turn` from 0; NULL
 * after the last. */
const char *args_value_at(const struct args *args, const char *name, size_t turn);

/* Append the help of one command, or of the program when command is NULL. */
void args_help(const struct args_program *program, const struct args_command *command,
               struct buf *out);

/* The word of the list that was most likely meant, or NULL when none is near: one typing error
 * per three letters, swapped neighbours count as one, capitals do not count. */
const char *args_nearest(const char *word, const char *const *list, size_t n);

#endif
