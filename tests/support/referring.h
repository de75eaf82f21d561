/* SPDX-License-Identifier: Apache-2.0 */
/* Two structures on the twin rig, and one dossier that is referred from the one to the other.
 */
#ifndef SUPPORT_REFERRING_H
#define SUPPORT_REFERRING_H

#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Replicas: of the structure that refers, then of the one that receives. */
enum { ANNA, CHLOE, DORA, EMIL, FARA };
static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
static const char today[] = "2026-11-18";

struct bridge {
    struct twin t;
    struct id model, here, there;
    struct case_file c;
};

/* ANNA has opened one dossier; DORA and FARA are jobcoaches over there, EMIL coordinates. */
static inline void open_bridge(struct bridge *o)
{
    struct twin *t = &o->t;
    twin_open_apart(t, 1, &schema_jalon);
    twin_enrol(t, STR("coordinator"));
    const char *canal[] = {"name=CISP du Canal", "kind=CISP_EFT", NULL};
    o->here = t->structure;
    o->there = twin_add(&t->server, "structure", canal);
    t->structure = o->there;
    twin_enrol(t, STR("jobcoach"));
    twin_enrol(t, STR("coordinator"));
    twin_enrol(t, STR("jobcoach"));
    t->structure = o->here;
    o->model = case_model(t);
    case_sync_all(t);
    o->c = case_open(&t->replicas[ANNA], &o->model, "MARQUE-NOTE");
    const char *fact[] = {"emergency=MARQUE-FAIT", NULL};
    assert_int_equal(twin_set(&t->replicas[ANNA], "person", &o->c.person, fact), ERR_OK);
    case_sync_all(t);
}

static inline struct id agree(struct bridge *o, const char *shares, const char *until)
{
    const char *fields[] = {case_ref("person", &o->c.person),
                            "purpose=share_structure",
                            case_ref("recipient", &o->there),
                            shares,
                            "given_on=2026-11-10",
                            "mode=signed",
                            until,
                            NULL};
    return twin_add(&o->t.replicas[ANNA], "consent", fields);
}

/* Named: DORA. */
static inline struct id refer(struct bridge *o, const struct id *consent, const char *shares,
                              const char *sent_on)
{
    char sent[40];
    (void)snprintf(sent, sizeof sent, "sent_on=%s", sent_on);
    const char *fields[] = {case_ref("person", &o->c.person),
                            case_ref("to", &o->there),
                            case_ref("staff", case_staff(&o->t, DORA)),
                            case_ref("consent", consent),
                            shares,
                            "informed=true",
                            "agrees=true",
                            "bound=true",
                            "same_mission=true",
                            "needed=true",
                            sent,
                            NULL};
    return twin_add(&o->t.replicas[ANNA], "referral", fields);
}

static inline void withdraw(struct bridge *o, struct party *p, const struct id *consent)
{
    (void)o;
    const char *fields[] = {"withdrawn_on=2026-11-18", NULL};
    assert_int_equal(twin_set(p, "consent", consent, fields), ERR_OK);
}

static inline enum err answer(struct party *p, const struct id *referral, const char *word)
{
    const char *fields[] = {word, NULL};
    return twin_set(p, "referral", referral, fields);
}

static inline void assert_sees(struct bridge *o, size_t replica, bool fact, bool note)
{
    assert_int_equal(case_in_file(&o->t, replica, "MARQUE-FAIT"), fact);
    assert_int_equal(case_in_file(&o->t, replica, "MARQUE-NOTE"), note);
    assert_int_equal(twin_count(o->t.replicas[replica].store, "person"), fact ? 1 : 0);
    assert_true(case_complete(&o->t, replica));
}

static inline void move_days(struct bridge *o, int64_t days)
{
    o->t.server.wall_ms += days * day_ms;
    for (size_t i = 0; i < o->t.count; i++)
        o->t.replicas[i].wall_ms = o->t.server.wall_ms;
}

#endif
