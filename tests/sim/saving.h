/* SPDX-License-Identifier: Apache-2.0 */
/* One save of a simulated person: what the oracle is told depends on what its person is told.
 */
#ifndef TESTS_SIM_SAVING_H
#define TESTS_SIM_SAVING_H

#include "store/edit.h"
#include "tests/sim/world.h"

struct saving {
    struct node *n;
    struct edit *edit;
    struct arena arena;
    uint32_t first_mark;
    enum err broken; /* the machine failed: the edit is given up */
};

/* Errors of the machine, which leave it open what happened. */
bool saving_of_machine(enum err err);
/* What a person may be refused with. */
bool saving_of_person(enum err err);

/* False: nothing can be saved now. */
bool saving_open(struct saving *s, struct node *n);
/* A change of this row was tried; the marks made for it count when it was taken. */
void saving_tried(struct saving *s, const struct table *table, const struct id *id,
                  uint32_t marks_before, enum err err);
/* Save it, or give it up; tells the program and the oracle. */
enum err saving_end(struct saving *s);
/* Something was saved by a call of its own: told, and counted. */
void saving_did(struct node *n, const char *what, enum err err);

#endif
