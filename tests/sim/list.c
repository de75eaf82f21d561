/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct scenario scenarios[] = {
    {1, "saved-means-durable", "sim/test_scenarios.c",
     "a_power_cut_during_a_save_loses_nothing_told", NULL},
    {2, "torn-checkpoint", "sim/test_scenarios_rare.c",
     "a_power_cut_in_a_checkpoint_tears_nothing_for_good", NULL},
    {3, "lost-acknowledgement", "sim/test_scenarios.c", "a_lost_acknowledgement_is_given_again",
     NULL},
    {4, "two-weeks-apart", "sim/test_scenarios.c",
     "two_edits_after_two_weeks_leave_one_loser_in_the_inbox", NULL},
    {5, "edit-against-delete", "sim/test_scenarios.c", "an_edit_brings_a_deleted_dossier_back",
     NULL},
    {6, "thirteen-months", "sim/test_scenarios_rare.c",
     "a_laptop_back_after_thirteen_months_brings_no_deleted_row_back", NULL},
    {7, "clock-ahead", "sim/test_scenarios.c", "a_clock_ten_years_ahead_wins_nothing", NULL},
    {8, "clock-1970", "sim/test_scenarios_rare.c",
     "a_first_contact_from_1970_is_like_any_other", NULL},
    {9, "clock-back", "sim/test_scenarios.c", "an_hour_back_keeps_the_order_of_edits", NULL},
    {10, "older-image", "sim/test_scenarios.c", "an_older_image_is_noticed_and_loses_nothing",
     NULL},
    {11, "clone", "sim/test_scenarios.c", "a_cloned_laptop_used_in_turns_loses_nothing", NULL},
    {12, "restored-server", "sim/test_scenarios.c",
     "a_restored_server_is_told_again_what_it_acknowledged", NULL},
    {13, "moved-while-away", "sim/test_scenarios_rare.c",
     "a_coach_moved_while_away_hands_in_his_work_and_changes_sides", NULL},
    {14, "revoked-with-work", "sim/test_scenarios_disk.c",
     "late_work_goes_to_quarantine_before_the_wipe", NULL},
    {15, "stolen", "sim/test_scenarios.c", "a_stolen_laptop_is_wiped_before_it_hears_anything",
     NULL},
    {16, "wipe-cut-off", "unit/test_key.c", "wipe_cut_off_anywhere_ends_with_a_receipt", NULL},
    {17, "enrolment-reply-lost", "unit/test_enrol.c", "a_lost_reply_is_given_again", NULL},
    {18, "one-code-two-devices", "unit/test_enrol.c", "a_code_is_for_one_device", NULL},
    {19, "versions-apart", "e2e/skew.sh", NULL, NULL},
    {20, "client-disk-full", "unit/test_store_torture.c", "the_disk_may_be_full_at_every_write",
     NULL},
    {21, "server-disk-full", "sim/test_scenarios.c", "a_full_server_acknowledges_nothing",
     NULL},
    {22, "herd", "sim/test_herd.c", "ten_thousand_come_back_within_a_second_of_a_restart",
     NULL},
    {23, "slow-reader", "sim/test_slow.c", "a_reader_of_two_kbit_keeps_nobody_waiting", NULL},
    {24, "attachment-cut", "unit/test_courier.c",
     "a_content_cut_twenty_times_near_its_end_goes_over_once", NULL},
    {25, "two-tabs", "ui/group.test.js",
     "two tabs at once: what one saves the other shows, and both may write", NULL},
    {26, "passphrase-cut-off", NULL, NULL,
     "the passphrase is changed and the power goes: there is no encrypted replica yet"},
    {27, "upgrade-cut-off", "unit/test_upgrade_torture.c",
     "a_replica_cut_off_in_an_upgrade_ends_it_at_the_next_start", NULL},
    {28, "authority-replaced", NULL, NULL,
     "the network's authority is replaced while a laptop is away: there is no second authority yet"},
    {29, "bit-rot", "sim/test_scenarios_disk.c",
     "a_bad_page_is_mended_and_what_was_not_sent_survives", NULL},
    {30, "hostile-device", "unit/test_hostile.c", NULL, NULL},
    {31, "relay-put-back", "sim/test_site.c", "an_older_relay_does_no_harm", NULL},
    {32, "relay-power-cut", "sim/test_site.c", "power_cuts_at_the_relay_lose_nothing", NULL},
};
const size_t scenarios_n = sizeof scenarios / sizeof *scenarios;

enum { PATH_BYTES = 512 };

void scenarios_print(void)
{
    for (size_t i = 0; i < scenarios_n; i++) {
        const struct scenario *s = &scenarios[i];
        if (s->source == NULL)
            (void)printf("%2u  %-22s none: %s\n", s->number, s->name, s->why);
        else
            (void)printf("%2u  %-22s %s%s%s\n", s->number, s->name, s->source,
                         s->test == NULL ? "" : ": ", s->test == NULL ? "" : s->test);
    }
}

static bool ends(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

/* kind/test_module.c is the program kind_module; those of sim lie in their own folder. */
static void program_of(const char *source, char out[PATH_BYTES])
{
    const char *slash = strchr(source, '/');
    int kind = (int)(slash - source);
    const char *module = slash + strlen("/test_");
    bool own = strncmp(source, "sim/", 4) == 0;
    (void)snprintf(out, PATH_BYTES, "%s/tests/%s%.*s_%.*s", SIM_BUILD_DIR, own ? "sim/" : "",
                   kind, source, (int)(strlen(module) - strlen(".c")), module);
}

static int become(const struct scenario *s)
{
    char path[PATH_BYTES];
    if (s->source == NULL) {
        (void)printf("%s: none: %s\n", s->name, s->why);
        return 77;
    }
    (void)setenv("JALON_BIN", SIM_BUILD_DIR, 0);
    if (ends(s->source, ".js")) {
        (void)snprintf(path, sizeof path, "%s/ui/run.sh", SIM_TESTS_DIR);
        (void)execl("/bin/sh", "sh", path, SIM_BUILD_DIR, (char *)NULL);
    } else if (ends(s->source, ".sh")) {
        (void)snprintf(path, sizeof path, "%s/%s", SIM_TESTS_DIR, s->source);
        (void)execl("/bin/sh", "sh", path, (char *)NULL);
    } else {
        program_of(s->source, path);
        if (s->test != NULL)
            (void)setenv("ONLY", s->test, 1);
        (void)execl(path, path, (char *)NULL);
    }
    perror(path);
    return 1;
}

int scenario_run(const char *name)
{
    for (size_t i = 0; i < scenarios_n; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return become(&scenarios[i]);
    (void)fprintf(stderr, "no scenario %s; see --scenarios\n", name);
    return 2;
}
