/* SPDX-License-Identifier: Apache-2.0 */
/* A server database with a structure and staff, as every test of the server needs it. */
#ifndef TESTS_SUPPORT_OFFICE_H
#define TESTS_SUPPORT_OFFICE_H

#include "store/serve.h"
#include "tests/support/vfs_mem.h"

enum { OFFICE_STAFF = 4 };
struct office {
    struct disk *disk; /* in memory; the test makes it fail */
    struct vfs_mem *vfs;
    char vfs_name[32];
    int64_t wall_ms; /* the store's clock: the test moves it */
    uint64_t random; /* state of the store's random source */
    struct store *store;
    struct id structure;
    struct id staff[OFFICE_STAFF]; /* jobcoaches */
};
/* Make the disk, the database, a structure and its staff; aborts on failure. */
void office_open(struct office *office);
/* Close and open the database again, as after a restart. */
void office_reopen(struct office *office);
/* Close and free. */
void office_close(struct office *office);
/* List a device of this staff member under the key of 32 times `key`. */
struct store_identity office_enrol(struct office *office, unsigned staff, uint8_t key);

#endif
