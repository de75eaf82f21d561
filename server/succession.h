/* SPDX-License-Identifier: Apache-2.0 */
/* One authority follows another: the next one's key is made beforehand and kept elsewhere. */
#ifndef SERVER_SUCCESSION_H
#define SERVER_SUCCESSION_H

#include "server/enrol.h"

/* In the server's folder; keys 0600. SUCCESSION_KEY is to be moved to a safe medium: the server
 * never reads it. */
#define SUCCESSION_KEY "ca.next.key"
#define SUCCESSION_CERT "ca.next.crt"
#define SUCCESSION_FORMER_KEY "ca.former.key"
#define SUCCESSION_FORMER_CERT "ca.former.crt"
#define SUCCESSION_SINCE "ca.former.since" /* when it became the former one */

/* How long the former authority's key is kept after the change, at least: bundles sealed to it
 * are still under way. */
#define SUCCESSION_OVERLAP_MS (INT64_C(180) * 24 * 3600 * 1000)

/* All of these block, and want the folder locked (folder_lock) unless they only read. */

/* Make the next authority if none is known here. */
NODISCARD enum err succession_make(const char *dir, struct note *why);
/* Read into `ca` what there is of the next and the former one. */
NODISCARD enum err succession_load(const char *dir, struct enrol_ca *ca, struct note *why);
/* Make another next authority in the place of the one known, whose key is lost or not safe any
 * more. */
NODISCARD enum err succession_renew(const char *dir, struct note *why);
/* Change to the next authority, whose private key is in `key_file`; the present one becomes the
 * former, the server's own certificate is made anew, and another next one is made. Cut short,
 * it is called again with the same file. REFUSED: that key is not the next one's; BUSY: the
 * overlap with the one before has not been ended. */
NODISCARD enum err succession_switch(const char *dir, const char *key_file, struct note *why);
/* Destroy the former authority's private key; its certificate stays, by which its devices are
 * told from others and get new ones. NOTFOUND: there is none; BUSY: the overlap is not over,
 * and `force` was not said. */
NODISCARD enum err succession_end(const char *dir, bool force, struct note *why);

#endif
