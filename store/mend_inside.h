/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of mend*.c: what was found goes through here into the new replica. */
#ifndef STORE_MEND_INSIDE_H
#define STORE_MEND_INSIDE_H

#include "store/inside.h"
#include "store/mend.h"

enum { MEND_COLUMNS_MAX = 12 };

/* One mending. */
struct mend {
    struct store *s; /* the new replica, inside a transaction */
    struct mend_report *report;
    bool meta; /* something of what a replica knows of itself was found */
    bool
        origins_torn; /* some origins are missing: the server tells none again below the last */
    bool rows_torn;   /* some rows are missing */
    bool torn;        /* some of the rest is: the pages may tell */
};

/* Take one record as it lies in its table, columns in the order of the table's declaration;
 * what cannot be one is left out. A record that is there already stays. */
NODISCARD enum err mend_take_meta(struct mend *m, int64_t key, const struct value *v);
NODISCARD enum err mend_take_origin(struct mend *m, const struct value *cols, size_t count);
NODISCARD enum err mend_take_op(struct mend *m, const struct value *cols, size_t count);
NODISCARD enum err mend_take_refused(struct mend *m, const struct value *cols, size_t count);

/* mend_copy.c: everything the tables still give. */
NODISCARD enum err mend_copy(struct mend *m, struct db *from);
/* mend_carve.c: from the bytes of the pages. */
NODISCARD enum err mend_carve(struct mend *m, const char *path, const char *vfs);

#endif
