/* SPDX-License-Identifier: Apache-2.0 */
/* jalon inbox: all that waits for a person; what the server refused, opened, saved again or
 * given up. */
#include "client/cmd.h"
#include "client/conflict_text.h"
#include "client/duplicate_text.h"
#include "client/refused_text.h"
#include "io/json.h"
#include "store/closing.h"
#include "store/duplicates.h"

int cmd_inbox(void *program, const struct args *args)
{
    struct cmd *c = program;
    uint64_t conflicts = 0;
    uint64_t refused = 0;
    uint64_t duplicates = 0;
    uint64_t doubles = 0; /* that follow what is printed before */
    buf_text(&c->out, c->json ? "{\"conflicts\":[" : "");
    enum err err = conflict_print(c, false, &conflicts);
    buf_text(&c->out, c->json ? "],\"quarantine\":[" : "");
    if (err == ERR_OK && !c->json && conflicts > 0)
        buf_u8(&c->out, '\n');
    if (err == ERR_OK)
        err = refused_print(c, args_flag(args, "closed"), &refused);
    buf_text(&c->out, c->json ? "],\"duplicates\":[" : "");
    if (err == ERR_OK)
        err = duplicates_waiting(c->store, &doubles);
    if (err == ERR_OK && !c->json && conflicts + refused > 0 && doubles > 0)
        buf_u8(&c->out, '\n');
    if (err == ERR_OK)
        err = duplicates_print(c, false, &duplicates);
    buf_text(&c->out, c->json ? "]}\n" : "");
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    uint64_t waiting = conflicts + refused + duplicates;
    if (!c->json && waiting == 0)
        cmd_say(c, T("rien n'attend une décision"));
    return waiting == 0 ? CMD_DONE : CMD_WAITS;
}

int cmd_inbox_show(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct quarantined q;
    enum err err = quarantine_find(c->store, str_of(args->word[0]), &c->arena, &q, &why);
    if (err == ERR_OK)
        err = refused_show(c, &q);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
}

/* ---- save again ---- */

/* FIELD=VALUE words from `first` on, read as their change's table says. */
static enum err read_corrections(struct cmd *c, const struct quarantined *q, size_t first,
                                 struct closing_value *values, size_t *count, struct note *why)
{
    enum err err = ERR_OK;
    *count = 0;
    for (size_t i = first; i < c->args->n && err == ERR_OK; i++) {
        struct closing_target target;
        struct closing_value *v = &values[*count];
        err = closing_target(c->store, q, str_of(c->args->word[i]), &target, why);
        if (err == ERR_OK)
            err = cmd_value(c, target.field, target.text, &v->value.value, why);
        if (err != ERR_OK)
            break;
        v->change = target.change;
        v->value.field = target.field;
        (*count)++;
    }
    return err;
}

static enum err resubmit_one(struct cmd *c, const struct quarantined *q, uint64_t *rows,
                             struct note *why)
{
    struct closing_value *values = arena_new(&c->arena, (c->args->n + 1) * sizeof *values);
    bool *without = arena_new(&c->arena, OP_CHANGES_MAX * sizeof *without);
    if (values == NULL || without == NULL)
        return ERR_NOMEM;
    struct closing_plan plan = {.values = values, .without = without};
    enum err err = read_corrections(c, q, 1, values, &plan.count, why);
    const char *left_out = args_value(c->args, "without");
    if (err == ERR_OK && left_out != NULL)
        err = closing_without(str_of(left_out), without, why);
    return err == ERR_OK ? closing_resubmit(c->store, q, &plan, rows, why) : err;
}

static void closed_json(struct cmd *c, const struct quarantined *q, const char *state,
                        uint64_t rows)
{
    struct json_out json;
    struct buf name = {0};
    quarantine_name(q->epoch, q->op_no, &name);
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "id");
    json_str(&json, buf_str(&name));
    json_key(&json, "state");
    json_text(&json, state);
    json_key(&json, "changes");
    json_uint(&json, rows);
    json_object_end(&json);
    json_line(&json);
    buf_done(&name);
}

/* ---- all of them ---- */

enum { ALL_MAX = 10000 };
struct waiting {
    uint32_t epoch;
    uint64_t op_no;
};
struct all {
    struct waiting *list;
    size_t n;
};

static enum err on_waiting(void *ctx, const struct quarantined *q)
{
    struct all *all = ctx;
    if (all->n < ALL_MAX)
        all->list[all->n++] = (struct waiting){q->epoch, q->op_no};
    return ERR_OK;
}

/* One after the other, in the order they were made, so that what depends on another comes after
 * it. One that cannot be saved stays and does not stop the others. */
static int resubmit_all(struct cmd *c)
{
    struct all all = {.list = arena_new(&c->arena, ALL_MAX * sizeof *all.list)};
    struct closing_plan plan = {0};
    uint64_t done = 0;
    uint64_t rows = 0;
    enum err err = all.list == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK)
        err = quarantine_list(c->store, false, on_waiting, &all);
    for (size_t i = 0; i < all.n && err == ERR_OK; i++) {
        struct arena arena = {0};
        struct buf name = {0};
        struct note why = {""};
        struct quarantined q;
        uint64_t n = 0;
        quarantine_name(all.list[i].epoch, all.list[i].op_no, &name);
        err = name.err == ERR_OK ? quarantine_find(c->store, buf_str(&name), &arena, &q, &why)
                                 : name.err;
        enum err one = err == ERR_OK ? closing_resubmit(c->store, &q, &plan, &n, &why) : err;
        done += one == ERR_OK ? 1 : 0;
        rows += n;
        if (one != ERR_OK && err == ERR_OK && !c->json)
            cmd_say(c, T("%.*s reste : %s"), (int)name.n, (const char *)name.p, why.text);
        if (one != ERR_OK && err == ERR_OK)
            err = store_health(c->store);
        buf_done(&name);
        arena_done(&arena);
    }
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    if (c->json)
        buf_printf(&c->out, "{\"resubmitted\":%llu,\"left\":%llu,\"changes\":%llu}\n",
                   (unsigned long long)done, (unsigned long long)(all.n - done),
                   (unsigned long long)rows);
    else
        cmd_say(c, TN("%llu saisie renvoyée", "%llu saisies renvoyées", done),
                (unsigned long long)done);
    return done == all.n ? CMD_DONE : CMD_WAITS;
}

int cmd_inbox_resubmit(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct quarantined q;
    uint64_t rows = 0;
    if (strcmp(args->word[0], "all") == 0 && args->n == 1)
        return resubmit_all(c);
    enum err err = quarantine_find(c->store, str_of(args->word[0]), &c->arena, &q, &why);
    if (err == ERR_OK)
        err = resubmit_one(c, &q, &rows, &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (c->json)
        closed_json(c, &q, quarantine_word(QUARANTINE_RESUBMITTED), rows);
    else
        cmd_say(c, T("enregistré de nouveau sur cet appareil ; pour l'envoyer : jalon sync"));
    return CMD_DONE;
}

int cmd_inbox_discard(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct quarantined q;
    enum err err = quarantine_find(c->store, str_of(args->word[0]), &c->arena, &q, &why);
    if (err == ERR_OK)
        err = closing_discard(c->store, &q, str_of(args_value(args, "reason")), &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (c->json)
        closed_json(c, &q, quarantine_word(QUARANTINE_DISCARDED), 0);
    else
        cmd_say(c, T("abandonnée ; elle reste lisible : jalon inbox --closed"));
    return CMD_DONE;
}
