/* SPDX-License-Identifier: Apache-2.0 */
/* What people do with their devices. A deed is one command; each draws from its device's own
 * stream, so that one more deed there moves nothing here. */
#include "tests/e2e/crucible/crucible.h"

#include "proto/mem.h"

#include <signal.h>
#include <stdio.h>

void device_words(const struct device *d, struct command *cmd)
{
    *cmd = (struct command){.clock_s = d->clock_s};
    command_add(cmd, d->c->jalon);
    command_add(cmd, "--data");
    command_add(cmd, d->dir);
}

/* ---- what is known of rows and marks ---- */

struct mark *deed_mark(struct device *d, const struct known *row, bool notes)
{
    struct crucible *c = d->c;
    if (c->marks_n == c->marks_room) {
        c->marks_room = c->marks_room == 0 ? 256 : 2 * c->marks_room;
        c->marks = mem_grow(c->marks, c->marks_room * sizeof *c->marks);
        must(c->marks != NULL);
    }
    struct mark *m = &c->marks[c->marks_n];
    *m = (struct mark){
        .device = d->at, .home = row->home, .network = row->network, .notes = notes};
    memcpy(m->person, row->person, sizeof m->person);
    d->deed.mark = (int32_t)c->marks_n++;
    return m;
}

void known_add(struct crucible *c, const struct known *row)
{
    if (c->known_n == c->known_room) {
        c->known_room = c->known_room == 0 ? 256 : 2 * c->known_room;
        c->known = mem_grow(c->known, c->known_room * sizeof *c->known);
        must(c->known != NULL);
    }
    c->known[c->known_n++] = *row;
}

struct known *known_person(struct crucible *c, const char *id)
{
    for (uint32_t i = 0; i < c->known_n; i++)
        if (strcmp(c->known[i].table, "person") == 0 && strcmp(c->known[i].id, id) == 0)
            return &c->known[i];
    return NULL;
}

/* May this person have the row, as far as can be told from here? */
static bool at_hand(const struct device *d, const struct known *row)
{
    const struct staff *me = &d->c->staff[d->staff];
    if (row->network)
        return true;
    return row->home == me->home &&
           (me->part == PART_COORDINATOR || me->home == 1 || row->staff == d->staff);
}

const struct known *deed_some(struct device *d, const char *table)
{
    const struct known *chosen = NULL;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < d->c->known_n; i++) {
        const struct known *row = &d->c->known[i];
        if (strcmp(row->table, table) != 0 || !at_hand(d, row))
            continue;
        seen = seen < 6 ? seen + 1 : seen;
        if (rng_below(&d->rng, seen) == 0)
            chosen = row;
    }
    return chosen;
}

void marks_gone(struct crucible *c, const struct device *d, uint32_t marks)
{
    for (uint32_t i = marks; i < c->marks_n; i++) {
        struct mark *m = &c->marks[i];
        if (m->device != d->at || !m->told)
            continue;
        m->gone = true;
        m->bare = true;
        m->excused = m->excused || !m->synced;
    }
}

void marks_synced(struct crucible *c, const struct device *d, unsigned marks)
{
    for (uint32_t i = 0; i < marks; i++) {
        struct mark *m = &c->marks[i];
        if (m->device != d->at || !m->told || m->synced)
            continue;
        m->synced = true;
        m->backups = c->backups;
    }
}

/* ---- deeds that save ---- */

struct known *deed_row(struct device *d, const char *table, const struct known *of)
{
    struct known *row = &d->deed.row;
    d->deed.adds = true;
    *row =
        (struct known){.table = table, .home = d->c->staff[d->staff].home, .staff = d->staff};
    if (of != NULL) {
        row->home = of->home;
        row->staff = of->staff;
        memcpy(row->person, of->person, sizeof row->person);
    }
    return row;
}

void deed_text(struct device *d, struct command *cmd, const char *field)
{
    command_addf(cmd, "%s=mk%06d.", field, d->deed.mark);
}

static bool add_person(struct device *d, struct command *cmd)
{
    struct known *row = deed_row(d, "person", NULL);
    bool foreign = rng_chance(&d->rng, 60000); /* nobody may: it waits for a person */
    row->home = foreign ? 1 - row->home : row->home;
    (void)deed_mark(d, row, false);
    deed_text(d, cmd, "name");
    command_add(cmd, "first_name=Fictive");
    if (foreign)
        command_addf(cmd, "structure=%s", d->c->structures[row->home]);
    return true;
}

static bool add_session(struct device *d, struct command *cmd)
{
    const struct known *person = deed_some(d, "person");
    struct known *row = deed_row(d, "session", person);
    (void)deed_mark(d, row, false);
    command_add(cmd, "kind=phone");
    command_addf(cmd, "date=2026-03-%02d", (int)rng_between(&d->rng, 1, 28));
    command_addf(cmd, "minutes=%d", (int)rng_between(&d->rng, 5, 90));
    if (person != NULL)
        command_addf(cmd, "person=%s", person->id);
    deed_text(d, cmd, "subject");
    return true;
}

static bool add_note(struct device *d, struct command *cmd)
{
    const struct known *session = deed_some(d, "session");
    if (session == NULL || session->person[0] == '\0')
        return false;
    (void)deed_mark(d, deed_row(d, "session_note", session), true);
    command_addf(cmd, "session=%s", session->id);
    command_addf(cmd, "person=%s", session->person);
    deed_text(d, cmd, "text");
    return true;
}

static bool add_contact(struct device *d, struct command *cmd)
{
    const struct known *person = deed_some(d, "person");
    if (person == NULL)
        return false;
    (void)deed_mark(d, deed_row(d, "contact_point", person), false);
    command_addf(cmd, "person=%s", person->id);
    command_add(cmd, "kind=phone");
    command_add(cmd, "value=0470 00 00 00");
    deed_text(d, cmd, "note");
    return true;
}

static bool add_pathway(struct device *d, struct command *cmd)
{
    const struct known *person = deed_some(d, "person");
    if (person == NULL)
        return false;
    (void)deed_row(d, "pathway", person);
    command_addf(cmd, "person=%s", person->id);
    command_addf(cmd, "model=%s", d->c->model);
    command_add(cmd, "entry=2026-02-02");
    return true;
}

static bool add_company(struct device *d, struct command *cmd)
{
    struct known *row = deed_row(d, "company", NULL);
    row->network = true;
    (void)deed_mark(d, row, false);
    deed_text(d, cmd, "name");
    return true;
}

/* A dossier is given to somebody: the coach who had it loses it. */
static bool add_assignment(struct device *d, struct command *cmd)
{
    const struct known *pathway = deed_some(d, "pathway");
    unsigned to = (unsigned)rng_below(&d->rng, CRUCIBLE_STAFF);
    const struct staff *staff = &d->c->staff[to];
    if (pathway == NULL || staff->home != pathway->home || staff->part != PART_COACH)
        return false;
    struct known *row = deed_row(d, "assignment", pathway);
    row->staff = to;
    known_person(d->c, pathway->person)->given = true;
    command_addf(cmd, "pathway=%s", pathway->id);
    command_addf(cmd, "staff=%s", staff->id);
    command_addf(cmd, "role=%s", rng_chance(&d->rng, 700000) ? "referent" : "facilitator");
    command_add(cmd, "start=2020-01-01");
    return true;
}

static const struct {
    const char *table;
    bool (*fill)(struct device *d, struct command *cmd); /* false: not now */
} adds[] = {
    {"person", add_person},         {"session", add_session}, {"session_note", add_note},
    {"contact_point", add_contact}, {"pathway", add_pathway}, {"company", add_company},
    {"assignment", add_assignment},
};

static bool deed_add(struct device *d, struct command *cmd)
{
    size_t i = rng_below(&d->rng, sizeof adds / sizeof *adds);
    i = d->c->calm ? rng_below(&d->rng, 2) : i;
    d->deed.kind = adds[i].table;
    command_add(cmd, "add");
    command_add(cmd, adds[i].table);
    return adds[i].fill(d, cmd);
}

static bool deed_set(struct device *d, struct command *cmd)
{
    static const char *const fields[][2] = {
        {"person", "emergency"}, {"person", "city"},        {"person", "street"},
        {"session", "subject"},  {"session", "place"},      {"session_note", "text"},
        {"company", "access"},   {"contact_point", "note"},
    };
    size_t i = rng_below(&d->rng, sizeof fields / sizeof *fields);
    const struct known *row = deed_some(d, fields[i][0]);
    if (row == NULL)
        return false;
    d->deed.kind = "set";
    (void)deed_mark(d, row, strcmp(row->table, "session_note") == 0);
    command_add(cmd, "set");
    command_add(cmd, row->table);
    command_addf(cmd, "%s", row->id);
    deed_text(d, cmd, fields[i][1]);
    return true;
}

/* A right ends. */
static bool deed_end(struct device *d, struct command *cmd)
{
    const struct known *row = deed_some(d, "assignment");
    if (row == NULL)
        return false;
    d->deed.kind = "end";
    command_add(cmd, "set");
    command_add(cmd, "assignment");
    command_addf(cmd, "%s", row->id);
    command_add(cmd, rng_chance(&d->rng, 700000) ? "end=2026-01-31" : "end=");
    return true;
}

static bool deed_delete(struct device *d, struct command *cmd)
{
    static const char *const tables[] = {"session", "contact_point", "person", "company"};
    const struct known *row = deed_some(d, tables[rng_below(&d->rng, 4)]);
    if (row == NULL)
        return false;
    d->deed.kind = rng_chance(&d->rng, 600000) ? "delete" : "restore";
    command_add(cmd, d->deed.kind);
    command_add(cmd, row->table);
    command_addf(cmd, "%s", row->id);
    return true;
}

/* ---- the others ---- */

bool deed_sync(struct device *d, struct command *cmd)
{
    d->deed.kind = "sync";
    command_add(cmd, "sync");
    command_add(cmd, "--json");
    return true;
}

/* Decide what waits, as far as it can be named: the first conflict, all that was refused. */
static bool deed_decide(struct device *d, struct command *cmd)
{
    d->deed.kind = "decide";
    if (rng_chance(&d->rng, 300000)) {
        command_add(cmd, "inbox");
        command_add(cmd, "resubmit");
        command_add(cmd, "all");
        return true;
    }
    const struct known *row = deed_some(d, "conflict");
    if (row == NULL) {
        d->deed.kind = "conflicts";
        command_add(cmd, "conflicts");
        command_add(cmd, "--json");
        return true;
    }
    command_add(cmd, "resolve");
    command_addf(cmd, "%s", row->id);
    command_add(cmd, "--keep");
    command_add(cmd, rng_chance(&d->rng, 500000) ? "other" : "current");
    return true;
}

/* The clock of the device jumps; what follows is made by it. */
static void jump(struct device *d)
{
    static const int64_t jumps_s[] = {0,    0,   -3600,      3600,      -86400,    86400,
                                      -120, 120, -315360000, 315360000, -31536000, 31536000};
    d->clock_s = jumps_s[rng_below(&d->rng, sizeof jumps_s / sizeof *jumps_s)];
    crucible_say(d->c, "device %u: its clock is %+lld s off", d->at, (long long)d->clock_s);
}

static bool copy(struct device *d, struct command *cmd, const char *script, unsigned other)
{
    *cmd = (struct command){.n = 0};
    command_add(cmd, "/bin/sh");
    command_add(cmd, "-ec");
    command_add(cmd, script);
    command_add(cmd, d->deed.kind);
    command_add(cmd, d->dir);
    if (other == 0)
        command_addf(cmd, "%.60s/image.%u", d->c->dir, d->at);
    else
        command_add(cmd, d->c->devices[other].dir);
    return true;
}

/* An image of the disk is made, is put back, or becomes a second device. */
static bool deed_image(struct device *d, struct command *cmd)
{
    if (d->stays || d->exile != EXILE_NONE)
        return false;
    unsigned draw = (unsigned)rng_below(&d->rng, 5);
    if (draw == 0 && d->c->clones < CRUCIBLE_CLONES && d->at < CRUCIBLE_STAFF) {
        d->deed.kind = "clone";
        d->deed.clone = CRUCIBLE_STAFF + d->c->clones++;
        return copy(d, cmd, "cp -a \"$1\" \"$2\"", d->deed.clone);
    }
    if (draw < 3 || !d->image) {
        d->deed.kind = "image";
        return copy(d, cmd, "rm -rf \"$2\"; cp -a \"$1\" \"$2\"", 0);
    }
    d->deed.kind = "put back";
    return copy(d, cmd, "rm -rf \"$1\"; cp -a \"$2\" \"$1\"", 0);
}

/* ---- how they end ---- */

static void was_put_back(struct device *d)
{
    marks_gone(d->c, d, d->image_marks);
    crucible_say(d->c, "device %u: put back to an image of %u marks", d->at, d->image_marks);
}

static void was_cloned(struct device *d)
{
    struct crucible *c = d->c;
    struct device *twin = &c->devices[d->deed.clone];
    d->twin = true;
    twin->staff = d->staff;
    twin->net = d->net;
    twin->corrupted = d->corrupted;
    twin->clock_s = d->clock_s;
    twin->present = true;
    twin->deeds = d->deeds;
    crucible_say(c, "device %u is a copy of device %u", twin->at, d->at);
    c->at_work++;
    device_next(twin);
}

static void was_saved(struct device *d, struct run *run)
{
    struct deed *deed = &d->deed;
    struct str line = run_line(run);
    if (deed->mark >= 0)
        d->c->marks[deed->mark].told = true;
    if (!deed->adds)
        return;
    if (line.n != CRUCIBLE_ID_BYTES - 1) {
        crucible_fail(d->c, "%s printed no id: %.*s", run->words, (int)line.n, line.p);
        return;
    }
    memcpy(deed->row.id, line.p, line.n);
    if (strcmp(deed->row.table, "person") == 0)
        memcpy(deed->row.person, deed->row.id, sizeof deed->row.person);
    if (deed->mark >= 0)
        memcpy(d->c->marks[deed->mark].person, deed->row.person, sizeof deed->row.person);
    if (strcmp(deed->kind, "document") == 0)
        deed->row.mark = (uint32_t)deed->mark;
    known_add(d->c, &deed->row);
}

/* Conflicts this device shows can be decided from now on. */
static void note_conflicts(struct device *d, const struct run *run)
{
    struct str said = buf_str(&run->said[0]);
    static const char key[] = "{\"id\":\"";
    for (size_t i = 0; i + sizeof key + CRUCIBLE_ID_BYTES < said.n; i++) {
        if (memcmp(said.p + i, key, sizeof key - 1) != 0)
            continue;
        struct known row = {
            .table = "conflict", .home = d->c->staff[d->staff].home, .staff = d->staff};
        memcpy(row.id, said.p + i + sizeof key - 1, CRUCIBLE_ID_BYTES - 1);
        known_add(d->c, &row);
    }
}

bool sync_well(struct run *run, const struct device *d)
{
    struct str said = buf_str(&run->said[0]);
    bool forked = d->twin || d->at >= CRUCIBLE_STAFF;
    bool hung = d->stays; /* the process that stays had no time to answer */
    bool odd = forked || hung;
    bool out = d->exile != EXILE_NONE;
    crucible_say(d->c, "device %u: sync: %.*s", d->at, (int)said.n, said.n == 0 ? "" : said.p);
    /* Changed bytes look like a peer that speaks something else, or is another. */
    return run_well(run, out || d->corrupted ? "01345" : odd ? "0134" : "034");
}

static void was_synced(struct device *d, const struct run *run)
{
    struct crucible *c = d->c;
    bool done = run->signal == 0 && (run->status == 0 || run->status == 4);
    if (done && d->deed.restores == c->restores) {
        marks_synced(c, d, d->deed.marks);
        act_synced(d, d->deed.syncs);
    }
    c->deposits += run_number(run, "deposited") > 0 ? 1 : 0;
    struct str said = buf_str(&run->said[0]);
    bool revoked = said.n > 0 && memmem(said.p, said.n, "REVOKED", 7) != NULL;
    if (run->signal == 0 && run->status == 5 && revoked && d->exile == EXILE_ORDERED)
        d->exile = EXILE_HEARD;
}

/* A deed other than a sync ended well. */
static void was_done(struct device *d, struct run *run)
{
    static const struct {
        const char *kind;
        void (*done)(struct device *d);
    } kinds[] = {{"put back", was_put_back}, {"clone", was_cloned}, {"fetch", paper_told}};
    struct deed *deed = &d->deed;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(deed->kind, kinds[i].kind) == 0) {
            kinds[i].done(d);
            return;
        }
    }
    if (strcmp(deed->kind, "conflicts") == 0) {
        note_conflicts(d, run);
    } else if (strcmp(deed->kind, "image") == 0) {
        d->image = true;
        d->image_marks = deed->marks;
    } else if (strcmp(deed->kind, "enrol") == 0) {
        exile_over(d, run);
    } else {
        was_saved(d, run);
        act_told(d);
    }
}

static void on_deed(struct run *run, void *arg)
{
    struct device *d = arg;
    struct deed *deed = &d->deed;
    bool ok = run->signal == 0 && run->status == 0;
    d->run = NULL;
    crucible_goes_on(d->c);
    d->told += ok ? 1 : 0;
    d->killed += run->signal != 0 ? 1 : 0;
    crucible_say(d->c, "device %u: %s: %lld, signal %d; %.*s", d->at, run->words,
                 (long long)run->status, run->signal,
                 (int)(run->said[1].n < 200 ? run->said[1].n : 200), (char *)run->said[1].p);
    if (!(strcmp(deed->kind, "sync") == 0 ? sync_well(run, d) : run_well(run, "01345")))
        return;
    if (strcmp(deed->kind, "sync") == 0)
        was_synced(d, run);
    else if (ok)
        was_done(d, run);
    device_next(d);
}

/* ---- the process that stays ---- */

static void on_live(struct run *run, void *arg)
{
    struct device *d = arg;
    d->live = NULL;
    d->killed += run->signal != 0 ? 1 : 0;
    /* A certificate with changed bytes is another server's. */
    (void)run_well(run, d->exile != EXILE_NONE || d->corrupted ? "05" : "0");
}

static void on_live_said(struct run *run, void *arg)
{
    struct device *d = arg;
    struct str said = buf_str(&run->said[0]);
    static const char key[] = "\"synced\"";
    const char *at = said.p;
    d->live_synced = 0;
    while (at != NULL) {
        at = memmem(at, said.n - (size_t)(at - said.p), key, sizeof key - 1);
        d->live_synced += at != NULL ? 1 : 0;
        at = at == NULL ? NULL : at + sizeof key - 1;
    }
}

static void stay(struct device *d)
{
    struct command cmd;
    device_words(d, &cmd);
    command_add(&cmd, "sync");
    command_add(&cmd, "--live");
    command_add(&cmd, "--json");
    d->live_synced = 0;
    d->live = run_start(d->c, &cmd, on_live_said, on_live, d);
}

/* ---- the next one ---- */

static bool draw_deed(struct device *d, struct command *cmd)
{
    static const struct {
        unsigned weight;
        bool (*draw)(struct device *d, struct command *cmd);
    } deeds[] = {{30, deed_add},  {28, deed_set},    {4, deed_end},     {6, deed_delete},
                 {24, deed_sync}, {7, deed_decide},  {6, deed_image},   {5, act_consent},
                 {5, act_refer},  {3, act_withdraw}, {3, act_answer},   {9, act_hand_over},
                 {3, act_ask},    {16, act_sign},    {8, paper_attach}, {7, paper_fetch}};
    unsigned all = 0;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        all += deeds[i].weight;
    uint64_t at = rng_below(&d->rng, all);
    device_words(d, cmd);
    d->deed = (struct deed){
        .mark = -1, .marks = d->c->marks_n, .restores = d->c->restores, .kind = "?"};
    d->deed.syncs = ++d->c->syncs;
    if (d->c->calm)
        return deed_add(d, cmd);
    if (d->net == NULL && d->c->state != SERVER_UP && rng_chance(&d->rng, 500000))
        return deed_sync(d, cmd); /* that is what its site has a relay for */
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        if (at < deeds[i].weight)
            return deeds[i].draw(d, cmd);
        at -= deeds[i].weight;
    }
    return false;
}

void device_next(struct device *d)
{
    enum { TRIES = 50 };
    struct command cmd;
    if (d->c->failed || d->deeds == 0) {
        d->c->at_work--;
        return;
    }
    d->deeds--;
    if (d->exile == EXILE_HEARD && d->live == NULL) {
        exile_return(d, &cmd);
        d->run = run_start(d->c, &cmd, NULL, on_deed, d);
        return;
    }
    if (!d->c->calm && rng_chance(&d->rng, 60000))
        jump(d);
    if (d->stays && d->live == NULL)
        stay(d);
    for (int i = 0; i < TRIES; i++) {
        if (!draw_deed(d, &cmd))
            continue;
        d->run = run_start(d->c, &cmd, NULL, on_deed, d);
        return;
    }
    crucible_fail(d->c, "device %u finds nothing to do", d->at);
}
