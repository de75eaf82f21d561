/* SPDX-License-Identifier: Apache-2.0 */
/* A request's head from any bytes: what is accepted reads the same in any pieces, lies within
 * the bytes, and goes through the decoder and the gate. */
#include "io/http.h"
#include "web/gate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct str outer, struct str inner)
{
    must(inner.n == 0 || (inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gate gate = {.port = 80, .cookie = "cookie", .csrf = "csrf"};
    struct str bytes = {(const char *)data, size};
    struct http_request request;
    struct http_request shorter;
    size_t used = 0;
    size_t cut = 0;
    if (http_read(bytes, &request, &used) != ERR_OK || used == 0)
        return 0;
    must(used <= size && request.host.n > 0 && request.path.n > 0);
    must(http_read((struct str){bytes.p, used}, &shorter, &cut) == ERR_OK && cut == used);
    must(http_read((struct str){bytes.p, used - 1}, &shorter, &cut) == ERR_OK && cut == 0);
    within(bytes, request.path);
    within(bytes, request.query);
    for (size_t i = 0; i < request.count; i++) {
        within(bytes, request.headers[i].name);
        within(bytes, request.headers[i].value);
        must(memchr(request.headers[i].value.p, '\n', request.headers[i].value.n) == NULL);
    }
    struct str rest = request.query;
    struct str name;
    struct str value;
    while (http_pair(&rest, &name, &value)) {
        struct buf text = {0};
        within(request.query, value);
        if (http_decode(value, true, &text) == ERR_OK)
            must(text.n == 0 || str_utf8(buf_str(&text)));
        buf_done(&text);
    }
    for (int need = GATE_ANYBODY; need <= GATE_HAND; need++)
        (void)gate_check(&gate, &request, (enum gate_need)need);
    return 0;
}
