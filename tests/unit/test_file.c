/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include "proto/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/jalon-file-XXXXXX";
static struct buf path;

static int make_dir(void **state)
{
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    return mkdtemp(dir) == NULL;
}

static int remove_one(const char *name, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(name);
}

static int remove_dir(void **state)
{
    (void)state;
    buf_done(&path);
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in_dir(const char *name)
{
    assert_int_equal(file_join(&path, dir, name), ERR_OK);
    return (const char *)path.p;
}

static void expect_content(const char *name, const char *text)
{
    struct buf got = {0};
    assert_int_equal(file_read(name, 100, &got, NULL), ERR_OK);
    assert_true(str_eq(buf_str(&got), str_of(text)));
    buf_done(&got);
}

static size_t entries(void)
{
    size_t n = 0;
    DIR *open_dir = opendir(dir);
    assert_non_null(open_dir);
    while (readdir(open_dir) != NULL)
        n++;
    (void)closedir(open_dir);
    return n - 2;
}

static void a_replaced_file_holds_the_new_content(void **state)
{
    (void)state;
    const char *name = in_dir("settings");
    assert_int_equal(file_replace(name, STR("one"), 0644, NULL), ERR_OK);
    assert_int_equal(file_replace(name, STR("second"), 0644, NULL), ERR_OK);
    expect_content(name, "second");
    assert_int_equal(file_replace(name, (struct str){NULL, 0}, 0644, NULL), ERR_OK);
    expect_content(name, "");
    assert_int_equal(entries(), 1);
}

static void the_mode_is_the_one_asked_whatever_the_umask(void **state)
{
    (void)state;
    const char *name = in_dir("key");
    struct stat st;
    mode_t before = umask(0777);
    assert_int_equal(file_replace(name, STR("k"), 0600, NULL), ERR_OK);
    (void)umask(0);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(file_replace(name, STR("k"), 0640, NULL), ERR_OK);
    (void)umask(before);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

/* In a child whose files may not grow: the stand-in for a disk that fills up in mid-write. */
static void a_failed_write_leaves_the_old_file_and_no_trace(void **state)
{
    (void)state;
    const char *name = in_dir("data");
    assert_int_equal(file_replace(name, STR("old"), 0600, NULL), ERR_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit = {.rlim_cur = 4, .rlim_max = 4};
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(90);
        _exit((int)file_replace(name, STR("much longer than four"), 0600, NULL));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ERR_FULL);
    expect_content(name, "old");
    assert_int_equal(entries(), 1);
}

static void an_error_names_the_path_and_the_cause(void **state)
{
    (void)state;
    struct note why = {0};
    struct buf out = {0};
    assert_int_equal(file_read(in_dir("absent"), 10, &out, &why), ERR_NOTFOUND);
    assert_non_null(strstr(why.text, "/absent : ouverture impossible (No such file"));
    assert_int_equal(file_replace(in_dir("no/such"), STR("x"), 0600, &why), ERR_NOTFOUND);
    assert_int_equal(file_read(dir, 10, &out, &why), ERR_IO);
    assert_int_equal(file_remove(in_dir("absent"), &why), ERR_NOTFOUND);
    buf_done(&out);
}

static void an_erased_file_was_overwritten_first(void **state)
{
    (void)state;
    const char *name = in_dir("secret");
    assert_int_equal(file_erase(name, NULL), ERR_NOTFOUND);
    assert_int_equal(file_replace(name, STR("a key"), 0600, NULL), ERR_OK);
    int fd = open(name, O_RDONLY | O_CLOEXEC); /* what the blocks hold afterwards */
    assert_true(fd >= 0);
    assert_int_equal(file_erase(name, NULL), ERR_OK);
    char left[8] = "xxxxxxx";
    assert_int_equal(read(fd, left, sizeof left), 5);
    assert_memory_equal(left, "\0\0\0\0\0xx", 7);
    (void)close(fd);
    assert_int_equal(access(name, F_OK), -1);
}

static void a_file_over_the_cap_is_refused_and_the_buffer_unchanged(void **state)
{
    (void)state;
    const char *name = in_dir("f");
    struct buf out = {0};
    buf_text(&out, "kept");
    assert_int_equal(file_replace(name, STR("0123456789"), 0600, NULL), ERR_OK);
    assert_int_equal(file_read(name, 9, &out, NULL), ERR_LIMIT);
    assert_true(str_eq(buf_str(&out), STR("kept")));
    assert_int_equal(file_read(name, 10, &out, NULL), ERR_OK);
    assert_true(str_eq(buf_str(&out), STR("kept0123456789")));
    buf_done(&out);
}

static void a_large_file_comes_back_whole(void **state)
{
    (void)state;
    enum { BYTES = 3 * 1024 * 1024 + 5 };
    char *bytes = mem_new(BYTES);
    assert_non_null(bytes);
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (char)(i * 31 >> 3);
    struct buf out = {0};
    assert_int_equal(file_replace(in_dir("big"), (struct str){bytes, BYTES}, 0600, NULL),
                     ERR_OK);
    assert_int_equal(file_read(in_dir("big"), BYTES, &out, NULL), ERR_OK);
    assert_true(str_eq(buf_str(&out), (struct str){bytes, BYTES}));
    buf_done(&out);
    mem_free(bytes);
}

static void folders_are_made_private_and_existing_ones_left_alone(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(file_mkdirs(in_dir("a//b/c/"), NULL), ERR_OK);
    assert_int_equal(stat(in_dir("a/b"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(chmod(in_dir("a"), 0755), 0);
    assert_int_equal(file_mkdirs(in_dir("a/b/c"), NULL), ERR_OK);
    assert_int_equal(stat(in_dir("a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(file_replace(in_dir("a/file"), STR(""), 0600, NULL), ERR_OK);
    assert_int_equal(file_mkdirs(in_dir("a/file/x"), NULL), ERR_EXISTS);
    assert_int_equal(file_mkdirs("", NULL), ERR_LIMIT);
}

/* Exit status of a child that tries to take the lock. */
static int try_in_child(const char *name)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct file_lock lock = {.fd = -1};
        struct note why = {0};
        enum err err = file_lock(name, &lock, &why);
        char want[64];
        (void)snprintf(want, sizeof want, "utilisé par le processus %ld", (long)getppid());
        bool named = err != ERR_BUSY || strstr(why.text, want) != NULL;
        _exit(named ? (int)err : 99);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void one_process_at_a_time_holds_the_lock(void **state)
{
    (void)state;
    char name[FILE_PATH_BYTES_MAX];
    (void)snprintf(name, sizeof name, "%s", in_dir("lock"));
    struct file_lock lock = {.fd = -1};
    assert_int_equal(file_lock(name, &lock, NULL), ERR_OK);
    assert_int_equal(try_in_child(name), ERR_BUSY);
    struct file_lock second = {.fd = -1};
    assert_int_equal(file_lock(name, &second, NULL), ERR_BUSY);
    file_unlock(&lock);
    file_unlock(&lock);
    assert_int_equal(try_in_child(name), ERR_OK);
    /* The child ended without unlocking: the kernel let go. */
    assert_int_equal(file_lock(name, &lock, NULL), ERR_OK);
    file_unlock(&lock);
}

static void free_space_is_told(void **state)
{
    (void)state;
    struct file_space space = {0};
    assert_int_equal(file_space(dir, &space, NULL), ERR_OK);
    assert_true(space.total_bytes > 0);
    assert_true(space.free_bytes <= space.total_bytes);
    assert_int_equal(file_space(in_dir("absent"), &space, NULL), ERR_NOTFOUND);
}

static void paths_are_joined_with_one_slash(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(file_join(&out, "/var/lib/jalon", "ca.key"), ERR_OK);
    assert_string_equal((char *)out.p, "/var/lib/jalon/ca.key");
    assert_int_equal(out.n, strlen("/var/lib/jalon/ca.key"));
    assert_int_equal(file_join(&out, "data/", "db"), ERR_OK);
    assert_string_equal((char *)out.p, "data/db");
    assert_int_equal(file_join(&out, "", "db"), ERR_OK);
    assert_string_equal((char *)out.p, "db");
    char longest[FILE_PATH_BYTES_MAX];
    memset(longest, 'd', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(file_join(&out, longest, "db"), ERR_LIMIT);
    buf_done(&out);
}

static void a_removed_file_is_gone(void **state)
{
    (void)state;
    const char *name = in_dir("f");
    assert_int_equal(file_replace(name, STR("x"), 0600, NULL), ERR_OK);
    assert_int_equal(file_remove(name, NULL), ERR_OK);
    assert_int_equal(entries(), 0);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

static void a_moved_file_takes_the_place_of_another(void **state)
{
    (void)state;
    char from[64];
    char to[64];
    (void)snprintf(from, sizeof from, "%s/part", dir);
    (void)snprintf(to, sizeof to, "%s/copy", dir);
    assert_int_equal(file_move(from, to, NULL), ERR_NOTFOUND);
    assert_int_equal(file_replace(from, STR("new"), 0600, NULL), ERR_OK);
    assert_int_equal(file_replace(to, STR("old"), 0600, NULL), ERR_OK);
    assert_int_equal(file_move(from, to, NULL), ERR_OK);
    expect_content(to, "new");
    assert_int_equal(entries(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_replaced_file_holds_the_new_content),
        IN_DIR(the_mode_is_the_one_asked_whatever_the_umask),
        IN_DIR(a_failed_write_leaves_the_old_file_and_no_trace),
        IN_DIR(an_error_names_the_path_and_the_cause),
        IN_DIR(an_erased_file_was_overwritten_first),
        IN_DIR(a_file_over_the_cap_is_refused_and_the_buffer_unchanged),
        IN_DIR(a_large_file_comes_back_whole),
        IN_DIR(folders_are_made_private_and_existing_ones_left_alone),
        IN_DIR(one_process_at_a_time_holds_the_lock),
        IN_DIR(free_space_is_told),
        IN_DIR(paths_are_joined_with_one_slash),
        IN_DIR(a_removed_file_is_gone),
        IN_DIR(a_moved_file_takes_the_place_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
