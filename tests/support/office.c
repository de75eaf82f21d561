/* SPDX-License-Identifier: Apache-2.0 */
#include "support/office.h"

#include "store/edit.h"

#include <stdio.h>

static int64_t office_wall(void *ctx)
{
    return ((const struct office *)ctx)->wall_ms;
}

static void office_random(void *ctx, void *out, size_t n)
{
    struct office *office = ctx;
    for (size_t i = 0; i < n; i++) {
        office->random = office->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
        ((uint8_t *)out)[i] = (uint8_t)(office->random >> 33);
    }
}

static void open_store(struct office *office)
{
    struct store_env env = {.path = "jalon.db",
                            .vfs = office->vfs_name,
                            .schema = &schema_jalon,
                            .side = STORE_SERVER,
                            .wall_ms = office_wall,
                            .random = office_random,
                            .ctx = office};
    must(store_open(&env, &office->store, NULL) == ERR_OK);
}

static struct edit_value set(const struct table *table, const char *field, struct value v)
{
    const struct field *f = schema_field_named(table, str_of(field));
    must(f != NULL);
    return (struct edit_value){f, v};
}

static void add_staff(struct edit *edit, struct office *office, unsigned i)
{
    const struct table *staff = schema_table(&schema_jalon, TABLE_STAFF);
    const struct table *role = schema_table(&schema_jalon, TABLE_STAFF_ROLE);
    char name[] = "Exemple 0";
    name[sizeof name - 2] = (char)('A' + i);
    struct edit_value person[] = {
        set(staff, "name", value_text(str_of(name))),
        set(staff, "first_name", value_text(STR("Agent"))),
        set(staff, "structure", value_id(&office->structure)),
        set(staff, "active", value_int(1)),
    };
    must(edit_insert(edit, staff, person, 4, &office->staff[i], NULL) == ERR_OK);
    struct edit_value held[] = {
        set(role, "staff", value_id(&office->staff[i])),
        set(role, "structure", value_id(&office->structure)),
        set(role, "role", value_text(STR("jobcoach"))),
        set(role, "start", value_int(20000)),
    };
    struct id id;
    must(edit_insert(edit, role, held, 4, &id, NULL) == ERR_OK);
}

void office_open(struct office *office)
{
    const struct table *structure = schema_table(&schema_jalon, TABLE_STRUCTURE);
    static unsigned offices; /* names of VFSs are unique in a process */
    struct rng rng;
    rng_init(&rng, ++offices);
    *office = (struct office){.wall_ms = INT64_C(1795000000000), .random = offices};
    struct vfs_mem_env env = {.ctx = office, .utc_ms = office_wall, .random = office_random};
    must(snprintf(office->vfs_name, sizeof office->vfs_name, "office-%u", offices) > 0);
    office->disk = disk_new(&rng);
    office->vfs = vfs_mem_open(office->disk, office->vfs_name, env);
    open_store(office);
    must(serve_init(office->store, STR("Exemple")) == ERR_OK);
    struct edit *edit = NULL;
    struct edit_value values[] = {
        set(structure, "name", value_text(STR("EI Exemple"))),
        set(structure, "kind", value_text(STR("EI"))),
    };
    must(edit_open(office->store, &edit, NULL) == ERR_OK);
    must(edit_insert(edit, structure, values, 2, &office->structure, NULL) == ERR_OK);
    const struct table *parameter = schema_table(&schema_jalon, TABLE_PARAMETER);
    struct edit_value shared[] = {
        set(parameter, "key", value_text(STR("jobcoach_sees"))),
        set(parameter, "value", value_text(STR("structure"))),
        set(parameter, "valid_from", value_int(20000)),
    };
    struct id id;
    must(edit_insert(edit, parameter, shared, 3, &id, NULL) == ERR_OK);
    for (unsigned i = 0; i < OFFICE_STAFF; i++)
        add_staff(edit, office, i);
    must(edit_commit(edit, NULL) == ERR_OK);
}

void office_reopen(struct office *office)
{
    store_close(office->store);
    open_store(office);
}

void office_close(struct office *office)
{
    store_close(office->store);
    vfs_mem_close(office->vfs);
    disk_free(office->disk);
}

static enum err keep_identity(void *ctx, const struct store_identity *identity,
                              struct str network, struct str staff_name, struct buf *reply)
{
    (void)network;
    (void)staff_name;
    *(struct store_identity *)ctx = *identity;
    buf_text(reply, "-");
    return reply->err;
}

struct store_identity office_enrol(struct office *office, unsigned staff, uint8_t key)
{
    struct store_identity identity = {0};
    struct serve_enrolment e = {.staff = office->staff[staff], .name = STR("poste")};
    struct buf reply = {0};
    memset(e.key, key, sizeof e.key);
    must(serve_enrol(office->store, &e, keep_identity, &identity, &reply) == ERR_OK);
    buf_done(&reply);
    return identity;
}
