/* SPDX-License-Identifier: Apache-2.0 */
/* jalon import: rows from a CSV, XLSX or NDJSON file. */
#include "client/cmd.h"
#include "client/ndjson.h"
#include "client/path.h"
#include "io/clock.h"
#include "io/json.h"
#include "io/progress.h"
#include "io/xlsx_read.h"
#include "store/csvio.h"

#include <assert.h>
#include <stdio.h>
#include <sys/stat.h>

enum { READ_BYTES = 256 * 1024 };
static_assert((int)READ_BYTES <= (int)CSV_CHUNK_BYTES_MAX, "one csv_feed");

struct import {
    struct cmd *c;
    struct load *load;
    struct csvio *csv; /* one of the two */
    struct ndjson *ndjson;
    FILE *file;
    bool sheet;       /* the file is an archive, which is read whole */
    uint32_t columns; /* … of its first row */
    struct note *why;
    uint64_t bytes, bytes_all; /* read; in the file, 0 = not known */
    struct progress progress;
};

static enum err open_file(struct import *in, const char *word, struct note *why)
{
    struct buf path = {0};
    enum err err = path_from(in->c, word, &path, why);
    if (err != ERR_OK)
        return err;
    const char *z = (const char *)path.p;
    in->file = fopen(z, "rb");
    struct stat st;
    if (in->file == NULL)
        err = path_failed(why, N_("lecture impossible"), z);
    else if (fstat(fileno(in->file), &st) == 0 && S_ISDIR(st.st_mode))
        err = note_set(why, ERR_USAGE, N_("%.300s : c'est un dossier, pas un fichier"), z);
    else if (S_ISREG(st.st_mode))
        in->bytes_all = (uint64_t)st.st_size;
    buf_done(&path);
    return err;
}

/* Rows so far, and how many there will be by the bytes read. */
static void show(struct import *in)
{
    struct load_tally tally;
    load_tally(in->load, &tally);
    uint64_t all = 0;
    if (in->bytes > 0 && in->bytes_all >= in->bytes)
        all = (uint64_t)((double)tally.records * (double)in->bytes_all / (double)in->bytes);
    progress_show(&in->progress, T("import"), tally.records, all, clock_mono_ms());
}

static enum err read_all(struct import *in, struct note *why)
{
    char *bytes = mem_new(READ_BYTES);
    if (bytes == NULL)
        return ERR_NOMEM;
    enum err err = ERR_OK;
    bool last = false;
    while (err == ERR_OK && !last) {
        size_t n = fread(bytes, 1, READ_BYTES, in->file);
        if (ferror(in->file)) {
            err = path_failed(why, N_("lecture impossible"), in->c->args->word[1]);
            break;
        }
        last = n < READ_BYTES;
        struct str chunk = {bytes, n};
        err = in->csv != NULL ? csvio_feed(in->csv, chunk, last, why)
                              : ndjson_feed(in->ndjson, chunk, last, why);
        in->bytes += n;
        show(in);
    }
    mem_free(bytes);
    return err;
}

/* Cells at the end of a row that are empty are not in the file. */
static enum err take_sheet_row(void *ctx, const struct xlsx_row *row)
{
    struct import *in = ctx;
    struct str field[XLSX_COLUMNS_MAX] = {0};
    struct csv_row taken = {.field = field, .n = row->n, .line = row->number};
    memcpy(field, row->cell, row->n * sizeof *field);
    if (in->columns == 0)
        in->columns = row->n;
    if (taken.n < in->columns)
        taken.n = in->columns;
    enum err err = csvio_take(in->csv, &taken, in->why);
    show(in);
    return err;
}

static enum err read_sheet(struct import *in, struct note *why)
{
    struct buf path = {0};
    in->why = why;
    enum err err = path_from(in->c, in->c->args->word[1], &path, why);
    if (err == ERR_OK)
        err = xlsx_read((const char *)path.p, take_sheet_row, in, why);
    if (err == ERR_OK)
        err = csvio_taken(in->csv, why);
    buf_done(&path);
    return err;
}

static void problems_json(struct json_out *json, const struct load_tally *tally)
{
    json_key(json, "problems");
    json_array(json);
    for (uint32_t i = 0; i < tally->problem_count; i++) {
        const struct load_problem *p = &tally->problems[i];
        json_object(json);
        json_key(json, "line");
        json_uint(json, p->line);
        json_key(json, "column");
        json_uint(json, p->column);
        json_key(json, "title");
        json_text(json, p->title);
        json_key(json, "error");
        json_text(json, err_name(p->err));
        json_key(json, "text");
        json_text(json, p->note.text);
        json_object_end(json);
    }
    json_array_end(json);
}

static void report_json(struct cmd *c, const struct load_tally *tally)
{
    const struct {
        const char *key;
        uint64_t n;
    } counts[] = {{"records", tally->records},
                  {"created", tally->created},
                  {"updated", tally->updated},
                  {"unchanged", tally->unchanged},
                  {"rejected", tally->rejected}};
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        json_key(&json, counts[i].key);
        json_uint(&json, counts[i].n);
    }
    json_key(&json, "saved");
    json_bool(&json, tally->saved);
    json_key(&json, "dry_run");
    json_bool(&json, args_flag(c->args, "dry-run"));
    problems_json(&json, tally);
    json_object_end(&json);
    json_line(&json);
}

static void report_problems(struct cmd *c, const struct load_tally *tally)
{
    for (uint32_t i = 0; i < tally->problem_count; i++) {
        const struct load_problem *p = &tally->problems[i];
        unsigned long long line = p->line;
        if (p->column > 0 && p->title[0] != '\0')
            cmd_say(c, T("ligne %llu, colonne %u (%s) : %s"), line, p->column, p->title,
                    p->note.text);
        else if (p->column > 0)
            cmd_say(c, T("ligne %llu, colonne %u : %s"), line, p->column, p->note.text);
        else
            cmd_say(c, T("ligne %llu : %s"), line, p->note.text);
    }
    if (tally->problem_count == LOAD_PROBLEMS_MAX)
        cmd_say(c, T("… les erreurs suivantes ne sont pas montrées"));
}

static void report(struct cmd *c, const struct load_tally *tally)
{
    report_problems(c, tally);
    cmd_say(c,
            T("%llu lignes : %llu nouvelles, %llu modifiées, %llu inchangées, %llu rejetées"),
            (unsigned long long)tally->records, (unsigned long long)tally->created,
            (unsigned long long)tally->updated, (unsigned long long)tally->unchanged,
            (unsigned long long)tally->rejected);
    if (args_flag(c->args, "dry-run"))
        cmd_say(c, T("essai : rien n'a été enregistré ; sans --dry-run pour de bon"));
    else if (!tally->saved)
        cmd_say(c, T("rien n'a été enregistré ; corrigez le fichier, ou --skip-bad pour "
                     "importer le reste"));
    else if (tally->created + tally->updated > 0)
        cmd_say_saved(c);
    else
        cmd_say(c, T("rien de nouveau dans ce fichier"));
}

static int result(struct cmd *c, const struct load_tally *tally)
{
    if (c->json)
        report_json(c, tally);
    else
        report(c, tally);
    bool skips = args_flag(c->args, "skip-bad") || args_flag(c->args, "each");
    if (tally->rejected == 0)
        return CMD_DONE;
    return skips ? CMD_WAITS : CMD_FAILED;
}

static enum err import_open(struct import *in, const struct table *table, struct note *why)
{
    const struct args *args = in->c->args;
    struct load_terms terms = {.table = table,
                               .dry_run = args_flag(args, "dry-run"),
                               .each = args_flag(args, "each"),
                               .skip_bad = args_flag(args, "skip-bad")};
    enum path_form form = PATH_CSV;
    enum err err = path_form(args->word[1], &form, why);
    if (err == ERR_OK)
        err = open_file(in, args->word[1], why);
    if (err == ERR_OK)
        err = load_open(in->c->store, &terms, &in->load, why);
    in->sheet = form == PATH_XLSX;
    if (err == ERR_OK && form == PATH_NDJSON)
        err = ndjson_open(in->load, &in->ndjson);
    else if (err == ERR_OK)
        err = csvio_open(in->load, &in->csv);
    return err;
}

int cmd_import(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = NULL;
    struct import in = {.c = c};
    struct load_tally tally = {0};
    progress_init(&in.progress, 2, c->progress, clock_mono_ms());
    enum err err = cmd_table(c, args->word[0], &table, &why);
    if (err == ERR_OK)
        err = import_open(&in, table, &why);
    if (err == ERR_OK)
        err = in.sheet ? read_sheet(&in, &why) : read_all(&in, &why);
    if (err == ERR_OK)
        err = load_finish(in.load, &why);
    progress_end(&in.progress);
    int exit = 0;
    if (err == ERR_OK) {
        load_tally(in.load, &tally);
        exit = result(c, &tally);
    } else {
        exit = cmd_fail(c, err, &why);
    }
    csvio_close(in.csv);
    ndjson_close(in.ndjson);
    load_close(in.load);
    if (in.file != NULL)
        (void)fclose(in.file);
    return exit;
}
