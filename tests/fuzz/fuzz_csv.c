/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes into the CSV reader: the rows do not depend on how the bytes are cut, and writing
 * and reading them again changes nothing. */
#include "store/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Write every row that can be read to `out`; count those that cannot. */
static size_t read_rows(struct str bytes, size_t chunk, struct buf *out, bool text)
{
    struct csv_in in;
    struct csv_out writer;
    size_t bad = 0;
    size_t done = 0;
    if (bytes.n == 0)
        return 0;
    bool more = true;
    csv_in_init(&in);
    csv_out_init(&writer, out, false);
    do {
        size_t n = bytes.n - done < chunk ? bytes.n - done : chunk;
        struct str part = {bytes.p + done, n};
        done += n;
        must(csv_feed(&in, part, done == bytes.n) == ERR_OK);
        for (bool got = true; got && more;) {
            struct csv_row row = {0};
            struct csv_place place = {0};
            enum err err = csv_next(&in, &row, &got, &place, NULL);
            if (err != ERR_OK) {
                must(place.line > 0 && place.column > 0);
                bad++;
                got = true;
                more = err != ERR_INVALID;
                continue;
            }
            for (uint32_t i = 0; got && i < row.n; i++) {
                must(str_utf8(row.field[i]));
                if (text)
                    csv_text(&writer, csv_plain_text(row.field[i]));
                else
                    csv_value(&writer, row.field[i]);
            }
            if (got)
                csv_end_row(&writer);
        }
    } while (more && done < bytes.n);
    csv_in_done(&in);
    return bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > CSV_CHUNK_BYTES_MAX)
        return 0;
    struct str bytes = {(const char *)data, size};
    struct buf whole = {0};
    struct buf cut = {0};
    struct buf again = {0};
    size_t bad = read_rows(bytes, CSV_CHUNK_BYTES_MAX, &whole, false);
    must(read_rows(bytes, 1 + data[0] % 8, &cut, false) == bad);
    must(str_eq(buf_str(&whole), buf_str(&cut)));
    if (whole.n <= CSV_CHUNK_BYTES_MAX) {
        must(read_rows(buf_str(&whole), CSV_CHUNK_BYTES_MAX, &again, false) == 0);
        must(str_eq(buf_str(&whole), buf_str(&again)));
        buf_clear(&cut);
        must(read_rows(buf_str(&whole), CSV_CHUNK_BYTES_MAX, &cut, true) == 0);
        buf_clear(&again);
        must(read_rows(buf_str(&cut), CSV_CHUNK_BYTES_MAX, &again, true) == 0);
        must(str_eq(buf_str(&cut), buf_str(&again)));
    }
    buf_done(&whole);
    buf_done(&cut);
    buf_done(&again);
    return 0;
}
