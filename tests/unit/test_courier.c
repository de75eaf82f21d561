/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of documents between replicas and a server, over whole conversations. */
#include "store/courier.h"

#include "io/file.h"
#include "store/content_inside.h"
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
    assert_int_equal(agent_courier(w.lines[0].agent)->sent, 1);
    assert_int_equal(agent_courier(w.lines[1].agent)->fetched, 1);
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

/* Cut off at 99 of 100, again and again before anything more gets through: what is there stays
 * there, and the last piece is all that is left to send. */
static void a_content_cut_twenty_times_near_its_end_goes_over_once(void **state)
{
    enum { LARGE = 8 * 1024 * 1024, CUTS = 20 };
    (void)state;
    struct buf photo = {0};
    struct content_totals totals;
    uint64_t bytes = 0;
    open_world(&w, 1, false);
    fill(&photo, 3, LARGE);
    struct id anna = person(0, "Anna");
    sync_one(&w, 0);
    struct id doc = attach(0, &anna, buf_str(&photo));
    for (int cut = 0; cut <= CUTS; cut++) {
        w.lines[0].cut_after = cut == 0 ? LARGE / 100 * 99 : cut < CUTS ? 2000 : 0;
        sync_begins(&w, 0);
        run(&w);
        bytes += w.lines[0].bytes;
        assert_int_equal(content_totals(replica(0), &totals), ERR_OK);
        assert_int_equal(totals.unsent, cut < CUTS ? 1 : 0);
    }
    assert_content(w.twin.server.store, &doc, buf_str(&photo));
    assert_true(bytes < LARGE + LARGE / 2);
    buf_done(&photo);
    close_world(&w);
}

/* Two coaches, each with the own dossiers only. */
static void open_apart(void)
{
    w = (struct world){.now_ms = 1000};
    twin_open_apart(&w.twin, 2, &schema_jalon);
    start_world(&w, false);
}

/* What the server answers to this person's device, asked outside of all conversations. */
static enum err answer_to(size_t who, const struct message *m)
{
    struct store *s = w.twin.server.store;
    struct serve_session session = {0};
    struct buf frames = {0};
    struct hello hello = {
        .protocol = MESSAGE_PROTOCOL, .schema = SCHEMA_VERSION, .leaves = true};
    struct str body = {NULL, 0};
    struct message answer = {0};
    struct store_status st;
    size_t used = 0;
    assert_int_equal(store_status(replica(who), &st), ERR_OK);
    hello.history = st.history;
    hello.generation = st.generation;
    hello.epoch = st.epoch;
    assert_int_equal(serve_hello(s, &w.twin.replicas[who].device, &hello, &session, &frames),
                     ERR_OK);
    buf_clear(&frames);
    assert_int_equal(depot_answer(s, &session, m, 1, &frames), ERR_OK);
    assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(used, frames.n);
    assert_int_equal(message_read(body, &answer), ERR_OK);
    enum err err = answer.type == MESSAGE_WANT ? answer.want.err : ERR_OK;
    serve_session_done(&session);
    buf_done(&frames);
    return err;
}

static void nobody_learns_from_a_hash_what_others_have(void **state)
{
    (void)state;
    struct buf photo = {0};
    struct content_doc there;
    struct content *c = NULL;
    open_apart();
    fill(&photo, 3, PHOTO_BYTES);
    struct id anna = person(0, "Anna");
    struct id karim = person(1, "Karim");
    struct id doc = attach(0, &anna, buf_str(&photo));
    sync_one(&w, 0);
    sync_one(&w, 1);
    assert_int_equal(content_of(replica(0), false, &c), ERR_OK);
    assert_int_equal(content_find(c, &doc, &there), ERR_OK);

    /* Names the hash, and has nothing of the content. */
    struct id claimed = store_new_id(replica(1));
    add_row(1, &karim, &claimed, there.sha256, PHOTO_BYTES);
    want(1, &claimed);
    sync_one(&w, 1);
    assert_int_equal(state_at(replica(1), &claimed), CONTENT_WANTED);
    assert_int_equal(state_at(w.twin.server.store, &claimed), 0);

    /* The row of the other: as if it did not exist. */
    struct id none = store_new_id(replica(1));
    const struct message ask[] = {
        {.type = MESSAGE_WANT, .want = {.document = doc, .max = 100}},
        {.type = MESSAGE_WANT, .want = {.document = none, .max = 100}},
        {.type = MESSAGE_OFFER,
         .offer = {doc, PHOTO_BYTES, {(const char *)there.sha256, SHA256_BYTES}}},
        {.type = MESSAGE_CHUNK, .chunk = {.document = doc, .bytes = STR("x")}},
    };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(answer_to(1, &ask[i]), ERR_NOTFOUND);
    assert_int_equal(answer_to(0, &ask[0]), ERR_OK);

    /* Has it: sends all of it, as if nobody had. */
    struct id own = attach(1, &karim, buf_str(&photo));
    sync_one(&w, 1);
    assert_int_equal(state_at(w.twin.server.store, &own), CONTENT_KEPT);
    assert_true(w.lines[1].bytes > PHOTO_BYTES);
    struct content_totals totals;
    assert_int_equal(content_totals(w.twin.server.store, &totals), ERR_OK);
    assert_int_equal(totals.bytes, PHOTO_BYTES);

    /* Who sees it there already does not send it twice. */
    struct id again = attach(0, &anna, buf_str(&photo));
    sync_one(&w, 0);
    assert_true(w.lines[0].bytes < 10000);
    assert_content(w.twin.server.store, &again, buf_str(&photo));
    buf_done(&photo);
    close_world(&w);
}

/* The dossier goes to the other coach. */
static void hand_over(const struct id *of)
{
    static char text[3][80];
    char id[ID_TEXT_BYTES];
    const char *model[] = {"name=Parcours type", NULL};
    struct id m = twin_add(&w.twin.server, "pathway_model", model);
    id_print(of, id);
    (void)snprintf(text[0], sizeof text[0], "person=%s", id);
    id_print(&m, id);
    (void)snprintf(text[1], sizeof text[1], "model=%s", id);
    const char *pathway[] = {text[0], text[1], "entry=2026-11-02", NULL};
    m = twin_add(&w.twin.server, "pathway", pathway);
    id_print(&m, id);
    (void)snprintf(text[0], sizeof text[0], "pathway=%s", id);
    id_print(&w.twin.replicas[1].device.staff, id);
    (void)snprintf(text[1], sizeof text[1], "staff=%s", id);
    const char *assignment[] = {text[0], text[1], "role=referent", "start=2026-11-11", NULL};
    w.twin.server.wall_ms += 60 * 1000;
    (void)twin_add(&w.twin.server, "assignment", assignment);
    w.twin.server.wall_ms += 60 * 1000;
}

static bool on_disk(size_t who, const char *text)
{
    static const char *const ends[] = {".content", ".content-wal"};
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        struct buf file = {0};
        char path[300];
        (void)snprintf(path, sizeof path, "%s%s", w.twin.replicas[who].path, ends[i]);
        enum err err = file_read(path, MEM_BLOCK_BYTES_MAX, &file, NULL);
        assert_true(err == ERR_OK || err == ERR_NOTFOUND);
        found = found || (file.n > 0 && memmem(file.p, file.n, text, strlen(text)) != NULL);
        buf_done(&file);
    }
    return found;
}

static void what_leaves_is_sent_first_and_is_gone_from_the_disk(void **state)
{
    (void)state;
    struct buf photo = {0};
    open_apart();
    for (size_t i = 0; i < PHOTO_BYTES; i += 12)
        buf_add(&photo, "MARQUE-PHOTO", 12);
    struct id anna = person(0, "Anna");
    struct id sent = attach(0, &anna, buf_str(&photo));
    sync_one(&w, 0);
    photo.p[0] = '1';
    struct id unsent = attach(0, &anna, buf_str(&photo));
    assert_true(on_disk(0, "MARQUE-PHOTO"));
    hand_over(&anna);
    w.twin.replicas[0].wall_ms = w.twin.server.wall_ms;
    sync_one(&w, 0);
    assert_int_equal(twin_count(replica(0), "document"), 0);
    assert_content(w.twin.server.store, &unsent, buf_str(&photo));
    assert_int_equal(state_at(replica(0), &sent), 0);
    assert_int_equal(state_at(replica(0), &unsent), 0);
    assert_false(on_disk(0, "MARQUE-PHOTO"));
    sync_one(&w, 1);
    want(1, &unsent);
    sync_one(&w, 1);
    assert_content(replica(1), &unsent, buf_str(&photo));
    buf_done(&photo);
    close_world(&w);
}

/* The server was put back to before it had the content, and the dossier leaves the one device
 * that has it, at the same contact. */
static void what_leaves_a_restored_server_has_again(void **state)
{
    (void)state;
    struct buf photo = {0};
    struct content *c = NULL;
    open_apart();
    for (size_t i = 0; i < PHOTO_BYTES; i += 12)
        buf_add(&photo, "MARQUE-PHOTO", 12);
    struct id anna = person(0, "Anna");
    struct id doc = attach(0, &anna, buf_str(&photo));
    sync_one(&w, 0);
    assert_int_equal(state_at(replica(0), &doc), CONTENT_KEPT);
    hand_over(&anna);
    assert_int_equal(content_of(w.twin.server.store, false, &c), ERR_OK);
    assert_int_equal(content_begin(c), ERR_OK);
    assert_int_equal(content_end(c, content_drop(c, &doc)), ERR_OK);
    struct serve_lineage none = {.generation = 0};
    assert_int_equal(serve_restored(w.twin.server.store, &none), ERR_OK);
    w.twin.replicas[0].wall_ms = w.twin.server.wall_ms;
    sync_one(&w, 0);
    assert_int_equal(twin_count(replica(0), "document"), 0);
    assert_content(w.twin.server.store, &doc, buf_str(&photo));
    assert_int_equal(state_at(replica(0), &doc), 0);
    assert_false(on_disk(0, "MARQUE-PHOTO"));
    buf_done(&photo);
    close_world(&w);
}

static void a_quota_that_is_used_up_is_said_and_loses_nothing(void **state)
{
    (void)state;
    static const struct {
        struct depot_limits limits;
        enum err err;
    } cases[] = {{{.network_bytes = 100000}, ERR_FULL}, {{.device_bytes = 100000}, ERR_LIMIT}};
    struct buf photo = {0};
    struct content_totals totals;
    open_world(&w, 1, false);
    struct id anna = person(0, "Anna");
    fill(&photo, 4, PHOTO_BYTES);
    for (size_t i = 0; i < 2; i++) {
        photo.p[0]++;
        struct id doc = attach(0, &anna, buf_str(&photo));
        depot_limit(w.twin.server.store, &cases[i].limits);
        sync_one(&w, 0);
        assert_int_equal(content_totals(replica(0), &totals), ERR_OK);
        assert_int_equal(totals.unsent, 1);
        assert_int_equal(totals.err, cases[i].err);
        depot_limit(w.twin.server.store, &(struct depot_limits){0});
        sync_one(&w, 0);
        assert_content(w.twin.server.store, &doc, buf_str(&photo));
        assert_int_equal(content_totals(replica(0), &totals), ERR_OK);
        assert_int_equal(totals.unsent, 0);
        assert_int_equal(totals.err, ERR_OK);
    }
    buf_done(&photo);
    close_world(&w);
}

static void a_content_damaged_on_the_disk_is_noticed_and_reaches_nobody(void **state)
{
    (void)state;
    struct buf photo = {0};
    struct content *c = NULL;
    struct content_totals totals;
    open_world(&w, 1, false);
    struct id anna = person(0, "Anna");
    fill(&photo, 5, PHOTO_BYTES);
    struct id doc = attach(0, &anna, buf_str(&photo));
    assert_int_equal(content_of(replica(0), false, &c), ERR_OK);
    assert_int_equal(
        db_exec(c->db, "UPDATE chunk SET bytes=zeroblob(length(bytes)) WHERE at>0"), ERR_OK);
    sync_one(&w, 0);
    assert_int_equal(state_at(replica(0), &doc), CONTENT_DAMAGED);
    assert_int_equal(state_at(w.twin.server.store, &doc), CONTENT_WANTED);
    assert_int_equal(content_totals(w.twin.server.store, &totals), ERR_OK);
    assert_int_equal(totals.bytes, 0);
    /* Attached anew, it gets there. */
    struct id again = attach(0, &anna, buf_str(&photo));
    sync_one(&w, 0);
    assert_content(w.twin.server.store, &again, buf_str(&photo));
    buf_done(&photo);
    close_world(&w);
}

static void live_contents_follow_what_is_saved(void **state)
{
    (void)state;
    struct buf photo = {0};
    open_world(&w, 2, true);
    for (size_t i = 0; i < 2; i++)
        sync_begins(&w, i);
    run(&w);
    fill(&photo, 6, PHOTO_BYTES);
    assert_int_equal(courier_rule(replica(1), 1000 * 1000), ERR_OK);
    struct id anna = person(0, "Anna");
    struct id doc = attach(0, &anna, buf_str(&photo));
    agent_event(&w, 0, (struct agent_event){.type = AGENT_EV_SAVED});
    run(&w);
    assert_content(w.twin.server.store, &doc, buf_str(&photo));
    /* Its row came to the other before its content was here: it hears no more of it by itself.
     */
    want(1, &doc);
    agent_event(&w, 1, (struct agent_event){.type = AGENT_EV_SAVED});
    run(&w);
    assert_content(replica(1), &doc, buf_str(&photo));
    for (size_t i = 0; i < 2; i++)
        agent_event(&w, i, (struct agent_event){.type = AGENT_EV_STOP});
    run(&w);
    buf_done(&photo);
    close_world(&w);
}

static bool in_log(size_t who, const char *text)
{
    struct buf path = {0};
    static char bytes[1 << 20];
    buf_printf(&path, "%s%s-wal", w.twin.replicas[who].path, CONTENT_SUFFIX);
    buf_u8(&path, 0);
    FILE *f = fopen((const char *)path.p, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    buf_done(&path);
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

/* The process died before the row was saved; or the row has left, and is erased on the server:
 * nobody takes it. */
static void a_content_without_a_row_is_gone_from_the_disk(void **state)
{
    (void)state;
    struct content_put put;
    uint8_t sha256[SHA256_BYTES];
    open_world(&w, 1, false);
    (void)person(0, "Anna");
    sync_one(&w, 0);
    struct id doc = store_new_id(replica(0));
    assert_int_equal(content_put_begin(replica(0), &doc, &put), ERR_OK);
    assert_int_equal(content_put_add(&put, STR("MARQUE-PERDUE")), ERR_OK);
    assert_int_equal(content_put_end(&put, sha256), ERR_OK);
    assert_true(in_log(0, "MARQUE-PERDUE"));
    sync_one(&w, 0);
    assert_int_equal(state_at(replica(0), &doc), 0);
    assert_false(in_log(0, "MARQUE-PERDUE"));
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_seen_before_its_content_which_is_fetched_when_asked_for),
        cmocka_unit_test(a_cut_loses_no_more_than_the_chunks_under_way),
        cmocka_unit_test(a_content_cut_twenty_times_near_its_end_goes_over_once),
        cmocka_unit_test(nobody_learns_from_a_hash_what_others_have),
        cmocka_unit_test(what_leaves_is_sent_first_and_is_gone_from_the_disk),
        cmocka_unit_test(what_leaves_a_restored_server_has_again),
        cmocka_unit_test(a_quota_that_is_used_up_is_said_and_loses_nothing),
        cmocka_unit_test(a_content_damaged_on_the_disk_is_noticed_and_reaches_nobody),
        cmocka_unit_test(live_contents_follow_what_is_saved),
        cmocka_unit_test(a_content_without_a_row_is_gone_from_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
