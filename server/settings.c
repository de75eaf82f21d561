/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings.h"

#include "io/file.h"
#include "server/limits.h"

#include <string.h>

enum { DOCUMENTS_MB = 20000, DEVICE_DOCUMENTS_MB = 2000, DOCUMENTS_MB_MAX = 100000000 };
enum { RELAY_MB = 1000, RELAY_MB_MAX = 100000 };

static const struct config_key keys[] = {
    {.name = "sync",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct settings, sync),
     .size = sizeof((struct settings *)NULL)->sync,
     .help = N_("adresse et port où les appareils se connectent")},
    {.name = "public",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct settings, public),
     .size = sizeof((struct settings *)NULL)->public,
     .help = N_("adresse et port que portent les codes d'invitation")},
    {.name = "peers_max",
     .kind = CONFIG_INT,
     .offset = offsetof(struct settings, peers_max),
     .min = 1,
     .max = LIMIT_PEERS,
     .help = N_("connexions au même moment")},
    {.name = "documents_mb",
     .kind = CONFIG_INT,
     .offset = offsetof(struct settings, documents_mb),
     .min = 1,
     .max = DOCUMENTS_MB_MAX,
     .help = N_("place pour les contenus des documents, en mégaoctets")},
    {.name = "device_documents_mb",
     .kind = CONFIG_INT,
     .offset = offsetof(struct settings, device_documents_mb),
     .min = 1,
     .max = DOCUMENTS_MB_MAX,
     .help = N_("de ceux-ci, ce qu'un seul appareil peut envoyer")},
    {.name = "relay_mb",
     .kind = CONFIG_INT,
     .offset = offsetof(struct settings, relay_mb),
     .min = 1,
     .max = RELAY_MB_MAX,
     .help = N_("sur le relais d'un site : place pour ce qu'il garde, en mégaoctets")},
    {.name = "verbose",
     .kind = CONFIG_BOOL,
     .offset = offsetof(struct settings, verbose),
     .help = N_("noter chaque connexion dans le journal")},
};

void settings_init(struct settings *settings)
{
    static const char everywhere[] = "[::]:4433";
    *settings = (struct settings){.peers_max = LIMIT_PEERS,
                                  .documents_mb = DOCUMENTS_MB,
                                  .device_documents_mb = DEVICE_DOCUMENTS_MB,
                                  .relay_mb = RELAY_MB};
    memcpy(settings->sync, everywhere, sizeof everywhere);
}

enum err settings_read(const char *dir, struct settings *settings, struct note *why)
{
    struct buf path = {0};
    struct buf text = {0};
    struct note missing;
    enum err err = file_join(&path, dir, "jalond.conf");
    if (err == ERR_OK)
        err = file_read((const char *)path.p, CONFIG_BYTES_MAX, &text, &missing);
    if (err == ERR_OK)
        err = config_read(keys, sizeof keys / sizeof *keys, (const char *)path.p,
                          buf_str(&text), settings, sizeof *settings, why);
    else if (err == ERR_NOTFOUND)
        err = ERR_OK;
    else
        err = note_set(why, err, "%s", missing.text);
    buf_done(&path);
    buf_done(&text);
    return err;
}
