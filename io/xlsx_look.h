/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in spreadsheets that are shown as days and times. Pure. */
#ifndef IO_XLSX_LOOK_H
#define IO_XLSX_LOOK_H

#include "proto/buf.h"

/* How a number is shown. */
enum xlsx_look { LOOK_NUMBER, LOOK_DAY, LOOK_TIME, LOOK_BOTH };

/* Of the formats every program knows by number (ECMA-376 part 1, 18.8.30). */
enum xlsx_look xlsx_look_known(uint32_t id);
/* Of a format as it is written, such as "dd/mm/yyyy hh:mm" (18.8.31); its first section
 * decides.
 */
enum xlsx_look xlsx_look_format(const char *code);
/* Append the number as a person would type it: 0.5, 2026-11-29, 14:05, or day and time with a
 * blank between them; of midnight the day alone. What is no day or time of ours is a number.
 * calendar_1904: the workbook counts from 1904. */
void xlsx_look_print(enum xlsx_look look, bool calendar_1904, double number, struct buf *out);

#endif
