/* SPDX-License-Identifier: Apache-2.0 */
#include "client/prefs.h"

#include "io/config.h"
#include "io/file.h"
#include "io/say.h"

enum { FILE_BYTES_MAX = 4096 };

static const struct config_key keys[] = {
    {"language", CONFIG_TEXT, offsetof(struct prefs, language),
     sizeof((struct prefs *)0)->language, 0, 0,
     N_("langue : fr, nl, de, en ; vide : du système")},
    {"theme", CONFIG_TEXT, offsetof(struct prefs, theme), sizeof((struct prefs *)0)->theme, 0,
     0, N_("thème : light, dark ; vide : du système")},
    {"device_name", CONFIG_TEXT, offsetof(struct prefs, device_name),
     sizeof((struct prefs *)0)->device_name, 0, 0, N_("nom de cet appareil")},
    {"idle_min", CONFIG_INT, offsetof(struct prefs, idle_min), 0, 0, PREFS_IDLE_MAX,
     N_("minutes avant le verrouillage des pages ; 0 : jamais")},
};

static const struct prefs defaults = {.idle_min = PREFS_IDLE_DEFAULT};

static enum err check(const struct prefs *prefs, struct note *why)
{
    enum say_language language = SAY_FR;
    if (prefs->language[0] != '\0' && !say_language_coded(str_of(prefs->language), &language))
        return note_set(why, ERR_INVALID, N_("langue : fr, nl, de ou en"));
    if (prefs->theme[0] != '\0' && strcmp(prefs->theme, "light") != 0 &&
        strcmp(prefs->theme, "dark") != 0)
        return note_set(why, ERR_INVALID, N_("thème : light ou dark"));
    for (const char *p = prefs->device_name; *p != '\0'; p++)
        if ((unsigned char)*p < ' ')
            return note_set(why, ERR_INVALID, N_("le nom de l'appareil tient sur une ligne"));
    return ERR_OK;
}

enum err prefs_load(const char *dir, struct prefs *out, struct note *why)
{
    struct buf text = {0};
    struct prefs prefs = defaults;
    *out = defaults;
    enum err err = file_read_in(dir, PREFS_FILE, FILE_BYTES_MAX, &text, NULL);
    if (err == ERR_OK)
        err = config_read(keys, sizeof keys / sizeof *keys, PREFS_FILE, buf_str(&text), &prefs,
                          sizeof prefs, why);
    if (err == ERR_OK)
        err = check(&prefs, why);
    if (err == ERR_OK)
        *out = prefs;
    buf_done(&text);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err prefs_set(struct prefs *prefs, struct str key, struct str value, struct note *why)
{
    struct prefs changed = *prefs;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!str_eq(key, str_of(keys[i].name)))
            continue;
        enum err err = config_set(&keys[i], value, &changed, why);
        if (err == ERR_OK)
            err = check(&changed, why);
        if (err == ERR_OK)
            *prefs = changed;
        return err;
    }
    return note_set(why, ERR_INVALID, N_("réglage inconnu ; voyez : jalon settings"));
}

enum err prefs_save(const char *dir, const struct prefs *prefs, struct note *why)
{
    struct buf text = {0};
    if (prefs->language[0] != '\0')
        buf_printf(&text, "language = %s\n", prefs->language);
    if (prefs->theme[0] != '\0')
        buf_printf(&text, "theme = %s\n", prefs->theme);
    if (prefs->device_name[0] != '\0')
        buf_printf(&text, "device_name = %s\n", prefs->device_name);
    buf_printf(&text, "idle_min = %lld\n", (long long)prefs->idle_min);
    enum err err = text.err;
    if (err == ERR_OK)
        err = file_replace_in(dir, PREFS_FILE, buf_str(&text), 0600, why);
    buf_done(&text);
    return err;
}

void prefs_speak(const struct prefs *prefs)
{
    enum say_language language = SAY_FR;
    if (say_language_coded(str_of(prefs->language), &language))
        say_switch(language);
}
