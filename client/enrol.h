/* SPDX-License-Identifier: Apache-2.0 */
/* From an invitation to an enrolled device: prove the secret, receive the certificate. */
#ifndef CLIENT_ENROL_H
#define CLIENT_ENROL_H

#include "client/key.h"
#include "io/invite.h"
#include "store/store.h"

enum { ENROL_NAME_BYTES = 256 };

/* For the greeting. */
struct enrol_result {
    char network[KEY_NETWORK_BYTES];
    char staff[ENROL_NAME_BYTES]; /* whom the invitation was for */
    uint32_t device;
};

/* Enrol the open replica of this folder at invitation->server. Runs a loop of its own until it
 * is over; asked again after a lost reply it gets the same answer. OFFLINE, TIMEOUT, CLOSED;
 * IDENTITY: not the server the invitation speaks of; REFUSED: the invitation is unknown,
 * expired or used up; EXISTS: it was used by another device, or this one is enrolled. */
NODISCARD enum err enrol_run(const char *dir, struct store *s, const struct invite *invite,
                             struct enrol_result *out, struct note *why);

#endif
