/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/saving.h"

#include "store/inside.h"
#include "tests/sim/erasing.h"

bool saving_of_machine(enum err err)
{
    return err == ERR_IO || err == ERR_FULL || err == ERR_NOMEM || err == ERR_BUSY ||
           err == ERR_CORRUPT;
}

/* What a person may be refused with. */
bool saving_of_person(enum err err)
{
    return err == ERR_OK || err == ERR_INVALID || err == ERR_NOTFOUND || err == ERR_REFUSED ||
           err == ERR_FROZEN || err == ERR_EXISTS || err == ERR_LIMIT;
}

bool saving_open(struct saving *s, struct node *n)
{
    *s = (struct saving){.n = n, .first_mark = n->w->oracle.count};
    if (n->store == NULL || store_health(n->store) != ERR_OK)
        return false;
    s->broken = edit_open(n->store, &s->edit, NULL);
    if (s->broken == ERR_OK)
        return true;
    n->w->oracle.failed++;
    if (!saving_of_machine(s->broken))
        world_fail(n->w, "node %u: edit_open: %s", n->at, err_name(s->broken));
    (void)node_survived(n);
    return false;
}

void saving_tried(struct saving *s, const struct table *table, const struct id *id,
                  uint32_t marks_before, enum err err)
{
    struct oracle *o = &s->n->w->oracle;
    struct id dossier = {{0}};
    if (err == ERR_OK && marks_before < o->count)
        erasing_dossier(s->n, table, id, &dossier);
    for (uint32_t i = marks_before; i < o->count; i++) {
        o->marks[i].here = err == ERR_OK;
        o->marks[i].dossier = dossier;
    }
    if (err != ERR_OK && s->broken == ERR_OK && saving_of_machine(err))
        s->broken = err;
    if (!saving_of_machine(err) && !saving_of_person(err))
        world_fail(s->n->w, "node %u: an edit ended with %s", s->n->at, err_name(err));
    o->refused += err != ERR_OK ? 1 : 0;
}

static void check_stamp(struct node *n)
{
    if (n->at == WORLD_SERVER)
        return;
    if (n->store->own.hlc <= n->saved)
        world_fail(n->w, "I6 node %u: stamp %llx after %llx", n->at,
                   (unsigned long long)n->store->own.hlc, (unsigned long long)n->saved);
    n->saved = n->store->own.hlc;
}

static void tell_program(struct node *n)
{
    if (n->at == WORLD_SERVER)
        server_feed(&n->w->server,
                    (struct hub_event){.type = HUB_EV_COMMITTED, .seq = serve_seq(n->store)});
    else
        client_feed(world_client(n->w, n->at), (struct agent_event){.type = AGENT_EV_SAVED});
}

enum err saving_end(struct saving *s)
{
    struct node *n = s->n;
    struct oracle *o = &n->w->oracle;
    enum err err = s->broken;
    bool some = edit_count(s->edit) > 0;
    enum mark_state state = MARK_NONE;
    if (err != ERR_OK || !some) {
        edit_abort(s->edit);
    } else {
        err = edit_commit(s->edit, NULL);
        state = err == ERR_OK ? MARK_TOLD : MARK_MAYBE;
    }
    for (uint32_t i = s->first_mark; i < o->count; i++)
        o->marks[i].state = o->marks[i].here ? state : MARK_NONE;
    world_say(n->w, "node %u: saved marks %u to %u: %s, operation %llu", n->at, s->first_mark,
              o->count, err_name(err), (unsigned long long)n->store->own.op_no);
    arena_done(&s->arena);
    o->saved += state == MARK_TOLD ? 1 : 0;
    o->failed += saving_of_machine(err) ? 1 : 0;
    if (err == ERR_OK && some)
        check_stamp(n);
    if (err != ERR_OK && (!saving_of_machine(err) || n->w->calm))
        world_fail(n->w, "node %u: saving failed: %s", n->at, err_name(err));
    if (node_survived(n) && err == ERR_OK && some)
        tell_program(n);
    return err;
}

void saving_did(struct node *n, const char *what, enum err err)
{
    struct oracle *o = &n->w->oracle;
    o->saved += err == ERR_OK ? 1 : 0;
    o->refused += err != ERR_OK && saving_of_person(err) ? 1 : 0;
    if (!saving_of_machine(err) && !saving_of_person(err))
        world_fail(n->w, "node %u: %s ended with %s", n->at, what, err_name(err));
    if (err == ERR_OK)
        check_stamp(n);
    if (node_survived(n) && err == ERR_OK)
        tell_program(n);
}
