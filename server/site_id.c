/* SPDX-License-Identifier: Apache-2.0 */
/* A relay's own files: its key, and what the server said of it. */
#include "io/cert.h"
#include "io/join.h"
#include "server/folder.h"
#include "server/site.h"

#include <unistd.h>

enum { ID_VERSION = 1, ID_ITEMS = 9, ID_BYTES_MAX = 16 * 1024, FILE_MODE = 0600 };

void site_id_done(struct site_id *id)
{
    cert_key_done(&id->key);
    buf_done(&id->cert);
    buf_done(&id->ca);
    *id = (struct site_id){.device = 0};
}

static bool there(const char *dir, const char *name)
{
    struct buf path = {0};
    bool is = file_join(&path, dir, name) == ERR_OK && access((const char *)path.p, F_OK) == 0;
    buf_done(&path);
    return is;
}

bool site_here(const char *dir)
{
    return there(dir, SITE_ID);
}

/* ---- load ---- */

static enum err read_id(struct str bytes, struct site_id *id)
{
    size_t used = 0;
    if (pack_check(bytes, 2, ID_ITEMS * 2, &used) != ERR_OK)
        return ERR_CORRUPT;
    struct cur cur = cur_of(bytes.p, bytes.n);
    uint32_t items = unpack_array(&cur);
    int64_t version = unpack_int(&cur);
    if (cur.bad || version != ID_VERSION)
        return ERR_VERSION;
    struct str host = unpack_str(&cur);
    id->server.port = (uint16_t)unpack_int_in(&cur, 0, UINT16_MAX);
    id->history = unpack_id(&cur);
    id->device = unpack_u32(&cur);
    join_text(unpack_str(&cur), id->name, sizeof id->name);
    join_text(unpack_str(&cur), id->network, sizeof id->network);
    struct str cert = unpack_bin(&cur);
    struct str ca = unpack_bin(&cur);
    if (cur.bad || items != ID_ITEMS || used != bytes.n || host.n >= sizeof id->server.host)
        return ERR_CORRUPT;
    join_text(host, id->server.host, sizeof id->server.host);
    buf_add(&id->cert, cert.p, cert.n);
    buf_add(&id->ca, ca.p, ca.n);
    return id->cert.err != ERR_OK ? id->cert.err : id->ca.err;
}

enum err site_id_load(const char *dir, struct site_id *out, struct note *why)
{
    struct site_id id = {.device = 0};
    struct buf bytes = {0};
    enum err err = file_read_in(dir, SITE_ID, ID_BYTES_MAX, &bytes, why);
    if (err == ERR_OK) {
        err = read_id(buf_str(&bytes), &id);
        if (err == ERR_CORRUPT)
            err = note_set(why, err, N_("%s : contenu endommagé"), SITE_ID);
        else if (err == ERR_VERSION)
            err = note_set(why, err, N_("%s : écrit par un programme plus récent"), SITE_ID);
    }
    if (err == ERR_OK)
        err = file_read_in(dir, SITE_KEY, CERT_KEY_BYTES_MAX, &id.key, why);
    buf_done(&bytes);
    if (err == ERR_OK)
        *out = id;
    else
        site_id_done(&id);
    return err;
}

/* ---- enrol ---- */

static enum err save(const char *dir, const struct site_id *id, struct note *why)
{
    struct buf out = {0};
    pack_array(&out, ID_ITEMS);
    pack_int(&out, ID_VERSION);
    pack_str(&out, str_of(id->server.host));
    pack_int(&out, id->server.port);
    pack_id(&out, &id->history);
    pack_uint(&out, id->device);
    pack_str(&out, str_of(id->name));
    pack_str(&out, str_of(id->network));
    pack_bin(&out, buf_str(&id->cert));
    pack_bin(&out, buf_str(&id->ca));
    enum err err = out.err;
    if (err == ERR_OK)
        err = file_replace_in(dir, SITE_ID, buf_str(&out), FILE_MODE, why);
    buf_done(&out);
    return err;
}

/* The key of this folder: the same one when enrolment was cut short. */
static enum err key_of(const char *dir, struct buf *key, struct note *why)
{
    enum err err = file_read_in(dir, SITE_KEY, CERT_KEY_BYTES_MAX, key, NULL);
    if (err != ERR_NOTFOUND)
        return err;
    err = cert_key_new(key);
    return err == ERR_OK ? file_replace_in(dir, SITE_KEY, buf_str(key), FILE_MODE, why) : err;
}

static enum err keep(const char *dir, const struct join *join, struct site_id *id,
                     struct note *why)
{
    const struct enrolled *m = &join->answer;
    if (!cert_is_relay(m->cert))
        return note_set(why, ERR_REFUSED,
                        N_("ce code est celui d'un appareil : jalon enrol CODE"));
    id->device = m->device;
    id->history = m->history;
    join_text(m->staff_name, id->name, sizeof id->name);
    join_text(m->network, id->network, sizeof id->network);
    buf_add(&id->cert, m->cert.p, m->cert.n);
    buf_add(&id->ca, m->ca.p, m->ca.n);
    enum err err = id->cert.err != ERR_OK ? id->cert.err : id->ca.err;
    return err == ERR_OK ? save(dir, id, why) : err;
}

static enum err enrol(const char *dir, const struct invite *invite, struct site_id *id,
                      struct note *why)
{
    struct join join = {.body = {0}};
    if (there(dir, SITE_ID) || there(dir, FOLDER_DATABASE))
        return note_set(why, ERR_EXISTS, N_("%s : un serveur ou un relais est déjà là"), dir);
    id->server = invite->server;
    enum err err = key_of(dir, &id->key, why);
    if (err == ERR_OK)
        err = join_run(invite, buf_str(&id->key), &join, why);
    if (err == ERR_OK)
        err = keep(dir, &join, id, why);
    join_done(&join);
    return err;
}

enum err site_enrol(const char *dir, const struct invite *invite, struct site_id *out,
                    struct note *why)
{
    struct site_id id = {.device = 0};
    struct file_lock lock;
    enum err err = file_mkdirs(dir, why);
    if (err == ERR_OK)
        err = folder_lock(dir, &lock, why);
    if (err != ERR_OK)
        return err;
    err = enrol(dir, invite, &id, why);
    file_unlock(&lock);
    if (err == ERR_OK)
        *out = id;
    else
        site_id_done(&id);
    return err;
}
