/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of jalond: one declared table, read from jalond.conf in the data folder. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "io/address.h"
#include "io/config.h"

enum { SETTINGS_PORT = 4433 };
struct settings {
    char sync[ADDRESS_HOST_BYTES + 8];   /* where to listen for devices: ADDR:PORT */
    char public[ADDRESS_HOST_BYTES + 8]; /* what invitations name; "": where it listens */
    int64_t peers_max;                   /* connections at once */
    int64_t documents_mb;                /* contents of documents, all together: megabytes */
    int64_t device_documents_mb;         /* those one device has brought */
    int64_t relay_mb;                    /* a relay: bundles it keeps for devices: megabytes */
    bool verbose;                        /* log each connection */
};
/* The defaults. */
void settings_init(struct settings *settings);
/* Read DIR/jalond.conf over them, when there is one. */
NODISCARD enum err settings_read(const char *dir, struct settings *settings, struct note *why);

#endif
