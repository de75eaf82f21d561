/* SPDX-License-Identifier: Apache-2.0 */
#include "support/asker.h"

#include "client/relay.h"
#include "client/relay_inside.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int asker_ask(const char *dir, const char *const *words)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct buf frame = {0};
    uint32_t count = 1;
    while (words[count - 1] != NULL)
        count++;
    size_t begun = frame_begin(&frame);
    pack_array(&frame, RELAY_HEAD + count);
    pack_int(&frame, RELAY_VERSION);
    pack_bool(&frame, false);
    pack_int(&frame, 80);
    pack_str(&frame, STR("fr"));
    pack_bin(&frame, str_of(dir));
    pack_bin(&frame, STR("jalon"));
    for (uint32_t i = 0; i + 1 < count; i++)
        pack_bin(&frame, str_of(words[i]));
    frame_end(&frame, begun);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", dir, RELAY_SOCKET);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && frame.err == ERR_OK);
    must(connect(fd, (const struct sockaddr *)&at, sizeof at) == 0);
    must(write(fd, frame.p, frame.n) == (ssize_t)frame.n);
    buf_done(&frame);
    return fd;
}
