/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/reports, /api/report/NAME: indicators of what is on this device. */
#include "io/json.h"
#include "io/say.h"
#include "store/report.h"
#include "web/api.h"

static const char *kind_name(enum report_kind kind)
{
    switch (kind) {
    case REPORT_TEXT:
        return "text";
    case REPORT_COUNT:
        return "count";
    case REPORT_TALLY:
        return "tally";
    case REPORT_NUMBER:
        return "number";
    case REPORT_SHARE:
        return "share";
    case REPORT_DAY:
        return "date";
    }
    return "";
}

static void print_columns(struct json_out *json, const struct report *report)
{
    json_key(json, "columns");
    json_array(json);
    for (size_t i = 0; i < report->column_count; i++) {
        json_object(json);
        json_key(json, "key");
        json_text(json, report->columns[i].key);
        json_key(json, "label");
        json_text(json, say_text(report->columns[i].label));
        json_key(json, "kind");
        json_text(json, kind_name(report->columns[i].kind));
        json_object_end(json);
    }
    json_array_end(json);
}

void api_reports(struct api *api)
{
    struct json_out json;
    json_out_init(&json, &api->out);
    json_array(&json);
    for (size_t i = 0; i < report_count; i++) {
        const struct report *report = report_at(i);
        json_object(&json);
        json_key(&json, "name");
        json_text(&json, report->name);
        json_key(&json, "label");
        json_text(&json, say_text(report->label));
        print_columns(&json, report);
        json_object_end(&json);
    }
    json_array_end(&json);
}

/* A parameter as a text with its end, NULL when it is not there. */
static const char *text_of(struct api *api, const char *name)
{
    struct str text = api_param(api, name);
    return text.n == 0 ? NULL : arena_copy(&api->arena, text.p, text.n);
}

void api_report(struct api *api)
{
    struct report_ask ask = {.at = 0};
    struct store_status status;
    const struct report *report = report_named(api->part[1]);
    enum err err = report == NULL ? note_set(&api->why, ERR_NOTFOUND,
                                             N_("il n'y a pas de tel indicateur : voyez jalon "
                                                "report"))
                                  : ERR_OK;
    if (err == ERR_OK)
        err = report_days(api->store, text_of(api, "at"), text_of(api, "from"),
                          text_of(api, "to"), &ask, &api->why);
    if (err == ERR_OK)
        err = store_status(api->store, &status);
    if (err == ERR_OK && api_number(api, "mine", 0) != 0)
        ask.staff = status.staff;
    if (err == ERR_OK)
        err = report_json(api->store, report, &ask, &api->out);
    if (err != ERR_OK)
        api_fail(api, err);
}
