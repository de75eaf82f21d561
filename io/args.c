/* SPDX-License-Identifier: Apache-2.0 */
#include "io/args.h"

#include "io/grid.h"
#include "io/say.h"

enum { NAMES_MAX = 256 };

static const struct args_option builtin[] = {
    {"help", NULL, N_("afficher cette aide"), false},
    {"version", NULL, N_("afficher la version"), false},
    {NULL, NULL, NULL, false},
};

/* ---- nearest word ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Letters to insert, drop, change or swap with their neighbour to get from a to b. */
static unsigned distance(const char *a, size_t a_n, const char *b, size_t b_n)
{
    unsigned rows[3][ARGS_NEAREST_BYTES + 1];
    unsigned *older = rows[0];
    unsigned *old = rows[1];
    unsigned *now = rows[2];
    for (size_t j = 0; j <= b_n; j++) {
        older[j] = 0;
        old[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_n; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_n; j++) {
            unsigned change = lower(a[i - 1]) != lower(b[j - 1]);
            now[j] = least(least(now[j - 1], old[j]) + 1, old[j - 1] + change);
            bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped)
                now[j] = least(now[j], older[j - 2] + 1);
        }
        unsigned *free_row = older;
        older = old;
        old = now;
        now = free_row;
    }
    return old[b_n];
}

const char *args_nearest(const char *word, const char *const *list, size_t n)
{
    size_t word_n = strlen(word);
    if (word_n > ARGS_NEAREST_BYTES)
        return NULL;
    unsigned best = word_n < 4 ? 1 : (unsigned)(word_n / 3);
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t list_n = strlen(list[i]);
        if (list_n > ARGS_NEAREST_BYTES)
            continue;
        unsigned d = distance(word, word_n, list[i], list_n);
        if (d > best || d >= list_n || (found != NULL && d == best))
            continue;
        best = d;
        found = list[i];
    }
    return found;
}

/* ---- the tables ---- */

static const struct args_option *find_in(const struct args_option *table, const char *name,
                                         size_t n)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strlen(table->name) == n && memcmp(table->name, name, n) == 0)
            return table;
    }
    return NULL;
}

/* The option of any command: which command is meant may stand after it. */
static const struct args_option *find_any(const struct args_program *program, const char *name,
                                          size_t n)
{
    const struct args_option *found = find_in(builtin, name, n);
    if (found == NULL)
        found = find_in(program->common, name, n);
    for (const struct args_command *c = program->commands; c->name != NULL; c++) {
        const struct args_option *own = find_in(c->options, name, n);
        /* one name, one meaning: else the words after it could not be told from its value */
        must(own == NULL || found == NULL || (own->value == NULL) == (found->value == NULL));
        if (found == NULL)
            found = own;
    }
    return found;
}

static const struct args_option *find_for(const struct args_program *program,
                                          const struct args_command *command, const char *name)
{
    size_t n = strlen(name);
    const struct args_option *found = find_in(builtin, name, n);
    if (found == NULL)
        found = find_in(program->common, name, n);
    if (found == NULL && command != NULL)
        found = find_in(command->options, name, n);
    return found;
}

struct names {
    const char *all[NAMES_MAX];
    size_t n;
};

static void add_names(struct names *names, const struct args_option *table)
{
    for (; table != NULL && table->name != NULL && names->n < NAMES_MAX; table++)
        names->all[names->n++] = table->name;
}

/* ---- parsing ---- */

static enum err unknown_option(const struct args_program *program,
                               const struct args_command *command, const char *name, size_t n,
                               struct note *why)
{
    struct names names = {.n = 0};
    add_names(&names, builtin);
    add_names(&names, program->common);
    for (const struct args_command *c = program->commands; c->name != NULL; c++) {
        if (command == NULL || command == c)
            add_names(&names, c->options);
    }
    char word[ARGS_NEAREST_BYTES + 1] = "";
    if (n < sizeof word)
        memcpy(word, name, n);
    const char *near = args_nearest(word, names.all, names.n);
    if (near != NULL)
        return note_set(why, ERR_USAGE,
                        T("option inconnue : --%.*s ; vouliez-vous dire --%s ?"),
                        (int)(n < NOTE_BYTES ? n : NOTE_BYTES), name, near);
    return note_set(why, ERR_USAGE, T("option inconnue : --%.*s"),
                    (int)(n < NOTE_BYTES ? n : NOTE_BYTES), name);
}

/* The option at argv[*i]; moves *i over its value. */
static enum err take_option(const struct args_program *program, int argc,
                            const char *const *argv, int *i, struct args *args,
                            struct note *why)
{
    const char *name = strcmp(argv[*i], "-h") == 0 ? "help" : argv[*i] + 2;
    if (argv[*i][1] != '-' && strcmp(argv[*i], "-h") != 0)
        return note_set(why, ERR_USAGE, T("option inconnue : %s"), argv[*i]);
    size_t n = strcspn(name, "=");
    const struct args_option *option = find_any(program, name, n);
    if (option == NULL)
        return unknown_option(program, NULL, name, n, why);
    const char *value = name[n] == '=' ? name + n + 1 : NULL;
    if (option->value == NULL && value != NULL)
        return note_set(why, ERR_USAGE, T("l'option --%s ne prend pas de valeur"),
                        option->name);
    if (option->value != NULL && value == NULL) {
        if (*i + 1 >= argc)
            return note_set(why, ERR_USAGE, T("l'option --%s attend une valeur : %s"),
                            option->name, say_text(option->value));
        value = argv[++*i];
    }
    if (args->options_n == ARGS_OPTIONS_MAX)
        return note_set(why, ERR_LIMIT, T("trop d'options"));
    args->option[args->options_n].name = option->name;
    args->option[args->options_n].value = value;
    args->options_n++;
    return ERR_OK;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && !(word[1] >= '0' && word[1] <= '9');
}

static enum err split(const struct args_program *program, int argc, const char *const *argv,
                      struct args *args, struct note *why)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            continue;
        }
        if (options && is_option(argv[i])) {
            enum err err = take_option(program, argc, argv, &i, args, why);
            if (err != ERR_OK)
                return err;
            continue;
        }
        if (args->n == ARGS_WORDS_MAX)
            return note_set(why, ERR_LIMIT, T("trop de mots"));
        args->word[args->n++] = argv[i];
    }
    return ERR_OK;
}

/* Words of the name, 1 or 2, when the call starts with it; else 0. */
static size_t starts_with(const struct args *args, const char *name)
{
    const char *gap = strchr(name, ' ');
    size_t first = gap == NULL ? strlen(name) : (size_t)(gap - name);
    if (args->n == 0 || strlen(args->word[0]) != first ||
        memcmp(args->word[0], name, first) != 0)
        return 0;
    if (gap == NULL)
        return 1;
    return args->n > 1 && strcmp(args->word[1], gap + 1) == 0 ? 2 : 0;
}

static enum err unknown_command(const struct args_program *program, const struct args *args,
                                struct note *why)
{
    if (args->n == 0)
        return note_set(why, ERR_USAGE, T("il manque une commande ; voyez %s --help"),
                        program->name);
    struct names names = {.n = 0};
    bool group = false;
    size_t first_n = strlen(args->word[0]);
    for (const struct args_command *c = program->commands; c->name != NULL; c++) {
        if (names.n < NAMES_MAX)
            names.all[names.n++] = c->name;
        group =
            group || (strncmp(c->name, args->word[0], first_n) == 0 && c->name[first_n] == ' ');
    }
    if (group && args->n == 1)
        return note_set(why, ERR_USAGE, T("« %s » attend une suite ; voyez %s --help"),
                        args->word[0], program->name);
    struct buf both = {.max = NOTE_BYTES};
    buf_printf(&both, "%s %s", args->word[0], args->n > 1 ? args->word[1] : "");
    buf_u8(&both, 0);
    const char *near = args_nearest(args->word[0], names.all, names.n);
    if (near == NULL && both.err == ERR_OK)
        near = args_nearest((const char *)both.p, names.all, names.n);
    buf_done(&both);
    const char *said = group ? args->word[1] : args->word[0];
    if (near != NULL)
        return note_set(why, ERR_USAGE,
                        T("commande inconnue : %s ; vouliez-vous dire « %s » ?"), said, near);
    return note_set(why, ERR_USAGE, T("commande inconnue : %s ; voyez %s --help"), said,
                    program->name);
}

/* Find the command and take its name off the words. */
static enum err find_command(const struct args_program *program, struct args *args,
                             struct note *why)
{
    size_t longest = 0;
    for (const struct args_command *c = program->commands; c->name != NULL; c++) {
        size_t words = starts_with(args, c->name);
        if (words > longest) {
            longest = words;
            args->command = c;
        }
    }
    if (longest == 0)
        return unknown_command(program, args, why);
    args->n -= longest;
    memmove(args->word, args->word + longest, args->n * sizeof args->word[0]);
    return ERR_OK;
}

static enum err check_call(const struct args_program *program, const struct args *args,
                           struct note *why)
{
    const struct args_command *command = args->command;
    for (size_t i = 0; i < args->options_n; i++) {
        const char *name = args->option[i].name;
        if (find_for(program, command, name) == NULL)
            return unknown_option(program, command, name, strlen(name), why);
    }
    if (args->help)
        return ERR_OK;
    if ((long long)args->n < command->words_min)
        return note_set(why, ERR_USAGE, T("il manque des arguments : %s %s %s"), program->name,
                        command->name, say_text(command->usage));
    if (command->words_max >= 0 && args->n > (size_t)command->words_max)
        return note_set(why, ERR_USAGE, T("argument en trop : %s"),
                        args->word[command->words_max]);
    const struct args_option *tables[] = {command->options, program->common};
    for (size_t t = 0; t < 2; t++) {
        for (const struct args_option *o = tables[t]; o != NULL && o->name != NULL; o++) {
            if (o->required && args_value(args, o->name) == NULL)
                return note_set(why, ERR_USAGE, T("il manque l'option --%s %s"), o->name,
                                say_text(o->value));
        }
    }
    return ERR_OK;
}

enum err args_parse(const struct args_program *program, int argc, const char *const *argv,
                    struct args *args, struct note *why)
{
    memset(args, 0, sizeof *args);
    enum err err = split(program, argc, argv, args, why);
    if (err != ERR_OK)
        return err;
    args->help = args_flag(args, "help");
    args->version = args_flag(args, "version");
    if (args->n == 0 && (args->help || args->version))
        return ERR_OK;
    err = find_command(program, args, why);
    return err == ERR_OK ? check_call(program, args, why) : err;
}

bool args_flag(const struct args *args, const char *name)
{
    for (size_t i = 0; i < args->options_n; i++) {
        if (strcmp(args->option[i].name, name) == 0)
            return true;
    }
    return false;
}

const char *args_value(const struct args *args, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < args->options_n; i++) {
        if (strcmp(args->option[i].name, name) == 0)
            value = args->option[i].value;
    }
    return value;
}

const char *args_value_at(const struct args *args, const char *name, size_t turn)
{
    for (size_t i = 0; i < args->options_n; i++) {
        if (strcmp(args->option[i].name, name) == 0 && turn-- == 0)
            return args->option[i].value;
    }
    return NULL;
}

/* ---- help ---- */

/* Lines of two columns, the left one as wide as its widest text or LEFT_MAX. */
enum { LEFT_MAX = 36 };

static void two_columns(struct buf *out, struct str left, size_t width, const char *right)
{
    buf_text(out, "  ");
    if (grid_width(left) > width) {
        buf_add(out, left.p, left.n);
        buf_u8(out, '\n');
        left = STR("");
        buf_text(out, "  ");
    }
    grid_fit(out, left, width, false);
    buf_printf(out, "  %s\n", say_text(right));
}

static void option_text(struct buf *left, const struct args_option *o)
{
    buf_clear(left);
    buf_printf(left, "--%s", o->name);
    if (o->value != NULL)
        buf_printf(left, " %s", say_text(o->value));
}

static void options_help(struct buf *out, const struct args_option *const *tables, size_t n)
{
    struct buf left = {0};
    size_t width = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t t = 0; t < n; t++) {
            for (const struct args_option *o = tables[t]; o != NULL && o->name != NULL; o++) {
                option_text(&left, o);
                size_t w = grid_width(buf_str(&left));
                if (pass == 1)
                    two_columns(out, buf_str(&left), width, o->help);
                else if (w > width && w <= LEFT_MAX)
                    width = w;
            }
        }
    }
    buf_done(&left);
}

static void command_text(struct buf *left, const struct args_command *c)
{
    buf_clear(left);
    buf_text(left, c->name);
    if (c->usage[0] != '\0')
        buf_printf(left, " %s", say_text(c->usage));
}

static void commands_help(struct buf *out, const struct args_command *commands)
{
    struct buf left = {0};
    size_t width = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (const struct args_command *c = commands; c->name != NULL; c++) {
            command_text(&left, c);
            size_t w = grid_width(buf_str(&left));
            if (pass == 1)
                two_columns(out, buf_str(&left), width, c->help);
            else if (w > width && w <= LEFT_MAX)
                width = w;
        }
    }
    buf_done(&left);
}

void args_help(const struct args_program *program, const struct args_command *command,
               struct buf *out)
{
    const struct args_option *tables[] = {NULL, program->common, builtin};
    if (command != NULL) {
        struct buf left = {0};
        command_text(&left, command);
        buf_u8(&left, 0);
        if (left.err == ERR_OK)
            buf_printf(out, T("Usage : %s %s [OPTIONS]"), program->name, (const char *)left.p);
        buf_done(&left);
        buf_printf(out, "\n%s\n\n%s\n", say_text(command->help), T("Options :"));
        tables[0] = command->options;
        options_help(out, tables, 3);
        return;
    }
    buf_printf(out, "%s : %s\n\n", program->name, say_text(program->help));
    buf_printf(out, T("Usage : %s COMMANDE [ARGUMENTS] [OPTIONS]"), program->name);
    buf_printf(out, "\n\n%s\n", T("Commandes :"));
    commands_help(out, program->commands);
    buf_printf(out, "\n%s\n", T("Options communes :"));
    options_help(out, tables, 3);
    buf_printf(out, "\n");
    buf_printf(out, T("%s COMMANDE --help montre les options d'une commande."), program->name);
    buf_u8(out, '\n');
}
