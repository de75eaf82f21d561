/* SPDX-License-Identifier: Apache-2.0 */
#include "io/args_docs.h"

#include "io/say.h"

#include <string.h>

static const char *const builtin[] = {"help", "version"};

/* ---- the manual page ---- */

/* Text as roff reads it: no line begins with its commands, no word is one of its escapes. */
static void roff(struct buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\')
            buf_text(out, "\\e");
        else if (*p == '-')
            buf_text(out, "\\-");
        else if ((*p == '.' || *p == '\'') && p == text)
            buf_printf(out, "\\&%c", *p);
        else
            buf_u8(out, (uint8_t)*p);
    }
}

static void roff_option(struct buf *out, const struct args_option *o)
{
    buf_text(out, ".TP\n\\fB\\-\\-");
    roff(out, o->name);
    buf_text(out, "\\fR");
    if (o->value != NULL) {
        buf_text(out, " \\fI");
        roff(out, say_text(o->value));
        buf_text(out, "\\fR");
    }
    buf_u8(out, '\n');
    roff(out, say_text(o->help));
    buf_u8(out, '\n');
}

static void roff_command(struct buf *out, const struct args_command *c)
{
    buf_text(out, ".SS \"");
    roff(out, c->name);
    if (c->usage[0] != '\0') {
        buf_u8(out, ' ');
        roff(out, say_text(c->usage));
    }
    buf_text(out, "\"\n");
    roff(out, say_text(c->help));
    buf_u8(out, '\n');
    for (const struct args_option *o = c->options; o != NULL && o->name != NULL; o++)
        roff_option(out, o);
}

static void roff_statuses(struct buf *out)
{
    static const char *const statuses[] = {
        N_("fait"),
        N_("échec"),
        N_("commande mal écrite"),
        N_("hors ligne ; rien n'est perdu"),
        N_("fait, mais quelque chose attend une personne"),
        N_("refusé : droits, appareil retiré, autre serveur"),
        N_("données abîmées"),
    };
    buf_printf(out, ".SH \"%s\"\n", T("CODES DE SORTIE"));
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        buf_printf(out, ".TP\n.B %zu\n", i);
        roff(out, say_text(statuses[i]));
        buf_u8(out, '\n');
    }
}

void args_man(const struct args_program *program, const char *version, struct buf *out)
{
    buf_printf(out, ".TH %s 1 \"\" \"%s %s\"\n", program->name, program->name, version);
    buf_printf(out, ".SH \"%s\"\n", T("NOM"));
    buf_printf(out, "%s \\- ", program->name);
    roff(out, say_text(program->help));
    buf_printf(out, "\n.SH SYNOPSIS\n.B %s\n", program->name);
    buf_printf(out, "\\fI%s\\fR\n", T("COMMANDE [ARGUMENTS] [OPTIONS]"));
    buf_printf(out, ".SH \"%s\"\n", T("OPTIONS COMMUNES"));
    for (const struct args_option *o = program->common; o != NULL && o->name != NULL; o++)
        roff_option(out, o);
    buf_printf(out, ".SH \"%s\"\n", T("COMMANDES"));
    for (const struct args_command *c = program->commands; c->name != NULL; c++)
        roff_command(out, c);
    roff_statuses(out);
}

/* ---- completions ---- */

/* The first word of a command's name. */
static struct str head_of(const struct args_command *c)
{
    size_t n = strcspn(c->name, " ");
    return (struct str){c->name, n};
}

static bool same_head(const struct args_command *a, const struct args_command *b)
{
    return str_eq(head_of(a), head_of(b));
}

/* Does a command before it in the table begin alike? */
static bool seen(const struct args_program *program, const struct args_command *c)
{
    for (const struct args_command *before = program->commands; before < c; before++)
        if (same_head(before, c))
            return true;
    return false;
}

static void add_options(struct buf *out, const struct args_option *o)
{
    for (; o != NULL && o->name != NULL; o++)
        buf_printf(out, "--%s ", o->name);
}

/* What may follow this first word, with a blank after each. */
static void add_words(const struct args_program *program, const struct args_command *c,
                      const char *noun, const char *const *nouns, struct buf *out)
{
    bool takes = false;
    for (const struct args_command *other = c; other->name != NULL; other++) {
        struct str head = head_of(other);
        if (!same_head(other, c))
            continue;
        if (other->name[head.n] != '\0')
            buf_printf(out, "%s ", other->name + head.n + 1);
        add_options(out, other->options);
        takes = takes || (noun != NULL && strncmp(other->usage, noun, strlen(noun)) == 0);
    }
    for (size_t i = 0; takes && nouns != NULL && nouns[i] != NULL; i++)
        buf_printf(out, "%s ", nouns[i]);
    add_options(out, program->common);
    buf_printf(out, "--%s", builtin[0]);
}

static void add_heads(const struct args_program *program, struct buf *out)
{
    for (const struct args_command *c = program->commands; c->name != NULL; c++)
        if (!seen(program, c))
            buf_printf(out, "%.*s ", (int)head_of(c).n, c->name);
    buf_printf(out, "--%s --%s", builtin[0], builtin[1]);
}

/* case WORD in …: COMMAND) WORDS=… ;; for each. */
static void add_cases(const struct args_program *program, const char *noun,
                      const char *const *nouns, struct buf *out)
{
    for (const struct args_command *c = program->commands; c->name != NULL; c++) {
        if (seen(program, c))
            continue;
        buf_printf(out, "    %.*s) words='", (int)head_of(c).n, c->name);
        add_words(program, c, noun, nouns, out);
        buf_text(out, "' ;;\n");
    }
}

void args_bash(const struct args_program *program, const char *noun, const char *const *nouns,
               struct buf *out)
{
    buf_printf(out, "# bash: %s\n_%s() {\n    local words=''\n    case ${COMP_WORDS[1]} in\n",
               program->name, program->name);
    add_cases(program, noun, nouns, out);
    buf_text(out, "    esac\n    [ \"$COMP_CWORD\" -gt 1 ] || words='");
    add_heads(program, out);
    buf_printf(out,
               "'\n    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
               "}\ncomplete -o default -F _%s %s\n",
               program->name, program->name);
}

void args_zsh(const struct args_program *program, const char *noun, const char *const *nouns,
              struct buf *out)
{
    buf_printf(out, "#compdef %s\n_%s() {\n    local first=$words[2]\n    local words=''\n",
               program->name, program->name);
    buf_text(out, "    case $first in\n");
    add_cases(program, noun, nouns, out);
    buf_text(out, "    esac\n    (( CURRENT > 2 )) || words='");
    add_heads(program, out);
    buf_printf(out, "'\n    compadd -- ${=words}\n    _files\n}\n_%s \"$@\"\n", program->name);
}

/* Text between single quotes. */
static void fish_text(struct buf *out, const char *text)
{
    buf_u8(out, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            buf_u8(out, '\\');
        buf_u8(out, (uint8_t)*p);
    }
    buf_u8(out, '\'');
}

static void fish_options(struct buf *out, const char *name, const char *when,
                         const struct args_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        buf_printf(out, "complete -c %s%s -l %s%s -d ", name, when, o->name,
                   o->value == NULL ? "" : " -r");
        fish_text(out, say_text(o->help));
        buf_u8(out, '\n');
    }
}

void args_fish(const struct args_program *program, const char *noun, const char *const *nouns,
               struct buf *out)
{
    buf_printf(out, "# fish: %s\n", program->name);
    fish_options(out, program->name, "", program->common);
    for (const struct args_command *c = program->commands; c->name != NULL; c++) {
        struct buf when = {0};
        struct str head = head_of(c);
        buf_printf(&when, " -n '__fish_seen_subcommand_from %.*s'", (int)head.n, c->name);
        buf_u8(&when, 0);
        const char *condition = when.err == ERR_OK ? (const char *)when.p : "";
        if (c->name[head.n] == '\0')
            buf_printf(out, "complete -c %s -n __fish_use_subcommand -a %s -d ", program->name,
                       c->name);
        else
            buf_printf(out, "complete -c %s%s -a %s -d ", program->name, condition,
                       c->name + head.n + 1);
        fish_text(out, say_text(c->help));
        buf_u8(out, '\n');
        fish_options(out, program->name, condition, c->options);
        if (noun != NULL && nouns != NULL && strncmp(c->usage, noun, strlen(noun)) == 0) {
            buf_printf(out, "complete -c %s%s -a '", program->name, condition);
            for (size_t i = 0; nouns[i] != NULL; i++)
                buf_printf(out, "%s%s", i == 0 ? "" : " ", nouns[i]);
            buf_text(out, "'\n");
        }
        buf_done(&when);
    }
}
