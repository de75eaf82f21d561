/* SPDX-License-Identifier: Apache-2.0 */
#include "io/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535 };

static bool parse_port(const char *text, uint16_t *out)
{
    uint32_t port = 0;
    if (*text == '\0')
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return false;
        port = port * 10 + (uint32_t)(*p - '0');
        if (port > PORT_MAX)
            return false;
    }
    *out = (uint16_t)port;
    return true;
}

/* Where the host lies in `text`, and what follows it (":port" or nothing); NULL when malformed.
 */
static const char *split(const char *text, const char **host, size_t *host_n)
{
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        if (end == NULL)
            return NULL;
        *host = text + 1;
        *host_n = (size_t)(end - text - 1);
        return end + 1;
    }
    *host = text;
    *host_n = strcspn(text, ":");
    return text + *host_n;
}

enum err address_parse(const char *text, uint16_t port_default, struct address *out,
                       struct note *why)
{
    const char *host = NULL;
    size_t n = 0;
    struct address address = {.port = port_default};
    const char *rest = split(text, &host, &n);
    bool well = rest != NULL && n > 0 && n < sizeof address.host;
    well = well && (*rest == '\0' || (*rest == ':' && parse_port(rest + 1, &address.port)));
    if (!well)
        return note_set(why, ERR_USAGE, N_("« %.100s » : une adresse s'écrit NOM:PORT"), text);
    memcpy(address.host, host, n);
    *out = address;
    return ERR_OK;
}

void address_print(const struct sockaddr *addr, char out[static ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";
    out[0] = '\0';
    if (addr->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, addr, sizeof v6);
        if (inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host) != NULL)
            (void)snprintf(out, ADDRESS_TEXT_BYTES, "[%s]:%u", host, ntohs(v6.sin6_port));
    } else if (addr->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, addr, sizeof v4);
        if (inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host) != NULL)
            (void)snprintf(out, ADDRESS_TEXT_BYTES, "%s:%u", host, ntohs(v4.sin_port));
    }
}
