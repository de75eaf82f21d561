/* SPDX-License-Identifier: Apache-2.0 */
/* A spreadsheet file (.xlsx), written cell after cell in little memory. The only code that
 * knows libxlsxwriter. Texts are texts: none becomes a formula. */
#ifndef IO_XLSX_H
#define IO_XLSX_H

#include "proto/buf.h"

enum {
    XLSX_ROWS_MAX = 1048576, /* of a sheet, as spreadsheet programs have them */
    XLSX_CHARS_MAX = 32767,  /* of a cell; what is longer is cut, with "…" at its end */
    XLSX_NAME_CHARS_MAX = 31 /* of a sheet's name */
};

struct xlsx;

/* Write to `path`, which is overwritten as it is (make it first, with the mode it should have).
 * What is not yet whole lies in files without a name in the folder `tmp`. NOMEM; NOTFOUND: the
 * library is not on this machine. */
NODISCARD enum err xlsx_open(const char *path, const char *tmp, struct xlsx **out);
/* Begin a sheet; its first row are titles, which stay in view. The cells that follow are its
 * own: there is no way back. Characters a name may not have become '-'. Errors stick until
 * xlsx_close. */
void xlsx_sheet(struct xlsx *xlsx, struct str name);

/* One cell, then the next to its right. UTF-8; control characters become blanks. */
void xlsx_text(struct xlsx *xlsx, struct str text);
void xlsx_number(struct xlsx *xlsx, double value);
/* Days since 1970-01-01, shown as 29/11/2026; before 1900-03-01, where spreadsheets disagree
 * about the calendar, a text. */
void xlsx_day(struct xlsx *xlsx, int64_t days);
/* Minutes since midnight, shown as 14:05. */
void xlsx_time(struct xlsx *xlsx, int64_t minutes);
void xlsx_truth(struct xlsx *xlsx, bool truth);
void xlsx_empty(struct xlsx *xlsx);
void xlsx_end_row(struct xlsx *xlsx);

/* Write the file, if nothing failed and `whole`, and forget all. NULL is fine. The first error:
 * NOMEM, LIMIT (too many rows), FULL or IO (the file could not be written). Not synced. */
NODISCARD enum err xlsx_close(struct xlsx *xlsx, bool whole);

#endif
