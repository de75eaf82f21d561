/* SPDX-License-Identifier: Apache-2.0 */
/* What a table of commands (io/args) says of itself elsewhere: a manual page, and completions
 * for three shells. Errors stick to the buffer. */
#ifndef IO_ARGS_DOCS_H
#define IO_ARGS_DOCS_H

#include "io/args.h"

/* A page of section 1, in the language of the process. */
void args_man(const struct args_program *program, const char *version, struct buf *out);
/* `nouns`: words that may follow a command whose arguments begin with `noun`, as "TABLE"; both
 * may be NULL, nouns ends with NULL. */
void args_bash(const struct args_program *program, const char *noun, const char *const *nouns,
               struct buf *out);
void args_zsh(const struct args_program *program, const char *noun, const char *const *nouns,
              struct buf *out);
void args_fish(const struct args_program *program, const char *noun, const char *const *nouns,
               struct buf *out);

#endif
