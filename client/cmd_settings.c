/* SPDX-License-Identifier: Apache-2.0 */
/* jalon settings [KEY=VALUE…]: how the pages are on this device, and what it holds. */
#include "client/cmd.h"
#include "client/key.h"
#include "client/local.h"
#include "client/prefs.h"
#include "io/json.h"

#include <sys/stat.h>

/* What the files of the replica take, the contents of documents apart. */
struct room {
    uint64_t records_bytes, documents_bytes;
    struct file_space space;
};

static enum err measure(const char *dir, struct room *out)
{
    struct buf path = {0};
    *out = (struct room){0};
    enum err err = file_space(dir, &out->space, NULL);
    for (size_t i = 0; err == ERR_OK && local_files[i] != NULL; i++) {
        struct stat st;
        err = file_join(&path, dir, local_files[i]);
        if (err != ERR_OK || stat((const char *)path.p, &st) != 0)
            continue;
        bool content = strncmp(local_files[i], "replica.db.content", 18) == 0;
        *(content ? &out->documents_bytes : &out->records_bytes) += (uint64_t)st.st_size;
    }
    buf_done(&path);
    return err;
}

static void print_json(struct cmd *c, const struct prefs *prefs, const struct room *room,
                       const char *network)
{
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "language");
    json_text(&json, prefs->language);
    json_key(&json, "theme");
    json_text(&json, prefs->theme);
    json_key(&json, "device_name");
    json_text(&json, prefs->device_name);
    json_key(&json, "idle_min");
    json_int(&json, prefs->idle_min);
    json_key(&json, "network");
    json_text(&json, network);
    json_key(&json, "records_bytes");
    json_uint(&json, room->records_bytes);
    json_key(&json, "documents_bytes");
    json_uint(&json, room->documents_bytes);
    json_key(&json, "free_bytes");
    json_uint(&json, room->space.free_bytes);
    json_key(&json, "total_bytes");
    json_uint(&json, room->space.total_bytes);
    json_object_end(&json);
    json_line(&json);
}

static void print(struct cmd *c, const struct prefs *prefs)
{
    buf_printf(&c->out, "language=%s\ntheme=%s\ndevice_name=%s\nidle_min=%lld\n",
               prefs->language, prefs->theme, prefs->device_name, (long long)prefs->idle_min);
}

static enum err change(struct cmd *c, struct prefs *prefs, struct note *why)
{
    for (size_t i = 0; i < c->args->n; i++) {
        const char *word = c->args->word[i];
        const char *equals = strchr(word, '=');
        if (equals == NULL)
            return note_set(why, ERR_USAGE, N_("RÉGLAGE=VALEUR est attendu"));
        enum err err = prefs_set(prefs, (struct str){word, (size_t)(equals - word)},
                                 str_of(equals + 1), why);
        if (err != ERR_OK)
            return err;
    }
    return c->args->n == 0 ? ERR_OK : prefs_save(c->dir, prefs, why);
}

int cmd_settings(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct prefs prefs;
    struct room room;
    struct key key = {.server.port = 0};
    enum err err = prefs_load(c->dir, &prefs, &why);
    /* What cannot be read is put right by writing it anew. */
    if (err == ERR_OK || (err != ERR_NOMEM && args->n > 0))
        err = change(c, &prefs, &why);
    if (err == ERR_OK)
        err = measure(c->dir, &room);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    bool enrolled = key_load(c->dir, &key, NULL) == ERR_OK;
    if (c->json)
        print_json(c, &prefs, &room, enrolled && !c->example ? key.network : NULL);
    else
        print(c, &prefs);
    key_done(&key);
    if (args->n > 0 && c->gate != NULL)
        prefs_speak(&prefs);
    return CMD_DONE;
}
