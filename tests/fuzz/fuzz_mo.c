/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a catalogue: whatever is accepted can be searched without leaving the bytes. */
#include "io/mo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const words[] = {"", "a", "chat", "oui", "zzz", "\xff"};
    struct mo mo;
    bool open = mo_open(&mo, (struct str){(const char *)data, size}) == ERR_OK;
    for (size_t i = 0; i < 2 * sizeof words / sizeof words[0]; i++) {
        const char *found = mo_find(&mo, words[i / 2], i % 2);
        must(open || found == NULL);
        must(found == NULL || strlen(found) < size);
    }
    return 0;
}
