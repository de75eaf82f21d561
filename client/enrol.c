/* SPDX-License-Identifier: Apache-2.0 */
#include "client/enrol.h"

#include "io/cert.h"
#include "io/join.h"

/* The replica learns who it is; again the same is fine. */
static enum err enrol_store(struct store *s, const struct enrolled *m)
{
    struct store_identity identity = {.device = m->device,
                                      .epoch = m->epoch,
                                      .generation = m->generation,
                                      .staff = m->staff,
                                      .structure = m->structure,
                                      .history = m->history,
                                      .roles = m->roles};
    enum err err = store_enrol(s, &identity);
    if (err != ERR_EXISTS)
        return err;
    struct store_status status;
    err = store_status(s, &status);
    if (err == ERR_OK && (status.device != m->device || !id_eq(&status.history, &m->history)))
        err = ERR_EXISTS;
    return err;
}

/* The authority that will follow; a device enrolled again forgets what another one said. */
static enum err learn(const char *dir, struct str authority, struct note *why)
{
    struct key key = {.server = {.port = 0}};
    enum err err = key_load(dir, &key, why);
    if (err == ERR_OK && authority.n > 0 && key_learn(&key, authority) != ERR_OK)
        err = note_set(why, ERR_IDENTITY, N_("le serveur a répondu de travers"));
    key_done(&key);
    return err;
}

/* Keep what the server answered: the replica first, for the identity file says "enrolled". */
static enum err keep(const struct enrolled *m, const struct address *server, const char *dir,
                     struct store *s, struct enrol_result *out, struct note *why)
{
    struct key key = {.server = *server};
    if (cert_is_relay(m->cert))
        return note_set(why, ERR_REFUSED,
                        N_("ce code est celui d'un relais de site : jalond relay CODE"));
    enum err err = enrol_store(s, m);
    if (err != ERR_OK)
        return err;
    join_text(m->network, key.network, sizeof key.network);
    buf_add(&key.cert, m->cert.p, m->cert.n);
    buf_add(&key.ca, m->ca.p, m->ca.n);
    err = key.cert.err != ERR_OK ? key.cert.err : key.ca.err;
    if (err == ERR_OK)
        err = key_save(dir, &key, why);
    if (err == ERR_OK)
        err = learn(dir, m->authority, why);
    if (err == ERR_OK) {
        *out = (struct enrol_result){.device = m->device};
        join_text(m->network, out->network, sizeof out->network);
        join_text(m->staff_name, out->staff, sizeof out->staff);
    }
    key_done(&key);
    return err;
}

enum err enrol_run(const char *dir, struct store *s, const struct invite *invite,
                   struct enrol_result *out, struct note *why)
{
    struct buf key = {0};
    struct join join = {.body = {0}};
    enum err err = key_make(dir, &key, why);
    if (err == ERR_OK)
        err = join_run(invite, buf_str(&key), &join, why);
    if (err == ERR_OK)
        err = keep(&join.answer, &invite->server, dir, s, out, why);
    cert_key_done(&key);
    join_done(&join);
    return err;
}
