/* SPDX-License-Identifier: Apache-2.0 */
#include "io/owner.h"

#include "io/file.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { END_BYTES = 40, WORD_UID = 7, UID_DIGITS_MAX = 10 };

/* An address as /proc/net/tcp and tcp6 write it: words of 32 bits in the machine's own order.
 */
static void print_end(const struct sockaddr_storage *address, char out[END_BYTES])
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        (void)snprintf(out, END_BYTES, "%08X:%04X", (unsigned)in.sin_addr.s_addr,
                       (unsigned)ntohs(in.sin_port));
        return;
    }
    struct sockaddr_in6 in;
    uint32_t words[4];
    memcpy(&in, address, sizeof in);
    memcpy(words, &in.sin6_addr, sizeof words);
    (void)snprintf(out, END_BYTES, "%08X%08X%08X%08X:%04X", (unsigned)words[0],
                   (unsigned)words[1], (unsigned)words[2], (unsigned)words[3],
                   (unsigned)ntohs(in.sin6_port));
}

/* The next word of a line; empty at its end. */
static struct str next_word(struct str *line)
{
    while (line->n > 0 && line->p[0] == ' ')
        *line = (struct str){line->p + 1, line->n - 1};
    struct str word = {line->p, 0};
    while (word.n < line->n && line->p[word.n] != ' ')
        word.n++;
    *line = (struct str){line->p + word.n, line->n - word.n};
    return word;
}

/* One line: number, local, remote, state, queues, timer, retransmits, uid, … */
static bool line_matches(struct str line, const char *local, const char *remote, unsigned *uid)
{
    struct str word[WORD_UID + 1];
    unsigned n = 0;
    for (size_t i = 0; i <= WORD_UID; i++)
        word[i] = next_word(&line);
    if (!str_eq(word[1], str_of(local)) || !str_eq(word[2], str_of(remote)) ||
        word[WORD_UID].n == 0 || word[WORD_UID].n > UID_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < word[WORD_UID].n; i++) {
        if (word[WORD_UID].p[i] < '0' || word[WORD_UID].p[i] > '9')
            return false;
        n = n * 10 + (unsigned)(word[WORD_UID].p[i] - '0');
    }
    *uid = n;
    return true;
}

enum owner owner_in_table(struct str table, const char *local, const char *remote, unsigned uid)
{
    while (table.n > 0) {
        const char *end = memchr(table.p, '\n', table.n);
        size_t n = end == NULL ? table.n : (size_t)(end - table.p);
        unsigned found = 0;
        if (line_matches((struct str){table.p, n}, local, remote, &found))
            return found == uid ? OWNER_OURS : OWNER_OTHER;
        n += end == NULL ? 0 : 1;
        table = (struct str){table.p + n, table.n - n};
    }
    return OWNER_OTHER;
}

enum owner owner_of_peer(int fd)
{
    struct sockaddr_storage here = {0};
    struct sockaddr_storage there = {0};
    socklen_t here_n = sizeof here;
    socklen_t there_n = sizeof there;
    char local[END_BYTES];
    char remote[END_BYTES];
    struct buf table = {.max = OWNER_TABLE_BYTES_MAX};
    if (getsockname(fd, (struct sockaddr *)&here, &here_n) != 0 ||
        getpeername(fd, (struct sockaddr *)&there, &there_n) != 0)
        return OWNER_UNKNOWN;
    print_end(&there, local);
    print_end(&here, remote);
    const char *path = here.ss_family == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6";
    enum owner owner = OWNER_UNKNOWN;
    if (file_read(path, OWNER_TABLE_BYTES_MAX, &table, NULL) == ERR_OK && table.n > 0)
        owner = owner_in_table(buf_str(&table), local, remote, (unsigned)geteuid());
    buf_done(&table);
    return owner;
}
