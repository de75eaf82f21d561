/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls.h"

#include "io/crypt.h"
#include "io/random.h"
#include "proto/mem.h"
#include "tests/support/ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct network ours;

static int setup(void **state)
{
    (void)state;
    crypt_start();
    network_init(&ours);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    network_done(&ours);
    return 0;
}

static void assert_says(struct end *from, struct end *to, const char *text)
{
    size_t had = to->out.n;
    buf_text(&from->in, text);
    end_run(from, to, SIZE_MAX);
    assert_int_equal(from->in.n, 0);
    assert_int_equal(to->out.n - had, strlen(text));
    assert_memory_equal(to->out.p + had, text, strlen(text));
}

static void assert_peer(const struct end *end, const uint8_t id[CERT_FINGERPRINT_BYTES])
{
    uint8_t key[CERT_FINGERPRINT_BYTES];
    assert_true(tls_peer_key(end->tls, key));
    assert_memory_equal(key, id, sizeof key);
}

static void both_sides_know_each_other(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct pair pair;
        pair_open(&pair, &ours, only12);
        assert_peer(&pair.client, ours.server_id);
        assert_peer(&pair.server, ours.device_id);
        assert_false(tls_resumed(pair.client.tls));
        assert_false(tls_resumed(pair.server.tls));
        assert_says(&pair.client, &pair.server, "bonjour");
        assert_says(&pair.server, &pair.client, "bonsoir");
        pair_done(&pair);
    }
}

static void one_byte_at_a_time_is_enough(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct pair pair;
        pair_init(&pair, network_client(&ours, only12), network_server(&ours));
        buf_text(&pair.client.in, "written before the handshake");
        buf_text(&pair.server.in, "and so is this");
        end_run(&pair.client, &pair.server, 1);
        assert_true(str_eq(buf_str(&pair.server.out), STR("written before the handshake")));
        assert_true(str_eq(buf_str(&pair.client.out), STR("and so is this")));
        assert_peer(&pair.server, ours.device_id);
        pair_done(&pair);
    }
}

static void goodbye_comes_after_all_data(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct pair pair;
        pair_open(&pair, &ours, only12);
        uint8_t zeros[1000] = {0};
        for (int i = 0; i < 600; i++)
            buf_add(&pair.client.in, zeros, sizeof zeros);
        tls_shutdown(pair.client.tls);
        end_run(&pair.client, &pair.server, SIZE_MAX);
        assert_true(tls_shut(pair.client.tls));
        assert_int_equal(pair.server.out.n, 600000);
        assert_int_equal(pair.server.err, ERR_CLOSED);
        /* The server answers in kind, so that the client too sees an orderly end. */
        assert_int_equal(pair.client.err, ERR_CLOSED);
        tls_end(pair.client.tls);
        tls_end(pair.server.tls);
        end_step(&pair.server);
        assert_int_equal(pair.server.err, ERR_CLOSED);
        pair_done(&pair);
    }
}

static void cut_stream_is_an_error(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, &ours, true);
    assert_says(&pair.client, &pair.server, "half of ");
    tls_end(pair.server.tls);
    end_step(&pair.server);
    assert_int_equal(pair.server.err, ERR_PROTOCOL);
    pair_done(&pair);
    /* Within a record. */
    pair_open(&pair, &ours, false);
    buf_text(&pair.client.in, "a sentence");
    end_step(&pair.client);
    end_carry(&pair.client, &pair.server, 9);
    tls_end(pair.server.tls);
    end_step(&pair.server);
    assert_int_equal(pair.server.err, ERR_PROTOCOL);
    assert_int_equal(pair.server.out.n, 0);
    pair_done(&pair);
}

static void cut_handshake_is_an_error(void **state)
{
    (void)state;
    struct tls_config *cfg = network_server(&ours);
    struct end server;
    end_init(&server, cfg, NULL);
    tls_end(server.tls);
    end_step(&server);
    assert_int_equal(server.err, ERR_PROTOCOL);
    end_done(&server);
    tls_config_free(cfg);
}

static void changed_record_is_an_error(void **state)
{
    (void)state;
    for (size_t at = 0; at < 40; at += 3) {
        struct pair pair;
        pair_open(&pair, &ours, at % 2);
        buf_text(&pair.client.in, "forty bytes of text in a row, about that");
        end_step(&pair.client);
        struct buf *out = tls_out(pair.client.tls);
        out->p[at < out->n ? at : 0] ^= 0x40;
        end_carry(&pair.client, &pair.server, SIZE_MAX);
        end_step(&pair.server);
        /* A longer length only makes it wait for more. */
        tls_end(pair.server.tls);
        end_step(&pair.server);
        assert_int_equal(pair.server.err, ERR_PROTOCOL);
        assert_int_equal(pair.server.out.n, 0);
        pair_done(&pair);
    }
}

static void garbage_is_an_error_and_no_more(void **state)
{
    (void)state;
    struct tls_config *server_cfg = network_server(&ours);
    struct tls_config *client_cfg = network_client(&ours, false);
    for (int round = 0; round < 200; round++) {
        struct end end;
        end_init(&end, round % 2 ? server_cfg : client_cfg, NULL);
        uint8_t noise[400];
        random_bytes(noise, sizeof noise);
        if (round % 4 > 1)
            memcpy(noise, "\x16\x03\x03\x01\x00", 5);
        end_step(&end);
        assert_int_equal(tls_feed(end.tls, noise, sizeof noise), ERR_OK);
        end_step(&end);
        tls_end(end.tls);
        end_step(&end);
        assert_int_equal(end.err, ERR_PROTOCOL);
        end_done(&end);
    }
    tls_config_free(server_cfg);
    tls_config_free(client_cfg);
}

static void handshake_changed_on_the_way_never_opens_both(void **state)
{
    (void)state;
    struct tls_config *server_cfg = network_server(&ours);
    struct tls_config *client_cfg = network_client(&ours, false);
    for (size_t round = 0; round < 60; round++) {
        struct end client;
        struct end server;
        end_init(&client, client_cfg, NULL);
        end_init(&server, server_cfg, NULL);
        end_step(&client);
        struct buf *hello = tls_out(client.tls);
        hello->p[(round * 7) % hello->n] ^= 0x10;
        end_run(&client, &server, SIZE_MAX);
        tls_end(client.tls);
        tls_end(server.tls);
        end_step(&client);
        end_step(&server);
        assert_int_not_equal(server.err, ERR_OK);
        assert_int_not_equal(client.err, ERR_OK);
        end_done(&client);
        end_done(&server);
    }
    tls_config_free(server_cfg);
    tls_config_free(client_cfg);
}

static void input_over_the_cap_is_refused_whole(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, &ours, false);
    uint8_t *big = mem_new(TLS_IN_BYTES_MAX + 1);
    assert_non_null(big);
    assert_int_equal(tls_room(pair.server.tls), TLS_IN_BYTES_MAX);
    assert_int_equal(tls_feed(pair.server.tls, big, TLS_IN_BYTES_MAX + 1), ERR_LIMIT);
    assert_int_equal(tls_room(pair.server.tls), TLS_IN_BYTES_MAX);
    assert_says(&pair.client, &pair.server, "still fine");
    mem_free(big);
    pair_done(&pair);
}

static void unsent_output_stops_the_encryption(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct pair pair;
        pair_open(&pair, &ours, only12);
        uint8_t block[1024];
        for (int i = 0; i < 1024; i++) {
            memset(block, i, sizeof block);
            buf_add(&pair.client.in, block, sizeof block);
        }
        for (int i = 0; i < 10; i++) {
            end_step(&pair.client);
            assert_int_equal(pair.client.err, ERR_OK);
            assert_in_range(tls_out(pair.client.tls)->n, TLS_OUT_BYTES_MAX - 20000,
                            TLS_OUT_BYTES_MAX);
        }
        assert_true(tls_retry(pair.client.tls) > 0);
        assert_in_range(pair.client.in.n, 700000, 900000);
        end_run(&pair.client, &pair.server, SIZE_MAX);
        assert_int_equal(tls_retry(pair.client.tls), 0);
        assert_int_equal(pair.server.out.n, 1024 * 1024);
        for (size_t i = 0; i < pair.server.out.n; i++)
            assert_true(pair.server.out.p[i] == (uint8_t)(i / 1024));
        pair_done(&pair);
    }
}

/* The n-th byte of a stream that never repeats in step with a record. */
static uint8_t byte_at(size_t n)
{
    return (uint8_t)(n * 2654435761u >> 13);
}

/* What an owner does in one turn of the long transfer: write a bit, read a bit. */
static void write_some(struct end *end, size_t *written, size_t total, size_t n)
{
    while (n > 0 && *written < total && end->in.n < (size_t)1024 * 1024) {
        buf_u8(&end->in, byte_at(*written));
        (*written)++;
        n--;
    }
}

static void read_some(struct end *end, size_t *seen, size_t n)
{
    if (n > end->out.n)
        n = end->out.n;
    bool same = true;
    for (size_t i = 0; i < n; i++)
        same = same && end->out.p[i] == byte_at(*seen + i);
    assert_true(same);
    *seen += n;
    buf_drop(&end->out, n);
}

static void eight_megabytes_both_ways_arrive_intact(void **state)
{
    (void)state;
    enum { TOTAL = 8 * 1024 * 1024, CAP = 64 * 1024 };
    for (int only12 = 0; only12 < 2; only12++) {
        struct pair pair;
        pair_open(&pair, &ours, only12);
        buf_init(&pair.client.out, CAP);
        buf_init(&pair.server.out, CAP);
        size_t written[2] = {0, 0};
        size_t seen[2] = {0, 0};
        uint32_t dice = 1;
        while (seen[0] < TOTAL || seen[1] < TOTAL) {
            dice = dice * 1664525u + 1013904223u;
            write_some(&pair.client, &written[0], TOTAL, dice >> 12 & 0x3ffff);
            write_some(&pair.server, &written[1], TOTAL, dice >> 8 & 0x3ffff);
            end_step(&pair.client);
            end_step(&pair.server);
            assert_int_equal(pair.client.err, ERR_OK);
            assert_int_equal(pair.server.err, ERR_OK);
            assert_true(pair.client.out.n <= CAP && pair.server.out.n <= CAP);
            end_carry(&pair.client, &pair.server, dice >> 11 & 0x1ffff);
            end_carry(&pair.server, &pair.client, dice >> 13 & 0x1ffff);
            read_some(&pair.server, &seen[0], dice >> 9 & 0x1ffff);
            read_some(&pair.client, &seen[1], dice >> 14 & 0x1ffff);
        }
        assert_int_equal(written[0], TOTAL);
        assert_int_equal(written[1], TOTAL);
        pair_done(&pair);
    }
}

static void owner_may_take_the_whole_output(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, &ours, false);
    buf_text(&pair.client.in, "taken");
    end_step(&pair.client);
    struct buf taken = *tls_out(pair.client.tls);
    *tls_out(pair.client.tls) = (struct buf){0};
    assert_int_equal(tls_feed(pair.server.tls, taken.p, taken.n), ERR_OK);
    buf_done(&taken);
    end_step(&pair.server);
    assert_true(str_eq(buf_str(&pair.server.out), STR("taken")));
    assert_says(&pair.client, &pair.server, "and on");
    pair_done(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_know_each_other),
        cmocka_unit_test(one_byte_at_a_time_is_enough),
        cmocka_unit_test(goodbye_comes_after_all_data),
        cmocka_unit_test(cut_stream_is_an_error),
        cmocka_unit_test(cut_handshake_is_an_error),
        cmocka_unit_test(changed_record_is_an_error),
        cmocka_unit_test(garbage_is_an_error_and_no_more),
        cmocka_unit_test(handshake_changed_on_the_way_never_opens_both),
        cmocka_unit_test(input_over_the_cap_is_refused_whole),
        cmocka_unit_test(unsent_output_stops_the_encryption),
        cmocka_unit_test(eight_megabytes_both_ways_arrive_intact),
        cmocka_unit_test(owner_may_take_the_whole_output),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
