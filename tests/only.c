/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into every test program: ONLY=pattern in the environment runs only the tests whose
 * names fit it (* and ?). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void only(void)
{
    const char *pattern = getenv("ONLY");
    if (pattern != NULL)
        cmocka_set_test_filter(pattern);
}
