/* SPDX-License-Identifier: Apache-2.0 */
/* What comparing with the server has found, as a person reads it. */
#ifndef CLIENT_COMPARE_TEXT_H
#define CLIENT_COMPARE_TEXT_H

#include "client/cmd.h"
#include "io/json.h"
#include "store/compare.h"

/* One line, without its end, on what a person must know of the difference found last; nothing
 * when none was found after since_ms and all is well now. Errors of the buffer stick there. */
void compare_print(const struct compare_report *report, int64_t since_ms, struct buf *out);
/* As an object. */
void compare_json(struct json_out *json, const struct compare_report *report);
/* Rows that the repair has set right. */
uint64_t compare_faults(const struct compare_report *report);

#endif
