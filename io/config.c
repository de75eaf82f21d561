/* SPDX-License-Identifier: Apache-2.0 */
#include "io/config.h"

#include "io/args.h"
#include "io/say.h"

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct str trim(struct str s)
{
    while (s.n > 0 && blank(s.p[0]))
        s = (struct str){s.p + 1, s.n - 1};
    while (s.n > 0 && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* A whole number at the start of s, with its sign; *rest is what follows it. */
static bool whole(struct str s, int64_t *out, struct str *rest)
{
    size_t i = s.n > 0 && s.p[0] == '-' ? 1 : 0;
    bool minus = i == 1;
    int64_t v = 0;
    size_t from = i;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        int64_t d = s.p[i] - '0';
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, minus ? -d : d, &v))
            return false;
    }
    *out = v;
    *rest = trim((struct str){s.p + i, s.n - i});
    return i > from;
}

struct unit {
    struct str name;
    int64_t factor;
};
static const struct unit bytes_units[] = {
    {{"", 0}, 1}, {{"K", 1}, 1024}, {{"M", 1}, 1024 * 1024}, {{"G", 1}, 1024 * 1024 * 1024}};
static const struct unit time_units[] = {{{"ms", 2}, 1},
                                         {{"s", 1}, 1000},
                                         {{"min", 3}, 60 * 1000},
                                         {{"h", 1}, 60 * 60 * 1000},
                                         {{"d", 1}, 24 * 60 * 60 * 1000}};

static bool measure(struct str value, const struct unit *units, size_t n, int64_t *out)
{
    struct str rest = {NULL, 0};
    int64_t v = 0;
    if (!whole(value, &v, &rest))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(rest, units[i].name))
            return !__builtin_mul_overflow(v, units[i].factor, out);
    }
    return false;
}

static bool number(const struct config_key *key, struct str value, int64_t *out)
{
    struct str rest = {NULL, 0};
    if (key->kind == CONFIG_BYTES)
        return measure(value, bytes_units, sizeof bytes_units / sizeof bytes_units[0], out);
    if (key->kind == CONFIG_MS)
        return measure(value, time_units, sizeof time_units / sizeof time_units[0], out);
    return whole(value, out, &rest) && rest.n == 0;
}

static bool truth(struct str value, bool *out)
{
    static const struct {
        struct str word;
        bool truth;
    } words[] = {{{"yes", 3}, true},  {{"no", 2}, false},  {{"oui", 3}, true},
                 {{"non", 3}, false}, {{"true", 4}, true}, {{"false", 5}, false},
                 {{"1", 1}, true},    {{"0", 1}, false}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_eq(value, words[i].word)) {
            *out = words[i].truth;
            return true;
        }
    }
    return false;
}

static enum err set_text(const struct config_key *key, struct str value, char *field,
                         struct note *why)
{
    must(key->size > 0);
    if (!str_utf8(value))
        return note_set(why, ERR_FORMAT, T("%s : ce texte n'est pas en UTF-8"), key->name);
    if (value.n >= key->size)
        return note_set(why, ERR_LIMIT, T("%s : au plus %zu octets"), key->name, key->size - 1);
    memset(field, 0, key->size);
    if (value.n > 0)
        memcpy(field, value.p, value.n);
    return ERR_OK;
}

static enum err set_number(const struct config_key *key, struct str value, void *field,
                           struct note *why)
{
    int64_t v = 0;
    if (!number(key, value, &v)) {
        const char *form = key->kind == CONFIG_BYTES ? T("un nombre d'octets, comme 64M")
                           : key->kind == CONFIG_MS ? T("une durée, comme 500ms, 30s, 5min, 2h")
                                                    : T("un nombre entier");
        return note_set(why, ERR_INVALID, T("%s : il faut %s"), key->name, form);
    }
    if (v < key->min || v > key->max)
        return note_set(why, ERR_INVALID, T("%s : hors limites, de %lld à %lld"), key->name,
                        (long long)key->min, (long long)key->max);
    memcpy(field, &v, sizeof v);
    return ERR_OK;
}

enum err config_set(const struct config_key *key, struct str value, void *settings,
                    struct note *why)
{
    char *field = (char *)settings + key->offset;
    bool on = false;
    switch (key->kind) {
    case CONFIG_TEXT:
        return set_text(key, value, field, why);
    case CONFIG_INT:
    case CONFIG_BYTES:
    case CONFIG_MS:
        return set_number(key, value, field, why);
    case CONFIG_BOOL:
        if (!truth(value, &on))
            return note_set(why, ERR_INVALID, T("%s : il faut oui ou non"), key->name);
        memcpy(field, &on, sizeof on);
        return ERR_OK;
    }
    return ERR_INVALID;
}

static enum err unknown(const struct config_key *keys, size_t n, struct str name,
                        struct note *why)
{
    const char *names[CONFIG_KEYS_MAX];
    for (size_t i = 0; i < n; i++)
        names[i] = keys[i].name;
    char word[ARGS_NEAREST_BYTES + 1] = "";
    if (name.n < sizeof word)
        memcpy(word, name.p, name.n);
    const char *near = args_nearest(word, names, n);
    int shown = name.n < sizeof word ? (int)name.n : (int)sizeof word;
    if (near == NULL)
        return note_set(why, ERR_INVALID, T("réglage inconnu : %.*s"), shown, name.p);
    return note_set(why, ERR_INVALID, T("réglage inconnu : %.*s ; vouliez-vous dire %s ?"),
                    shown, name.p, near);
}

static enum err read_line(const struct config_key *keys, size_t n, struct str line,
                          uint64_t *seen, void *settings, struct note *why)
{
    const char *equals = line.n == 0 ? NULL : memchr(line.p, '=', line.n);
    if (line.n == 0 || line.p[0] == '#')
        return ERR_OK;
    if (equals == NULL)
        return note_set(why, ERR_FORMAT, T("il faut « réglage = valeur »"));
    size_t at = (size_t)(equals - line.p);
    struct str name = trim((struct str){line.p, at});
    struct str value = trim((struct str){equals + 1, line.n - at - 1});
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(name, str_of(keys[i].name)))
            continue;
        if (seen[i / 64] >> (i % 64) & 1)
            return note_set(why, ERR_INVALID, T("%s : réglage répété"), keys[i].name);
        seen[i / 64] |= (uint64_t)1 << (i % 64);
        return config_set(&keys[i], value, settings, why);
    }
    return unknown(keys, n, name, why);
}

static enum err read_lines(const struct config_key *keys, size_t n, struct str text,
                           void *settings, size_t *line_no, struct note *why)
{
    uint64_t seen[CONFIG_KEYS_MAX / 64] = {0};
    for (size_t at = 0; at < text.n;) {
        (*line_no)++;
        const char *line_p = text.p + at;
        const char *end = memchr(line_p, '\n', text.n - at);
        size_t line_n = end == NULL ? text.n - at : (size_t)(end - line_p);
        enum err err =
            read_line(keys, n, trim((struct str){line_p, line_n}), seen, settings, why);
        if (err != ERR_OK)
            return err;
        at += line_n + 1;
    }
    return ERR_OK;
}

enum err config_read(const struct config_key *keys, size_t n, const char *file, struct str text,
                     void *settings, size_t settings_n, struct note *why)
{
    must(n <= CONFIG_KEYS_MAX);
    if (text.n > CONFIG_BYTES_MAX)
        return note_set(why, ERR_LIMIT, T("%s : fichier trop long"), file);
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        text = (struct str){text.p + 3, text.n - 3};
    void *draft = mem_new(settings_n);
    if (draft == NULL)
        return ERR_NOMEM;
    memcpy(draft, settings, settings_n);
    struct note what = {""};
    size_t line_no = 0;
    enum err err = read_lines(keys, n, text, draft, &line_no, &what);
    if (err == ERR_OK)
        memcpy(settings, draft, settings_n);
    mem_wipe(draft, settings_n);
    mem_free(draft);
    if (err == ERR_OK)
        return ERR_OK;
    return note_set(why, err, T("%s, ligne %zu : %s"), file, line_no, what.text);
}
