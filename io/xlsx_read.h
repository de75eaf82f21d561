/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a spreadsheet file (.xlsx), as texts a person could have typed. Office Open XML
 * (ECMA-376) in a ZIP archive; only the first sheet that is not hidden, and of formulas their
 * last result. The only code that knows minizip and expat. */
#ifndef IO_XLSX_READ_H
#define IO_XLSX_READ_H

#include "proto/buf.h"

enum {
    XLSX_PART_BYTES_MAX = 512 * 1024 * 1024, /* one part of the archive, unpacked */
    XLSX_TEXT_BYTES_MAX = 64 * 1024 * 1024,  /* all texts that cells share */
    XLSX_ROW_BYTES_MAX = 1024 * 1024,        /* the texts of one row */
    XLSX_COLUMNS_MAX = 512,
    XLSX_STYLES_MAX = 65536,
};

/* One row that is not empty. */
struct xlsx_row {
    uint64_t number;        /* as the program shows it, from 1 */
    const struct str *cell; /* n texts, UTF-8; an empty one where there is no cell */
    uint32_t n;
};
/* An error ends the reading. */
typedef enum err xlsx_on_row(void *ctx, const struct xlsx_row *row);

/* Numbers come as 0.5 or 45, days as 2026-11-29, times as 14:05, truth as 1 or 0. FORMAT: it
 * is no such file, or damaged; LIMIT: larger than the limits above; NOMEM; or what
 * on_row said. `why` says it for people unless on_row did. No other file is opened,
 * and an entity or a document type ends the reading. */
NODISCARD enum err xlsx_read(const char *path, xlsx_on_row *on_row, void *ctx,
                             struct note *why);

#endif
