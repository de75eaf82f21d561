/* SPDX-License-Identifier: Apache-2.0 */
#include "server/succession.h"

#include "io/clock.h"
#include "io/file.h"

#include <stdlib.h>

enum { KEY_MODE = 0600, CERT_MODE = 0644, SINCE_BYTES_MAX = 32, DAY_MS = 24 * 3600 * 1000 };

/* The certificate comes last: it says that the key was written. */
enum err succession_renew(const char *dir, struct note *why)
{
    struct buf key = {0};
    struct buf cert = {0};
    enum err err = cert_key_new(&key);
    if (err == ERR_OK)
        err = cert_ca_new(buf_str(&key), &cert);
    if (err == ERR_OK)
        err = file_replace_in(dir, SUCCESSION_KEY, buf_str(&key), KEY_MODE, why);
    if (err == ERR_OK)
        err = file_replace_in(dir, SUCCESSION_CERT, buf_str(&cert), CERT_MODE, why);
    cert_key_done(&key);
    buf_done(&cert);
    return err;
}

enum err succession_make(const char *dir, struct note *why)
{
    struct buf cert = {0};
    enum err err = file_read_in(dir, SUCCESSION_CERT, CERT_BYTES_MAX, &cert, why);
    buf_done(&cert);
    return err == ERR_NOTFOUND ? succession_renew(dir, why) : err;
}

/* What need not be there. */
static enum err read_some(const char *dir, const char *name, size_t max, struct buf *out,
                          struct note *why)
{
    enum err err = file_read_in(dir, name, max, out, why);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err succession_load(const char *dir, struct enrol_ca *ca, struct note *why)
{
    struct buf next = {0};
    enum err err = read_some(dir, SUCCESSION_CERT, CERT_BYTES_MAX, &next, why);
    if (err == ERR_OK && next.n > 0)
        err = enrol_ca_next(ca, buf_str(&next));
    if (err == ERR_OK)
        err = read_some(dir, SUCCESSION_FORMER_CERT, CERT_BYTES_MAX, &ca->former_cert, why);
    if (err == ERR_OK)
        err = read_some(dir, SUCCESSION_FORMER_KEY, CERT_KEY_BYTES_MAX, &ca->former_key, why);
    buf_done(&next);
    return err;
}

/* The present key and certificate become the former ones; the date is written first: a key
 * without one would be kept for ever. */
static enum err step_back(const char *dir, struct str key, struct note *why)
{
    struct buf cert = {0};
    struct buf since = {0};
    enum err err = file_read_in(dir, "ca.crt", CERT_BYTES_MAX, &cert, why);
    buf_printf(&since, "%lld\n", (long long)clock_wall_ms());
    if (err == ERR_OK)
        err = since.err;
    if (err == ERR_OK)
        err = file_replace_in(dir, SUCCESSION_SINCE, buf_str(&since), CERT_MODE, why);
    if (err == ERR_OK)
        err = file_replace_in(dir, SUCCESSION_FORMER_CERT, buf_str(&cert), CERT_MODE, why);
    if (err == ERR_OK)
        err = file_replace_in(dir, SUCCESSION_FORMER_KEY, key, KEY_MODE, why);
    buf_done(&cert);
    buf_done(&since);
    return err;
}

/* key and certificate of the new authority take their places, then the server's own. */
static enum err step_up(const char *dir, struct str key, struct str cert, struct note *why)
{
    struct buf server = {0};
    struct buf own = {0};
    uint8_t public[CERT_PUBLIC_BYTES];
    enum err err = file_replace_in(dir, "ca.key", key, KEY_MODE, why);
    if (err == ERR_OK)
        err = file_replace_in(dir, "ca.crt", cert, CERT_MODE, why);
    if (err == ERR_OK)
        err = file_read_in(dir, "server.key", CERT_KEY_BYTES_MAX, &server, why);
    if (err == ERR_OK)
        err = cert_key_public(buf_str(&server), public);
    if (err == ERR_OK)
        err = cert_issue(key, cert, public, CERT_SERVER, NULL, &own);
    if (err == ERR_OK)
        err = file_replace_in(dir, "server.crt", buf_str(&own), CERT_MODE, why);
    cert_key_done(&server);
    buf_done(&own);
    return err;
}

static enum err not_that_key(struct note *why)
{
    return note_set(why, ERR_REFUSED,
                    N_("cette clé n'est pas celle de la prochaine autorité, que les appareils "
                       "connaissent"));
}

/* Is an overlap still going on? Not when this change itself was cut short: then the present key
 * is the new one already, or still the one that was just set aside. */
static enum err check_former(const char *dir, struct str present, struct note *why)
{
    struct buf former = {0};
    enum err err = read_some(dir, SUCCESSION_FORMER_KEY, CERT_KEY_BYTES_MAX, &former, why);
    if (err == ERR_OK && former.n > 0 && !str_eq(buf_str(&former), present))
        err = note_set(why, ERR_BUSY,
                       N_("le changement précédent n'est pas terminé : jalond authority end"));
    cert_key_done(&former);
    return err;
}

enum err succession_switch(const char *dir, const char *key_file, struct note *why)
{
    struct buf key = {0};
    struct buf cert = {0};
    struct buf present = {0};
    uint8_t given[CERT_PUBLIC_BYTES];
    uint8_t promised[CERT_PUBLIC_BYTES];
    enum err err = file_read(key_file, CERT_KEY_BYTES_MAX, &key, why);
    if (err == ERR_OK)
        err = file_read_in(dir, SUCCESSION_CERT, CERT_BYTES_MAX, &cert, why);
    if (err == ERR_OK)
        err = file_read_in(dir, "ca.key", CERT_KEY_BYTES_MAX, &present, why);
    if (err == ERR_OK && (cert_key_public(buf_str(&key), given) != ERR_OK ||
                          cert_public(buf_str(&cert), promised) != ERR_OK ||
                          memcmp(given, promised, sizeof given) != 0))
        err = not_that_key(why);
    bool begun = err == ERR_OK && str_eq(buf_str(&key), buf_str(&present));
    if (err == ERR_OK && !begun)
        err = check_former(dir, buf_str(&present), why);
    if (err == ERR_OK && !begun)
        err = step_back(dir, buf_str(&present), why);
    if (err == ERR_OK)
        err = step_up(dir, buf_str(&key), buf_str(&cert), why);
    if (err == ERR_OK)
        err = succession_renew(dir, why);
    cert_key_done(&key);
    cert_key_done(&present);
    buf_done(&cert);
    return err;
}

/* Days of the overlap that are left; a date nobody can read is as good as today's. */
static enum err days_left(const char *dir, int64_t *out, struct note *why)
{
    struct buf text = {0};
    enum err err = read_some(dir, SUCCESSION_SINCE, SINCE_BYTES_MAX, &text, why);
    buf_u8(&text, 0);
    if (err == ERR_OK)
        err = text.err;
    int64_t since = err == ERR_OK ? strtoll((const char *)text.p, NULL, 10) : 0;
    int64_t gone = clock_wall_ms() - since;
    if (err == ERR_OK)
        *out = since <= 0 || gone < 0 ? SUCCESSION_OVERLAP_MS / DAY_MS
                                      : (SUCCESSION_OVERLAP_MS - gone + DAY_MS - 1) / DAY_MS;
    buf_done(&text);
    return err;
}

enum err succession_end(const char *dir, bool force, struct note *why)
{
    struct buf path = {0};
    int64_t days = 0;
    enum err err = days_left(dir, &days, why);
    if (err == ERR_OK && days > 0 && !force)
        err = note_set(why, ERR_BUSY,
                       N_("encore %d jours : des paquets scellés pour l'ancienne autorité "
                          "peuvent arriver ; --force si sa clé n'est plus sûre"),
                       (int)days);
    if (err == ERR_OK)
        err = file_join(&path, dir, SUCCESSION_FORMER_KEY);
    if (err == ERR_OK)
        err = file_erase((const char *)path.p, why);
    if (err == ERR_NOTFOUND)
        err = note_set(why, err, N_("aucun changement d'autorité n'est en cours"));
    buf_done(&path);
    return err;
}
