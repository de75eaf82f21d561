/* SPDX-License-Identifier: Apache-2.0 */
#include "io/netwatch.h"

#include "proto/mem.h"

#include <errno.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAM_BYTES = 16 * 1024, DATAGRAMS_PER_TURN = 64 };

struct netwatch {
    int fd;
    uv_poll_t poll;
    struct loop_timer settle; /* runs: cb is due */
    netwatch_cb cb;
    void *arg;
    bool due; /* the timer runs */
    bool closing;
    unsigned handles_open;
    struct netwatch_known known;
    uint8_t datagram[DATAGRAM_BYTES];
};

/* ---- what the kernel says ---- */

/* Was it down, as far as we know, and is it up now? What was never heard of has not changed. */
static bool link_rose(struct netwatch_known *known, int index, bool up)
{
    struct netwatch_link *free = NULL;
    for (size_t i = NETWATCH_LINKS; i > 0; i--) {
        struct netwatch_link *link = &known->links[i - 1];
        if (link->index == index) {
            bool rose = up && !link->up;
            link->up = up;
            return rose;
        }
        free = link->index == 0 ? link : free;
    }
    if (free != NULL)
        *free = (struct netwatch_link){.index = index, .up = up};
    return false;
}

static void forget_link(struct netwatch_known *known, int index)
{
    for (size_t i = 0; i < NETWATCH_LINKS; i++)
        if (known->links[i].index == index)
            known->links[i].index = 0;
    for (size_t i = 0; i < NETWATCH_ADDRESSES; i++)
        if (known->addresses[i].index == index)
            known->addresses[i].index = 0;
}

/* The fixed part of a message's body; false when it is cut short. */
static bool begins(struct str body, void *out, size_t n)
{
    if (body.n < n)
        return false;
    memcpy(out, body.p, n);
    return true;
}

/* This machine's own address among the attributes: LOCAL where there is one, since ADDRESS is
 * then the other end. */
static bool address_in(struct str attributes, struct netwatch_address *out)
{
    bool found = false;
    struct rtattr head;
    while (begins(attributes, &head, sizeof head) && head.rta_len >= RTA_LENGTH(0) &&
           head.rta_len <= attributes.n) {
        size_t n = head.rta_len - RTA_LENGTH(0);
        bool better = head.rta_type == IFA_LOCAL || (head.rta_type == IFA_ADDRESS && !found);
        if (better && n <= sizeof out->bytes) {
            memset(out->bytes, 0, sizeof out->bytes);
            memcpy(out->bytes, attributes.p + RTA_LENGTH(0), n);
            out->n = n;
            found = true;
        }
        size_t step = RTA_ALIGN((size_t)head.rta_len);
        step = step < attributes.n ? step : attributes.n;
        attributes = (struct str){attributes.p + step, attributes.n - step};
    }
    return found;
}

static struct netwatch_address *find_address(struct netwatch_known *known,
                                             const struct netwatch_address *address)
{
    for (size_t i = 0; i < NETWATCH_ADDRESSES; i++) {
        struct netwatch_address *at = &known->addresses[i];
        if (at->index == address->index && at->n == address->n &&
            memcmp(at->bytes, address->bytes, sizeof at->bytes) == 0)
            return at;
    }
    return NULL;
}

static void remember_address(struct netwatch_known *known,
                             const struct netwatch_address *address)
{
    for (size_t i = 0; i < NETWATCH_ADDRESSES; i++) {
        if (known->addresses[i].index == 0) {
            known->addresses[i] = *address;
            return;
        }
    }
    known->addresses[known->oldest] = *address;
    known->oldest = (known->oldest + 1) % NETWATCH_ADDRESSES;
}

static bool address_came(struct netwatch_known *known, unsigned type, struct str body)
{
    struct ifaddrmsg head;
    struct netwatch_address address = {.index = 0};
    if (!begins(body, &head, sizeof head) || head.ifa_index == 0 || head.ifa_index > INT_MAX)
        return false;
    address.index = (int)head.ifa_index;
    size_t fixed = NLMSG_ALIGN(sizeof head);
    if (!address_in((struct str){body.p + fixed, body.n - fixed}, &address))
        return false;
    struct netwatch_address *had = find_address(known, &address);
    if (type == RTM_DELADDR && had != NULL)
        had->index = 0;
    /* Not to be used before it is known that no neighbour has it; then it is told again. */
    bool usable = (head.ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
    if (type == RTM_DELADDR || had != NULL || !usable)
        return false;
    remember_address(known, &address);
    return true;
}

static bool take_message(struct netwatch_known *known, unsigned type, struct str body)
{
    struct ifinfomsg link;
    struct rtmsg route;
    if (type == RTM_NEWLINK)
        return begins(body, &link, sizeof link) && link.ifi_index > 0 &&
               link_rose(known, link.ifi_index, (link.ifi_flags & IFF_RUNNING) != 0);
    if (type == RTM_DELLINK && begins(body, &link, sizeof link) && link.ifi_index > 0)
        forget_link(known, link.ifi_index);
    if (type == RTM_NEWROUTE)
        return begins(body, &route, sizeof route) && route.rtm_type == RTN_UNICAST;
    return (type == RTM_NEWADDR || type == RTM_DELADDR) && address_came(known, type, body);
}

bool netwatch_take(struct netwatch_known *known, struct str datagram)
{
    bool up = false;
    size_t at = 0;
    while (datagram.n - at >= NLMSG_HDRLEN) {
        struct nlmsghdr head;
        memcpy(&head, datagram.p + at, sizeof head);
        if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > datagram.n - at)
            break;
        struct str rest = {datagram.p + at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN};
        up = take_message(known, head.nlmsg_type, rest) || up;
        size_t step = NLMSG_ALIGN((size_t)head.nlmsg_len);
        at = step < datagram.n - at ? at + step : datagram.n;
    }
    return up;
}

/* ---- the socket ---- */

static void on_settled(struct loop_timer *timer, void *arg)
{
    struct netwatch *watch = arg;
    (void)timer;
    watch->due = false;
    watch->cb(watch->arg);
}

static void something_came_up(struct netwatch *watch)
{
    if (watch->due)
        return;
    watch->due = true;
    loop_timer_start(&watch->settle, NETWATCH_SETTLE_MS);
}

/* False when nothing more can be heard from this socket. */
static bool drain(struct netwatch *watch)
{
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        ssize_t n = recv(watch->fd, watch->datagram, sizeof watch->datagram, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == ENOBUFS) {
            something_came_up(watch); /* more than was kept for us: a change too */
            continue;
        }
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        if (netwatch_take(&watch->known,
                          (struct str){(const char *)watch->datagram, (size_t)n}))
            something_came_up(watch);
    }
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct netwatch *watch = poll->data;
    (void)events;
    if (watch->closing)
        return;
    bool hears = drain(watch);
    if (status == 0)
        return;
    /* The kernel had more to tell than it keeps; libuv takes that for a broken descriptor and
     * has stopped. Where it cannot go on, the owner is told once more and then no more. */
    something_came_up(watch);
    if (hears)
        (void)uv_poll_start(poll, UV_READABLE, on_readable);
}

static int listen_to_kernel(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    struct sockaddr_nl at = {.nl_family = AF_NETLINK,
                             .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
                                          RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                          RTMGRP_IPV6_ROUTE};
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void closed(struct netwatch *watch)
{
    if (--watch->handles_open > 0)
        return;
    (void)close(watch->fd);
    mem_free(watch);
}

static void on_poll_closed(uv_handle_t *handle)
{
    closed(handle->data);
}

static void on_timer_closed(struct loop_timer *timer, void *arg)
{
    (void)timer;
    closed(arg);
}

enum err netwatch_open(struct loop *loop, netwatch_cb cb, void *arg, struct netwatch **out)
{
    struct netwatch *watch = mem_new(sizeof *watch);
    if (watch == NULL)
        return ERR_NOMEM;
    watch->fd = listen_to_kernel();
    if (watch->fd < 0 || uv_poll_init(&loop->uv, &watch->poll, watch->fd) != 0) {
        if (watch->fd >= 0)
            (void)close(watch->fd);
        mem_free(watch);
        return ERR_REFUSED;
    }
    watch->poll.data = watch;
    watch->cb = cb;
    watch->arg = arg;
    loop_timer_init(loop, &watch->settle, on_settled, watch);
    watch->handles_open = 2;
    if (uv_poll_start(&watch->poll, UV_READABLE, on_readable) != 0) {
        netwatch_close(watch);
        return ERR_IO;
    }
    uv_unref((uv_handle_t *)&watch->poll);
    uv_unref((uv_handle_t *)&watch->settle.uv);
    *out = watch;
    return ERR_OK;
}

void netwatch_close(struct netwatch *watch)
{
    if (watch == NULL || watch->closing)
        return;
    watch->closing = true;
    uv_close((uv_handle_t *)&watch->poll, on_poll_closed);
    loop_timer_close(&watch->settle, on_timer_closed);
}
