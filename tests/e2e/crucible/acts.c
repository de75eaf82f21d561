/* SPDX-License-Identifier: Apache-2.0 */
/* What takes more than one person: consent and referral, hand-over, erasure. All dates lie
 * before any day the test is run on. */
#include "tests/e2e/crucible/crucible.h"

enum { ASKED_MAX = 3 /* erasures of a run: somebody's work is to be found in the end */ };

static const char *role(const struct device *d)
{
    return d->c->staff[d->staff].part == PART_COORDINATOR ? "coordinator" : "jobcoach";
}

static void begin(struct device *d, struct command *cmd, const char *verb, const char *table)
{
    d->deed.kind = table;
    command_add(cmd, verb);
    command_add(cmd, table);
}

/* ---- consent and referral ---- */

bool act_consent(struct device *d, struct command *cmd)
{
    const struct known *person = deed_some(d, "person");
    if (person == NULL)
        return false;
    begin(d, cmd, "add", "consent");
    struct known *row = deed_row(d, "consent", person);
    row->notes = rng_chance(&d->rng, 500000);
    command_addf(cmd, "person=%s", person->id);
    command_add(cmd, "purpose=share_structure");
    command_addf(cmd, "recipient=%s", d->c->structures[1 - row->home]);
    command_add(cmd, row->notes ? "shares=facts_notes" : "shares=facts");
    command_add(cmd, "given_on=2020-03-02");
    command_add(cmd, "mode=signed");
    return true;
}

/* A coach of the other structure. */
static unsigned somebody_there(struct device *d, unsigned home)
{
    unsigned to = 0;
    do
        to = (unsigned)rng_below(&d->rng, CRUCIBLE_STAFF);
    while (d->c->staff[to].home == home || d->c->staff[to].part != PART_COACH);
    return to;
}

bool act_refer(struct device *d, struct command *cmd)
{
    static const char *const points[] = {"informed=oui", "agrees=oui", "bound=oui",
                                         "same_mission=oui", "needed=oui"};
    const struct known *consent = deed_some(d, "consent");
    if (consent == NULL)
        return false;
    begin(d, cmd, "add", "referral");
    struct known *row = deed_row(d, "referral", consent);
    bool notes = consent->notes && rng_chance(&d->rng, 700000);
    d->deed.to = somebody_there(d, row->home);
    (void)deed_mark(d, row, false);
    command_addf(cmd, "person=%s", consent->person);
    command_addf(cmd, "to=%s", d->c->structures[1 - row->home]);
    command_addf(cmd, "staff=%s", d->c->staff[d->deed.to].id);
    command_addf(cmd, "consent=%s", consent->id);
    command_add(cmd, notes ? "shares=facts_notes" : "shares=facts");
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        command_add(cmd, points[i]);
    command_add(cmd, "sent_on=2020-03-02");
    deed_text(d, cmd, "reason");
    return true;
}

bool act_withdraw(struct device *d, struct command *cmd)
{
    bool consent = rng_chance(&d->rng, 600000);
    const struct known *row = deed_some(d, consent ? "consent" : "referral");
    if (row == NULL)
        return false;
    begin(d, cmd, "set", row->table);
    command_addf(cmd, "%s", row->id);
    command_add(cmd, consent ? "withdrawn_on=2020-03-10" : "answer=ended");
    return true;
}

/* The referral as it is known to those who receive it: a row of a table by that name. */
static const char answered[] = "answer";

bool act_answer(struct device *d, struct command *cmd)
{
    const struct known *row = deed_some(d, answered);
    if (row == NULL)
        return false;
    begin(d, cmd, "set", "referral");
    command_addf(cmd, "%s", row->id);
    command_add(cmd, rng_chance(&d->rng, 700000) ? "answer=accepted" : "answer=refused");
    return true;
}

/* ---- hand-over ---- */

/* Whatever is theirs may become somebody else's. */
static void may_go(struct crucible *c, unsigned home, const char *person)
{
    for (uint32_t i = 0; i < c->known_n; i++) {
        struct known *row = &c->known[i];
        if (strcmp(row->table, "person") == 0 && row->home == home &&
            (person == NULL || strcmp(row->id, person) == 0))
            row->given = true;
    }
}

bool act_hand_over(struct device *d, struct command *cmd)
{
    struct crucible *c = d->c;
    unsigned home = c->staff[d->staff].home;
    const struct known *some = deed_some(d, "assignment");
    unsigned from = some == NULL ? 0 : some->staff;
    unsigned to = (unsigned)rng_below(&d->rng, CRUCIBLE_STAFF);
    if (c->staff[d->staff].part != PART_COORDINATOR || some == NULL || from == to ||
        c->staff[from].home != home || c->staff[to].home != home ||
        c->staff[from].part != PART_COACH || c->staff[to].part != PART_COACH)
        return false;
    const struct known *person = rng_chance(&d->rng, 400000) ? deed_some(d, "person") : NULL;
    d->deed.kind = "handover";
    d->deed.from = from;
    d->deed.to = to;
    may_go(c, home, person == NULL ? NULL : person->id);
    command_add(cmd, "handover");
    command_add(cmd, c->staff[from].id);
    command_add(cmd, c->staff[to].id);
    command_add(cmd, "--from");
    command_add(cmd, "2020-06-01");
    if (person == NULL)
        return true;
    memcpy(d->deed.row.person, person->id, sizeof person->id);
    command_add(cmd, "--person");
    command_addf(cmd, "%s", person->id);
    return true;
}

static void was_handed_over(struct device *d)
{
    struct crucible *c = d->c;
    const struct deed *deed = &d->deed;
    c->handed++;
    for (uint32_t i = 0; i < c->known_n; i++) {
        struct known *row = &c->known[i];
        if (row->staff == deed->from && row->home == c->staff[d->staff].home &&
            (deed->row.person[0] == '\0' || strcmp(row->person, deed->row.person) == 0))
            row->staff = deed->to;
    }
}

/* ---- erasure ---- */

bool act_ask(struct device *d, struct command *cmd)
{
    const struct known *person = deed_some(d, "person");
    if (person == NULL || d->c->asked == ASKED_MAX)
        return false;
    begin(d, cmd, "add", "erasure");
    struct known *row = deed_row(d, "erasure", person);
    row->staff = d->staff;
    row->person[0] = '\0'; /* the order is no part of the dossier */
    row->maker = d->at;
    d->c->asked++;
    command_addf(cmd, "dossier=%s", person->id);
    command_add(cmd, "reason=request");
    command_addf(cmd, "asked_as=%s", role(d));
    return true;
}

/* The second signature: of a person with another role. Who has asked sends it first, and who
 * signs has to hear of it. */
bool act_sign(struct device *d, struct command *cmd)
{
    struct crucible *c = d->c;
    for (uint32_t i = 0; i < c->known_n; i++) {
        struct known *row = &c->known[i];
        if (strcmp(row->table, "erasure") != 0 || row->decided ||
            row->home != c->staff[d->staff].home)
            continue;
        if (row->maker == d->at && row->on_server == 0)
            return deed_sync(d, cmd);
        if (row->on_server == 0 || c->staff[row->staff].part == c->staff[d->staff].part)
            continue;
        if (d->heard <= row->on_server)
            return deed_sync(d, cmd);
        begin(d, cmd, "set", "erasure");
        command_addf(cmd, "%s", row->id);
        command_add(cmd, rng_chance(&d->rng, 900000) ? "state=confirmed" : "state=declined");
        command_addf(cmd, "signed_as=%s", role(d));
        memcpy(d->deed.row.id, row->id, sizeof row->id);
        return true;
    }
    return false;
}

void act_synced(struct device *d, unsigned syncs)
{
    struct crucible *c = d->c;
    d->heard = syncs;
    for (uint32_t i = 0; i < c->known_n; i++) {
        struct known *row = &c->known[i];
        if (strcmp(row->table, "erasure") == 0 && row->maker == d->at && row->on_server == 0)
            row->on_server = c->syncs;
    }
}

struct said {
    char id[CRUCIBLE_ID_BYTES];
    bool ended;
};

static void on_said(struct run *run, void *arg)
{
    struct said *said = arg;
    struct str line = run_line(run);
    said->ended = true;
    if (run_well(run, "0145") && run->status == 0 && line.n == CRUCIBLE_ID_BYTES - 1)
        memcpy(said->id, line.p, line.n);
}

/* Run a deed of a device, then sync it; the id that was printed, "" = none. */
static struct said now(struct device *d, const struct command *cmd)
{
    struct crucible *c = d->c;
    struct said said = {.ended = false};
    struct said synced = {.ended = false};
    struct command sync;
    (void)run_start(c, cmd, NULL, on_said, &said);
    while (!said.ended)
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
    device_words(d, &sync);
    command_add(&sync, "sync");
    (void)run_start(c, &sync, NULL, on_said, &synced);
    while (!synced.ended)
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
    return said;
}

static void erase_one(struct crucible *c, struct device *coordinator, struct device *coach,
                      const struct known *person)
{
    struct command cmd;
    if (c->failed)
        return;
    device_words(coordinator, &cmd);
    command_add(&cmd, "add");
    command_add(&cmd, "erasure");
    command_addf(&cmd, "dossier=%s", person->id);
    command_add(&cmd, "reason=request");
    command_addf(&cmd, "asked_as=%s", role(coordinator));
    struct said asked = now(coordinator, &cmd);
    device_words(coach, &cmd);
    command_add(&cmd, "sync");
    (void)now(coach, &cmd);
    device_words(coach, &cmd);
    command_add(&cmd, "set");
    command_add(&cmd, "erasure");
    command_add(&cmd, asked.id[0] == '\0' ? person->id : asked.id);
    command_add(&cmd, "state=confirmed");
    command_addf(&cmd, "signed_as=%s", role(coach));
    (void)now(coach, &cmd);
}

void act_erase(struct crucible *c)
{
    for (unsigned i = 0; i < CRUCIBLE_STAFF; i++) {
        struct device *d = &c->devices[i];
        const struct staff *me = &c->staff[d->staff];
        const struct known *person = NULL;
        if (me->part != PART_COORDINATOR)
            continue;
        person = deed_some(d, "person");
        unsigned holder = person == NULL ? 0 : person->staff;
        if (person != NULL && c->staff[holder].part == PART_COACH)
            erase_one(c, d, &c->devices[holder], person);
    }
}

/* The caseload of whoever was given a dossier last goes to the next coach, by the
 * administrator.
 */
static void on_handed(struct run *run, void *arg)
{
    struct said *said = arg;
    said->ended = true;
    if (run_well(run, "014") && run->status == 0)
        run->c->handed++;
}

void act_hand_over_all(struct crucible *c)
{
    const struct known *last[CRUCIBLE_STRUCTURES] = {NULL};
    for (uint32_t i = 0; i < c->known_n; i++)
        if (strcmp(c->known[i].table, "assignment") == 0)
            last[c->known[i].home] = &c->known[i];
    for (unsigned home = 0; home < CRUCIBLE_STRUCTURES; home++) {
        struct command cmd;
        struct said said = {.ended = false};
        unsigned to = last[home] == NULL ? 0 : last[home]->staff;
        if (last[home] == NULL || c->failed)
            continue;
        do
            to = (to + 1) % CRUCIBLE_STAFF;
        while (c->staff[to].home != home || c->staff[to].part != PART_COACH);
        server_ctl(c, &cmd);
        command_add(&cmd, "handover");
        command_add(&cmd, c->staff[last[home]->staff].id);
        command_add(&cmd, c->staff[to].id);
        command_add(&cmd, "--from");
        command_add(&cmd, "2020-06-01");
        (void)run_start(c, &cmd, NULL, on_handed, &said);
        while (!said.ended)
            (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
    }
}

/* ---- what is known then ---- */

static void was_decided(struct device *d)
{
    for (uint32_t i = 0; i < d->c->known_n; i++)
        if (strcmp(d->c->known[i].id, d->deed.row.id) == 0)
            d->c->known[i].decided = true;
}

void act_told(struct device *d)
{
    struct deed *deed = &d->deed;
    if (strcmp(deed->kind, "handover") == 0)
        was_handed_over(d);
    if (strcmp(deed->kind, "erasure") == 0 && !deed->adds)
        was_decided(d);
    if (strcmp(deed->kind, "document") == 0)
        d->c->told_papers++;
    if (strcmp(deed->kind, "referral") != 0 || !deed->adds)
        return;
    struct known row = deed->row;
    row.table = answered;
    row.home = 1 - row.home;
    row.staff = deed->to;
    known_add(d->c, &row);
}
