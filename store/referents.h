/* SPDX-License-Identifier: Apache-2.0 */
/* Server: a pathway has one referent. Two people who could not see each other may both make
 * somebody it; both stay, and the coordination is asked. */
#ifndef STORE_REFERENTS_H
#define STORE_REFERENTS_H

#include "store/judge.h"

/* A row was made. Is it the open assignment of a referent beside that of another one, whom its
 * author could not know of? Then a conflict of its `end` is left: kept, both are referents;
 * with the other value, this one ends on the day it began. Inside the operation's savepoint. */
NODISCARD enum err referents_check(struct judge *j, const struct table *table,
                                   const struct row *row);

#endif
