/* SPDX-License-Identifier: Apache-2.0 */
/* Who may see a dossier of another structure, worked out from the rows alone. */
#include "tests/e2e/crucible/crucible.h"

#include "tests/support/dump.h"

static bool is(struct str line, const char *name, const char *value)
{
    return str_eq(line_field(line, name), str_of(value));
}

/* The consent stands, and covers what the referral says. */
static bool covered(const struct comparison *k, struct str referral, struct str person)
{
    struct str consent = line_of(buf_str(&k->all), "consent", line_field(referral, "consent"));
    return consent.n > 0 && !line_deleted(consent) &&
           line_field(consent, "withdrawn_on").n == 0 &&
           is(consent, "purpose", "share_structure") &&
           str_eq(line_field(consent, "person"), person) &&
           str_eq(line_field(consent, "recipient"), line_field(referral, "to")) &&
           (is(consent, "shares", "facts_notes") || is(referral, "shares", "facts"));
}

static bool stands(struct str referral)
{
    return !line_deleted(referral) &&
           (line_field(referral, "answer").n == 0 || is(referral, "answer", "pending") ||
            is(referral, "answer", "accepted"));
}

bool referred_to(const struct comparison *k, const struct device *d, struct str person,
                 bool notes)
{
    const struct staff *me = &k->c->staff[d->staff];
    bool coach = me->part == PART_COACH;
    struct str rest = buf_str(&k->all);
    while (rest.n > 0) {
        struct str line = dump_line(&rest);
        if (line_is(line, "referral") && stands(line) &&
            str_eq(line_field(line, "person"), person) &&
            is(line, "to", k->c->structures[me->home]) &&
            (!coach || is(line, "staff", me->id)) && covered(k, line, person) &&
            (!notes || (coach && is(line, "shares", "facts_notes"))))
            return true;
    }
    return false;
}
