/* SPDX-License-Identifier: Apache-2.0 */
#include "io/crypt.h"
#include "io/file.h"
#include "io/stick.h"
#include "proto/frame.h"
#include "proto/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MARKER "Zoé Exemple, au secret"

enum { FRAMES_MAX = 16, FILE_BYTES_MAX = 4 << 20 };

/* Two ends, and a stranger; a folder for the files. */
static struct {
    char dir[64];
    char path[80];
    struct buf key[3]; /* private */
    uint8_t public[3][CERT_PUBLIC_BYTES];
    uint8_t print[3][CERT_FINGERPRINT_BYTES];
    struct id history;
    struct note why;
} rig;
enum { SERVER, DEVICE, STRANGER };

static int open_rig(void **state)
{
    (void)state;
    crypt_start();
    (void)snprintf(rig.dir, sizeof rig.dir, "/tmp/jalon-stick.XXXXXX");
    assert_non_null(mkdtemp(rig.dir));
    (void)snprintf(rig.path, sizeof rig.path, "%s/bundle", rig.dir);
    for (int i = 0; i <= STRANGER; i++) {
        assert_int_equal(cert_key_new(&rig.key[i]), ERR_OK);
        assert_int_equal(cert_key_public(buf_str(&rig.key[i]), rig.public[i]), ERR_OK);
        cert_fingerprint(rig.public[i], rig.print[i]);
    }
    rig.history.b[0] = 7;
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    for (int i = 0; i <= STRANGER; i++)
        cert_key_done(&rig.key[i]);
    (void)unlink(rig.path);
    assert_int_equal(rmdir(rig.dir), 0); /* nothing was left beside it */
    return 0;
}

static struct stick_to to_server(void)
{
    return (struct stick_to){.kind = BUNDLE_TO_SERVER,
                             .device = 12,
                             .history = rig.history,
                             .recipient = rig.public[SERVER],
                             .key = buf_str(&rig.key[DEVICE])};
}

static struct stick_from at_server(void)
{
    return (struct stick_from){
        .kind = BUNDLE_TO_SERVER, .history = rig.history, .key = buf_str(&rig.key[SERVER])};
}

/* A frame of `n` bytes of body. */
static void put_frame(struct stick_out *out, size_t n, uint8_t fill)
{
    struct buf frame = {0};
    size_t at = frame_begin(&frame);
    for (size_t i = 0; i < n; i++)
        buf_u8(&frame, fill);
    frame_end(&frame, at);
    assert_int_equal(stick_add(out, buf_str(&frame), NULL), ERR_OK);
    buf_done(&frame);
}

/* A file with a frame of each of these sizes. */
static void write_as(const struct stick_to *to, const size_t *sizes, size_t count)
{
    struct stick_out *out = NULL;
    uint64_t bytes = 0;
    struct stat st;
    assert_int_equal(stick_create(rig.path, to, &out, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++)
        put_frame(out, sizes[i], (uint8_t)i);
    assert_int_equal(stick_finish(out, &bytes, NULL), ERR_OK);
    assert_int_equal(stat(rig.path, &st), 0);
    assert_int_equal(st.st_size, bytes);
}

static void write_file(const size_t *sizes, size_t count)
{
    struct stick_to to = to_server();
    write_as(&to, sizes, count);
}

static void load(struct buf *out)
{
    assert_int_equal(file_read(rig.path, FILE_BYTES_MAX, out, NULL), ERR_OK);
}

/* Put bytes in place of the file. */
static void save(const void *bytes, size_t n)
{
    FILE *file = fopen(rig.path, "wb");
    assert_non_null(file);
    assert_true(n == 0 || fwrite(bytes, 1, n, file) == n);
    assert_int_equal(fclose(file), 0);
}

static enum err open_as(const struct stick_from *from)
{
    struct stick_in *in = NULL;
    rig.why.text[0] = '\0';
    enum err err = stick_open(rig.path, from, &in, &rig.why);
    assert_true((err == ERR_OK) == (in != NULL));
    assert_true(err == ERR_OK || rig.why.text[0] != '\0'); /* always in words */
    stick_close(in);
    return err;
}

static enum err open_file(void)
{
    struct stick_from from = at_server();
    return open_as(&from);
}

static bool told(const char *text)
{
    return strstr(rig.why.text, text) != NULL;
}

static void assert_frames(struct stick_in *in, const size_t *sizes, size_t count)
{
    struct str body;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(stick_next(in, &body, NULL), ERR_OK);
        assert_int_equal(body.n, sizes[i]);
        for (size_t k = 0; k < body.n; k++)
            assert_int_equal((uint8_t)body.p[k], (uint8_t)i);
    }
    for (int again = 0; again < 2; again++) {
        assert_int_equal(stick_next(in, &body, NULL), ERR_OK);
        assert_null(body.p);
    }
}

static void frames_come_back_in_order_as_often_as_asked(void **state)
{
    (void)state;
    enum { CARD = FRAME_HEAD_BYTES + 3 + CERT_PUBLIC_BYTES }; /* the plaintext before them */
    const size_t edge = BUNDLE_SEGMENT_BYTES - CARD - FRAME_HEAD_BYTES;
    const struct {
        size_t sizes[FRAMES_MAX];
        size_t count;
    } files[] = {
        {{0}, 0},
        {{1}, 1},
        {{5, 70, 300}, 3},
        {{edge - 1}, 1},
        {{edge}, 1}, /* one segment, full */
        {{edge + 1}, 1},
        {{edge, BUNDLE_SEGMENT_BYTES - FRAME_HEAD_BYTES}, 2},
        {{100 * 1000, 3, FRAME_BYTES_MAX, 1, 65 * 1024}, 5},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct stick_in *in = NULL;
        struct stick_from from = at_server();
        write_file(files[i].sizes, files[i].count);
        assert_int_equal(stick_open(rig.path, &from, &in, NULL), ERR_OK);
        assert_int_equal(stick_device(in), 12);
        assert_memory_equal(stick_signer(in), rig.public[DEVICE], CERT_PUBLIC_BYTES);
        assert_frames(in, files[i].sizes, files[i].count);
        stick_rewind(in);
        assert_frames(in, files[i].sizes, files[i].count);
        stick_close(in);
    }
}

static void a_copy_cut_anywhere_is_told_as_such(void **state)
{
    (void)state;
    static const size_t sizes[] = {40, 7};
    struct buf whole = {0};
    write_file(sizes, 2);
    load(&whole);
    for (size_t n = 0; n < whole.n; n++) {
        save(whole.p, n);
        assert_int_equal(open_file(), ERR_FORMAT);
        assert_true(told("incomplète"));
    }
    save(whole.p, whole.n);
    assert_int_equal(open_file(), ERR_OK);
    /* In the middle of a large one. */
    static const size_t large[] = {200 * 1000};
    buf_clear(&whole);
    write_file(large, 1);
    load(&whole);
    for (size_t n = BUNDLE_HEAD_BYTES; n < whole.n; n += BUNDLE_SEGMENT_BYTES / 2 + 10) {
        save(whole.p, n);
        assert_int_equal(open_file(), ERR_FORMAT);
        assert_true(told("incomplète"));
    }
    buf_done(&whole);
}

static void a_byte_changed_anywhere_is_refused(void **state)
{
    (void)state;
    static const size_t sizes[] = {40, 7};
    struct buf whole = {0};
    write_file(sizes, 2);
    load(&whole);
    for (size_t at = 0; at < whole.n; at++) {
        whole.p[at] ^= (uint8_t)(1U << (at % 8));
        save(whole.p, whole.n);
        assert_int_not_equal(open_file(), ERR_OK);
        whole.p[at] ^= (uint8_t)(1U << (at % 8));
    }
    buf_u8(&whole, 0); /* one more */
    save(whole.p, whole.n);
    assert_int_equal(open_file(), ERR_FORMAT);
    assert_true(told("abîmé"));
    /* A copy whose end is there by length alone. */
    memset(whole.p + BUNDLE_HEAD_BYTES + 20, 0, whole.n - BUNDLE_HEAD_BYTES - 21);
    save(whole.p, whole.n - 1);
    assert_int_equal(open_file(), ERR_FORMAT);
    assert_true(told("abîmé"));
    buf_done(&whole);
}

/* Segments of one file at other places, or in another file of the same pair. */
static void spliced_files_are_refused(void **state)
{
    (void)state;
    enum { STEP = BUNDLE_SEGMENT_HEAD_BYTES + BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES };
    static const size_t sizes[] = {200 * 1000, 100 * 1000};
    struct buf one = {0};
    struct buf two = {0};
    struct buf mixed = {0};
    write_file(sizes, 2);
    load(&one);
    write_file(sizes, 2);
    load(&two);
    assert_int_equal(one.n, two.n);
    const uint8_t *a = one.p + BUNDLE_HEAD_BYTES;
    for (int kind = 0; kind < 6; kind++) {
        buf_clear(&mixed);
        buf_add(&mixed, one.p, one.n);
        uint8_t *m = mixed.p + BUNDLE_HEAD_BYTES;
        if (kind == 0) /* another's first segment */
            memcpy(m, two.p + BUNDLE_HEAD_BYTES, STEP);
        else if (kind == 1) /* another's end */
            memcpy(m + 2 * STEP, two.p + BUNDLE_HEAD_BYTES + 2 * STEP,
                   two.n - BUNDLE_HEAD_BYTES - 2 * STEP);
        else if (kind == 2) { /* two change places */
            memcpy(m, a + STEP, STEP);
            memcpy(m + STEP, a, STEP);
        } else if (kind == 3) /* one comes twice */
            memcpy(m + STEP, a, STEP);
        else if (kind == 4) /* one is left out */
            buf_drop(&mixed, STEP), memcpy(mixed.p, one.p, BUNDLE_HEAD_BYTES);
        else /* another's signature */
            memcpy(mixed.p + mixed.n - BUNDLE_SIGNATURE_BYTES,
                   two.p + two.n - BUNDLE_SIGNATURE_BYTES, BUNDLE_SIGNATURE_BYTES);
        save(mixed.p, mixed.n);
        assert_int_equal(open_file(), ERR_FORMAT);
    }
    buf_done(&one);
    buf_done(&two);
    buf_done(&mixed);
}

static void a_file_for_somebody_else_is_refused_by_name(void **state)
{
    (void)state;
    static const size_t sizes[] = {10};
    write_file(sizes, 1);
    struct stick_from from = at_server();
    from.key = buf_str(&rig.key[STRANGER]);
    assert_int_equal(open_as(&from), ERR_IDENTITY);
    assert_true(told("autre serveur"));
    from.history.b[0]++;
    assert_int_equal(open_as(&from), ERR_IDENTITY);
    assert_true(told("autre réseau"));
    from = at_server();
    from.kind = BUNDLE_TO_DEVICE;
    assert_int_equal(open_as(&from), ERR_USAGE);
    assert_true(told("va vers le serveur"));
    struct stick_to to = {.kind = BUNDLE_TO_DEVICE,
                          .device = 12,
                          .history = rig.history,
                          .recipient = rig.public[DEVICE],
                          .key = buf_str(&rig.key[SERVER])};
    write_as(&to, sizes, 1);
    from.signer = rig.print[SERVER];
    assert_int_equal(open_as(&from), ERR_REFUSED);
    assert_true(told("autre appareil"));
    from.key = buf_str(&rig.key[DEVICE]);
    assert_int_equal(open_as(&from), ERR_OK);
    from.kind = BUNDLE_TO_SERVER;
    assert_int_equal(open_as(&from), ERR_USAGE);
    assert_true(told("réponse"));
    /* Anybody can seal something for the device, and name the server; only it can sign. */
    to.key = buf_str(&rig.key[STRANGER]);
    write_as(&to, sizes, 1);
    from.kind = BUNDLE_TO_DEVICE;
    assert_int_equal(open_as(&from), ERR_REFUSED);
    assert_true(told("signé"));
}

/* What was checked is what is read: somebody may hold the stick meanwhile. */
static void a_file_that_changes_after_the_check_is_noticed(void **state)
{
    (void)state;
    static const size_t sizes[] = {200 * 1000, 5};
    struct buf first = {0};
    struct buf other = {0};
    struct str body;
    struct stick_from from = at_server();
    write_file(sizes, 2);
    load(&first);
    write_file(sizes, 2);
    load(&other);
    for (int kind = 0; kind < 3; kind++) {
        struct stick_in *in = NULL;
        save(first.p, first.n);
        assert_int_equal(stick_open(rig.path, &from, &in, NULL), ERR_OK);
        if (kind == 0) /* sound, from the same hand, but another */
            save(other.p, other.n);
        else if (kind == 1)
            save(first.p, first.n / 2);
        else
            save(first.p, 0);
        enum err err = stick_next(in, &body, &rig.why);
        assert_int_equal(err, ERR_FORMAT);
        stick_close(in);
    }
    buf_done(&first);
    buf_done(&other);
}

static void nothing_can_be_read_on_the_way(void **state)
{
    (void)state;
    struct stick_out *out = NULL;
    struct stick_to to = to_server();
    struct buf frame = {0};
    struct buf file = {0};
    uint64_t bytes = 0;
    uint32_t count[256] = {0};
    assert_int_equal(stick_create(rig.path, &to, &out, NULL), ERR_OK);
    for (int i = 0; i < 20000; i++) {
        buf_clear(&frame);
        size_t at = frame_begin(&frame);
        buf_text(&frame, MARKER);
        frame_end(&frame, at);
        assert_int_equal(stick_add(out, buf_str(&frame), NULL), ERR_OK);
    }
    assert_int_equal(stick_finish(out, &bytes, NULL), ERR_OK);
    load(&file);
    assert_null(memmem(file.p, file.n, MARKER, 8));
    /* The same 24 bytes again and again; sealed, each value is as frequent as any other: far
     * within ten standard deviations. */
    for (size_t i = BUNDLE_HEAD_BYTES; i < file.n; i++)
        count[file.p[i]]++;
    double mean = (double)(file.n - BUNDLE_HEAD_BYTES) / 256;
    for (size_t i = 0; i < 256; i++)
        assert_true(count[i] > mean * 0.77 && count[i] < mean * 1.23);
    buf_done(&file);
    buf_done(&frame);
}

static void no_two_files_are_alike(void **state)
{
    (void)state;
    static const size_t sizes[] = {40};
    struct buf one = {0};
    struct buf two = {0};
    write_file(sizes, 1);
    load(&one);
    write_file(sizes, 1);
    load(&two);
    const size_t key_at = BUNDLE_HEAD_BYTES - 64;
    assert_memory_not_equal(one.p + key_at, two.p + key_at, 64);
    assert_memory_not_equal(one.p + BUNDLE_HEAD_BYTES + 4, two.p + BUNDLE_HEAD_BYTES + 4, 32);
    buf_done(&one);
    buf_done(&two);
}

static void the_file_is_there_when_it_is_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {40};
    struct stick_out *out = NULL;
    struct stick_to to = to_server();
    struct buf before = {0};
    struct buf after = {0};
    write_file(sizes, 1);
    load(&before);
    assert_int_equal(stick_create(rig.path, &to, &out, NULL), ERR_OK);
    size_t room = stick_room(out);
    put_frame(out, 300 * 1000, 1);
    assert_int_equal(stick_room(out), room - 300 * 1000 - FRAME_HEAD_BYTES);
    load(&after); /* the old one, until then */
    assert_int_equal(after.n, before.n);
    assert_memory_equal(after.p, before.p, before.n);
    stick_drop(out);
    buf_clear(&after);
    load(&after);
    assert_memory_equal(after.p, before.p, before.n);
    struct note why = {""};
    assert_int_equal(stick_create("/tmp/jalon/no/such/folder", &to, &out, &why), ERR_NOTFOUND);
    assert_non_null(strstr(why.text, "no/such/folder"));
    stick_drop(NULL);
    stick_close(NULL);
    buf_done(&before);
    buf_done(&after);
}

/* Every allocation may fail: no file, no leak. */
static uint64_t allocations, fail_at;

static bool fail_nth(void)
{
    return ++allocations == fail_at;
}

static void without_memory_there_is_no_half_a_file(void **state)
{
    (void)state;
    static const size_t sizes[] = {70 * 1000};
    write_file(sizes, 1);
    (void)unlink(rig.path);
    struct stick_to to = to_server();
    struct stick_from from = at_server();
    enum err err = ERR_NOMEM;
    for (fail_at = 1; err == ERR_NOMEM; fail_at++) {
        struct stick_out *out = NULL;
        struct stick_in *in = NULL;
        uint64_t bytes = 0;
        static const char body[70 * 1000] = {1};
        struct buf frame = {0};
        size_t at = frame_begin(&frame);
        buf_add(&frame, body, sizeof body);
        frame_end(&frame, at);
        allocations = 0;
        mem_fail_hook = fail_nth;
        err = stick_create(rig.path, &to, &out, NULL);
        if (err == ERR_OK) {
            err = stick_add(out, buf_str(&frame), NULL);
            if (err == ERR_OK)
                err = stick_finish(out, &bytes, NULL);
            else
                stick_drop(out);
        }
        if (err == ERR_OK)
            err = stick_open(rig.path, &from, &in, NULL);
        mem_fail_hook = NULL;
        assert_true(err == ERR_OK || err == ERR_NOMEM);
        stick_close(in);
        buf_done(&frame);
    }
    assert_true(fail_at > 10);
}

/* A name typed wrong must not cost somebody their photographs. */
static void only_a_bundle_is_written_over(void **state)
{
    (void)state;
    struct stick_to to = to_server();
    struct stick_out *out = NULL;
    struct buf bytes = {0};
    FILE *f = fopen(rig.path, "wb");
    assert_non_null(f);
    assert_int_equal(fputs("une photo", f) >= 0, true);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(stick_create(rig.path, &to, &out, &rig.why), ERR_EXISTS);
    assert_non_null(strstr(rig.why.text, rig.path));
    load(&bytes);
    assert_int_equal(bytes.n, strlen("une photo"));
    f = fopen(rig.path, "wb"); /* nothing in it: no loss */
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    write_file((const size_t[]){10}, 1);
    write_file((const size_t[]){10, 20}, 2); /* a later bundle in the place of an earlier one */
    buf_done(&bytes);
}

static void in_memory_it_is_the_same(void **state)
{
    (void)state;
    enum { FRAME = 100 * 1000, CAP = 300 * 1000 };
    struct stick_to to = to_server();
    struct stick_from from = at_server();
    struct stick_out *out = NULL;
    struct stick_in *in = NULL;
    struct buf sink;
    struct str body = {NULL, 0};
    uint64_t size = 0;
    (void)unlink(rig.path);
    buf_init(&sink, CAP);
    assert_int_equal(stick_create_in(&sink, "memory", &to, &out, NULL), ERR_OK);
    put_frame(out, FRAME, 1);
    put_frame(out, FRAME, 2);
    assert_int_equal(stick_finish(out, &size, NULL), ERR_OK);
    assert_int_equal(size, sink.n);
    assert_int_equal(access(rig.path, F_OK), -1);
    assert_int_equal(stick_open_in(buf_str(&sink), "memory", &from, &in, &rig.why), ERR_OK);
    for (int again = 0; again < 2; again++) {
        for (uint8_t i = 1; i <= 2; i++) {
            assert_int_equal(stick_next(in, &body, NULL), ERR_OK);
            assert_int_equal(body.n, FRAME);
            assert_int_equal((uint8_t)body.p[FRAME - 1], i);
        }
        assert_int_equal(stick_next(in, &body, NULL), ERR_OK);
        assert_null(body.p);
        stick_rewind(in);
    }
    stick_close(in);
    for (size_t n = 0; n < sink.n; n += 997) { /* any cut, and nothing at all */
        struct str cut = {(const char *)sink.p, n};
        assert_int_equal(stick_open_in(cut, "memory", &from, &in, NULL), ERR_FORMAT);
    }
    buf_done(&sink);
    buf_init(&sink, FRAME); /* and no byte more than it may have */
    assert_int_equal(stick_create_in(&sink, "memory", &to, &out, NULL), ERR_OK);
    put_frame(out, FRAME / 2, 1);
    struct buf frame = {0};
    size_t at = frame_begin(&frame);
    for (size_t i = 0; i < FRAME; i++)
        buf_u8(&frame, 0);
    frame_end(&frame, at);
    assert_int_equal(stick_add(out, buf_str(&frame), NULL), ERR_LIMIT);
    stick_drop(out);
    assert_true(sink.n <= FRAME);
    buf_done(&frame);
    buf_done(&sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_in_order_as_often_as_asked),
        cmocka_unit_test(in_memory_it_is_the_same),
        cmocka_unit_test(a_copy_cut_anywhere_is_told_as_such),
        cmocka_unit_test(a_byte_changed_anywhere_is_refused),
        cmocka_unit_test(spliced_files_are_refused),
        cmocka_unit_test(a_file_for_somebody_else_is_refused_by_name),
        cmocka_unit_test(a_file_that_changes_after_the_check_is_noticed),
        cmocka_unit_test(nothing_can_be_read_on_the_way),
        cmocka_unit_test(no_two_files_are_alike),
        cmocka_unit_test(the_file_is_there_when_it_is_whole),
        cmocka_unit_test(only_a_bundle_is_written_over),
        cmocka_unit_test(without_memory_there_is_no_half_a_file),
    };
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
