/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of documents between replicas and a server, over whole conversations. */
#include "store/courier.h"

#include "io/file.h"
#include "store/depot.h"
#include "store/document.h"
#include "support/line_rig.h"

enum { PHOTO_BYTES = 300 * 1024 + 77, ROUNDS_MAX = 400 };

static struct world w;

static struct store *replica(size_t i)
{
    return w.twin.replicas[i].store;
}

static void fill(struct buf *out, uint64_t seed, size_t n)
{
    struct rng rng;
    rng_init(&rng, seed);
    for (size_t i = 0; i < n; i += 8) {
        uint64_t bits = rng_next(&rng);
        buf_add(out, &bits, n - i < 8 ? n - i : 8);
    }
    assert_int_equal(out->err, ERR_OK);
}

static struct id person(size_t who, const char *first_name)
{
    char structure[80];
    char name[80];
    char text[ID_TEXT_BYTES];
    id_print(&w.twin.structure, text);
    (void)snprintf(structure, sizeof structure, "structure=%s", text);
    (void)snprintf(name, sizeof name, "first_name=%s", first_name);
    const char *fields[] = {"name=Fictif", name, structure, NULL};
    return twin_add(&w.twin.replicas[who], "person", fields);
}

/* The row of a document whose content is `bytes`, without the content. */
static void add_row(size_t who, const struct id *of, const struct id *doc,
                    const uint8_t sha256[SHA256_BYTES], size_t size)
{
    const struct table *table = schema_table_named(&schema_jalon, STR("document"));
    char hex[2 * SHA256_BYTES + 1];
    struct edit *edit = NULL;
    document_hex(sha256, hex);
    const struct edit_value values[] = {
        {schema_field_named(table, STR("of_table")), value_text(STR("person"))},
        {schema_field_named(table, STR("of_row")), value_id(of)},
        {schema_field_named(table, STR("kind")), value_text(STR("photo"))},
        {schema_field_named(table, STR("sha256")), value_text(str_of(hex))},
        {schema_field_named(table, STR("size")), value_int((int64_t)size)},
        {schema_field_named(table, STR("mime")), value_text(STR("image/jpeg"))},
    };
    assert_int_equal(edit_open(replica(who), &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert_as(edit, table, doc, values, 6, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
}

static struct id attach(size_t who, const struct id *of, struct str bytes)
{
    struct content_put put;
    uint8_t sha256[SHA256_BYTES];
    struct id doc = store_new_id(replica(who));
    assert_int_equal(content_put_begin(replica(who), &doc, &put), ERR_OK);
    for (size_t at = 0; at < bytes.n; at += 1000) {
        size_t n = bytes.n - at < 1000 ? bytes.n - at : 1000;
        assert_int_equal(content_put_add(&put, (struct str){bytes.p + at, n}), ERR_OK);
    }
    assert_int_equal(content_put_end(&put, sha256), ERR_OK);
    add_row(who, of, &doc, sha256, bytes.n);
    return doc;
}

static enum content_state state_at(struct store *s, const struct id *doc)
{
    struct content *c = NULL;
    struct content_doc there = {.state = CONTENT_WANTED};
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = content_find(c, doc, &there);
    assert_true(err == ERR_OK || err == ERR_NOTFOUND);
    return err == ERR_OK ? there.state : (enum content_state)0;
}

static void assert_content(struct store *s, const struct id *doc, struct str bytes)
{
    struct content *c = NULL;
    struct content_doc there;
    struct buf got = {0};
    assert_int_equal(content_of(s, false, &c), ERR_OK);
    assert_int_equal(content_find(c, doc, &there), ERR_OK);
    assert_int_equal(there.state, CONTENT_KEPT);
    assert_int_equal(content_read(c, there.cid, 0, (size_t)there.size, &got), ERR_OK);
    assert_true(str_eq(buf_str(&got), bytes));
    buf_done(&got);
}

static void want(size_t who, const struct id *doc)
{
    assert_int_equal(courier_want(replica(who), doc), ERR_OK);
}

static void a_document_is_seen_before_its_content_which_is_fetched_when_asked_for(void **state)
{
    (void)state;
    struct buf photo = {0};
    open_world(&w, 2, false);
    fill(&photo, 1, PHOTO_BYTES);
    struct id anna = person(0, "Anna");
    struct id doc = attach(0, &anna, buf_str(&photo));
    assert_int_equal(state_at(replica(0), &doc), CONTENT_UNSENT);
    sync_one(&w, 0);
    assert_int_equal(state_at(replica(0), &doc), CONTENT_KEPT);
    assert_content(w.twin.server.store, &doc, buf_str(&photo));
    sync_one(&w, 1);
    assert_string_equal(twin_get(replica(1), "document", &doc, "size"), "307277");
    assert_int_equal(state_at(replica(1), &doc), 0);
    want(1, &doc);
    sync_one(&w, 1);
    assert_content(replica(1), &doc, buf_str(&photo));
    assert_int_equal(agent_contents(w.lines[0].agent).sent, 1);
    assert_int_equal(agent_contents(w.lines[1].agent).fetched, 1);
    sync_one(&w, 0);
    assert_true(w.lines[0].bytes < 1024); /* and that was all */
    buf_done(&photo);
    close_world(&w);
}

/* Sync until nothing waits, each time cut after so many bytes; how many bytes went over. */
static uint64_t sync_cut(size_t who, uint64_t after)
{
    uint64_t bytes = 0;
    struct content_totals totals;
    for (unsigned i = 0;; i++) {
        assert_true(i < ROUNDS_MAX);
        w.lines[who].cut_after = after;
        sync_begins(&w, who);
        run(&w);
        bytes += w.lines[who].bytes;
        assert_int_equal(content_totals(replica(who), &totals), ERR_OK);
        if (totals.unsent == 0 && totals.wanted == 0)
            return bytes;
    }
}

static void a_cut_loses_no_more_than_the_chunks_under_way(void **state)
{
    (void)state;
    struct buf photo = {0};
    open_world(&w, 2, false);
    fill(&photo, 2, PHOTO_BYTES);
    struct id anna = person(0, "Anna");
    for (uint64_t after = 20000; after < 400000; after = after * 5 / 2) {
        photo.p[0]++;
        struct id doc = attach(0, &anna, buf_str(&photo));
        uint64_t up = sync_cut(0, after);
        assert_content(w.twin.server.store, &doc, buf_str(&photo));
        w.lines[0].cut_after = w.lines[1].cut_after = 0;
        sync_one(&w, 1);
        want(1, &doc);
        uint64_t down = sync_cut(1, after);
        w.lines[1].cut_after = 0;
        assert_content(replica(1), &doc, buf_str(&photo));
        /* the rig counts a message that is cut as if all of it had gone over */
        if (after > 100000)
            assert_true(up < 3 * PHOTO_BYTES && down < 3 * PHOTO_BYTES);
    }
    buf_done(&photo);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_seen_before_its_content_which_is_fetched_when_asked_for),
        cmocka_unit_test(a_cut_loses_no_more_than_the_chunks_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
