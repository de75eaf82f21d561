/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes on a stick, by the first of them: a file before its seal is opened; what an
 * enrolled device has put into a bundle, at the server; what stands in an answer, at the
 * device. Refused or taken, both stores stay sound, and an edit nobody has judged keeps its
 * value. */
#include "proto/bundle.h"
#include "support/fleet.h"
#include "support/letter.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fleet fleet;
static struct id person;

static void end(void)
{
    if (fleet.twin.count > 0)
        fleet_close(&fleet);
}

/* The same at every start: a person both sides know, and an edit of hers that was not sent. */
static void begin(void)
{
    static bool registered = false;
    if (!registered)
        must(atexit(end) == 0);
    registered = true;
    end();
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

static void container(struct str file)
{
    struct bundle_head head;
    struct bundle_segment segment;
    uint8_t key[BUNDLE_PUBLIC_BYTES];
    size_t used = 0;
    if (bundle_head_read(file, &head) == BUNDLE_SOUND) {
        struct buf again = {0};
        bundle_head_write(&head, &again);
        must(again.n == BUNDLE_HEAD_BYTES && file.n >= again.n);
        must(memcmp(again.p, file.p, again.n) == 0);
        file = (struct str){file.p + again.n, file.n - again.n};
        buf_done(&again);
    }
    while (bundle_segment_next(file, &segment, &used) == BUNDLE_SOUND && used > 0) {
        must(used <= file.n && segment.head.p == file.p);
        must(segment.head.n + segment.sealed.n == used);
        must(segment.last || segment.sealed.n == BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES);
        file = (struct str){file.p + used, file.n - used};
    }
    (void)bundle_card_read(file, key);
}

static void to_server(struct letter *bundle)
{
    struct store *s = fleet.twin.server.store;
    struct letter answer = {.device = 0};
    struct take take;
    static const uint8_t key[32] = {1};
    enum err err = take_begin(&take, s, key, 1, NULL);
    must(err == ERR_OK);
    if (letter_judge(s, bundle, &take) == ERR_OK && take.greeted) {
        err = letter_answer(s, &take, &answer);
        must(err == ERR_OK || (err == ERR_VERSION && take.session.outdated));
    }
    bool moved = take.operations > 0;
    take_done(&take);
    letter_done(&answer);
    must(store_health(s) == ERR_OK);
    if (!moved)
        return;
    struct note why = {""};
    must(serve_chain_check(s, &why) == ERR_OK);
    begin();
}

static void to_device(struct letter *answer)
{
    struct party *p = &fleet.twin.replicas[0];
    struct hello before;
    struct hello after;
    struct carry_result result;
    must(replica_hello(p->store, &before) == ERR_OK);
    (void)letter_read(p, answer, &result);
    must(store_health(p->store) == ERR_OK);
    must(replica_hello(p->store, &after) == ERR_OK);
    must(after.op_last == before.op_last && after.epoch == before.epoch);
    must(after.acked >= before.acked || after.generation != before.generation);
    if (after.acked == before.acked)
        must(strcmp(twin_get(p->store, "person", &person, "emergency"), "la voisine") == 0);
    if (after.acked != before.acked || after.pulled != before.pulled ||
        after.whole != before.whole || after.grants != before.grants ||
        after.full != before.full || after.generation != before.generation)
        begin();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (fleet.twin.count == 0)
        begin();
    if (size == 0)
        return 0;
    struct letter letter = {.device = 1};
    buf_add(&letter.frames, data + 1, size - 1);
    if (data[0] % 3 == 0)
        container(buf_str(&letter.frames));
    else if (data[0] % 3 == 1)
        to_server(&letter);
    else
        to_device(&letter);
    letter_done(&letter);
    return 0;
}
