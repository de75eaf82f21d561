/* SPDX-License-Identifier: Apache-2.0 */
/* Settings from `key = value` lines into a struct, by one declared table. */
#ifndef IO_CONFIG_H
#define IO_CONFIG_H

#include "proto/buf.h"
#include "proto/err.h"
#include "proto/mem.h"

enum { CONFIG_KEYS_MAX = 128, CONFIG_BYTES_MAX = 256 * 1024 };

enum config_kind {
    CONFIG_TEXT,  /* char[size], NUL-terminated */
    CONFIG_INT,   /* int64_t within min..max */
    CONFIG_BOOL,  /* bool: yes no, oui non, true false, 1 0 */
    CONFIG_BYTES, /* int64_t within min..max; K, M and G multiply by 1024 */
    CONFIG_MS,    /* int64_t milliseconds within min..max; written with ms, s, min, h or d */
};

struct config_key {
    const char *name; /* "sync_listen" */
    enum config_kind kind;
    size_t offset;    /* of the field in the struct of settings */
    size_t size;      /* CONFIG_TEXT: bytes of the field, the NUL included */
    int64_t min, max; /* CONFIG_INT, CONFIG_BYTES, CONFIG_MS: limits, both allowed */
    const char *help; /* what it is for, French msgid (N_) */
};

/* Read the settings in `text` (UTF-8; `#` begins a comment line; later keys may not repeat
 * earlier ones) over the `settings_n` bytes of `settings`, which hold the defaults. file: its
 * name, for messages. On an error the settings are unchanged and `why` names file, line and,
 * for an unknown key, the nearest known one. ERR_INVALID, ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
NODISCARD enum err config_read(const struct config_key *keys, size_t n, const char *file,
                               struct str text, void *settings, size_t settings_n,
                               struct note *why);
/* Set one key, for an option of the command line. Errors as config_read, without file and line.
 */
NODISCARD enum err config_set(const struct config_key *key, struct str value, void *settings,
                              struct note *why);

#endif
