/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who asks the process that holds a replica, and may hang up before the answer. */
#ifndef SUPPORT_ASKER_H
#define SUPPORT_ASKER_H

/* Ask for the command of these words (NULL-terminated, without the program's name) at the
 * socket of this data folder; the connection, to be closed by the caller. */
int asker_ask(const char *dir, const char *const *words);

#endif
