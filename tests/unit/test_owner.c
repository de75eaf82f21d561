/* SPDX-License-Identifier: Apache-2.0 */
#include "io/owner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODY = 65534 };

static const char table[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1\n"
    "   1: 0100007F:C3A2 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 2\n"
    "  12: 0100007F:1F90 0100007F:C3A2 01 00000000:00000000 00:00000000 00000000  1000        0 3\n";

static void the_peers_own_line_counts(void **state)
{
    (void)state;
    struct str all = STR(table);
    assert_int_equal(owner_in_table(all, "0100007F:C3A2", "0100007F:1F90", 1001), OWNER_OURS);
    assert_int_equal(owner_in_table(all, "0100007F:C3A2", "0100007F:1F90", 1000), OWNER_OTHER);
    assert_int_equal(owner_in_table(all, "0100007F:C3A3", "0100007F:1F90", 1001), OWNER_OTHER);
    /* a table that was cut, or is none */
    for (size_t n = 0; n < all.n; n++)
        (void)owner_in_table((struct str){all.p, n}, "0100007F:C3A2", "0100007F:1F90", 1001);
    assert_int_equal(owner_in_table(STR("\n\n:::\n"), "a", "b", 0), OWNER_OTHER);
}

static int listen_on(int family, struct sockaddr_storage *at, socklen_t *n)
{
    struct sockaddr_in four = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *n = family == AF_INET ? sizeof four : sizeof six;
    *at = (struct sockaddr_storage){0};
    if (family == AF_INET)
        memcpy(at, &four, sizeof four);
    else
        memcpy(at, &six, sizeof six);
    if (fd < 0 || bind(fd, (struct sockaddr *)at, *n) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)at, n) != 0)
        return -1;
    return fd;
}

/* Connect as that user, in a process of its own; who it is to whom accepts. */
static enum owner owner_seen(int family, uid_t uid)
{
    struct sockaddr_storage at;
    socklen_t n = 0;
    int pipes[2];
    int listener = listen_on(family, &at, &n);
    if (listener < 0)
        skip(); /* no IPv6 here */
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char byte = 0;
        int fd = socket(family, SOCK_STREAM, 0);
        bool good = setuid(uid) == 0;
        close(pipes[1]);
        close(fd);
        fd = socket(family, SOCK_STREAM, 0); /* made by whom we are now */
        good = good && connect(fd, (struct sockaddr *)&at, n) == 0;
        (void)!read(pipes[0], &byte, 1); /* until the parent is done */
        _exit(good ? 0 : 1);
    }
    close(pipes[0]);
    int conn = accept(listener, NULL, NULL);
    enum owner owner = owner_of_peer(conn);
    close(pipes[1]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(conn);
    close(listener);
    assert_int_equal(status, 0);
    return owner;
}

static void a_program_of_ours_is_ours(void **state)
{
    (void)state;
    assert_int_equal(owner_seen(AF_INET, geteuid()), OWNER_OURS);
    assert_int_equal(owner_seen(AF_INET6, geteuid()), OWNER_OURS);
}

static void a_program_of_another_user_is_not(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root becomes somebody else */
    assert_int_equal(owner_seen(AF_INET, NOBODY), OWNER_OTHER);
    assert_int_equal(owner_seen(AF_INET6, NOBODY), OWNER_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peers_own_line_counts),
        cmocka_unit_test(a_program_of_ours_is_ours),
        cmocka_unit_test(a_program_of_another_user_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
