/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the pages, as the build packed them into the program. */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H

#include "proto/buf.h"

enum { ASSETS_ETAG_BYTES = 36, ASSETS_FILE_BYTES_MAX = 4 * 1024 * 1024 };

struct asset {
    const char *path; /* of the request */
    const char *file; /* name of the packed file */
    const char *type; /* Content-Type */
    const char *from; /* its bytes, gzip */
    const char *to;
};

/* NULL: there is none, or the program was built without pages. */
const struct asset *assets_find(struct str path);
/* Was the program built with them? */
bool assets_there(void);
/* A tag that changes with the bytes: "\"…\"". */
void assets_etag(struct str bytes, char out[static ASSETS_ETAG_BYTES]);

#endif
