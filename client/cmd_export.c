/* SPDX-License-Identifier: Apache-2.0 */
/* jalon export: the live rows of a table into a CSV or NDJSON file. */
#include "client/cmd.h"
#include "client/ndjson.h"
#include "client/path.h"
#include "io/json.h"
#include "store/csvio.h"

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
        bool good = fflush(out->file) == 0 && fsync(fileno(out->file)) == 0;
        if (err == ERR_OK && !good)
            err = path_failed(out->why, N_("écriture impossible"), part);
        (void)fclose(out->file);
        if (err == ERR_OK && rename(part, (const char *)out->path.p) != 0)
            err = path_failed(out->why, N_("écriture impossible"), (const char *)out->path.p);
        if (err != ERR_OK)
            (void)unlink(part);
    }
    buf_done(&out->path);
    buf_done(&out->part);
    return err;
}

static enum err export(struct cmd *c, const struct table *table, uint64_t *count,
                       struct note *why) {
    enum path_form form = PATH_CSV; struct file_out out = {.why = why};
    enum err err = path_form(c->args->word[1], &form, why);
    if (err != ERR_OK) return err;
    err = out_open(c, c->args->word[1], &out);
    struct csvio_terms terms = {.table = table, .labels = args_flag(c->args, "labels")};
    if (err == ERR_OK && form == PATH_CSV)
        err = csvio_export(c->store, &terms, count, out_bytes, &out);
    else if (err == ERR_OK) err = ndjson_export(c->store, table, count, out_bytes, &out);
    return out_close(&out, err);
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct cmd *c = ctx;
    return access_shown(&c->access, c->store,
                        schema_table_named(store_schema(c->store), str_of(c->args->word[0])),
                        row);
}

/* Whoever takes notes or the vault out of here has opened those dossiers. */
static enum err note_dossiers(struct cmd *c, const struct table *table)
{
    if (!access_secret(table))
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
        err = export(c, table, &count, &why);
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
