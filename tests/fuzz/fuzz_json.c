/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes into the JSON reader; what it accepts must come back the same from write(read(x)).
 */
#include "io/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy_scalar(struct json_out *out, const struct json_val *val)
{
    switch (val->kind) {
    case JSON_NULL:
        json_null(out);
        return;
    case JSON_BOOL:
        json_bool(out, val->truth);
        return;
    case JSON_NUMBER: {
        int64_t i = 0;
        double d = 0;
        if (json_as_int(val, &i) && val->text.p[0] != '-')
            json_int(out, i);
        else if (json_as_real(val, &d))
            json_real(out, d);
        else
            json_number(out, val->text);
        return;
    }
    case JSON_STRING:
        json_str(out, val->text);
        return;
    case JSON_ARRAY:
        json_array(out);
        return;
    case JSON_OBJECT:
        json_object(out);
        return;
    }
}

/* Copy one text from the reader to the writer; false when the reader refuses it. */
static bool copy(struct str bytes, struct buf *to)
{
    struct arena arena = {0};
    struct json_in in;
    struct json_out out;
    json_in_init(&in, bytes, &arena);
    json_out_init(&out, to);
    struct json_val val;
    char open[JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    bool more = json_value(&in, &val);
    while (more) {
        copy_scalar(&out, &val);
        if (val.kind == JSON_ARRAY || val.kind == JSON_OBJECT)
            open[depth++] = val.kind == JSON_OBJECT ? '{' : '[';
        more = false;
        while (!more && depth > 0 && in.err == ERR_OK) {
            struct str key = {NULL, 0};
            bool object = open[depth - 1] == '{';
            more = object ? json_member(&in, &key) : json_element(&in);
            if (more && object)
                json_key_str(&out, key);
            if (!more && in.err == ERR_OK) {
                depth--;
                if (object)
                    json_object_end(&out);
                else
                    json_array_end(&out);
            }
        }
        more = more && json_value(&in, &val);
    }
    struct note why;
    bool ok = json_in_end(&in, &why) == ERR_OK;
    arena_done(&arena);
    return ok;
}

static bool skips(struct str bytes)
{
    struct arena arena = {0};
    struct json_in in;
    json_in_init(&in, bytes, &arena);
    (void)json_skip(&in);
    bool ok = json_in_end(&in, NULL) == ERR_OK;
    arena_done(&arena);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct buf one = {0};
    struct buf two = {0};
    bool ok = copy(bytes, &one);
    must(ok == skips(bytes));
    if (ok && one.err == ERR_OK) {
        must(copy(buf_str(&one), &two));
        must(str_eq(buf_str(&one), buf_str(&two)));
    }
    buf_done(&one);
    buf_done(&two);
    return 0;
}
