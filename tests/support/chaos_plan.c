/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/chaos.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

void chaos_plan_init(struct chaos_plan *plan)
{
    *plan = (struct chaos_plan){.signal = 9};
    plan->target.sin_family = AF_INET;
    for (int i = 0; i < CHAOS_SIDES; i++)
        plan->side[i] = (struct chaos_faults){CHAOS_NEVER, CHAOS_NEVER, CHAOS_NEVER,
                                              CHAOS_NEVER, CHAOS_NEVER};
}

/* A number that ends at `stop`. */
static bool take_number(const char **at, char stop, uint64_t *out)
{
    if (**at < '0' || **at > '9')
        return false;
    char *end = NULL;
    uint64_t n = strtoull(*at, &end, 10);
    if (*end != stop)
        return false;
    *at = stop == '\0' ? end : end + 1;
    *out = n;
    return true;
}

static bool take_target(const char *text, struct sockaddr_in *out)
{
    const char *colon = strrchr(text, ':');
    char host[INET_ADDRSTRLEN] = "";
    uint64_t port = 0;
    struct in_addr addr;
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    colon++;
    if (inet_pton(AF_INET, host, &addr) != 1 || !take_number(&colon, '\0', &port) ||
        port > UINT16_MAX)
        return false;
    out->sin_addr = addr;
    out->sin_port = htons((uint16_t)port);
    return true;
}

static bool take_delay(const char *text, struct chaos_plan *plan)
{
    uint64_t low = 0;
    uint64_t high = 0;
    const char *at = text;
    if (!take_number(&at, '-', &low))
        return take_number(&text, '\0', &plan->delay_ms_min) &&
               take_number(&text, '\0', &plan->delay_ms_max);
    if (!take_number(&at, '\0', &high) || high < low)
        return false;
    plan->delay_ms_min = low;
    plan->delay_ms_max = high;
    return true;
}

/* The number that FAULT_up or FAULT_down means; NULL when it is neither. */
static uint64_t *fault_named(struct chaos_plan *plan, const char *name)
{
    static const char *const ends[CHAOS_SIDES] = {"_up", "_down"};
    for (int i = 0; i < CHAOS_SIDES; i++) {
        struct chaos_faults *f = &plan->side[i];
        const struct {
            const char *name;
            uint64_t *at;
        } faults[] = {{"reset", &f->reset},
                      {"cut", &f->cut},
                      {"swallow", &f->swallow},
                      {"corrupt", &f->corrupt},
                      {"kill", &f->kill}};
        for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
            size_t n = strlen(faults[k].name);
            if (strncmp(name, faults[k].name, n) == 0 && strcmp(name + n, ends[i]) == 0)
                return faults[k].at;
        }
    }
    return NULL;
}

static bool take_word(struct chaos_plan *plan, const char *name, const char *value)
{
    uint64_t n = 0;
    if (strcmp(name, "target") == 0)
        return take_target(value, &plan->target);
    if (strcmp(name, "delay_ms") == 0)
        return take_delay(value, plan);
    if (!take_number(&value, '\0', &n))
        return false;
    uint64_t *fault = fault_named(plan, name);
    if (fault != NULL)
        *fault = n;
    else if (strcmp(name, "rate") == 0)
        plan->rate = n;
    else if (strcmp(name, "slice") == 0)
        plan->slice = n;
    else if (strcmp(name, "blackhole") == 0)
        plan->blackhole = n != 0;
    else if (strcmp(name, "pid") == 0 && n > 1 && n < INT32_MAX)
        plan->pid = (pid_t)n;
    else if (strcmp(name, "signal") == 0 && n < 65)
        plan->signal = (int)n;
    else
        return false;
    return true;
}

enum err chaos_plan_word(struct chaos_plan *plan, const char *word, struct note *why)
{
    char name[CHAOS_WORD_BYTES] = "";
    const char *equals = strchr(word, '=');
    if (equals == NULL || (size_t)(equals - word) >= sizeof name)
        return note_set(why, ERR_USAGE, "not a word of a plan: %.60s", word);
    memcpy(name, word, (size_t)(equals - word));
    if (!take_word(plan, name, equals + 1))
        return note_set(why, ERR_USAGE, "not a word of a plan: %.60s", word);
    return ERR_OK;
}

enum err chaos_plan_line(struct chaos_plan *plan, const char *line, struct note *why)
{
    struct chaos_plan fresh;
    chaos_plan_init(&fresh);
    fresh.target = plan->target;
    while (*line != '\0') {
        size_t n = strcspn(line, " ");
        char word[CHAOS_WORD_BYTES] = "";
        if (n >= sizeof word)
            return note_set(why, ERR_USAGE, "word too long");
        memcpy(word, line, n);
        enum err err = n == 0 ? ERR_OK : chaos_plan_word(&fresh, word, why);
        if (err != ERR_OK)
            return err;
        line += n;
        line += *line == ' ';
    }
    *plan = fresh;
    return ERR_OK;
}
