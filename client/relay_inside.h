/* SPDX-License-Identifier: Apache-2.0 */
/* What asker and answerer of the relay agree on; for the two of them only. */
#ifndef CLIENT_RELAY_INSIDE_H
#define CLIENT_RELAY_INSIDE_H

#include "proto/frame.h"
#include "proto/pack.h"

/* Frames. Question: [RELAY_VERSION, color, columns, language, cwd, word, …]. Answer: any number
 * of [stream, bytes], then [RELAY_EXIT, status]. Both ends are the same program; the version
 * only meets a command of the day before an upgrade. */
enum { RELAY_VERSION = 2, RELAY_HEAD = 5, RELAY_EXIT = 0 };

#endif
