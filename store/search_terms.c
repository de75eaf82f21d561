/* SPDX-License-Identifier: Apache-2.0 */
#include "store/search_terms.h"

#include "store/inside.h"

/* The words of the index as a table, which the engine makes up as it is read. */
static const char vocabulary[] =
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word_term USING fts5vocab(main,word,instance)";
/* A walk would go through every row of every word: each word is looked up after the last. */
static const char next_term[] = "SELECT term FROM temp.word_term WHERE term>=?1 LIMIT 1";

enum { AFTER = 1 /* a byte before all that words are made of */ };

/* The first word from `at` on, if it begins with `word`, in place of `at`. */
static enum err look(struct store *s, struct stmt *stmt, struct str word, struct buf *at,
                     bool *found)
{
    struct buf next = {0};
    if (at->err != ERR_OK)
        return at->err;
    bind_text(stmt, 1, buf_str(at));
    enum step step = stmt_step(stmt);
    struct str term = step == STEP_ROW ? col_text(stmt, 0) : STR("");
    *found = term.n >= word.n && memcmp(term.p, word.p, word.n) == 0;
    if (*found)
        buf_add(&next, term.p, term.n);
    enum err err = step == STEP_FAILED ? db_error(s->db) : next.err;
    stmt_reset(stmt);
    buf_done(at);
    *at = next;
    return err;
}

/* Append the words that begin so, with OR between them; *n: how many, more than
 * SEARCH_TERMS_MAX: not all of them. */
static enum err spell(struct store *s, struct stmt *stmt, struct str word, struct buf *out,
                      size_t *n)
{
    struct buf at = {0};
    bool found = true;
    enum err err = ERR_OK;
    *n = 0;
    buf_add(&at, word.p, word.n);
    while (err == ERR_OK && found && *n <= SEARCH_TERMS_MAX) {
        err = look(s, stmt, word, &at, &found);
        if (err != ERR_OK || !found)
            continue;
        buf_text(out, (*n)++ == 0 ? "\"" : " OR \"");
        buf_add(out, at.p, at.n);
        buf_u8(out, '"');
        buf_u8(&at, AFTER);
    }
    buf_done(&at);
    return err == ERR_OK ? out->err : err;
}

enum err search_terms_match(struct store *s, const struct words *words, struct buf *out,
                            bool *whole)
{
    struct stmt *stmt = NULL;
    const size_t start = out->n;
    size_t n = 1;
    *whole = true;
    enum err err = db_exec(s->db, vocabulary);
    if (err == ERR_OK)
        err = db_prepare(s->db, next_term, &stmt);
    for (size_t i = 0; i < words->n && n > 0 && err == ERR_OK; i++) {
        buf_text(out, i == 0 ? "(" : " AND (");
        const size_t before = out->n;
        err = spell(s, stmt, words->word[i], out, &n);
        if (err == ERR_OK && n > SEARCH_TERMS_MAX) {
            *whole = false;
            out->n = before;
            search_match_word(words->word[i], out);
        }
        buf_u8(out, ')');
    }
    stmt_free(stmt);
    if (err != ERR_OK || n == 0)
        out->n = start;
    return err == ERR_OK ? out->err : err;
}
