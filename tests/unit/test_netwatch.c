/* SPDX-License-Identifier: Apache-2.0 */
#include "io/netwatch.h"

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- what the kernel says ---- */

static void put(struct buf *out, uint16_t type, const void *body, size_t n)
{
    struct nlmsghdr head = {.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + n), .nlmsg_type = type};
    buf_add(out, &head, sizeof head);
    buf_add(out, body, n);
    while (out->n % NLMSG_ALIGNTO != 0)
        buf_u8(out, 0);
}

static bool take(struct netwatch_known *known, struct buf *datagram)
{
    bool up = netwatch_take(known, buf_str(datagram));
    buf_done(datagram);
    return up;
}

static bool link_is(struct netwatch_known *known, int index, unsigned flags)
{
    struct buf d = {0};
    struct ifinfomsg link = {.ifi_index = index, .ifi_flags = flags};
    put(&d, RTM_NEWLINK, &link, sizeof link);
    return take(known, &d);
}

static void a_link_that_rises_counts_and_one_that_stays_up_does_not(void **state)
{
    (void)state;
    struct netwatch_known known = {0};
    assert_false(link_is(&known, 2, IFF_UP | IFF_RUNNING)); /* was it so before? */
    assert_false(link_is(&known, 2, IFF_UP | IFF_RUNNING)); /* a radio that looks around */
    assert_false(link_is(&known, 2, IFF_UP));
    assert_false(link_is(&known, 3, IFF_UP | IFF_RUNNING));
    assert_true(link_is(&known, 2, IFF_UP | IFF_RUNNING));
    assert_false(link_is(&known, 2, IFF_UP | IFF_RUNNING));
}

static void a_link_that_is_gone_is_forgotten(void **state)
{
    (void)state;
    struct netwatch_known known = {0};
    struct ifinfomsg link = {.ifi_index = 2};
    struct buf d = {0};
    assert_false(link_is(&known, 2, IFF_UP));
    put(&d, RTM_DELLINK, &link, sizeof link);
    assert_false(take(&known, &d));
    assert_false(link_is(&known, 2, IFF_UP | IFF_RUNNING));
    for (int i = 0; i < 3 * NETWATCH_LINKS; i++) /* more than are remembered */
        assert_false(link_is(&known, 10 + i, IFF_UP));
    assert_true(link_is(&known, 10, IFF_UP | IFF_RUNNING));
    assert_false(link_is(&known, 10 + 2 * NETWATCH_LINKS, IFF_UP | IFF_RUNNING));
}

/* As the kernel tells it: what the interface has is LOCAL, of a peer-to-peer link ADDRESS is
 * the far end; IPv6 has only ADDRESS. */
static void put_address(struct buf *out, uint16_t type, struct ifaddrmsg head, uint16_t kind,
                        const char *bytes)
{
    struct buf body = {0};
    struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(strlen(bytes)),
                               .rta_type = kind};
    struct rtattr other = {.rta_len = (uint16_t)RTA_LENGTH(4), .rta_type = IFA_BROADCAST};
    buf_add(&body, &head, sizeof head);
    buf_add(&body, &other, sizeof other);
    buf_add(&body, "\xff\xff\xff\xff", 4);
    buf_add(&body, &attribute, sizeof attribute);
    buf_add(&body, bytes, strlen(bytes));
    put(out, type, body.p, body.n);
    buf_done(&body);
}

static bool address_is(struct netwatch_known *known, uint16_t type, struct ifaddrmsg head,
                       const char *bytes)
{
    struct buf d = {0};
    put_address(&d, type, head, head.ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS, bytes);
    return take(known, &d);
}

/* A lease that is renewed, a router that announces its prefix again. */
static void an_address_that_is_told_again_is_no_news(void **state)
{
    (void)state;
    struct netwatch_known known = {0};
    struct ifaddrmsg four = {.ifa_index = 2, .ifa_family = AF_INET, .ifa_prefixlen = 24};
    struct ifaddrmsg six = {.ifa_index = 2, .ifa_family = AF_INET6, .ifa_prefixlen = 64};
    struct ifaddrmsg elsewhere = {.ifa_index = 3, .ifa_family = AF_INET, .ifa_prefixlen = 24};
    assert_true(address_is(&known, RTM_NEWADDR, four, "abcd"));
    assert_false(address_is(&known, RTM_NEWADDR, four, "abcd"));
    assert_true(address_is(&known, RTM_NEWADDR, four, "abce"));
    assert_true(address_is(&known, RTM_NEWADDR, elsewhere, "abcd"));
    assert_true(address_is(&known, RTM_NEWADDR, six, "abcdefghijklmnop"));
    for (int i = 0; i < 3; i++) {
        assert_false(address_is(&known, RTM_NEWADDR, four, "abce"));
        assert_false(address_is(&known, RTM_NEWADDR, six, "abcdefghijklmnop"));
    }
    assert_false(address_is(&known, RTM_DELADDR, four, "abcd"));
    assert_true(address_is(&known, RTM_NEWADDR, four, "abcd")); /* it was gone */
    assert_false(address_is(&known, RTM_NEWADDR, four, "abce"));
}

/* Nobody can use it before it is known that no neighbour has it. */
static void an_address_counts_once_it_may_be_used(void **state)
{
    (void)state;
    struct netwatch_known known = {0};
    struct ifaddrmsg six = {
        .ifa_index = 2, .ifa_family = AF_INET6, .ifa_flags = IFA_F_TENTATIVE};
    assert_false(address_is(&known, RTM_NEWADDR, six, "abcdefghijklmnop"));
    six.ifa_flags = IFA_F_TENTATIVE | IFA_F_DADFAILED;
    assert_false(address_is(&known, RTM_NEWADDR, six, "abcdefghijklmnop"));
    six.ifa_flags = IFA_F_PERMANENT;
    assert_true(address_is(&known, RTM_NEWADDR, six, "abcdefghijklmnop"));
}

static void addresses_of_a_link_that_is_gone_are_forgotten(void **state)
{
    (void)state;
    struct netwatch_known known = {0};
    struct ifinfomsg link = {.ifi_index = 2};
    struct ifaddrmsg four = {.ifa_index = 2, .ifa_family = AF_INET};
    struct buf d = {0};
    assert_true(address_is(&known, RTM_NEWADDR, four, "abcd"));
    put(&d, RTM_DELLINK, &link, sizeof link);
    assert_false(take(&known, &d));
    assert_true(address_is(&known, RTM_NEWADDR, four, "abcd"));
    char name[] = "aaaa"; /* more than are remembered: the oldest are news again */
    for (int i = 0; i < 3 * NETWATCH_ADDRESSES; i++) {
        name[0] = (char)('a' + i % 26);
        name[1] = (char)('a' + i / 26);
        assert_true(address_is(&known, RTM_NEWADDR, four, name));
        assert_false(address_is(&known, RTM_NEWADDR, four, name));
    }
    assert_true(address_is(&known, RTM_NEWADDR, four, "abcd"));
}

static void addresses_and_routes_count_when_they_come(void **state)
{
    (void)state;
    struct netwatch_known known = {0};
    struct ifaddrmsg address = {.ifa_index = 2, .ifa_family = AF_INET};
    struct rtmsg route = {.rtm_type = RTN_UNICAST};
    struct buf d = {0};
    put_address(&d, RTM_NEWADDR, address, IFA_LOCAL, "abcd");
    assert_true(take(&known, &d));
    put_address(&d, RTM_DELADDR, address, IFA_LOCAL, "abcd");
    put(&d, RTM_DELROUTE, &route, sizeof route);
    assert_false(take(&known, &d));
    route.rtm_type = RTN_LOCAL;
    put(&d, RTM_NEWROUTE, &route, sizeof route);
    assert_false(take(&known, &d));
    put(&d, RTM_NEWROUTE, &route, sizeof route);
    route.rtm_type = RTN_UNICAST;
    put(&d, RTM_NEWROUTE, &route, sizeof route); /* the second of a datagram */
    assert_true(take(&known, &d));
}

static void broken_datagrams_say_nothing(void **state)
{
    (void)state;
    struct netwatch_known known = {0};
    struct rtmsg route = {.rtm_type = RTN_UNICAST};
    struct buf d = {0};
    put(&d, RTM_NEWROUTE, &route, sizeof route);
    for (size_t n = 0; n < d.n; n++)
        assert_false(netwatch_take(&known, (struct str){(const char *)d.p, n}));
    for (uint32_t bad = 0; bad < NLMSG_HDRLEN; bad++) {
        memcpy(d.p, &bad, sizeof bad);
        assert_false(netwatch_take(&known, buf_str(&d)));
    }
    uint32_t short_body = NLMSG_HDRLEN + 2;
    memcpy(d.p, &short_body, sizeof short_body);
    assert_false(netwatch_take(&known, buf_str(&d)));
    buf_done(&d);
    put_address(&d, RTM_NEWADDR, (struct ifaddrmsg){.ifa_index = 2}, IFA_LOCAL, "abcd");
    size_t attributes = NLMSG_HDRLEN + sizeof(struct ifaddrmsg);
    for (uint16_t bad = 0; bad < UINT8_MAX; bad++) { /* the first one, and so the other too */
        memcpy(d.p + attributes, &bad, sizeof bad);
        if (bad != RTA_LENGTH(4))
            (void)netwatch_take(&known, buf_str(&d));
        if (bad < RTA_LENGTH(0) || bad > d.n - attributes)
            assert_false(netwatch_take(&known, buf_str(&d)));
    }
    buf_done(&d);
    char longest[] = "a longer address than any that there is";
    put_address(&d, RTM_NEWADDR, (struct ifaddrmsg){.ifa_index = 2}, IFA_LOCAL, longest);
    assert_false(take(&known, &d));
}

/* ---- the kernel itself ---- */

/* In a network of its own, where the test may pull the plug; false in a sandbox. */
static bool own_network(void)
{
    return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

static void set_loopback(bool up)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = (short)(up ? IFF_UP : 0)};
    assert_true(fd >= 0);
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    (void)close(fd);
}

struct heard {
    struct loop loop;
    struct loop_timer late;
    struct netwatch *watch;
    unsigned times;
};

static void on_change(void *arg)
{
    struct heard *heard = arg;
    heard->times++;
    netwatch_close(heard->watch);
    loop_timer_close(&heard->late, NULL);
}

static void on_late(struct loop_timer *timer, void *arg)
{
    struct heard *heard = arg;
    netwatch_close(heard->watch);
    loop_timer_close(timer, NULL);
}

static void a_network_that_comes_up_is_heard_of(void **state)
{
    enum { LATE_MS = 20 * 1000 };
    struct heard heard = {.times = 0};
    (void)state;
    if (!own_network())
        skip();
    assert_int_equal(loop_init(&heard.loop), ERR_OK);
    assert_int_equal(netwatch_open(&heard.loop, on_change, &heard, &heard.watch), ERR_OK);
    loop_run(&heard.loop); /* returns: it does not keep the loop */
    loop_timer_init(&heard.loop, &heard.late, on_late, &heard);
    loop_timer_start(&heard.late, LATE_MS);
    set_loopback(true);
    loop_run(&heard.loop);
    assert_int_equal(heard.times, 1);
    loop_done(&heard.loop);
}

/* The socket of the watch: the only one of its kind here. */
static int watch_fd(void)
{
    struct sockaddr_nl at = {.nl_family = 0};
    for (int fd = 3; fd < 64; fd++) {
        socklen_t n = sizeof at;
        if (getsockname(fd, (struct sockaddr *)&at, &n) == 0 && at.nl_family == AF_NETLINK)
            return fd;
    }
    fail();
    return -1;
}

static void on_each_change(void *arg)
{
    struct heard *heard = arg;
    if (++heard->times == 1)
        set_loopback(true); /* is it still listening? */
    else
        on_change(arg);
}

/* More than the kernel keeps for us while the loop is busy, and then one change more. */
static void a_flood_is_heard_of_and_does_not_deafen(void **state)
{
    enum { LATE_MS = 20 * 1000, TURNS = 200 };
    struct heard heard = {.times = 0};
    int least = 1;
    (void)state;
    if (!own_network())
        skip();
    assert_int_equal(loop_init(&heard.loop), ERR_OK);
    assert_int_equal(netwatch_open(&heard.loop, on_each_change, &heard, &heard.watch), ERR_OK);
    assert_int_equal(setsockopt(watch_fd(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
    for (int i = 0; i < TURNS; i++) {
        set_loopback(true);
        set_loopback(false);
    }
    loop_timer_init(&heard.loop, &heard.late, on_late, &heard);
    loop_timer_start(&heard.late, LATE_MS);
    loop_run(&heard.loop);
    assert_int_equal(heard.times, 3); /* on_change counts the last one itself */
    loop_done(&heard.loop);
}

static void closing_nothing_is_fine(void **state)
{
    struct heard heard = {.times = 0};
    (void)state;
    netwatch_close(NULL);
    assert_int_equal(loop_init(&heard.loop), ERR_OK);
    if (netwatch_open(&heard.loop, on_change, &heard, &heard.watch) != ERR_OK) {
        loop_done(&heard.loop);
        skip();
    }
    netwatch_close(heard.watch);
    netwatch_close(heard.watch);
    loop_run(&heard.loop);
    loop_done(&heard.loop);
    assert_int_equal(heard.times, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_rises_counts_and_one_that_stays_up_does_not),
        cmocka_unit_test(a_link_that_is_gone_is_forgotten),
        cmocka_unit_test(addresses_and_routes_count_when_they_come),
        cmocka_unit_test(an_address_that_is_told_again_is_no_news),
        cmocka_unit_test(an_address_counts_once_it_may_be_used),
        cmocka_unit_test(addresses_of_a_link_that_is_gone_are_forgotten),
        cmocka_unit_test(broken_datagrams_say_nothing),
        cmocka_unit_test(closing_nothing_is_fine),
        cmocka_unit_test(a_network_that_comes_up_is_heard_of),
        cmocka_unit_test(a_flood_is_heard_of_and_does_not_deafen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
