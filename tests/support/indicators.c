/* SPDX-License-Identifier: Apache-2.0 */
#include "support/indicators.h"

#include "store/founding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

int32_t rep_day(const char *text)
{
    static const struct field field = {.name = "d", .kind = KIND_DATE};
    struct arena arena = {0};
    struct value v;
    assert_int_equal(value_parse(&field, str_of(text), &arena, &v, NULL), ERR_OK);
    arena_done(&arena);
    return (int32_t)v.i;
}

/* The report as CSV, without its heading; one of two static texts. */
const char *rep_csv(struct store *s, const char *name, const struct report_ask *ask)
{
    static char texts[2][4096];
    static unsigned turn;
    struct buf out = {0};
    char *text = texts[turn++ % 2];
    assert_int_equal(report_csv(s, report_named(str_of(name)), ask, &out), ERR_OK);
    const char *body = memchr(out.p, '\n', out.n);
    size_t n = out.n - (size_t)(body + 1 - (const char *)out.p);
    assert_true(n < sizeof texts[0]);
    memcpy(text, body + 1, n);
    text[n] = '\0';
    buf_done(&out);
    return text;
}

struct report_ask rep_ask(const char *at, const char *from, const char *to)
{
    return (struct report_ask){.at = rep_day(at), .from = rep_day(from), .to = rep_day(to)};
}

void work_open(struct work *w)
{
    twin_open(&w->t, 1, &schema_jalon);
    assert_int_equal(founding_codes(w->t.server.store, NULL, NULL), ERR_OK);
    w->p = &w->t.replicas[0];
    w->model = case_model(&w->t);
    const char *firm[] = {"name=Firme fictive", NULL};
    w->company = twin_add(&w->t.server, "company", firm);
    case_sync_all(&w->t);
    for (size_t i = 0; i < 6; i++) {
        w->c[i] = case_open(w->p, &w->model, "MARQUE");
        (void)case_assign(w->p, &w->c[i], case_staff(&w->t, 0), "referent", "2026-01-01", NULL);
    }
}

void work_exit(struct work *w, size_t i, const char *on, const char *reason)
{
    char text[2][40];
    (void)snprintf(text[0], sizeof text[0], "date=%s", on);
    (void)snprintf(text[1], sizeof text[1], "reason=%s", reason);
    const char *fields[] = {case_ref("pathway", &w->c[i].pathway), text[0], text[1], NULL};
    (void)twin_add(w->p, "exit", fields);
}

struct id work_hire(struct work *w, size_t i, const char *start, const char *end)
{
    char text[2][40];
    (void)snprintf(text[0], sizeof text[0], "start=%s", start);
    (void)snprintf(text[1], sizeof text[1], "actual_end=%s", end == NULL ? "" : end);
    const char *fields[] = {case_ref("person", &w->c[i].person),
                            case_ref("employer_company", &w->company),
                            "kind=CDD",
                            text[0],
                            end == NULL ? NULL : text[1],
                            NULL};
    return twin_add(w->p, "contract", fields);
}

void work_same(struct work *w, const char *name, const struct report_ask *ask,
               const char *expected)
{
    assert_string_equal(rep_csv(w->p->store, name, ask), expected);
    case_sync_all(&w->t);
    assert_string_equal(rep_csv(w->t.server.store, name, ask), expected);
}
