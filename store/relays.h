/* SPDX-License-Identifier: Apache-2.0 */
/* The network's server and the relays of its sites: who they are, and whom they must turn away.
 */
#ifndef STORE_RELAYS_H
#define STORE_RELAYS_H

#include "store/serve.h"

/* A relay is a device of its own kind: a key without a staff member, without epochs and without
 * grants. It is listed and revoked like the others. Database thread, all of it. */

/* An invitation for a relay of this structure, under a name for people. NOTFOUND: no such live
 * structure. */
NODISCARD enum err relays_invite(struct store *s, const struct id *invite,
                                 const uint8_t secret_sha256[32], const struct id *structure,
                                 struct str name, int64_t expires_ms);
/* As serve_enrol; enrolment->staff and name are those of the invitation. */
NODISCARD enum err relays_enrol(struct store *s, const struct serve_enrolment *enrolment,
                                serve_on_enrolled *on_enrolled, void *ctx, struct buf *reply);

/* A relay that greets: which one is behind the key, and its contact is noted. NOTFOUND: none;
 * REVOKED. */
NODISCARD enum err relays_greet(struct store *s, const uint8_t key[32],
                                struct serve_device *out);
/* Append the answer to its greeting: SITE, and LISTED with all keys that have no access. */
NODISCARD enum err relays_answer(struct store *s, struct buf *frames);
/* Which history this database is. */
NODISCARD enum err relays_history(struct store *s, struct id *out);

#endif
