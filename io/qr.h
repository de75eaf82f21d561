/* SPDX-License-Identifier: Apache-2.0 */
/* QR pictures for a terminal: an invitation is photographed instead of typed. */
#ifndef IO_QR_H
#define IO_QR_H

#include "proto/buf.h"

/* Longest text: what version 40 holds in letters and digits at medium correction. */
enum { QR_TEXT_MAX = 3391, QR_QUIET_MODULES = 4 };

/* Append the picture as lines of half-block characters, light modules drawn (for the usual dark
 * terminal; readers take both), with the quiet zone the standard asks for (ISO/IEC 18004).
 * LIMIT when the text does not fit, NOMEM. */
NODISCARD enum err qr_print(struct str text, struct buf *out);

#endif
