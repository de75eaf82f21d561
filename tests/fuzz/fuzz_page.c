/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the rows of a page into a replica that holds work of its own: applied or
 * refused, the store stays sound, and every field the server has not judged keeps its value. */
#include "store/inside.h"
#include "store/page.h"
#include "support/fleet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fleet fleet;
static struct id person;

static void end(void)
{
    fleet_close(&fleet);
}

static void begin(void)
{
    must(atexit(end) == 0);
    fleet_open(&fleet, 1);
    fleet_join(&fleet, ROLE_JOBCOACH, &fleet.twin.structure);
    struct party *p = &fleet.twin.replicas[0];
    p->random = 5; /* ids as in the corpus */
    const char *fields[] = {"name=Fictif", "first_name=Anna", NULL};
    person = twin_add(p, "person", fields);
    fleet_sync(&fleet, 0);
    const char *phone[] = {"emergency=la voisine", NULL};
    must(twin_set(p, "person", &person, phone) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (fleet.twin.count == 0)
        begin();
    struct store *s = fleet.twin.replicas[0].store;
    hlc_t latest = 0;
    uint64_t rows = 0;
    must(store_begin(s) == ERR_OK);
    enum err err = page_apply(s, (struct str){(const char *)data, size}, &latest, &rows);
    must(err == ERR_OK || err == ERR_PROTOCOL || err == ERR_NOTFOUND || err == ERR_LIMIT ||
         err == ERR_EXISTS);
    must(store_health(s) == ERR_OK);
    if (err == ERR_OK) {
        must(strcmp(twin_get(s, "person", &person, "emergency"), "la voisine") == 0);
        struct buf dump = {0};
        twin_dump(s, &dump);
        buf_done(&dump);
    }
    must(store_end(s, ERR_CLOSED) == ERR_CLOSED);
    return 0;
}
