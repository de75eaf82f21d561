/* SPDX-License-Identifier: Apache-2.0 */
#include "client/compare_text.h"

#include "client/words.h"

uint64_t compare_faults(const struct compare_report *report)
{
    uint64_t sum = 0;
    for (int i = 0; i < COMPARE_FAULTS; i++)
        sum += report->faults[i];
    return sum;
}

void compare_print(const struct compare_report *report, int64_t since_ms, struct buf *out)
{
    const uint64_t *n = report->faults;
    if (report->state == COMPARE_DIFFERENT) {
        buf_text(out, T("les fiches de cet appareil ne sont pas celles du serveur, même "
                        "redemandées ; rien de ce que vous saisissez n'est perdu ; prévenez "
                        "votre coordination, qui lancera : jalonctl check"));
        return;
    }
    if (report->found_ms == 0 || report->found_ms < since_ms)
        return;
    buf_text(out,
             T("des fiches de cet appareil n'étaient plus celles du serveur, constaté le "));
    words_time(report->found_ms, out);
    if (report->state == COMPARE_REPAIRING)
        buf_text(out, T(" ; tout est redemandé au serveur à la prochaine synchronisation"));
    else
        buf_printf(out,
                   T(" ; c'est réparé (changées : %llu, disparues : %llu, en trop : %llu) ; si "
                     "cela se répète, le disque s'use : jalon doctor"),
                   (unsigned long long)n[COMPARE_CHANGED],
                   (unsigned long long)n[COMPARE_MISSING],
                   (unsigned long long)n[COMPARE_EXTRA]);
}

void compare_json(struct json_out *json, const struct compare_report *report)
{
    static const char *const states[] = {"never", "same", "repairing", "different"};
    static const char *const faults[] = {"changed", "missing", "extra"};
    json_object(json);
    json_key(json, "state");
    json_text(json, states[report->state]);
    words_time_json(json, "at", report->at_ms);
    words_time_json(json, "found", report->found_ms);
    for (int i = 0; i < COMPARE_FAULTS; i++) {
        json_key(json, faults[i]);
        json_uint(json, report->faults[i]);
    }
    json_object_end(json);
}
