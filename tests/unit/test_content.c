/* SPDX-License-Identifier: Apache-2.0 */
/* What is dropped of contents leaves no byte in the file, however the engine moves its pages.
 */
#include "store/content_inside.h"
#include "support/rng.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { DOCS = 64, ROUNDS = 60, SMALL = 1300, LARGE = 150000 };

struct kept {
    struct id doc;
    uint64_t mark; /* nothing else holds it; 0: dropped, or not yet attached */
    size_t size;
};

static struct twin t;
static struct kept docs[DOCS];
static uint64_t dropped[DOCS * ROUNDS];
static size_t dropped_count;

static struct store *store(void)
{
    return t.replicas[0].store;
}

static void fill(struct buf *out, const struct kept *kept)
{
    char word[17];
    (void)snprintf(word, sizeof word, "%016llx", (unsigned long long)kept->mark);
    while (out->n < kept->size)
        buf_add(out, word, kept->size - out->n < 16 ? kept->size - out->n : 16);
    assert_int_equal(out->err, ERR_OK);
}

static void attach(struct kept *kept, struct rng *rng)
{
    struct content_put put;
    struct buf bytes = {0};
    uint8_t sha256[SHA256_BYTES];
    *kept =
        (struct kept){.doc = store_new_id(store()),
                      .mark = rng_next(rng) | 1,
                      .size = 16 + rng_next(rng) % (rng_next(rng) % 4 == 0 ? LARGE : SMALL)};
    fill(&bytes, kept);
    assert_int_equal(content_put_begin(store(), &kept->doc, &put), ERR_OK);
    assert_int_equal(content_put_add(&put, buf_str(&bytes)), ERR_OK);
    assert_int_equal(content_put_end(&put, sha256), ERR_OK);
    buf_done(&bytes);
}

static enum err is_dropped(void *ctx, const struct id *doc, bool *out)
{
    (void)ctx;
    *out = true;
    for (size_t i = 0; i < DOCS && *out; i++)
        *out = docs[i].mark == 0 || !id_eq(&docs[i].doc, doc);
    return ERR_OK;
}

static void drop(struct kept *kept)
{
    dropped[dropped_count++] = kept->mark;
    kept->mark = 0;
}

static void read_file(const char *suffix, struct buf *out)
{
    char path[300];
    char part[4096];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "%s%s%s", t.replicas[0].path, CONTENT_SUFFIX, suffix);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        buf_add(out, part, n);
    assert_int_equal(fclose(file), 0);
}

static void assert_nothing_dropped_is_there(void)
{
    struct buf file = {0};
    read_file("", &file);
    read_file("-wal", &file);
    assert_int_equal(file.err, ERR_OK);
    for (size_t i = 0; i < dropped_count; i++) {
        char word[17];
        (void)snprintf(word, sizeof word, "%016llx", (unsigned long long)dropped[i]);
        assert_null(memmem(file.p, file.n, word, 16));
    }
    buf_done(&file);
}

static void assert_all_kept_reads(void)
{
    struct content *c = NULL;
    assert_int_equal(content_of(store(), false, &c), ERR_OK);
    for (size_t i = 0; i < DOCS; i++) {
        struct content_doc there;
        struct buf got = {0};
        struct buf bytes = {0};
        enum err err = content_find(c, &docs[i].doc, &there);
        assert_int_equal(err, docs[i].mark == 0 ? ERR_NOTFOUND : ERR_OK);
        if (docs[i].mark == 0)
            continue;
        fill(&bytes, &docs[i]);
        assert_int_equal(content_read(c, there.cid, 0, docs[i].size, &got), ERR_OK);
        assert_true(str_eq(buf_str(&got), buf_str(&bytes)));
        assert_int_equal(content_verify(c, &there), ERR_OK);
        buf_done(&got);
        buf_done(&bytes);
    }
}

static void begin(uint64_t seed, struct rng *rng)
{
    twin_open(&t, 1, &schema_jalon);
    rng_init(rng, seed);
    dropped_count = 0;
    for (size_t i = 0; i < DOCS; i++)
        attach(&docs[i], rng);
}

static void what_is_dropped_leaves_no_byte_in_the_file(void **state)
{
    (void)state;
    struct rng rng;
    begin(1, &rng);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < DOCS; i++)
            if (docs[i].mark == 0)
                attach(&docs[i], &rng);
            else if (rng_next(&rng) % 3 == 0)
                drop(&docs[i]);
        assert_int_equal(content_erase(store(), is_dropped, NULL), ERR_OK);
        assert_nothing_dropped_is_there();
    }
    assert_all_kept_reads();
    twin_close(&t);
}

/* As it was written before chunks began with zeros. */
static void a_file_of_before_is_renewed_when_it_is_opened(void **state)
{
    (void)state;
    struct rng rng;
    struct content *c = NULL;
    begin(2, &rng);
    assert_int_equal(content_of(store(), false, &c), ERR_OK);
    assert_int_equal(db_exec(c->db, "UPDATE chunk SET bytes=substr(bytes,lead+1);"
                                    "ALTER TABLE chunk DROP COLUMN lead;"
                                    "DELETE FROM fact;VACUUM"),
                     ERR_OK);
    for (size_t i = 0; i < DOCS; i += 2) {
        assert_int_equal(content_begin(c), ERR_OK);
        assert_int_equal(content_end(c, content_drop(c, &docs[i].doc)), ERR_OK);
        drop(&docs[i]);
    }
    content_close(c);
    store()->content = NULL;
    assert_all_kept_reads();
    assert_nothing_dropped_is_there();
    assert_int_equal(content_erase(store(), is_dropped, NULL), ERR_OK);
    assert_nothing_dropped_is_there();
    assert_all_kept_reads();
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_dropped_leaves_no_byte_in_the_file),
        cmocka_unit_test(a_file_of_before_is_renewed_when_it_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
