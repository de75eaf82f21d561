/* SPDX-License-Identifier: Apache-2.0 */
#include "io/random.h"

#include "proto/err.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

void random_bytes(void *out, size_t n)
{
    uint8_t *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        must(got > 0);
        p += got;
        n -= (size_t)got;
    }
}
