/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/sheet: what a page shows, as a spreadsheet (.xlsx): its rows, its columns, and a
 * second sheet that says what it is. */
#include "io/file.h"
#include "io/json.h"
#include "io/xlsx.h"
#include "web/api.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { COLUMNS_MAX = 128, PATH_BYTES = 40 };

static const struct field day = {.name = "day", .kind = KIND_DATE};

struct page_sheet {
    struct api *api;
    struct xlsx *xlsx;
    bool is_day[COLUMNS_MAX];
    size_t columns;
};

/* ---- the cells ---- */

static void put_text(struct page_sheet *s, struct str text, bool is_day)
{
    struct value v = VALUE_NONE;
    struct note why;
    if (is_day && value_parse(&day, text, &s->api->arena, &v, &why) == ERR_OK &&
        v.type == VALUE_INT)
        xlsx_day(s->xlsx, v.i);
    else if (text.n == 0)
        xlsx_empty(s->xlsx);
    else
        xlsx_text(s->xlsx, text);
}

static bool put_cell(struct page_sheet *s, struct json_in *in, bool is_day)
{
    struct json_val val;
    double number = 0;
    if (!json_value(in, &val))
        return false;
    switch (val.kind) {
    case JSON_STRING:
        put_text(s, val.text, is_day);
        return true;
    case JSON_NUMBER:
        if (!json_as_real(&val, &number))
            return false;
        xlsx_number(s->xlsx, number);
        return true;
    case JSON_BOOL:
        xlsx_truth(s->xlsx, val.truth);
        return true;
    case JSON_NULL:
        xlsx_empty(s->xlsx);
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return json_fail(in, ERR_FORMAT, N_("un texte, un nombre ou oui/non est attendu ici"));
}

static bool put_rows(struct page_sheet *s, struct json_in *in)
{
    struct json_val val;
    if (!json_value(in, &val) || val.kind != JSON_ARRAY)
        return json_fail(in, ERR_FORMAT, N_("une liste est attendue ici"));
    while (json_element(in)) {
        size_t at = 0;
        if (!json_value(in, &val) || val.kind != JSON_ARRAY)
            return json_fail(in, ERR_FORMAT, N_("une liste est attendue ici"));
        for (; json_element(in); at++)
            if (!put_cell(s, in, at < s->columns && s->is_day[at]))
                return false;
        xlsx_end_row(s->xlsx);
    }
    return true;
}

/* Which columns hold days: ["text","date",…]. */
static bool read_kinds(struct page_sheet *s, struct json_in *in)
{
    struct json_val val;
    if (!json_value(in, &val) || val.kind != JSON_ARRAY)
        return json_fail(in, ERR_FORMAT, N_("une liste est attendue ici"));
    while (json_element(in)) {
        if (s->columns == COLUMNS_MAX)
            return json_fail(in, ERR_LIMIT, N_("trop de colonnes"));
        if (!json_value(in, &val))
            return false;
        s->is_day[s->columns++] = val.kind == JSON_STRING && str_eq(val.text, STR("date"));
    }
    return true;
}

/* {"kinds":[…],"name":"…","rows":[[…]],"about":"…","notes":[[…]]}, in this order. */
static bool put_sheets(struct page_sheet *s, struct json_in *in)
{
    struct json_val val;
    struct str key;
    if (!json_value(in, &val) || val.kind != JSON_OBJECT)
        return json_fail(in, ERR_FORMAT, N_("un objet est attendu ici"));
    while (json_member(in, &key)) {
        bool good = false;
        if (str_eq(key, STR("kinds"))) {
            good = read_kinds(s, in);
        } else if (str_eq(key, STR("name")) || str_eq(key, STR("about"))) {
            good = json_value(in, &val) && val.kind == JSON_STRING;
            if (good)
                xlsx_sheet(s->xlsx, val.text);
            s->columns = str_eq(key, STR("about")) ? 0 : s->columns;
        } else if (str_eq(key, STR("rows")) || str_eq(key, STR("notes"))) {
            good = put_rows(s, in);
        }
        if (!good)
            return json_fail(in, ERR_FORMAT, N_("mot inconnu"));
    }
    return true;
}

/* ---- the file: in memory, so that nothing of it stays on the disk ---- */

static enum err write_sheet(struct api *api, const char *path)
{
    struct page_sheet s = {.api = api};
    struct json_in in;
    json_in_init(&in, api->body, &api->arena);
    enum err err = xlsx_open(path, api->dir, &s.xlsx);
    if (err != ERR_OK)
        return err;
    bool whole = put_sheets(&s, &in);
    err = json_in_end(&in, &api->why);
    enum err closed = xlsx_close(s.xlsx, whole && err == ERR_OK);
    return err == ERR_OK ? closed : err;
}

void api_sheet(struct api *api)
{
    char path[PATH_BYTES];
    int fd = memfd_create("sheet", MFD_CLOEXEC);
    enum err err = fd < 0 ? ERR_IO : ERR_OK;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (err == ERR_OK)
        err = write_sheet(api, path);
    if (err == ERR_OK) {
        api->bytes = true;
        err = file_read(path, API_ANSWER_BYTES_MAX, &api->out, &api->why);
    }
    if (fd >= 0)
        (void)close(fd);
    if (err != ERR_OK)
        api_fail(api, err);
}
