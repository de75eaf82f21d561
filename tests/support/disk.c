/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/disk.h"

#include <stdlib.h>
#include <string.h>

struct image {
    uint8_t *p;
    size_t n;
    size_t room;
};

/* A write (bytes) or a truncation to `offset` (bytes == NULL) that no sync covers yet. */
struct change {
    uint8_t *bytes;
    size_t offset;
    size_t n;
    bool
        lost; /* a sync failed on it: the kernel dropped the page and no later sync writes it */
};

struct disk_file {
    struct image durable;
    struct image current;
    struct change *changes;
    size_t change_count;
    size_t change_room;
    size_t refs; /* names (now and durable counted apart) and open handles */
};

struct entry {
    char name[DISK_NAME_BYTES];
    struct disk_file *now;     /* NULL: deleted, not yet durably */
    struct disk_file *durable; /* NULL: created, not yet durably */
};

struct plan {
    uint64_t at; /* fires when the op's counter reaches it */
    enum disk_fault fault;
    bool lasting;
};

struct disk {
    struct entry *entries; /* in byte order of the names */
    size_t entry_count;
    size_t entry_room;
    uint64_t used; /* bytes of the current images */
    uint64_t capacity;
    uint64_t generation;
    uint64_t calls[DISK_OP_COUNT];
    uint64_t faults;
    struct plan plans[DISK_OP_COUNT];
    uint32_t rates[DISK_OP_COUNT];
    struct rng rng;
    bool up;
};

/* The disk is the world outside the program under test: its memory never runs out and stays
 * clear of the hooks that fail the program's allocations. */
static void *grow(void *p, size_t n)
{
    void *grown = realloc(p, n == 0 ? 1 : n);
    must(grown != NULL);
    return grown;
}

static void image_size(struct image *image, size_t n)
{
    if (n > image->room) {
        size_t room = image->room * 2 > n ? image->room * 2 : n;
        image->p = grow(image->p, room);
        image->room = room;
    }
    if (n > image->n)
        memset(image->p + image->n, 0, n - image->n);
    image->n = n;
}

static void image_write(struct image *image, size_t offset, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    if (offset + n > image->n)
        image_size(image, offset + n);
    memcpy(image->p + offset, bytes, n);
}

static void image_copy(struct image *to, const struct image *from)
{
    image_size(to, 0);
    image_write(to, 0, from->p, from->n);
}

static void changes_clear(struct disk_file *file)
{
    for (size_t i = 0; i < file->change_count; i++)
        free(file->changes[i].bytes);
    file->change_count = 0;
}

static struct disk_file *file_new(void)
{
    struct disk_file *file = grow(NULL, sizeof *file);
    memset(file, 0, sizeof *file);
    return file;
}

static void file_unref(struct disk *disk, struct disk_file *file)
{
    if (file == NULL || --file->refs > 0)
        return;
    disk->used -= file->current.n;
    changes_clear(file);
    free(file->changes);
    free(file->durable.p);
    free(file->current.p);
    free(file);
}

static void point(struct disk *disk, struct disk_file **slot, struct disk_file *file)
{
    if (file != NULL)
        file->refs++;
    file_unref(disk, *slot);
    *slot = file;
}

static void change_add(struct disk_file *file, size_t offset, const void *bytes, size_t n)
{
    if (file->change_count == file->change_room) {
        file->change_room = file->change_room * 2 + 8;
        file->changes = grow(file->changes, file->change_room * sizeof *file->changes);
    }
    uint8_t *copy = NULL;
    if (bytes != NULL)
        copy = memcpy(grow(NULL, n), bytes, n);
    file->changes[file->change_count++] = (struct change){copy, offset, n, false};
}

static void current_size(struct disk *disk, struct disk_file *file, size_t n)
{
    disk->used = disk->used - file->current.n + n;
    image_size(&file->current, n);
}

/* First entry whose name is not before `name`. */
static size_t entry_place(const struct disk *disk, const char *name)
{
    size_t low = 0;
    size_t high = disk->entry_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(disk->entries[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct entry *entry_find(const struct disk *disk, const char *name)
{
    size_t i = entry_place(disk, name);
    if (i == disk->entry_count || strcmp(disk->entries[i].name, name) != 0)
        return NULL;
    return &disk->entries[i];
}

static struct entry *entry_make(struct disk *disk, const char *name)
{
    struct entry *found = entry_find(disk, name);
    if (found != NULL)
        return found;
    size_t length = strlen(name);
    must(length < DISK_NAME_BYTES);
    if (disk->entry_count == disk->entry_room) {
        disk->entry_room = disk->entry_room * 2 + 8;
        disk->entries = grow(disk->entries, disk->entry_room * sizeof *disk->entries);
    }
    size_t i = entry_place(disk, name);
    struct entry *entry = &disk->entries[i];
    memmove(entry + 1, entry, (disk->entry_count - i) * sizeof *entry);
    memset(entry, 0, sizeof *entry);
    memcpy(entry->name, name, length);
    disk->entry_count++;
    return entry;
}

/* Forget the names that are gone both now and durably. */
static void entries_sweep(struct disk *disk)
{
    size_t kept = 0;
    for (size_t i = 0; i < disk->entry_count; i++) {
        if (disk->entries[i].now != NULL || disk->entries[i].durable != NULL)
            disk->entries[kept++] = disk->entries[i];
    }
    disk->entry_count = kept;
}

struct disk *disk_new(const struct rng *rng)
{
    struct disk *disk = grow(NULL, sizeof *disk);
    memset(disk, 0, sizeof *disk);
    disk->rng = *rng;
    disk->up = true;
    return disk;
}

static void entries_clear(struct disk *disk)
{
    for (size_t i = 0; i < disk->entry_count; i++) {
        point(disk, &disk->entries[i].now, NULL);
        point(disk, &disk->entries[i].durable, NULL);
    }
    disk->entry_count = 0;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    entries_clear(disk);
    free(disk->entries);
    free(disk);
}

enum fate { FATE_DROP, FATE_KEEP, FATE_TEAR };

/* Per sector the write touched: the old bytes, the new ones, or garbage. Bytes beside the write
 * are left alone, which is what POWERSAFE_OVERWRITE promises. */
static void change_tear(struct disk_file *file, const struct change *change, struct rng *rng)
{
    size_t done = 0;
    while (done < change->n) {
        size_t at = change->offset + done;
        size_t n = DISK_SECTOR_BYTES - at % DISK_SECTOR_BYTES;
        n = n > change->n - done ? change->n - done : n;
        uint64_t fate = rng_below(rng, 5);
        if (fate < 2) {
            image_write(&file->durable, at, change->bytes + done, n);
        } else if (fate == 2) {
            uint8_t garbage[DISK_SECTOR_BYTES];
            rng_fill(rng, garbage, n);
            image_write(&file->durable, at, garbage, n);
        }
        done += n;
    }
}

static void change_settle(struct disk_file *file, const struct change *change, enum fate fate,
                          struct rng *rng)
{
    if (fate == FATE_DROP)
        return;
    if (change->bytes == NULL)
        image_size(&file->durable, change->offset);
    else if (fate == FATE_KEEP)
        image_write(&file->durable, change->offset, change->bytes, change->n);
    else
        change_tear(file, change, rng);
}

/* How the writes of one cut end: besides the even mix, the extremes that a mix of many writes
 * would hardly ever reach. */
enum cut { CUT_MIX, CUT_DROP_ALL, CUT_LAST_TORN, CUT_MOSTLY_KEPT, CUT_COUNT };

static enum fate fate_draw(enum cut cut, bool last, struct rng *rng)
{
    switch (cut) {
    case CUT_MIX:
        return (enum fate)rng_below(rng, 3);
    case CUT_DROP_ALL:
        return FATE_DROP;
    case CUT_LAST_TORN:
        return last ? FATE_TEAR : FATE_KEEP;
    case CUT_MOSTLY_KEPT:
        return rng_below(rng, 8) > 0 ? FATE_KEEP : (enum fate)rng_below(rng, 3);
    case CUT_COUNT:
        break;
    }
    return FATE_DROP;
}

static void file_settle(struct disk *disk, struct disk_file *file, enum cut cut)
{
    for (size_t i = 0; i < file->change_count; i++) {
        enum fate fate = fate_draw(cut, i + 1 == file->change_count, &disk->rng);
        if (!file->changes[i].lost)
            change_settle(file, &file->changes[i], fate, &disk->rng);
    }
    changes_clear(file);
    current_size(disk, file, 0);
    current_size(disk, file, file->durable.n);
    if (file->durable.n > 0)
        memcpy(file->current.p, file->durable.p, file->durable.n);
}

void disk_power_cut(struct disk *disk)
{
    if (!disk->up)
        return;
    disk->up = false;
    disk->generation++;
    enum cut cut = (enum cut)rng_below(&disk->rng, CUT_COUNT);
    for (size_t i = 0; i < disk->entry_count; i++) {
        struct entry *entry = &disk->entries[i];
        if (entry->now != entry->durable && rng_below(&disk->rng, 2) == 0)
            point(disk, &entry->durable, entry->now);
        point(disk, &entry->now, entry->durable);
    }
    entries_sweep(disk);
    for (size_t i = 0; i < disk->entry_count; i++)
        file_settle(disk, disk->entries[i].now, cut);
}

void disk_kill(struct disk *disk)
{
    if (!disk->up)
        return;
    disk->up = false;
    disk->generation++;
}

void disk_restart(struct disk *disk)
{
    disk->up = true;
}

bool disk_up(const struct disk *disk)
{
    return disk->up;
}

uint64_t disk_generation(const struct disk *disk)
{
    return disk->generation;
}

void disk_fail(struct disk *disk, enum disk_op op, uint64_t nth, enum disk_fault fault,
               bool lasting)
{
    must(nth > 0);
    disk->plans[op] = (struct plan){disk->calls[op] + nth, fault, lasting};
}

void disk_fail_rate(struct disk *disk, enum disk_op op, uint32_t ppm)
{
    disk->rates[op] = ppm;
}

void disk_capacity(struct disk *disk, uint64_t bytes)
{
    disk->capacity = bytes;
}

void disk_heal(struct disk *disk)
{
    memset(disk->plans, 0, sizeof disk->plans);
    memset(disk->rates, 0, sizeof disk->rates);
    disk->capacity = 0;
}

uint64_t disk_calls(const struct disk *disk, enum disk_op op)
{
    return disk->calls[op];
}

uint64_t disk_faults(const struct disk *disk)
{
    return disk->faults;
}

uint64_t disk_used(const struct disk *disk)
{
    return disk->used;
}

struct disk *disk_snapshot(const struct disk *disk)
{
    struct disk *copy = disk_new(&disk->rng);
    disk_restore(copy, disk);
    disk_restart(copy);
    return copy;
}

void disk_restore(struct disk *to, const struct disk *from)
{
    must(to != from);
    disk_kill(to);
    entries_clear(to);
    for (size_t i = 0; i < from->entry_count; i++) {
        const struct entry *entry = &from->entries[i];
        if (entry->now != NULL)
            disk_put(to, entry->name, entry->now->current.p, entry->now->current.n);
    }
}

const char *disk_name(const struct disk *disk, size_t index)
{
    for (size_t i = 0; i < disk->entry_count; i++) {
        if (disk->entries[i].now != NULL && index-- == 0)
            return disk->entries[i].name;
    }
    return NULL;
}

const uint8_t *disk_bytes(const struct disk *disk, const char *name, size_t *n)
{
    const struct entry *entry = entry_find(disk, name);
    if (entry == NULL || entry->now == NULL)
        return NULL;
    *n = entry->now->current.n;
    return entry->now->current.p == NULL ? (const uint8_t *)"" : entry->now->current.p;
}

void disk_put(struct disk *disk, const char *name, const void *bytes, size_t n)
{
    struct disk_file *file = file_new();
    struct entry *entry = entry_make(disk, name);
    current_size(disk, file, n);
    image_write(&file->current, 0, bytes, n);
    image_copy(&file->durable, &file->current);
    point(disk, &entry->now, file);
    point(disk, &entry->durable, file);
}

void disk_flip(struct disk *disk, const char *name, size_t offset, unsigned bit)
{
    struct entry *entry = entry_find(disk, name);
    must(entry != NULL && entry->now != NULL && offset < entry->now->current.n && bit < 8);
    uint8_t mask = (uint8_t)(1U << bit);
    entry->now->current.p[offset] ^= mask;
    if (offset < entry->now->durable.n)
        entry->now->durable.p[offset] ^= mask;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 0x100000001b3U;
    return hash;
}

uint64_t disk_digest(const struct disk *disk)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < disk->entry_count; i++) {
        const struct entry *entry = &disk->entries[i];
        if (entry->now == NULL)
            continue;
        hash = hash_bytes(hash, entry->name, strlen(entry->name) + 1);
        hash = hash_bytes(hash, &entry->now->current.n, sizeof entry->now->current.n);
        hash = hash_bytes(hash, entry->now->current.p, entry->now->current.n);
    }
    return hash;
}

static bool plan_fires(const struct disk *disk, enum disk_op op)
{
    const struct plan *plan = &disk->plans[op];
    if (plan->fault == DISK_FAULT_NONE)
        return false;
    return plan->lasting ? disk->calls[op] >= plan->at : disk->calls[op] == plan->at;
}

/* Count the call and say what befalls it. A disk that is down refuses it uncounted. */
static enum disk_fault befall(struct disk *disk, enum disk_op op)
{
    if (!disk->up)
        return DISK_FAULT_IO;
    disk->calls[op]++;
    disk->calls[DISK_ANY]++;
    enum disk_fault fault = DISK_FAULT_NONE;
    if (plan_fires(disk, op))
        fault = disk->plans[op].fault;
    else if (plan_fires(disk, DISK_ANY))
        fault = disk->plans[DISK_ANY].fault;
    else if (rng_chance(&disk->rng, disk->rates[op]))
        fault = DISK_FAULT_IO;
    disk->faults += fault != DISK_FAULT_NONE;
    return fault;
}

/* The end of a call that did its work before the fault: a power cut takes place now. */
static enum err outcome(struct disk *disk, enum disk_fault fault)
{
    switch (fault) {
    case DISK_FAULT_NONE:
        return ERR_OK;
    case DISK_FAULT_FULL:
        return ERR_FULL;
    case DISK_FAULT_POWER:
        disk_power_cut(disk);
        return ERR_IO;
    case DISK_FAULT_IO:
        break;
    }
    return ERR_IO;
}

enum err disk_open(struct disk *disk, const char *name, bool create, struct disk_file **out,
                   bool *created)
{
    enum err err = outcome(disk, befall(disk, DISK_OPEN));
    if (err != ERR_OK)
        return err;
    const struct entry *found = name == NULL ? NULL : entry_find(disk, name);
    struct disk_file *file = found == NULL ? NULL : found->now;
    bool fresh = file == NULL;
    if (fresh && name != NULL && !create)
        return ERR_NOTFOUND;
    if (fresh)
        file = file_new();
    if (fresh && name != NULL)
        point(disk, &entry_make(disk, name)->now, file);
    file->refs++;
    *out = file;
    if (created != NULL)
        *created = fresh;
    return ERR_OK;
}

void disk_close(struct disk *disk, struct disk_file *file)
{
    file_unref(disk, file);
}

enum err disk_read(struct disk *disk, struct disk_file *file, size_t offset, size_t n,
                   void *out, size_t *got)
{
    enum err err = outcome(disk, befall(disk, DISK_READ));
    if (err != ERR_OK)
        return err;
    size_t left = offset < file->current.n ? file->current.n - offset : 0;
    *got = n < left ? n : left;
    if (*got > 0)
        memcpy(out, file->current.p + offset, *got);
    return ERR_OK;
}

/* How many of the n bytes still find room. */
static size_t fitting(const struct disk *disk, const struct disk_file *file, size_t offset,
                      size_t n)
{
    size_t end = offset + n;
    if (disk->capacity == 0 || end <= file->current.n)
        return n;
    uint64_t others = disk->used - file->current.n;
    uint64_t room = disk->capacity > others ? disk->capacity - others : 0;
    room = room < file->current.n ? file->current.n : room;
    if (end <= room)
        return n;
    return offset < room ? (size_t)room - offset : 0;
}

enum err disk_write(struct disk *disk, struct disk_file *file, size_t offset, const void *bytes,
                    size_t n)
{
    enum disk_fault fault = befall(disk, DISK_WRITE);
    if (!disk->up || fault == DISK_FAULT_FULL)
        return outcome(disk, fault);
    size_t done = fitting(disk, file, offset, n);
    bool full = done < n;
    if (fault == DISK_FAULT_IO)
        done = (size_t)rng_below(&disk->rng, done + 1);
    if (done > 0) {
        if (offset + done > file->current.n)
            current_size(disk, file, offset + done);
        memcpy(file->current.p + offset, bytes, done);
        change_add(file, offset, bytes, done);
    }
    enum err err = outcome(disk, fault);
    return err == ERR_OK && full ? ERR_FULL : err;
}

enum err disk_truncate(struct disk *disk, struct disk_file *file, size_t n)
{
    enum disk_fault fault = befall(disk, DISK_TRUNCATE);
    if (disk->up && (fault == DISK_FAULT_NONE || fault == DISK_FAULT_POWER)) {
        current_size(disk, file, n);
        change_add(file, n, NULL, 0);
    }
    return outcome(disk, fault);
}

enum err disk_size(struct disk *disk, struct disk_file *file, size_t *n)
{
    enum err err = outcome(disk, befall(disk, DISK_LOOK));
    if (err == ERR_OK)
        *n = file->current.n;
    return err;
}

enum err disk_sync(struct disk *disk, struct disk_file *file)
{
    enum disk_fault fault = befall(disk, DISK_SYNC);
    if (!disk->up)
        return outcome(disk, fault);
    if (fault == DISK_FAULT_NONE) {
        for (size_t i = 0; i < file->change_count; i++) {
            if (!file->changes[i].lost)
                change_settle(file, &file->changes[i], FATE_KEEP, &disk->rng);
        }
        changes_clear(file);
    } else if (fault == DISK_FAULT_IO) {
        for (size_t i = 0; i < file->change_count; i++)
            file->changes[i].lost |= rng_below(&disk->rng, 2) == 0;
    }
    return outcome(disk, fault);
}

enum err disk_sync_folder(struct disk *disk)
{
    enum err err = outcome(disk, befall(disk, DISK_SYNC));
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < disk->entry_count; i++)
        point(disk, &disk->entries[i].durable, disk->entries[i].now);
    entries_sweep(disk);
    return ERR_OK;
}

enum err disk_delete(struct disk *disk, const char *name)
{
    enum disk_fault fault = befall(disk, DISK_DELETE);
    if (!disk->up || fault == DISK_FAULT_IO || fault == DISK_FAULT_FULL)
        return outcome(disk, fault);
    struct entry *entry = entry_find(disk, name);
    if (entry == NULL || entry->now == NULL)
        return fault == DISK_FAULT_NONE ? ERR_NOTFOUND : outcome(disk, fault);
    point(disk, &entry->now, NULL);
    entries_sweep(disk);
    return outcome(disk, fault);
}

enum err disk_exists(struct disk *disk, const char *name, bool *exists)
{
    enum err err = outcome(disk, befall(disk, DISK_LOOK));
    if (err != ERR_OK)
        return err;
    const struct entry *entry = entry_find(disk, name);
    *exists = entry != NULL && entry->now != NULL;
    return ERR_OK;
}
