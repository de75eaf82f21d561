/* SPDX-License-Identifier: Apache-2.0 */
/* jalon export: the live rows of a table into a CSV, NDJSON or XLSX file. */
#include "client/cmd.h"
#include "client/ndjson.h"
#include "client/path.h"
#include "io/file.h"
#include "io/json.h"
#include "store/csvio.h"
#include "web/sheet.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file grows beside its place and takes it when it is whole. */
struct file_out {
    FILE *file;
    struct buf path, part; /* NUL-terminated */
    struct note *why;
};

static enum err out_open(struct cmd *c, const char *word, struct file_out *out)
{
    enum err err = path_from(c, word, &out->path, out->why);
    if (err != ERR_OK)
        return err;
    buf_printf(&out->part, "%s.part", (const char *)out->path.p);
    buf_u8(&out->part, 0);
    if (out->part.err != ERR_OK)
        return out->part.err;
    const char *part = (const char *)out->part.p;
    /* What people are told in confidence is nobody else's to read. */
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    out->file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (out->file == NULL) {
        err = path_failed(out->why, N_("écriture impossible"), part);
        if (fd >= 0)
            (void)close(fd);
    }
    return err;
}

static enum err out_bytes(void *ctx, struct str bytes)
{
    struct file_out *out = ctx;
    if (bytes.n > 0 && fwrite(bytes.p, 1, bytes.n, out->file) != bytes.n)
        return path_failed(out->why, N_("écriture impossible"), (const char *)out->part.p);
    return ERR_OK;
}

static enum err out_close(struct file_out *out, enum err err)
{
    const char *part = (const char *)out->part.p;
    if (out->file != NULL) {
        if (fclose(out->file) != 0 && err == ERR_OK)
            err = path_failed(out->why, N_("écriture impossible"), part);
        if (err == ERR_OK)
            err = file_move(part, (const char *)out->path.p, out->why);
        if (err != ERR_OK)
            (void)unlink(part);
    }
    buf_done(&out->path);
    buf_done(&out->part);
    return err;
}

/* What is not whole yet lies in the data folder, without a name. */
static enum err export_sheet(struct cmd *c, const struct table *table,
                             const struct file_out *out, uint64_t *count)
{
    struct sheet_terms terms = {
        .table = table, .path = (const char *)out->part.p, .tmp = c->dir};
    return sheet_export(c->store, &terms, count, out->why);
}

static enum err write_rows(struct cmd *c, const struct table *table, uint64_t *count,
                           struct note *why)
{
    enum path_form form = PATH_CSV;
    struct file_out out = {.why = why};
    struct csvio_terms terms = {.table = table, .labels = args_flag(c->args, "labels")};
    enum err err = path_form(c->args->word[1], &form, why);
    if (err != ERR_OK)
        return err;
    err = out_open(c, c->args->word[1], &out);
    if (err == ERR_OK && form == PATH_CSV)
        err = csvio_export(c->store, &terms, count, out_bytes, &out);
    else if (err == ERR_OK && form == PATH_NDJSON)
        err = ndjson_export(c->store, table, count, out_bytes, &out);
    else if (err == ERR_OK)
        err = export_sheet(c, table, &out, count);
    return out_close(&out, err);
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct cmd *c = ctx;
    return access_taken(&c->access, c->store,
                        schema_table_named(store_schema(c->store), str_of(c->args->word[0])),
                        row);
}

/* Whoever takes rows out of here has opened their dossiers. */
static enum err note_dossiers(struct cmd *c, const struct table *table)
{
    if (table->scope == SCOPE_NETWORK || table->scope == SCOPE_STRUCTURE)
        return ERR_OK;
    return rows_list(c->store, table, NULL, 0, false, 0, on_row, c);
}

int cmd_export(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = NULL;
    uint64_t count = 0;
    enum err err = cmd_table(c, args->word[0], &table, &why);
    if (err == ERR_OK)
        err = write_rows(c, table, &count, &why);
    if (err == ERR_OK)
        err = note_dossiers(c, table);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (!c->json) {
        cmd_say(c, TN("%llu fiche écrite dans %s", "%llu fiches écrites dans %s", count),
                (unsigned long long)count, args->word[1]);
        return CMD_DONE;
    }
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "rows");
    json_uint(&json, count);
    json_key(&json, "file");
    json_text(&json, args->word[1]);
    json_object_end(&json);
    json_line(&json);
    return CMD_DONE;
}
