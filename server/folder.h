/* SPDX-License-Identifier: Apache-2.0 */
/* The server's data folder: database, CA, the server's own key, lock, socket of jalonctl. */
#ifndef SERVER_FOLDER_H
#define SERVER_FOLDER_H

#include "io/file.h"
#include "server/enrol.h"

#define FOLDER_DATABASE "jalon.db"
#define FOLDER_CONTROL "control.sock"
#define FOLDER_SETTINGS "jalond.conf"

/* Keys and certificates of the server; the database is opened by folder_store. */
struct folder {
    struct enrol_ca ca;
    struct buf key;  /* the server's private key, DER */
    struct buf cert; /* its certificate, DER */
};
/* Make what is not there yet: folder (0700), keys (0600), certificates, database. A second call
 * changes nothing. *made: false when a database was there. */
NODISCARD enum err folder_make(const char *dir, struct str network, struct folder *out,
                               bool *made, struct note *why);
/* Read the keys. NOTFOUND: no server was made here. */
NODISCARD enum err folder_open(const char *dir, struct folder *out, struct note *why);
/* Wipe and free; a zeroed struct is fine. */
void folder_done(struct folder *folder);

/* One process at a time works in the folder. BUSY with a note. */
NODISCARD enum err folder_lock(const char *dir, struct file_lock *lock, struct note *why);
/* Open a database of a server. `path` must outlive the store. */
NODISCARD enum err folder_store(const char *path, struct store **out, struct note *why);
/* Open the database `jalond init` made in this folder; its path goes to *path, which must
 * outlive the store. NOTFOUND when it is gone or was never finished: an empty one in its place
 * would be another network to every device. */
NODISCARD enum err folder_database(const char *dir, struct buf *path, struct store **out,
                                   struct note *why);
/* The fingerprint of the CA as people compare it: 64 hex digits. */
void folder_pin(const struct folder *folder, struct buf *out);

#endif
