/* SPDX-License-Identifier: Apache-2.0 */
/* How this person wants the pages on this device; a file of the data folder that stays here. */
#ifndef CLIENT_PREFS_H
#define CLIENT_PREFS_H

#include "proto/buf.h"

#define PREFS_FILE "settings" /* key = value, see io/config */
enum { PREFS_NAME_BYTES = 61, PREFS_IDLE_DEFAULT = 10, PREFS_IDLE_MAX = 240 };

struct prefs {
    char language[8];                   /* "fr", "nl", "de", "en"; "": as the system says */
    char theme[8];                      /* "light", "dark"; "": as the system says */
    char device_name[PREFS_NAME_BYTES]; /* what people call this laptop; may be empty */
    int64_t idle_min;                   /* the pages lock after so long unused; 0: never */
};
/* What is there, defaults for the rest. INVALID with `why`: somebody wrote nonsense; the
 * defaults are in `out` then. */
NODISCARD enum err prefs_load(const char *dir, struct prefs *out, struct note *why);
/* Change one; prefs_save keeps it. INVALID with `why`. */
NODISCARD enum err prefs_set(struct prefs *prefs, struct str key, struct str value,
                             struct note *why);
NODISCARD enum err prefs_save(const char *dir, const struct prefs *prefs, struct note *why);
/* From now on the process speaks the language that was chosen, if one was. Any thread. */
void prefs_speak(const struct prefs *prefs);

#endif
