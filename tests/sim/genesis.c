/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/genesis.h"

#include "store/edit.h"
#include "tests/sim/checks.h"
#include "tests/sim/people.h"

#include <stdio.h>

enum { KEPT_MAX = 4, FIELDS_MAX = 8, DAY_MS = 24 * 60 * 60 * 1000 };
enum { ROUND_MS = 20 * 1000, ROUNDS_MAX = 30 };

/* One network as it begins. */
struct image {
    size_t clients; /* 0 = the place is free */
    bool two_homes, mixed_roles, caseloads;
    struct disk *server;
    struct disk **disks;
    struct client *who; /* roles, home, device, staff, key, last stamp */
    uint32_t lived;     /* … the rest of one that has: */
    struct mark *marks;
    uint32_t mark_count;
    struct paper *papers;
    uint32_t paper_count;
    struct id erased[ORACLE_ERASED_MAX];
    uint32_t erased_count;
    int64_t now_ms;
    struct id structures[WORLD_STRUCTURES], models[WORLD_STRUCTURES];
};
static struct image kept[KEPT_MAX];

/* A store in the making, on a disk of its own. */
struct desk {
    struct store *store;
    struct disk *disk;
    struct vfs_mem *vfs;
    struct rng random;
    int64_t wall_ms;
};

static int64_t desk_wall(void *ctx)
{
    return ((struct desk *)ctx)->wall_ms++;
}

static void desk_random(void *ctx, void *out, size_t n)
{
    rng_fill(&((struct desk *)ctx)->random, out, n);
}

static void desk_open(struct desk *d, enum store_side side, uint64_t seed)
{
    rng_init(&d->random, seed);
    d->disk = disk_new(&d->random);
    d->wall_ms = INT64_C(1795000000000) - DAY_MS;
    struct vfs_mem_env vfs = {.ctx = d, .utc_ms = desk_wall, .random = desk_random};
    d->vfs = vfs_mem_open(d->disk, side == STORE_SERVER ? "desk0" : "desk1", vfs);
    struct store_env env = {.path = "jalon.db",
                            .vfs = side == STORE_SERVER ? "desk0" : "desk1",
                            .schema = &schema_jalon,
                            .side = side,
                            .wall_ms = desk_wall,
                            .random = desk_random,
                            .ctx = d};
    must(store_open(&env, &d->store, NULL) == ERR_OK);
}

/* Leaves the disk to the caller. */
static struct disk *desk_close(struct desk *d)
{
    store_close(d->store);
    vfs_mem_close(d->vfs);
    return d->disk;
}

/* "name=value" texts, NULL-ended. */
static struct id add(struct store *s, const char *table_name, const char *const *fields)
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(table_name));
    struct arena arena = {0};
    struct edit_value values[FIELDS_MAX];
    size_t n = 0;
    for (; fields[n] != NULL; n++) {
        const char *eq = strchr(fields[n], '=');
        must(n < FIELDS_MAX && eq != NULL);
        struct str name = {fields[n], (size_t)(eq - fields[n])};
        values[n].field = schema_field_named(table, name);
        must(values[n].field != NULL);
        enum err err =
            value_parse(values[n].field, str_of(eq + 1), &arena, &values[n].value, NULL);
        must(err == ERR_OK);
    }
    struct edit *edit = NULL;
    struct id id = {0};
    must(edit_open(s, &edit, NULL) == ERR_OK);
    must(edit_insert(edit, table, values, n, &id, NULL) == ERR_OK);
    must(edit_commit(edit, NULL) == ERR_OK);
    arena_done(&arena);
    return id;
}

/* "name=id" into a static buffer of 4 texts. */
static const char *ref(const char *name, const struct id *id)
{
    static char texts[4][80];
    static unsigned turn;
    char *out = texts[turn++ % 4];
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, sizeof texts[0], "%s=%s", name, text);
    return out;
}

static void add_reference(struct image *image, struct store *s)
{
    static const char *const names[] = {"name=EI du Pont", "name=EI du Canal"};
    for (size_t i = 0; i < WORLD_STRUCTURES; i++) {
        const char *structure[] = {names[i], "kind=EI", NULL};
        image->structures[i] = add(s, "structure", structure);
        const char *model[] = {"name=Parcours type", ref("structure", &image->structures[i]),
                               NULL};
        image->models[i] = add(s, "pathway_model", model);
        const char *phase[] = {ref("model", &image->models[i]), "rank=1", "code=JC1",
                               "label=Accueil", NULL};
        (void)add(s, "phase", phase);
    }
    const char *company[] = {"name=Entreprise fictive", "city=Namur", NULL};
    (void)add(s, "company", company);
    const char *shared[] = {"key=jobcoach_sees", "value=structure", "valid_from=2020-01-01",
                            NULL};
    if (!image->caseloads)
        (void)add(s, "parameter", shared);
    const char *project[] = {"code=FSE1", "name=Projet fictif", "start=2026-01-01", NULL};
    (void)add(s, "project", project);
}

static enum err on_enrolled(void *ctx, const struct store_identity *identity,
                            struct str network, struct str staff_name, struct buf *reply)
{
    *(struct store_identity *)ctx = *identity;
    must(network.n > 0 && staff_name.n > 0);
    buf_text(reply, "reply");
    return reply->err;
}

static const char *role_of(const struct image *image, size_t i)
{
    static const char *const mixed[] = {"role=jobcoach", "role=jobcoach", "role=manager",
                                        "role=coordinator", "role=jobcoach"};
    return image->mixed_roles ? mixed[i % 5] : mixed[0];
}

static void enrol(struct image *image, struct store *server, size_t i)
{
    struct client *c = &image->who[i];
    char first[40];
    c->home = image->two_homes ? (unsigned)(i % WORLD_STRUCTURES) : 0;
    (void)snprintf(first, sizeof first, "first_name=Agent%zu", i);
    const char *structure = ref("structure", &image->structures[c->home]);
    const char *person[] = {first, "name=Fictif", structure, "active=true", NULL};
    c->staff = add(server, "staff", person);
    const char *role[] = {ref("staff", &c->staff), structure, role_of(image, i),
                          "start=2020-01-01", NULL};
    (void)add(server, "staff_role", role);
    struct serve_enrolment enrolment = {.staff = c->staff, .name = STR("portable")};
    memset(c->key, (int)((i + 1) & 0xff), sizeof c->key);
    c->key[0] = (uint8_t)((i + 1) >> 8);
    memcpy(enrolment.key, c->key, sizeof c->key);
    memcpy(enrolment.invite.b, c->key, sizeof enrolment.invite.b);
    uint8_t secret[32] = {0};
    struct store_identity identity = {0};
    struct buf reply = {0};
    must(serve_invite(server, &enrolment.invite, secret, &c->staff, INT64_MAX) == ERR_OK);
    must(serve_enrol(server, &enrolment, on_enrolled, &identity, &reply) == ERR_OK);
    buf_done(&reply);
    c->device = identity.device;
    c->roles = identity.roles;
    struct desk desk = {0};
    desk_open(&desk, STORE_CLIENT, 1000 + i);
    must(store_enrol(desk.store, &identity) == ERR_OK);
    image->disks[i] = desk_close(&desk);
}

static void make(struct image *image, const struct world_plan *plan)
{
    vfs_mem_seed(1);
    *image = (struct image){.clients = plan->clients,
                            .two_homes = plan->two_homes,
                            .mixed_roles = plan->mixed_roles,
                            .caseloads = plan->caseloads};
    image->disks = mem_array(plan->clients, sizeof *image->disks);
    image->who = mem_array(plan->clients, sizeof *image->who);
    must(image->disks != NULL && image->who != NULL);
    struct desk desk = {0};
    desk_open(&desk, STORE_SERVER, 1);
    must(serve_init(desk.store, STR("Réseau fictif")) == ERR_OK);
    add_reference(image, desk.store);
    for (size_t i = 0; i < plan->clients; i++)
        enrol(image, desk.store, i);
    image->server = desk_close(&desk);
}

static void drop(struct image *image)
{
    for (size_t i = 0; i < image->clients; i++)
        disk_free(image->disks[i]);
    if (image->clients > 0)
        disk_free(image->server);
    mem_free(image->disks);
    mem_free(image->who);
    mem_free(image->marks);
    mem_free(image->papers);
    *image = (struct image){.clients = 0};
}

/* People work, and all of it is sent. */
static void live(struct world *w, uint32_t acts)
{
    struct people p = {.w = w, .batch_ppm = 20000, .papers_ppm = 100000, .erase_ppm = 10000};
    p.rng = engine_rng(&w->engine, "before");
    p.papers = engine_rng(&w->engine, "papers before");
    for (uint32_t i = 0; i < acts; i++)
        people_act(&p, world_node(w, i % ((uint32_t)w->count + 1)));
    for (int round = 0; round < ROUNDS_MAX && !checks_quiet(w, NULL); round++) {
        for (uint32_t at = 1; at <= w->count; at++)
            client_feed(world_client(w, at), (struct agent_event){.type = AGENT_EV_WANTED});
        world_run(w, ROUND_MS);
    }
    must(!w->failed && checks_quiet(w, NULL));
}

static void keep(struct image *image, struct world *w)
{
    image->marks = mem_array(w->oracle.count + 1, sizeof *image->marks);
    must(image->marks != NULL);
    if (w->oracle.count > 0)
        memcpy(image->marks, w->oracle.marks, w->oracle.count * sizeof *image->marks);
    image->mark_count = w->oracle.count;
    image->papers = mem_array(w->oracle.papers_n + 1, sizeof *image->papers);
    must(image->papers != NULL);
    if (w->oracle.papers_n > 0)
        memcpy(image->papers, w->oracle.papers, w->oracle.papers_n * sizeof *image->papers);
    image->paper_count = w->oracle.papers_n;
    memcpy(image->erased, w->oracle.erased, sizeof image->erased);
    image->erased_count = w->oracle.erased_n;
    image->now_ms = w->engine.now_ms;
    for (uint32_t at = 0; at <= w->count; at++) {
        struct node *n = world_node(w, at);
        node_kill(n);
        struct disk **place = at == WORLD_SERVER ? &image->server : &image->disks[at - 1];
        disk_free(*place);
        *place = disk_snapshot(n->disk);
        if (at > 0) {
            image->who[at - 1].node.saved = n->saved;
            image->who[at - 1].left = world_client(w, at)->left;
        }
    }
}

static void make_lived(struct image *image, const struct world_plan *plan)
{
    struct world_plan fresh = *plan;
    struct world *w = mem_new(sizeof *w);
    must(w != NULL);
    make(image, plan);
    fresh.lived = 0;
    fresh.clones = 0;
    fresh.seed = 1;
    world_init(w, &fresh, false);
    live(w, plan->lived);
    keep(image, w);
    image->lived = plan->lived;
    world_done(w);
    mem_free(w);
}

static bool is_of(const struct image *image, const struct world_plan *plan)
{
    return image->clients == plan->clients && image->two_homes == plan->two_homes &&
           image->mixed_roles == plan->mixed_roles && image->caseloads == plan->caseloads &&
           image->lived == plan->lived;
}

static const struct image *find(const struct world_plan *plan)
{
    static size_t oldest;
    for (size_t i = 0; i < KEPT_MAX; i++)
        if (is_of(&kept[i], plan))
            return &kept[i];
    struct image made = {.clients = 0};
    if (plan->lived > 0)
        make_lived(&made, plan);
    else
        make(&made, plan);
    struct image *place = &kept[oldest++ % KEPT_MAX];
    drop(place);
    *place = made;
    return place;
}

static void lay_marks(struct world *w, const struct image *image)
{
    struct oracle *o = &w->oracle;
    o->marks = mem_array(image->mark_count, sizeof *o->marks);
    must(o->marks != NULL);
    memcpy(o->marks, image->marks, image->mark_count * sizeof *o->marks);
    o->count = image->mark_count;
    o->room = image->mark_count;
    o->papers = mem_array(image->paper_count + 1, sizeof *o->papers);
    must(o->papers != NULL);
    memcpy(o->papers, image->papers, image->paper_count * sizeof *o->papers);
    o->papers_n = image->paper_count;
    o->papers_room = image->paper_count + 1;
    memcpy(o->erased, image->erased, sizeof o->erased);
    o->erased_n = image->erased_count;
    engine_begin(&w->engine, image->now_ms);
}

void genesis_make(const struct world_plan *plan)
{
    (void)find(plan);
}

void genesis_lay(struct world *w)
{
    const struct image *image = find(&w->plan);
    memcpy(w->structures, image->structures, sizeof w->structures);
    memcpy(w->models, image->models, sizeof w->models);
    if (image->mark_count > 0)
        lay_marks(w, image);
    node_restore(&w->server.node, image->server);
    for (size_t i = 0; i < image->clients; i++) {
        struct client *c = &w->clients[i];
        const struct client *who = &image->who[i];
        c->home = who->home;
        c->roles = who->roles;
        c->device = who->device;
        c->staff = who->staff;
        c->left = who->left;
        c->node.saved = who->node.saved;
        memcpy(c->key, who->key, sizeof c->key);
        node_restore(&c->node, image->disks[i]);
    }
}

void genesis_forget(void)
{
    for (size_t i = 0; i < KEPT_MAX; i++)
        drop(&kept[i]);
}
