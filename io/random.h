/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes straight from the kernel: no state of ours that a fork or a cloned machine
 * repeats. */
#ifndef IO_RANDOM_H
#define IO_RANDOM_H

#include <stddef.h>

/* Fill out with n random bytes. Aborts when the kernel refuses: nothing may go on without them.
 * Any thread. */
void random_bytes(void *out, size_t n);

#endif
