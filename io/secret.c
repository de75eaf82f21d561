/* SPDX-License-Identifier: Apache-2.0 */
#include "io/secret.h"

#include "proto/mem.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void *secret_new(size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, (off_t)0);
    if (p == MAP_FAILED)
        return NULL;
    (void)mlock(p, n);
    (void)madvise(p, n, MADV_DONTDUMP);
    (void)madvise(p, n, MADV_DONTFORK);
    return p;
}

void secret_free(void *p, size_t n)
{
    if (p == NULL)
        return;
    mem_wipe(p, n);
    must(munmap(p, n) == 0);
}

void secret_process(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
