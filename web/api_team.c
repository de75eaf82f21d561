/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/team: whose work a coordinator looks after. */
#include "io/json.h"
#include "store/parameter.h"
#include "store/rows_json.h"
#include "store/team.h"
#include "web/api.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, REAL_BYTES = 40 };

static void number(struct json_out *json, const char *key, int64_t n)
{
    json_key(json, key);
    json_int(json, n);
}

static enum err on_member(void *ctx, const struct team_member *m)
{
    struct json_out *json = ctx;
    char id[ID_TEXT_BYTES];
    struct value last = m->last_ms == 0 ? VALUE_NONE : value_int(m->last_ms);
    struct buf text = {0};
    id_print(&m->staff, id);
    value_print(KIND_INSTANT, &last, &text);
    json_object(json);
    json_key(json, "staff");
    json_text(json, id);
    json_key(json, "name");
    json_str(json, m->name);
    number(json, "pathways", m->pathways);
    json_key(json, "weighted");
    json_real(json, m->weighted);
    number(json, "drafts", m->drafts);
    number(json, "points", m->points);
    number(json, "lates", m->lates);
    json_key(json, "at_least");
    json_bool(json, m->at_least);
    json_key(json, "last");
    json_str(json, buf_str(&text));
    json_key(json, "silent");
    json_bool(json, m->silent);
    json_object_end(json);
    enum err err = text.err;
    buf_done(&text);
    return err;
}

void api_team(struct api *api)
{
    static const struct {
        const char *key;
        enum parameter_key parameter;
    } limits[] = {{"caseload", PARAMETER_CASELOAD},
                  {"silent_days", PARAMETER_SILENT_DAYS},
                  {"contract_end_days", PARAMETER_CONTRACT_END_DAYS}};
    struct store_status status;
    struct json_out json;
    int32_t day = (int32_t)(store_now(api->store) / DAY_MS);
    json_out_init(&json, &api->out);
    json_object(&json);
    enum err err = store_status(api->store, &status);
    for (size_t i = 0; i < sizeof limits / sizeof *limits && err == ERR_OK; i++) {
        int64_t n = 0;
        err = parameter_number(api->store, limits[i].parameter, &status.structure, day, &n);
        number(&json, limits[i].key, n);
    }
    json_key(&json, "members");
    json_array(&json);
    if (err == ERR_OK)
        err = team_list(api->store, &status.structure, day, on_member, &json);
    json_array_end(&json);
    json_object_end(&json);
    if (err != ERR_OK)
        api_fail(api, err);
}
