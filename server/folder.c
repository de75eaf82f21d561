/* SPDX-License-Identifier: Apache-2.0 */
#include "server/folder.h"

#include "io/clock.h"
#include "io/random.h"
#include "server/succession.h"
#include "store/founding.h"

#include <unistd.h>

enum { KEY_MODE = 0600, CERT_MODE = 0644 };

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

static void random_of(void *ctx, void *out, size_t n)
{
    (void)ctx;
    random_bytes(out, n);
}

enum err folder_store(const char *path, struct store **out, struct note *why)
{
    struct store_env env = {.path = path,
                            .schema = &schema_jalon,
                            .side = STORE_SERVER,
                            .wall_ms = wall_ms,
                            .random = random_of};
    return store_open(&env, out, why);
}

enum err folder_database(const char *dir, struct buf *path, struct store **out,
                         struct note *why)
{
    struct serve_stats stats = {.generation = 0};
    struct store *store = NULL;
    enum err err = file_join(path, dir, FOLDER_DATABASE);
    bool there = err == ERR_OK && access((const char *)path->p, F_OK) == 0;
    if (there)
        err = folder_store((const char *)path->p, &store, why);
    if (there && err == ERR_OK)
        err = serve_stats(store, &stats);
    if (err == ERR_OK && stats.generation == 0)
        err = note_set(why, ERR_NOTFOUND,
                       N_("%s : la base manque ; jalonctl restore FICHIER, ou jalond init pour "
                          "un réseau neuf"),
                       dir);
    if (err == ERR_OK) /* a new release may bring more */
        err = founding_codes(store, NULL, why);
    if (err == ERR_OK)
        err = founding_parameters(store, NULL, why);
    if (err == ERR_OK)
        *out = store;
    else
        store_close(store);
    return err;
}

enum err folder_lock(const char *dir, struct file_lock *lock, struct note *why)
{
    struct buf path = {0};
    enum err err = file_join(&path, dir, "lock");
    if (err == ERR_OK)
        err = file_lock((const char *)path.p, lock, why);
    buf_done(&path);
    return err;
}

/* Read a key, or make one and keep it. */
static enum err key_of(const char *dir, const char *name, struct buf *key, struct note *why)
{
    enum err err = file_read_in(dir, name, CERT_KEY_BYTES_MAX, key, why);
    if (err != ERR_NOTFOUND)
        return err;
    err = cert_key_new(key);
    return err == ERR_OK ? file_replace_in(dir, name, buf_str(key), KEY_MODE, why) : err;
}

static enum err ca_of(const char *dir, struct enrol_ca *ca, struct note *why)
{
    struct buf key = {0};
    struct buf cert = {0};
    enum err err = key_of(dir, "ca.key", &key, why);
    if (err != ERR_OK)
        goto out;
    err = file_read_in(dir, "ca.crt", CERT_BYTES_MAX, &cert, why);
    if (err == ERR_NOTFOUND) {
        err = cert_ca_new(buf_str(&key), &cert);
        if (err == ERR_OK)
            err = file_replace_in(dir, "ca.crt", buf_str(&cert), CERT_MODE, why);
    }
    if (err == ERR_OK)
        err = enrol_ca_init(ca, buf_str(&key), buf_str(&cert));
out:
    cert_key_done(&key);
    buf_done(&cert);
    return err;
}

static enum err server_of(const char *dir, struct folder *folder, struct note *why)
{
    enum err err = key_of(dir, "server.key", &folder->key, why);
    if (err != ERR_OK)
        return err;
    err = file_read_in(dir, "server.crt", CERT_BYTES_MAX, &folder->cert, why);
    if (err != ERR_NOTFOUND)
        return err;
    uint8_t public[CERT_PUBLIC_BYTES];
    err = cert_key_public(buf_str(&folder->key), public);
    if (err == ERR_OK)
        err = cert_issue(buf_str(&folder->ca.key), buf_str(&folder->ca.cert), public,
                         CERT_SERVER, NULL, &folder->cert);
    if (err == ERR_OK)
        err = file_replace_in(dir, "server.crt", buf_str(&folder->cert), CERT_MODE, why);
    return err;
}

static enum err database_of(const char *dir, struct str network, bool *made, struct note *why)
{
    struct buf path = {0};
    struct store *store = NULL;
    enum err err = file_join(&path, dir, FOLDER_DATABASE);
    if (err == ERR_OK)
        err = folder_store((const char *)path.p, &store, why);
    if (err == ERR_OK)
        err = serve_init(store, network);
    if (err == ERR_OK)
        err = founding_codes(store, NULL, why);
    if (err == ERR_OK)
        err = founding_parameters(store, NULL, why);
    *made = err == ERR_OK;
    if (err == ERR_EXISTS)
        err = ERR_OK;
    store_close(store);
    buf_done(&path);
    return err;
}

enum err folder_make(const char *dir, struct str network, struct folder *out, bool *made,
                     struct note *why)
{
    struct folder folder = {.key = {0}};
    struct file_lock lock;
    enum err err = file_mkdirs(dir, why);
    if (err == ERR_OK)
        err = folder_lock(dir, &lock, why);
    if (err == ERR_BUSY) { /* a server runs here: everything was made before */
        *made = false;
        return folder_open(dir, out, why);
    }
    if (err != ERR_OK)
        return err;
    err = ca_of(dir, &folder.ca, why);
    if (err == ERR_OK)
        err = server_of(dir, &folder, why);
    if (err == ERR_OK)
        err = succession_make(dir, why);
    if (err == ERR_OK)
        err = database_of(dir, network, made, why);
    if (err == ERR_OK)
        *out = folder;
    else
        folder_done(&folder);
    file_unlock(&lock);
    return err;
}

enum err folder_open(const char *dir, struct folder *out, struct note *why)
{
    struct folder folder = {.key = {0}};
    struct buf key = {0};
    struct buf cert = {0};
    enum err err = file_read_in(dir, "ca.key", CERT_KEY_BYTES_MAX, &key, why);
    if (err == ERR_OK)
        err = file_read_in(dir, "ca.crt", CERT_BYTES_MAX, &cert, why);
    if (err == ERR_OK)
        err = file_read_in(dir, "server.key", CERT_KEY_BYTES_MAX, &folder.key, why);
    if (err == ERR_OK)
        err = file_read_in(dir, "server.crt", CERT_BYTES_MAX, &folder.cert, why);
    if (err == ERR_NOTFOUND)
        err = note_set(why, err, N_("pas de serveur dans %s : jalond init d'abord"), dir);
    if (err == ERR_OK)
        err = enrol_ca_init(&folder.ca, buf_str(&key), buf_str(&cert));
    if (err == ERR_INVALID)
        err = note_set(why, err,
                       N_("la clé et le certificat de l'autorité ne vont pas ensemble ; un "
                          "changement interrompu reprend avec la même clé : jalond authority "
                          "switch FICHIER"));
    if (err == ERR_OK)
        err = succession_load(dir, &folder.ca, why);
    if (err == ERR_OK)
        *out = folder;
    else
        folder_done(&folder);
    cert_key_done(&key);
    buf_done(&cert);
    return err;
}

void folder_done(struct folder *folder)
{
    enrol_ca_done(&folder->ca);
    cert_key_done(&folder->key);
    buf_done(&folder->cert);
}

void folder_pin(const struct folder *folder, struct buf *out)
{
    for (size_t i = 0; i < sizeof folder->ca.pin; i++)
        buf_printf(out, "%02x", folder->ca.pin[i]);
}
