/* SPDX-License-Identifier: Apache-2.0 */
#include "support/caseload.h"

#include <stdio.h>

enum { FILE_BYTES_MAX = 8 << 20 };

const char *case_ref(const char *name, const struct id *id)
{
    static char texts[8][80];
    static unsigned turn;
    char *out = texts[turn++ % 8];
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, sizeof texts[0], "%s=%s", name, text);
    return out;
}

struct id case_model(struct twin *t)
{
    const char *fields[] = {"name=Parcours type", NULL};
    return twin_add(&t->server, "pathway_model", fields);
}

struct case_file case_open(struct party *p, const struct id *model, const char *mark)
{
    struct case_file c;
    char text[80];
    char name[40];
    static uint64_t turn;
    uint64_t mixed = ++turn * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < 10; i++, mixed >>= 5) /* nobody resembles another */
        (void)snprintf(name + i, sizeof name - i, "%c", 'a' + (int)(mixed % 26));
    (void)snprintf(text, sizeof text, "name=Fictif%s", name);
    const char *person[] = {text, "first_name=Zoé", NULL};
    c.person = twin_add(p, "person", person);
    const char *pathway[] = {case_ref("person", &c.person), case_ref("model", model),
                             "entry=2026-11-02", NULL};
    c.pathway = twin_add(p, "pathway", pathway);
    const char *session[] = {"kind=individual", case_ref("person", &c.person),
                             "date=2026-11-02", "minutes=45", NULL};
    c.session = twin_add(p, "session", session);
    (void)snprintf(text, sizeof text, "text=%s", mark);
    const char *note[] = {case_ref("session", &c.session), case_ref("person", &c.person), text,
                          NULL};
    c.note = twin_add(p, "session_note", note);
    return c;
}

struct id case_assign(struct party *p, const struct case_file *c, const struct id *staff,
                      const char *role, const char *start, const char *end)
{
    char text[3][40];
    (void)snprintf(text[0], sizeof text[0], "role=%s", role);
    (void)snprintf(text[1], sizeof text[1], "start=%s", start);
    (void)snprintf(text[2], sizeof text[2], "end=%s", end == NULL ? "" : end);
    const char *fields[] = {case_ref("pathway", &c->pathway),
                            case_ref("staff", staff),
                            text[0],
                            text[1],
                            end == NULL ? NULL : text[2],
                            NULL};
    return twin_add(p, "assignment", fields);
}

const struct id *case_staff(struct twin *t, size_t replica)
{
    return &t->replicas[replica].device.staff;
}

void case_sync_all(struct twin *t)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < t->count; i++)
            (void)twin_sync(t, i);
}

bool case_in_file(struct twin *t, size_t replica, const char *text)
{
    struct party *p = &t->replicas[replica];
    static char bytes[FILE_BYTES_MAX];
    store_close(p->store);
    FILE *f = fopen(p->path, "rb");
    must(f != NULL);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    must(n < sizeof bytes);
    (void)fclose(f);
    twin_open_party(t, p);
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

bool case_complete(struct twin *t, size_t replica)
{
    struct buf ours = {0};
    struct buf theirs = {0};
    twin_dump(t->replicas[replica].store, &ours);
    twin_dump_seen(t->server.store, case_staff(t, replica), &theirs);
    bool same = str_eq(buf_str(&ours), buf_str(&theirs));
    if (!same)
        (void)fprintf(stderr, "replica %zu:\n%.*s\nmay see:\n%.*s\n", replica, (int)ours.n,
                      (const char *)ours.p, (int)theirs.n, (const char *)theirs.p);
    buf_done(&ours);
    buf_done(&theirs);
    return same;
}
