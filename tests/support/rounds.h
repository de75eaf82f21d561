/* SPDX-License-Identifier: Apache-2.0 */
/* How often a test repeats itself. The sanitizers look for kinds of mistakes, which a few
 * rounds show as well as many; whether a promise holds in all of them is asked of the optimized
 * build.
 */
#ifndef SUPPORT_ROUNDS_H
#define SUPPORT_ROUNDS_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ROUNDS_ONE_IN = 5 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { ROUNDS_ONE_IN = 5 };
#else
enum { ROUNDS_ONE_IN = 1 };
#endif
#else
enum { ROUNDS_ONE_IN = 1 };
#endif

/* Of `n` rounds, those to make in this build; never none. */
#define ROUNDS(n) (((n) + ROUNDS_ONE_IN - 1) / ROUNDS_ONE_IN)

#endif
