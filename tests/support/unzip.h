/* SPDX-License-Identifier: Apache-2.0 */
/* One file out of a ZIP archive, as spreadsheets are: for tests that look into one. */
#ifndef TESTS_SUPPORT_UNZIP_H
#define TESTS_SUPPORT_UNZIP_H

#include "proto/buf.h"

/* Append the content of the member; false when there is none of that name, or the archive is
 * none. Small archives only (no ZIP64). */
bool unzip_member(const char *path, const char *name, struct buf *out);

#endif
