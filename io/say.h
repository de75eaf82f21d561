/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for people: written in French in the source, said in the language of the person. */
#ifndef IO_SAY_H
#define IO_SAY_H

#include "proto/buf.h"
#include "proto/err.h"

#include <stddef.h>
#include <stdint.h>

enum say_language { SAY_FR, SAY_EN, SAY_NL, SAY_DE, SAY_COUNT };

/* The first of the three that is set decides: en…, nl… or de…; anything else is French. NULL
 * and
 * "" are not set. */
enum say_language say_language_of(const char *lc_all, const char *lc_messages,
                                  const char *lang);
/* Choose the language of the process, once and before any thread starts; until then it is
 * French. Notes (proto/err.h) are said in it too. */
void say_init(enum say_language language);
/* Choose another one, after say_init; what is said from then on is in it. Any thread. */
void say_switch(enum say_language language);
/* On this thread, until say_here_over, everything is said in the language of this code:
 * somebody else's command is carried out. An unknown code changes nothing. */
void say_here(struct str code);
void say_here_over(void);
/* The language of a code; false when there is none. */
bool say_language_coded(struct str code, enum say_language *out);
/* "fr", "en", "nl" or "de": what is said on this thread. */
const char *say_code(void);

/* The compiled catalogue of a language by its code, for io/mo; {NULL, 0}: there is none. */
struct str say_catalogue(struct str code);

/* The text in the chosen language, or as it is when the catalogue lacks it. Never NULL; lives
 * as long as the process. Any thread. */
const char *say_text(const char *text) __attribute__((format_arg(1)));
/* The one or the other, as the language counts: French has 0 and 1 in the singular. */
const char *say_plural(const char *one, const char *many, uint64_t n)
    __attribute__((format_arg(1), format_arg(2)));

/* T("texte %d"), TN("%d fiche", "%d fiches", n): only literals, for they are collected by
 * tests/tidy/refresh_catalogues.sh. N_ (proto/err.h) marks a text in a table: say_text says it.
 */
#define T(text) say_text("" text)
#define TN(one, many, n) say_plural("" one, "" many, n)

/* printf to stdout (what was asked for) and stderr (talk). A full disk or closed pipe shows in
 * say_flush. */
void say_out(const char *fmt, ...) PRINTF(1, 2);
void say_err(const char *fmt, ...) PRINTF(1, 2);
/* Write bytes to stdout as they are. */
void say_bytes(const void *bytes, size_t n);
/* ERR_IO when anything said on stdout did not get out: call it before exit. */
NODISCARD enum err say_flush(void);

#endif
