/* SPDX-License-Identifier: Apache-2.0 */
/* jalon attach, jalon fetch: a file becomes a document of a row; its content comes back. */
#include "client/cmd.h"
#include "client/path.h"
#include "io/file.h"
#include "io/json.h"
#include "store/attach.h"
#include "store/courier.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024, MEGABYTE = 1000 * 1000, RULE_MB_MAX = 1000000 };

/* ---- attach ---- */

static enum err read_all(FILE *file, const char *path, struct content_put *put,
                         struct note *why)
{
    char *piece = mem_new(PIECE_BYTES);
    enum err err = piece == NULL ? ERR_NOMEM : ERR_OK;
    size_t n = 0;
    while (err == ERR_OK && (n = fread(piece, 1, PIECE_BYTES, file)) > 0)
        err = content_put_add(put, (struct str){piece, n});
    if (err == ERR_OK && ferror(file))
        err = path_failed(why, N_("lecture impossible"), path);
    if (err == ERR_LIMIT)
        err = note_set(why, err, N_("ce fichier est trop grand : au plus %d Mo par document"),
                       CONTENT_BYTES_MAX / MEGABYTE);
    mem_free(piece);
    return err;
}

/* The file's content is kept here, durably, for a document that is yet to be made. */
static enum err keep(struct cmd *c, const char *path, const struct id *doc,
                     uint8_t sha256[SHA256_BYTES], uint64_t *size, struct note *why)
{
    struct content_put put;
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");
    enum err err = ERR_OK;
    if (file == NULL) {
        err = path_failed(why, N_("lecture impossible"), path);
        if (fd >= 0)
            (void)close(fd);
        return err;
    }
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        err = note_set(why, ERR_INVALID, N_("%.300s : ce n'est pas un fichier"), path);
    if (err == ERR_OK)
        err = content_put_begin(c->store, doc, &put);
    if (err == ERR_OK) {
        err = read_all(file, path, &put, why);
        *size = put.size + put.chunk.n;
        if (err == ERR_OK && *size == 0)
            err = note_set(why, ERR_INVALID, N_("%.300s : ce fichier est vide"), path);
        if (err == ERR_OK)
            err = content_put_end(&put, sha256);
        else
            content_put_abort(&put);
    }
    (void)fclose(file);
    return err;
}

/* The name of the file. */
static struct str name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return str_of(slash == NULL ? path : slash + 1);
}

int cmd_attach(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct buf path = {0};
    struct attach a = {.doc = store_new_id(c->store)};
    const char *kind = args_value(args, "kind");
    const char *title = args_value(args, "title");
    enum err err = cmd_table(c, args->word[0], &a.table, &why);
    if (err == ERR_OK)
        err = cmd_row(c, a.table, args->word[1], &a.row, &why);
    if (err == ERR_OK)
        err = path_from(c, args->word[2], &path, &why);
    if (err == ERR_OK) {
        a.kind = str_of(kind == NULL ? "" : kind);
        a.title = title == NULL ? attach_title(name_of((const char *)path.p)) : str_of(title);
        a.mime = str_of(attach_mime(str_of((const char *)path.p)));
        err = keep(c, (const char *)path.p, &a.doc, a.sha256, &a.size, &why);
    }
    if (err == ERR_OK)
        err = attach_save(c->store, &a, &why);
    buf_done(&path);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    cmd_print_id(c, &a.doc, "attached", true);
    if (!c->json)
        cmd_say_saved(c);
    return CMD_DONE;
}

/* ---- fetch ---- */

/* Write it beside its place, which it takes when it is whole. */
static enum err write_all(struct content *content, const struct content_doc *doc,
                          const char *part, struct note *why)
{
    struct buf piece = {0};
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (file == NULL && fd >= 0)
        (void)close(fd);
    enum err err = file == NULL ? path_failed(why, N_("écriture impossible"), part) : ERR_OK;
    for (uint64_t at = 0; at < doc->size && err == ERR_OK; at += piece.n) {
        uint64_t left = doc->size - at;
        buf_clear(&piece);
        err = content_read(content, doc->cid, at,
                           left < PIECE_BYTES ? (size_t)left : PIECE_BYTES, &piece);
        if (err == ERR_OK && fwrite(piece.p, 1, piece.n, file) != piece.n)
            err = path_failed(why, N_("écriture impossible"), part);
    }
    if (file != NULL && (fflush(file) != 0 || fsync(fd) != 0) && err == ERR_OK)
        err = path_failed(why, N_("écriture impossible"), part);
    if (file != NULL && fclose(file) != 0 && err == ERR_OK)
        err = path_failed(why, N_("écriture impossible"), part);
    buf_done(&piece);
    return err;
}

static enum err write_file(struct cmd *c, const struct content_doc *doc, const char *word,
                           struct note *why)
{
    struct content *content = NULL;
    struct buf path = {0};
    struct buf part = {0};
    enum err err = content_of(c->store, false, &content);
    if (err == ERR_OK)
        err = path_from(c, word, &path, why);
    if (err == ERR_OK) {
        buf_printf(&part, "%s.part", (const char *)path.p);
        buf_u8(&part, 0);
        err = part.err;
    }
    if (err == ERR_OK)
        err = content_verify(content, doc);
    if (err == ERR_INVALID)
        err = note_set(why, ERR_CORRUPT,
                       N_("ce qui est gardé ici de ce document est abîmé, et n'est pas écrit"));
    if (err == ERR_OK) {
        must(part.p != NULL);
        err = write_all(content, doc, (const char *)part.p, why);
        if (err == ERR_OK)
            err = file_move((const char *)part.p, (const char *)path.p, why);
        else
            (void)unlink((const char *)part.p);
    }
    buf_done(&path);
    buf_done(&part);
    return err;
}

static int set_rule(struct cmd *c, const char *word)
{
    struct note why = {""};
    struct value mb = VALUE_NONE;
    const struct field number = {.name = "auto", .kind = KIND_INT, .max = RULE_MB_MAX};
    enum err err = cmd_value(c, &number, str_of(word), &mb, &why);
    if (err == ERR_OK && (mb.type != VALUE_INT || mb.i < 0 || mb.i > RULE_MB_MAX))
        err = note_set(&why, ERR_USAGE, N_("il faut un nombre de mégaoctets, de 0 à %d"),
                       RULE_MB_MAX);
    if (err == ERR_OK)
        err = courier_rule(c->store, (uint64_t)mb.i * MEGABYTE);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (mb.i == 0)
        cmd_say(c, T("les documents ne viennent plus que sur demande : jalon fetch DOCUMENT"));
    else
        cmd_say(c,
                T("les documents viendront d'eux-mêmes, tant que tous ceux gardés ici font "
                  "moins de %lld Mo"),
                (long long)mb.i);
    return CMD_DONE;
}

/* Not here: it is asked for, and comes with the next sync. */
static int ask_for(struct cmd *c, const struct id *doc)
{
    enum err err = courier_want(c->store, doc);
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    if (c->json)
        cmd_print_id(c, doc, "here", false);
    else if (c->presence != NULL)
        cmd_say(c, T("ce document n'est pas encore sur cet appareil ; il est demandé au "
                     "serveur : recommencez dans un instant"));
    else
        cmd_say(c, T("ce document n'est pas encore sur cet appareil ; il viendra à la "
                     "prochaine synchronisation : jalon sync"));
    return CMD_OFFLINE;
}

/* Whoever takes a document out of here has opened its dossier. */
static enum err note_document(struct cmd *c, const struct id *id)
{
    const struct table *table = schema_table(store_schema(c->store), TABLE_DOCUMENT);
    struct row *row = arena_new(&c->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(c->store, table, id, &c->arena, row);
    return err == ERR_OK ? access_shown(&c->access, c->store, table, row) : err;
}

int cmd_fetch(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct content *content = NULL;
    struct content_doc doc = {.cid = 0};
    struct id id;
    const char *rule = args_value(args, "auto");
    if (rule != NULL)
        return set_rule(c, rule);
    enum err err = ERR_OK;
    if (args->n == 0)
        err = note_set(&why, ERR_USAGE, N_("il faut un document, ou --auto"));
    if (err == ERR_OK)
        err = cmd_row(c, schema_table(store_schema(c->store), TABLE_DOCUMENT), args->word[0],
                      &id, &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    err = content_of(c->store, false, &content);
    if (err == ERR_OK)
        err = content_find(content, &id, &doc);
    if (err == ERR_NOTFOUND || (err == ERR_OK && doc.state == CONTENT_WANTED))
        return ask_for(c, &id);
    if (err == ERR_OK && args->n > 1)
        err = write_file(c, &doc, args->word[1], &why);
    if (err == ERR_OK && args->n > 1)
        err = note_document(c, &id);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (c->json)
        cmd_print_id(c, &id, "here", true);
    else if (args->n > 1)
        cmd_say(c, T("document écrit dans %s"), args->word[1]);
    else
        cmd_say(c, T("ce document est sur cet appareil ; pour l'écrire dans un fichier : jalon "
                     "fetch DOCUMENT FICHIER"));
    return CMD_DONE;
}
