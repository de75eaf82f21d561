/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and a server over real sockets and TLS: enrolment, sync, live links, revocation,
 * wipe. The server runs in a process of its own, as jalond does. */
#include "client/enrol.h"
#include "client/link.h"
#include "client/local.h"
#include "io/crypt.h"
#include "io/random.h"
#include "server/folder.h"
#include "server/service.h"
#include "support/twin.h"

#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH = 200, GUARD_MS = 60 * 1000 };

static struct net {
    char dir[PATH];
    char server[PATH]; /* its data folder */
    pid_t pid;         /* the running server; 0: none */
    struct address at; /* where it listens */
    struct id structure;
} net;

static const char *in_dir(const char *name)
{
    static char paths[4][PATH * 2];
    static unsigned next;
    char *out = paths[next++ % 4];
    (void)snprintf(out, sizeof paths[0], "%s/%s", net.dir, name);
    return out;
}

/* Work on the server's database while it does not run. */
static struct store *server_store(void)
{
    static char path[PATH * 2];
    struct store *s = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", net.server, FOLDER_DATABASE);
    assert_int_equal(folder_store(path, &s, NULL), ERR_OK);
    return s;
}

static void server_start(void)
{
    int out[2];
    struct settings settings;
    settings_init(&settings);
    (void)snprintf(settings.sync, sizeof settings.sync, "127.0.0.1:0");
    assert_int_equal(pipe(out), 0);
    (void)fflush(NULL);
    net.pid = fork();
    assert_true(net.pid >= 0);
    if (net.pid == 0) {
        (void)dup2(out[1], STDOUT_FILENO);
        _exit(err_exit(service_run(net.server, &settings, NULL)));
    }
    (void)close(out[1]);
    char line[128] = "";
    FILE *f = fdopen(out[0], "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    line[strcspn(line, "\n")] = '\0';
    assert_memory_equal(line, "sync ", 5);
    assert_int_equal(address_parse(line + 5, 0, &net.at, NULL), ERR_OK);
    (void)fclose(f);
}

static void server_stop(void)
{
    int status = 0;
    if (net.pid == 0)
        return;
    assert_int_equal(kill(net.pid, SIGTERM), 0);
    assert_int_equal(waitpid(net.pid, &status, 0), net.pid);
    net.pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A jobcoach and an invitation for one device; the server does not run. */
static struct invite invited(const char *first_name)
{
    struct party server = {.store = server_store()};
    struct folder folder = {.key = {0}};
    struct invite invite = {0};
    uint8_t random[INVITE_ID_BYTES + INVITE_SECRET_BYTES];
    char structure[80];
    char staff[80];
    char name[60];
    char text[ID_TEXT_BYTES];
    id_print(&net.structure, text);
    (void)snprintf(structure, sizeof structure, "structure=%s", text);
    (void)snprintf(name, sizeof name, "first_name=%s", first_name);
    const char *staff_fields[] = {name, "name=Fictif", structure, "active=true", NULL};
    struct id id = twin_add(&server, "staff", staff_fields);
    id_print(&id, text);
    (void)snprintf(staff, sizeof staff, "staff=%s", text);
    const char *role[] = {staff, structure, "role=jobcoach", "start=2020-01-01", NULL};
    (void)twin_add(&server, "staff_role", role);
    assert_int_equal(folder_open(net.server, &folder, NULL), ERR_OK);
    random_bytes(random, sizeof random);
    assert_int_equal(enrol_invite(server.store, &folder.ca, &id, random, &invite), ERR_OK);
    folder_done(&folder);
    store_close(server.store);
    return invite;
}

static int open_net(void **state)
{
    (void)state;
    bool made = false;
    struct folder folder = {.key = {0}};
    net = (struct net){.dir = "/tmp/jalon-link-XXXXXX"};
    crypt_start();
    if (mkdtemp(net.dir) == NULL)
        return -1;
    (void)snprintf(net.server, sizeof net.server, "%.150s/server", net.dir);
    if (folder_make(net.server, STR("Réseau fictif"), &folder, &made, NULL) != ERR_OK)
        return -1;
    folder_done(&folder);
    struct party server = {.store = server_store()};
    const char *fields[] = {"name=EI du Pont", "kind=EI", NULL};
    net.structure = twin_add(&server, "structure", fields);
    struct twin shared = {.server = server};
    twin_share(&shared);
    store_close(server.store);
    return 0;
}

static int drop_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int close_net(void **state)
{
    (void)state;
    if (net.pid != 0)
        (void)kill(net.pid, SIGKILL);
    if (net.pid != 0)
        (void)waitpid(net.pid, NULL, 0);
    return nftw(net.dir, drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- devices ---- */

static enum err enrol(const char *name, struct invite invite, struct enrol_result *out)
{
    struct local local = {0};
    struct note why = {""};
    assert_int_equal(local_open(in_dir(name), 0, &local, NULL), ERR_OK);
    invite.server = net.at;
    enum err err = enrol_run(in_dir(name), local.store, &invite, out, &why);
    local_close(&local);
    return err;
}

static enum err wipe(void *arg)
{
    return key_wipe(arg, local_files, NULL);
}

static enum err sync_at(const char *name, struct address at, struct link_tally *tally,
                        struct note *why)
{
    struct local local = {0};
    struct key key = {0};
    static char dir[PATH * 2];
    (void)snprintf(dir, sizeof dir, "%s", in_dir(name));
    assert_int_equal(local_open(dir, 0, &local, NULL), ERR_OK);
    assert_int_equal(key_load(dir, &key, NULL), ERR_OK);
    key.server = at;
    struct link_cfg cfg = {.store = local.store, .key = &key, .wipe = wipe, .arg = dir};
    enum err err = link_once(&cfg, tally, why);
    key_done(&key);
    local_close(&local);
    return err;
}

static enum err sync_one(const char *name, struct link_tally *tally)
{
    return sync_at(name, net.at, tally, NULL);
}

/* An enrolled device that has what it may see; the server does not run. */
static void device(const char *name)
{
    struct enrol_result result;
    struct link_tally tally;
    struct invite invite = invited(name);
    server_start();
    assert_int_equal(enrol(name, invite, &result), ERR_OK);
    assert_int_equal(sync_one(name, &tally), ERR_OK);
    server_stop();
}

static void add_person_to(struct store *s, const char *first_name)
{
    struct party party = {.store = s};
    char structure[80];
    char name[60];
    char text[ID_TEXT_BYTES];
    id_print(&net.structure, text);
    (void)snprintf(structure, sizeof structure, "structure=%s", text);
    (void)snprintf(name, sizeof name, "first_name=%s", first_name);
    const char *fields[] = {"name=Dupont", name, structure, NULL};
    (void)twin_add(&party, "person", fields);
}

static void add_person(const char *name, const char *first_name)
{
    struct local local = {0};
    assert_int_equal(local_open(in_dir(name), 0, &local, NULL), ERR_OK);
    add_person_to(local.store, first_name);
    local_close(&local);
}

static void enrolled_devices_bring_their_work_together(void **state)
{
    (void)state;
    struct enrol_result result = {.device = 0};
    struct link_tally tally;
    struct invite a = invited("Anna");
    struct invite b = invited("Bilal");
    server_start();
    assert_int_equal(enrol("a", a, &result), ERR_OK);
    assert_string_equal(result.network, "Réseau fictif");
    assert_non_null(strstr(result.staff, "Anna"));
    assert_int_equal(enrol("b", b, &result), ERR_OK);
    assert_int_equal(sync_one("a", &tally), ERR_OK);
    assert_int_equal(sync_one("b", &tally), ERR_OK);
    add_person("a", "Odile");
    assert_int_equal(sync_one("a", &tally), ERR_OK);
    assert_int_equal(tally.rows.pushed, 1);
    assert_true(tally.bytes_in > 0 && tally.bytes_out > 0);
    assert_int_equal(sync_one("b", &tally), ERR_OK);
    assert_int_equal(tally.rows.pulled, 1);
    assert_int_equal(sync_one("b", &tally), ERR_OK);
    assert_int_equal(tally.rows.pulled, 0);
    server_stop();
}

static void lost_reply_of_enrolment_can_be_asked_again(void **state)
{
    (void)state;
    struct enrol_result first = {.device = 0};
    struct enrol_result again = {.device = 0};
    struct link_tally tally;
    struct invite invite = invited("Anna");
    server_start();
    assert_int_equal(enrol("a", invite, &first), ERR_OK);
    char identity[PATH * 3];
    (void)snprintf(identity, sizeof identity, "%s/%s", in_dir("a"), KEY_IDENTITY);
    assert_int_equal(unlink(identity), 0); /* as if it had never been written */
    assert_int_equal(enrol("a", invite, &again), ERR_OK);
    assert_int_equal(again.device, first.device);
    assert_int_equal(sync_one("a", &tally), ERR_OK);
    assert_int_not_equal(enrol("other", invite, &again), ERR_OK);
    server_stop();
}

static void wrong_secret_or_wrong_server_enrols_nothing(void **state)
{
    (void)state;
    struct enrol_result result;
    struct key key = {0};
    struct invite invite = invited("Anna");
    server_start();
    invite.secret[0] ^= 1;
    assert_string_equal(err_name(enrol("a", invite, &result)), "REFUSED");
    invite.secret[0] ^= 1;
    invite.ca[0] ^= 1;
    assert_string_equal(err_name(enrol("a", invite, &result)), "IDENTITY");
    assert_int_equal(key_load(in_dir("a"), &key, NULL), ERR_NOTFOUND);
    invite.ca[0] ^= 1;
    assert_int_equal(enrol("a", invite, &result), ERR_OK);
    server_stop();
}

static void unreachable_server_is_told_and_loses_nothing(void **state)
{
    (void)state;
    struct link_tally tally;
    struct note why = {""};
    device("a"); /* and the server is gone again */
    add_person("a", "Odile");
    assert_string_equal(err_name(sync_at("a", net.at, &tally, &why)), "OFFLINE");
    assert_string_not_equal(why.text, "");
    server_start();
    assert_int_equal(sync_one("a", &tally), ERR_OK);
    assert_int_equal(tally.rows.pushed, 1);
    server_stop();
}

static void server_of_another_network_gets_nothing(void **state)
{
    (void)state;
    struct link_tally tally;
    struct folder folder = {.key = {0}};
    bool made = false;
    device("a");
    add_person("a", "Odile");
    (void)snprintf(net.server, sizeof net.server, "%.150s/thief", net.dir);
    assert_int_equal(folder_make(net.server, STR("Autre"), &folder, &made, NULL), ERR_OK);
    folder_done(&folder);
    server_start();
    assert_string_equal(err_name(sync_one("a", &tally)), "IDENTITY");
    assert_int_equal(tally.rows.pushed, 0);
    server_stop();
}

static void set_device(uint32_t number, enum device_state state)
{
    struct store *s = server_store();
    assert_int_equal(serve_device_state(s, number, state), ERR_OK);
    store_close(s);
}

static void revoked_device_hears_nothing_else(void **state)
{
    (void)state;
    struct link_tally tally;
    device("a");
    add_person("a", "Odile");
    set_device(1, DEVICE_REVOKED);
    server_start();
    assert_string_equal(err_name(sync_one("a", &tally)), "REVOKED");
    assert_int_equal(tally.rows.pulled, 0);
    server_stop();
}

static enum err see_state(void *ctx, const struct serve_device_info *info)
{
    *(enum device_state *)ctx = info->state;
    return ERR_OK;
}

static void wiped_device_has_nothing_left_and_the_server_knows(void **state)
{
    (void)state;
    struct link_tally tally;
    struct key key = {0};
    enum device_state seen = DEVICE_ACTIVE;
    device("a");
    set_device(1, DEVICE_WIPE);
    server_start();
    assert_string_equal(err_name(sync_one("a", &tally)), "REVOKED");
    assert_int_equal(key_load(in_dir("a"), &key, NULL), ERR_NOTFOUND);
    char database[PATH * 3];
    (void)snprintf(database, sizeof database, "%s/%s", in_dir("a"), local_files[0]);
    assert_int_equal(access(database, F_OK), -1);
    server_stop();
    struct store *s = server_store();
    assert_int_equal(serve_devices(s, see_state, &seen), ERR_OK);
    assert_int_equal(seen, DEVICE_WIPED);
    store_close(s);
}

/* ---- links that stay ---- */

struct live {
    struct loop loop;
    struct jobs jobs; /* one thread for all the stores of this test */
    struct loop_timer guard;
    struct job save; /* the first device's person writes something */
    bool saving, saved;
    struct live_end {
        struct live *live;
        struct local local;
        struct key key;
        struct link *link;
        bool synced; /* since it was last reset */
        bool closing;
        unsigned connected; /* how often */
    } end[2];
};

static void on_guard(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    fail_msg("the test hangs");
}

static struct live *live_of(struct job *job)
{
    return (struct live *)((char *)job - offsetof(struct live, save));
}

static void on_save(struct job *job)
{
    add_person_to(live_of(job)->end[0].local.store, "Odile");
}

static void on_live_saved(struct job *job)
{
    struct live *live = live_of(job);
    live->saved = true;
    live->end[0].synced = live->end[1].synced = false;
    link_saved(live->end[0].link);
}

/* Both are there: the first saves something. Both have it: the first syncs once more over a new
 * connection. The end. */
static void on_both_synced(struct live *live)
{
    if (!live->saving) {
        live->saving = true;
        live->save = (struct job){.run = on_save, .done = on_live_saved};
        assert_int_equal(jobs_submit(&live->jobs, &live->save), ERR_OK);
    } else if (live->saved && link_dials(live->end[0].link) == 1) {
        live->end[0].synced = false;
        link_network(live->end[1].link); /* it asks, and hears that all is well */
        link_afresh(live->end[0].link);
    } else if (link_dials(live->end[0].link) == 2 && !live->end[0].closing) {
        assert_false(link_sent_away(live->end[0].link));
        assert_int_equal(link_dials(live->end[1].link), 1);
        live->end[0].closing = live->end[1].closing = true;
        link_close(live->end[0].link);
        link_close(live->end[1].link);
    }
}

static void on_live(struct link *link, const struct link_event *event, void *arg)
{
    struct live_end *end = arg;
    struct live *live = end->live;
    assert_ptr_equal(link, end->link);
    switch (event->type) {
    case LINK_PROGRESS:
        break;
    case LINK_CONNECTED:
        end->connected++;
        break;
    case LINK_SYNCED:
        end->synced = true;
        assert_int_equal(end->connected, link_dials(link));
        if (live->end[0].synced && live->end[1].synced)
            on_both_synced(live);
        break;
    case LINK_FAILED:
        assert_true(end->closing);
        assert_string_equal(err_name(event->err), "CLOSED");
        break;
    case LINK_CLOSED:
        end->link = NULL;
        if (live->end[0].link == NULL && live->end[1].link == NULL) {
            jobs_close(&live->jobs, NULL, NULL);
            loop_timer_close(&live->guard, NULL);
        }
        break;
    }
}

static void live_links_hear_of_each_other(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b"};
    static struct live live;
    device("a");
    device("b");
    server_start();
    assert_int_equal(loop_init(&live.loop), ERR_OK);
    assert_int_equal(jobs_open(&live.jobs, &live.loop, LINK_JOBS_MAX), ERR_OK);
    loop_timer_init(&live.loop, &live.guard, on_guard, NULL);
    loop_timer_start(&live.guard, GUARD_MS);
    for (size_t i = 0; i < 2; i++) {
        struct live_end *end = &live.end[i];
        end->live = &live;
        assert_int_equal(local_open(in_dir(names[i]), 0, &end->local, NULL), ERR_OK);
        assert_int_equal(key_load(in_dir(names[i]), &end->key, NULL), ERR_OK);
        end->key.server = net.at;
        struct link_cfg cfg = {.loop = &live.loop,
                               .jobs = &live.jobs,
                               .store = end->local.store,
                               .key = &end->key,
                               .live = true,
                               .cb = on_live,
                               .arg = end};
        assert_int_equal(link_open(&cfg, &end->link, NULL), ERR_OK);
        link_want(end->link);
    }
    loop_run(&live.loop);
    for (size_t i = 0; i < 2; i++) {
        assert_null(live.end[i].link);
        assert_int_equal(twin_count(live.end[i].local.store, "person"), 1);
        key_done(&live.end[i].key);
        local_close(&live.end[i].local);
    }
    loop_done(&live.loop);
    server_stop();
}

struct half_wiped {
    struct loop loop;
    struct jobs jobs;
    struct loop_timer guard;
    struct local local;
    struct link *link;
    unsigned failed;
};

static enum err half_a_wipe(void *arg)
{
    struct half_wiped *h = arg;
    store_close(h->local.store);
    h->local.store = NULL;
    return ERR_IO;
}

static void on_half_wiped(struct link *link, const struct link_event *event, void *arg)
{
    struct half_wiped *h = arg;
    if (event->type == LINK_FAILED && h->failed++ == 0) {
        assert_string_equal(err_name(event->err), "IO");
        assert_int_equal(event->wait_ms, -1);
        link_want(link); /* a command that comes just then */
        link_saved(link);
        link_close(link);
    } else if (event->type == LINK_CLOSED) {
        jobs_close(&h->jobs, NULL, NULL);
        loop_timer_close(&h->guard, NULL);
    }
}

static void half_a_wipe_ends_a_link_that_stays(void **state)
{
    (void)state;
    struct half_wiped h = {.failed = 0};
    struct key key = {0};
    device("a");
    set_device(1, DEVICE_WIPE);
    server_start();
    assert_int_equal(loop_init(&h.loop), ERR_OK);
    assert_int_equal(jobs_open(&h.jobs, &h.loop, LINK_JOBS_MAX), ERR_OK);
    loop_timer_init(&h.loop, &h.guard, on_guard, NULL);
    loop_timer_start(&h.guard, GUARD_MS);
    assert_int_equal(local_open(in_dir("a"), 0, &h.local, NULL), ERR_OK);
    assert_int_equal(key_load(in_dir("a"), &key, NULL), ERR_OK);
    key.server = net.at;
    struct link_cfg cfg = {.loop = &h.loop,
                           .jobs = &h.jobs,
                           .store = h.local.store,
                           .key = &key,
                           .live = true,
                           .cb = on_half_wiped,
                           .wipe = half_a_wipe,
                           .arg = &h};
    assert_int_equal(link_open(&cfg, &h.link, NULL), ERR_OK);
    link_want(h.link);
    loop_run(&h.loop);
    assert_int_equal(h.failed, 1);
    key_done(&key);
    local_close(&h.local);
    loop_done(&h.loop);
    server_stop();
}

#define ON_NET(test) cmocka_unit_test_setup_teardown(test, open_net, close_net)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_NET(enrolled_devices_bring_their_work_together),
        ON_NET(lost_reply_of_enrolment_can_be_asked_again),
        ON_NET(wrong_secret_or_wrong_server_enrols_nothing),
        ON_NET(unreachable_server_is_told_and_loses_nothing),
        ON_NET(server_of_another_network_gets_nothing),
        ON_NET(revoked_device_hears_nothing_else),
        ON_NET(wiped_device_has_nothing_left_and_the_server_knows),
        ON_NET(live_links_hear_of_each_other),
        ON_NET(half_a_wipe_ends_a_link_that_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
