/* SPDX-License-Identifier: Apache-2.0 */
/* jalon overlaps: what cannot both be so in a dossier. */
#include "client/cmd.h"
#include "io/clock.h"
#include "store/overlaps.h"

struct printing {
    struct cmd *c;
    uint64_t count;
};

static enum err on_overlap(void *ctx, const struct overlap *o)
{
    struct printing *p = ctx;
    struct buf *out = &p->c->out;
    char left[ID_TEXT_BYTES];
    char right[ID_TEXT_BYTES];
    id_print(&o->left, left);
    id_print(&o->right, right);
    if (p->c->json)
        buf_printf(
            out,
            "%s{\"kind\":\"%s\",\"text\":\"%s\",\"table\":\"%s\",\"rows\":[\"%s\",\"%s\"]}",
            p->count == 0 ? "\n" : ",\n", overlap_word(o->kind),
            say_text(overlap_text(o->kind)), o->table->name, left, right);
    else
        buf_printf(out, "%s : %s %s, %s\n", say_text(overlap_text(o->kind)), o->table->name,
                   left, right);
    p->count++;
    return out->err;
}

int cmd_overlaps(void *program, const struct args *args)
{
    enum { DAY_MS = 24 * 60 * 60 * 1000, MINUTE_MS = 60 * 1000 };
    struct cmd *c = program;
    struct note why = {""};
    struct printing p = {.c = c};
    const struct table *table = schema_table(store_schema(c->store), TABLE_PERSON);
    int64_t now_ms = store_now(c->store);
    int64_t local_ms = now_ms + (int64_t)clock_offset_min(now_ms) * MINUTE_MS;
    struct row *row = arena_new(&c->arena, sizeof *row);
    struct id id;
    enum err err = row == NULL ? ERR_NOMEM : cmd_row(c, table, args->word[0], &id, &why);
    if (err == ERR_OK)
        err = rows_find(c->store, table, &id, &c->arena, row);
    if (err == ERR_OK)
        err = access_shown(&c->access, c->store, table, row);
    buf_text(&c->out, c->json ? "[" : "");
    if (err == ERR_OK)
        err = overlaps_list(c->store, &id, (int32_t)(local_ms / DAY_MS), on_overlap, &p);
    buf_text(&c->out, !c->json ? "" : (p.count > 0 ? "\n]\n" : "]\n"));
    if (err != ERR_OK) {
        buf_clear(&c->out);
        return cmd_fail(c, err, &why);
    }
    if (!c->json && p.count == 0)
        cmd_say(c, T("rien ne se contredit dans ce dossier"));
    return CMD_DONE;
}
