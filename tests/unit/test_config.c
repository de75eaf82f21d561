/* SPDX-License-Identifier: Apache-2.0 */
#include "io/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct settings {
    char listen[16];
    int64_t peers;
    int64_t page_bytes;
    int64_t idle_ms;
    bool live;
};
static const struct config_key keys[] = {
    {"listen", CONFIG_TEXT, offsetof(struct settings, listen), 16, 0, 0, "adresse"},
    {"peers", CONFIG_INT, offsetof(struct settings, peers), 0, 1, 500, "appareils"},
    {"page_bytes", CONFIG_BYTES, offsetof(struct settings, page_bytes), 0, 1024, 1 << 20,
     "page"},
    {"idle", CONFIG_MS, offsetof(struct settings, idle_ms), 0, 100, 86400000, "attente"},
    {"live", CONFIG_BOOL, offsetof(struct settings, live), 0, 0, 0, "direct"},
};
static const struct settings defaults = {"[::]:7400", 50, 65536, 30000, true};

static enum err read_text(const char *text, struct settings *s, struct note *why)
{
    memcpy(s, &defaults, sizeof *s); /* padding too: it is compared */
    return config_read(keys, sizeof keys / sizeof keys[0], "jalond.conf", str_of(text), s,
                       sizeof *s, why);
}

static void settings_are_read_over_the_defaults(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(read_text("\xef\xbb\xbf# commentaire\r\n\n  listen =  127.0.0.1:0 \r\n"
                               "page_bytes=256K\nidle = 5min\nlive = non",
                               &s, NULL),
                     ERR_OK);
    assert_string_equal(s.listen, "127.0.0.1:0");
    assert_int_equal(s.peers, 50);
    assert_int_equal(s.page_bytes, 256 * 1024);
    assert_int_equal(s.idle_ms, 300000);
    assert_false(s.live);
    assert_int_equal(read_text("", &s, NULL), ERR_OK);
    assert_memory_equal(&s, &defaults, sizeof s);
}

static void says(const char *text, enum err err, const char *expected)
{
    struct settings s;
    struct note why = {""};
    assert_int_equal(read_text(text, &s, &why), err);
    assert_string_equal(why.text, expected);
    assert_memory_equal(&s, &defaults, sizeof s);
}

static void mistakes_name_file_line_and_what_is_wanted(void **state)
{
    (void)state;
    says("peers = 7\n\nlisen = x\n", ERR_INVALID,
         "jalond.conf, ligne 3 : réglage inconnu : lisen ; vouliez-vous dire listen ?");
    says("zzz = 1", ERR_INVALID, "jalond.conf, ligne 1 : réglage inconnu : zzz");
    says("peers", ERR_FORMAT, "jalond.conf, ligne 1 : il faut « réglage = valeur »");
    says("peers = 7\npeers = 8", ERR_INVALID, "jalond.conf, ligne 2 : peers : réglage répété");
    says("peers = 0", ERR_INVALID, "jalond.conf, ligne 1 : peers : hors limites, de 1 à 500");
    says("peers = 7x", ERR_INVALID, "jalond.conf, ligne 1 : peers : il faut un nombre entier");
    says("peers = 99999999999999999999", ERR_INVALID,
         "jalond.conf, ligne 1 : peers : il faut un nombre entier");
    says("idle = 30", ERR_INVALID,
         "jalond.conf, ligne 1 : idle : il faut une durée, comme 500ms, 30s, 5min, 2h");
    says("page_bytes = 9223372036854775807G", ERR_INVALID,
         "jalond.conf, ligne 1 : page_bytes : il faut un nombre d'octets, comme 64M");
    says("live = peut-être", ERR_INVALID, "jalond.conf, ligne 1 : live : il faut oui ou non");
    says("listen = 0123456789abcdef", ERR_LIMIT,
         "jalond.conf, ligne 1 : listen : au plus 15 octets");
    says("listen = \xff", ERR_FORMAT,
         "jalond.conf, ligne 1 : listen : ce texte n'est pas en UTF-8");
}

static void one_key_can_be_set_alone(void **state)
{
    (void)state;
    struct settings s = defaults;
    assert_int_equal(config_set(&keys[0], STR("a"), &s, NULL), ERR_OK);
    assert_string_equal(s.listen, "a");
    assert_int_equal(config_set(&keys[0], (struct str){NULL, 0}, &s, NULL), ERR_OK);
    assert_string_equal(s.listen, "");
    assert_int_equal(config_set(&keys[1], STR("501"), &s, NULL), ERR_INVALID);
    assert_int_equal(s.peers, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_read_over_the_defaults),
        cmocka_unit_test(mistakes_name_file_line_and_what_is_wanted),
        cmocka_unit_test(one_key_can_be_set_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
