/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/alloc_fail.h"

#include "proto/mem.h"

#include <sqlite3.h>

/* SQLite's configuration and mem_fail_hook belong to the process, and so does this state. */
static struct {
    sqlite3_mem_methods real;
    unsigned who;
    uint64_t at;
    uint64_t count;
    uint64_t refused;
    int64_t sqlite_blocks;
    bool lasting;
    bool installed;
} state;

static bool refuse(unsigned who)
{
    if ((state.who & who) == 0)
        return false;
    state.count++;
    bool hit =
        state.at > 0 && (state.lasting ? state.count >= state.at : state.count == state.at);
    state.refused += hit;
    return hit;
}

static bool refuse_ours(void)
{
    return refuse(ALLOC_OURS);
}

static void *sqlite_malloc(int n)
{
    void *p = refuse(ALLOC_SQLITE) ? NULL : state.real.xMalloc(n);
    state.sqlite_blocks += p != NULL;
    return p;
}

static void *sqlite_realloc(void *p, int n)
{
    return refuse(ALLOC_SQLITE) ? NULL : state.real.xRealloc(p, n);
}

static void sqlite_free(void *p)
{
    state.sqlite_blocks -= p != NULL;
    state.real.xFree(p);
}

void alloc_fail_install(void)
{
    if (state.installed)
        return;
    must(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &state.real) == SQLITE_OK);
    sqlite3_mem_methods wrapped = state.real;
    wrapped.xMalloc = sqlite_malloc;
    wrapped.xRealloc = sqlite_realloc;
    wrapped.xFree = sqlite_free;
    /* Refused with MISUSE when SQLite is up already: the caller came too late. */
    must(sqlite3_config(SQLITE_CONFIG_MALLOC, &wrapped) == SQLITE_OK);
    must(sqlite3_initialize() == SQLITE_OK);
    state.installed = true;
}

void alloc_fail_at(unsigned who, uint64_t n, bool lasting)
{
    must((who & ALLOC_SQLITE) == 0 || state.installed);
    state.who = who;
    state.at = n;
    state.lasting = lasting;
    state.count = 0;
    state.refused = 0;
    mem_fail_hook = (who & ALLOC_OURS) != 0 ? refuse_ours : NULL;
}

void alloc_fail_off(void)
{
    state.who = 0;
    mem_fail_hook = NULL;
}

uint64_t alloc_fail_count(void)
{
    return state.count;
}

uint64_t alloc_fail_refused(void)
{
    return state.refused;
}

int64_t alloc_fail_sqlite_blocks(void)
{
    return state.sqlite_blocks;
}
