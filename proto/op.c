/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/op.h"

#include "proto/hash.h"

enum { HEAD_ITEMS = 8, INSERT_STEP = 2, UPDATE_STEP = 5, CHANGE_HEAD = 3 };

void op_writer_init(struct op_writer *w)
{
    buf_init(&w->body, OP_BYTES_MAX);
    w->changes = 0;
}

void op_writer_done(struct op_writer *w)
{
    buf_done(&w->body);
    w->changes = 0;
}

void op_writer_clear(struct op_writer *w)
{
    buf_clear(&w->body);
    w->changes = 0;
}

struct id op_closing_id(uint32_t epoch, uint64_t op_no)
{
    struct id id = {0};
    for (size_t i = 0; i < sizeof epoch; i++)
        id.b[i] = (uint8_t)(epoch >> (8 * (sizeof epoch - 1 - i)));
    for (size_t i = 0; i < sizeof op_no; i++)
        id.b[ID_BYTES - sizeof op_no + i] = (uint8_t)(op_no >> (8 * (sizeof op_no - 1 - i)));
    return id;
}

bool op_closing_of(const struct id *id, uint32_t *epoch, uint64_t *op_no)
{
    uint32_t e = 0;
    uint64_t n = 0;
    for (size_t i = 0; i < sizeof e; i++)
        e = e << 8 | id->b[i];
    for (size_t i = ID_BYTES - sizeof n; i < ID_BYTES; i++)
        n = n << 8 | id->b[i];
    struct id again = op_closing_id(e, n);
    if (n == 0 || n > INT64_MAX || !id_eq(&again, id))
        return false;
    *epoch = e;
    *op_no = n;
    return true;
}

static void change_begin(struct op_writer *w, enum change_kind kind, uint16_t table,
                         const struct id *row, uint32_t items)
{
    w->changes++;
    pack_array(&w->body, CHANGE_HEAD + items);
    pack_int(&w->body, (int64_t)kind);
    pack_int(&w->body, table);
    pack_id(&w->body, row);
}

void change_begin_insert(struct op_writer *w, uint16_t table, const struct id *row,
                         uint32_t fields)
{
    change_begin(w, CHANGE_INSERT, table, row, fields * INSERT_STEP);
}

void change_begin_update(struct op_writer *w, uint16_t table, const struct id *row,
                         uint32_t fields)
{
    change_begin(w, CHANGE_UPDATE, table, row, fields * UPDATE_STEP);
}

void change_field_base(struct op_writer *w, uint16_t field, struct stamp base)
{
    pack_int(&w->body, field);
    pack_uint(&w->body, base.hlc);
    pack_uint(&w->body, base.origin);
}

enum err op_write(const struct op_head *head, const struct op_writer *w, struct buf *out)
{
    size_t before = out->n;
    pack_array(out, HEAD_ITEMS);
    pack_uint(out, head->op_no);
    pack_uint(out, head->prev_hash);
    pack_uint(out, head->hlc);
    pack_int(out, head->wall_ms);
    pack_uint(out, head->seen);
    pack_uint(out, head->form);
    pack_id(out, &head->actor);
    pack_array(out, w->changes);
    buf_add(out, w->body.p, w->body.n);
    enum err err = w->body.err != ERR_OK ? w->body.err : out->err;
    if (err == ERR_OK && (out->n - before > OP_BYTES_MAX || w->changes > OP_CHANGES_MAX))
        err = ERR_LIMIT;
    size_t used = 0;
    if (err == ERR_OK)
        err = pack_check((struct str){(const char *)out->p + before, out->n - before},
                         PACK_DEPTH_MAX, PACK_NODES_MAX, &used);
    if (err == ERR_OK && used != out->n - before)
        err = ERR_FORMAT;
    if (err != ERR_OK)
        out->n = before;
    return err;
}

enum err op_read_again(struct str op, struct op_head *head, struct cur *changes)
{
    struct cur cur = cur_of(op.p, op.n);
    uint32_t items = unpack_array(&cur);
    struct op_head read = {.op_no = unpack_uint(&cur), .prev_hash = unpack_uint(&cur)};
    read.hlc = unpack_uint(&cur);
    read.wall_ms = unpack_int(&cur);
    read.seen = unpack_uint(&cur);
    read.form = unpack_u32(&cur);
    read.actor = unpack_id(&cur);
    read.changes = unpack_array(&cur);
    if (cur.bad || items != HEAD_ITEMS || read.op_no == 0 || read.op_no > INT64_MAX ||
        read.hlc == 0 || read.hlc > INT64_MAX)
        return ERR_FORMAT;
    if (read.changes > OP_CHANGES_MAX)
        return ERR_LIMIT;
    *head = read;
    *changes = cur;
    return ERR_OK;
}

enum err op_read(struct str bytes, struct op_head *head, struct cur *changes, size_t *used)
{
    size_t n = 0;
    enum err err = pack_check(bytes, PACK_DEPTH_MAX, PACK_NODES_MAX, &n);
    if (err != ERR_OK)
        return err;
    if (n > OP_BYTES_MAX)
        return ERR_LIMIT;
    err = op_read_again((struct str){bytes.p, n}, head, changes);
    if (err == ERR_OK)
        *used = n;
    return err;
}

struct change op_change(struct cur *cur)
{
    struct change change = {0};
    uint32_t items = unpack_array(cur);
    change.kind = (enum change_kind)unpack_int_in(cur, CHANGE_INSERT, CHANGE_UPDATE);
    change.table = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
    change.row = unpack_id(cur);
    uint32_t step = change.kind == CHANGE_INSERT ? INSERT_STEP : UPDATE_STEP;
    if (items < CHANGE_HEAD || (items - CHANGE_HEAD) % step != 0)
        cur->bad = true;
    else
        change.fields = (items - CHANGE_HEAD) / step;
    return change;
}

struct stamp op_field_base(struct cur *cur, uint16_t *field)
{
    *field = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
    struct stamp base = {.hlc = unpack_uint(cur)};
    base.origin = unpack_u32(cur);
    return base;
}

void op_skip_fields(const struct change *change, struct cur *cur)
{
    uint32_t step = change->kind == CHANGE_INSERT ? INSERT_STEP : UPDATE_STEP;
    for (uint32_t i = 0; i < change->fields * step && !cur->bad; i++)
        (void)unpack_any(cur);
}

uint64_t op_hash(uint64_t prev_hash, struct str op)
{
    return hash64(prev_hash, op.p, op.n);
}

const char *reason_word(enum reason reason)
{
    static const char *const words[REASON_COUNT] = {
#define X(name, word) word,
        REASON_LIST(X)
#undef X
    };
    return (unsigned)reason < REASON_COUNT ? words[reason] : "unknown";
}

const char *reason_text(enum reason reason)
{
    static const char *const texts[REASON_COUNT] = {
        [REASON_RIGHTS] = N_("les droits de l'auteur ne le permettaient pas (ou plus)"),
        [REASON_INVALID] = N_("une valeur ne convient pas"),
        [REASON_FROZEN] = N_("la fiche était déjà validée ou verrouillée"),
        [REASON_MISSING] = N_("une fiche nécessaire n'existe pas sur le serveur"),
        [REASON_DEPENDS] = N_("elle dépend d'une saisie refusée"),
        [REASON_UNKNOWN] = N_("le serveur ne connaît pas cette table : il est plus ancien"),
        [REASON_SCOPE] = N_("la fiche n'appartient à aucune structure connue"),
        [REASON_MASS] = N_("trop de suppressions à la fois : une personne doit confirmer"),
        [REASON_CONSENT] = N_("le consentement manquait, était retiré ou ne couvrait pas cela"),
        [REASON_ERASED] = N_("ce dossier a été effacé à la demande de deux personnes"),
    };
    const char *text = (unsigned)reason < REASON_COUNT ? texts[reason] : NULL;
    return text == NULL ? N_("sans raison connue") : text;
}

const char *verdict_word(enum verdict verdict)
{
    static const char *const words[] = {"none", "applied", "merged", "conflict", "refused"};
    return (unsigned)verdict <= VERDICT_REFUSED ? words[verdict] : "unknown";
}
