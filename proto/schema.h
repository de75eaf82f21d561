/* SPDX-License-Identifier: Apache-2.0 */
/* What a table and a field declaration say; look-ups over THE declaration in schema_tables.c.
 */
#ifndef PROTO_SCHEMA_H
#define PROTO_SCHEMA_H

#include "proto/buf.h"

struct value;

/* Numeric ids travel and are never reused; golden tests freeze them. */
enum {
    FIELD_ID_MAX = 200,  /* a table's own fields are 1..200 */
    FIELD_DELETED = 240, /* bool, on every row */
    SCHEMA_TABLE_ID_MAX = 1000,
    SCHEMA_FIELDS_MAX = 64, /* own fields of one table */
    EXACTLY_ONE_MAX = 3,
    SCHEMA_VERSION = 4, /* grows with each addition */
};

enum kind {
    KIND_TEXT = 1, /* UTF-8, .max characters (0 = no own limit) */
    KIND_INT,      /* .min..max */
    KIND_REAL,     /* .min..max */
    KIND_BOOL,
    KIND_DATE,    /* a calendar day: days since 1970-01-01 */
    KIND_TIME,    /* minutes since midnight, 0..1439 */
    KIND_INSTANT, /* ms since 1970 UTC, made by programs only */
    KIND_ENUM,    /* a code word; .codes, and rows of `code` when .open */
    KIND_REF,     /* id of a row of .ref */
    KIND_ID,      /* an id that points to no one table */
    KIND_RAW,     /* MessagePack of field values, made by programs only */
};

/* How two concurrent edits of one field are brought together (see merge.h). */
enum merge_rule {
    MERGE_LATEST = 0, /* later edit time wins, the loser waits in the inbox */
    MERGE_LATTICE,    /* the further state wins; order in .codes, see below */
    MERGE_TEXT,       /* three-way by paragraph; overlap is a conflict */
    MERGE_REVIEW,     /* the current value stays until .decider decides */
    MERGE_FROZEN,     /* never changes after the first save */
    MERGE_ONCE,       /* frozen once set: empty -> value; two values -> as REVIEW */
};

/* Roles, also bit masks. A role is held in one structure. */
enum role {
    ROLE_JOBCOACH = 1,
    ROLE_MANAGER = 2,
    ROLE_COORDINATOR = 4,
    ROLE_ADMIN = 8,
    ROLE_FEDERATION = 16, /* coordinator of a structure of kind federation; derived */
    ROLE_ANY = 31,
    ROLE_RECEIVER = 32, /* of a referral, in the dossier it opens; derived, never decides */
};

enum facet { FACET_FACTS = 1, FACET_NOTES = 2, FACET_VAULT = 4 }; /* also bit masks */

/* How the scope of a row is found. */
enum scope_rule {
    SCOPE_NETWORK = 1, /* reference data of the whole network */
    SCOPE_STRUCTURE,   /* the structure named by .scope_field */
    SCOPE_PERSON,      /* the row IS a dossier, inside the structure named by .scope_field */
    SCOPE_OF_REF,      /* as the row .scope_field refers to; when empty, the structure named by
                          .scope_else, or as the row of another table it refers to */
    SCOPE_OF_ROW,      /* as the row named by the pair .scope_table_field (enum of table names),
                          .scope_field */
};

/* How a row is tied to another of its table that is the same thing. The field stays open when
 * its row is locked. */
enum tie {
    TIE_NONE = 0,
    TIE_MERGED, /* the other stands for both: lists show that one, what hangs on either hangs on
                   both */
    TIE_LINKED, /* both are shown, sums count them once */
};

enum sensitivity { SENS_NONE = 0, SENS_PERSONAL, SENS_SECRET, SENS_GDPR9, SENS_NATIONAL };
enum retention { KEEP_REFERENCE = 1, KEEP_DOSSIER, KEEP_VAULT, KEEP_EVIDENCE, KEEP_AUDIT };
enum purpose { FOR_INFORM = 1, FOR_ACCOMPANY, FOR_PROVE, FOR_CARE, FOR_PROTECT };
/* By what right personal data is kept (GDPR art. 6, and 9 for the vault). */
enum basis {
    BASIS_NONE_PERSONAL = 1, /* no personal data */
    BASIS_MISSION,           /* task of public interest, 6.1.e */
    BASIS_CONTRACT,          /* 6.1.b */
    BASIS_LAW,               /* legal obligation, 6.1.c */
    BASIS_CONSENT,           /* 6.1.a */
    BASIS_SOCIAL_LAW, /* 6.1.e with 9.2.b and 10: rights and duties of social protection */
};

/* What the last two digits of a Belgian number are made of; a wrong one is told, not refused.
 */
enum check { CHECK_NONE = 0, CHECK_NATIONAL, CHECK_COMPANY };

struct field {
    uint16_t id;      /* 1..FIELD_ID_MAX, never reused */
    const char *name; /* English identifier */
    enum kind kind;
    bool required;     /* may not be empty */
    bool once_per_row; /* reserved for display: shown in the row's title */
    bool open;         /* ENUM: rows of `code` with list = .list may add codes */
    enum merge_rule merge;
    uint8_t group; /* fields with the same number > 0 are merged as one unit */
    uint16_t ref;  /* REF: table id */
    int64_t min,
        max; /* INT, REAL (in hundredths), TEXT: characters; both 0 = kind's own range */
    const char *const
        *codes; /* ENUM: NULL-terminated, in lattice order; "<" and "," see below */
    const char
        *lattice;     /* LATTICE: e.g. "planned<in_progress<done,dropped": ranks grow at '<' */
    const char *list; /* ENUM, open: name of the list in `code` */
    uint8_t list_field;    /* ENUM, open, without a list: the field of the row that names it */
    const char *words;     /* ENUM: name of its codes, under which they have labels (codes.h) */
    uint8_t decider;       /* REVIEW, ONCE: role that decides */
    enum tie tie;          /* REF to the own table: what was entered twice (schema_tie) */
    bool masked;           /* TEXT: shown only when asked for, which is logged (value_show) */
    enum check check;      /* TEXT: value_doubtful */
    bool indexed;          /* lists are read in its order, or from one value to another */
    bool author_structure; /* filled with the author's structure when left out */
    const char *label;     /* French label; translated through the catalogues */
};

struct table {
    uint16_t id; /* never reused */
    const char *name;
    const char *label; /* French */
    enum scope_rule scope;
    uint16_t scope_field, scope_else, scope_table_field; /* field ids, 0 = none */
    uint8_t facet;        /* enum facet; of_row tables take their row's facet instead when 0 */
    uint8_t writers;      /* mask of roles that may insert and change */
    bool append_only;     /* every field FROZEN after the first save, except ONCE fields */
    uint16_t facet_field; /* facet 0: a frozen ENUM that names each row's facet ... */
    const uint8_t *code_facets; /* ... in the order of its codes */
    bool program_only;          /* rows are made by the server only (conflict); people change
                                   .open_fields */
    bool logged;          /* program_only, but replicas make them too (store/access.h): what
                             people did, whatever their rights */
    uint64_t open_fields; /* program_only: bit n-1 = field id n may be edited by people */
    uint16_t freeze_via;  /* 0: own field .freeze_field; else a REF field, whose row is asked */
    uint16_t freeze_field;   /* 0 = never frozen; else field id (of that row) ... */
    const char *freeze_code; /* ... which freezes every other field once it has this code; "":
                                all fields, its own too, once a text is there */
    uint16_t derived[4];     /* field ids the row id is derived from, 0-ended; empty = UUIDv7 */
    uint8_t exactly_one[EXACTLY_ONE_MAX]; /* two or three field ids of which exactly one is set,
                                             0-ended */
    enum sensitivity sensitivity;
    enum retention retention;
    enum purpose purpose;
    enum basis basis;
    const struct field *fields; /* in id order */
    uint16_t field_count;
};

/* A set of tables; the real one is schema_jalon, tests make larger ones. */
struct schema {
    const struct table *tables; /* in id order */
    uint16_t table_count;
    uint32_t version;
};
extern const struct schema schema_jalon;

/* Table ids other code needs by name. */
enum {
    TABLE_STRUCTURE = 1,
    TABLE_SITE,
    TABLE_STAFF,
    TABLE_STAFF_ROLE,
    TABLE_PATHWAY_MODEL,
    TABLE_PHASE,
    TABLE_CODE,
    TABLE_PARAMETER,
    TABLE_COMPANY,
    TABLE_POSITION,
    TABLE_PROJECT,
    TABLE_RESOURCE,
    TABLE_TESTIMONIAL,
    TABLE_EVENT,
    TABLE_BARRIER,
    TABLE_PROJECT_PARTNER,
    TABLE_VISIT_REQUEST,
    TABLE_IMPROVEMENT,
    TABLE_SESSION = 30,
    TABLE_SESSION_STAFF,
    TABLE_CONTACT,
    TABLE_COMPANY_NOTE,
    TABLE_ACCREDITATION,
    TABLE_DEADLINE,
    TABLE_READ_MARK,
    TABLE_STAFF_TRAINING,
    TABLE_STAFF_REVIEW,
    TABLE_PERSON = 50,
    TABLE_PATHWAY,
    TABLE_STEP,
    TABLE_ASSIGNMENT,
    TABLE_ATTENDANCE,
    TABLE_SESSION_NOTE,
    TABLE_SESSION_ADDENDUM,
    TABLE_OBJECTIVE,
    TABLE_ACTION,
    TABLE_AGREEMENT,
    TABLE_CONTRACT,
    TABLE_INTERNSHIP,
    TABLE_JOB_FOLLOWUP,
    TABLE_DOCUMENT,
    TABLE_CONTACT_POINT,
    TABLE_PERSON_TAG,
    TABLE_PERSON_LANGUAGE,
    TABLE_STATUS_PERIOD,
    TABLE_OBSTACLE,
    TABLE_PATHWAY_PLAN,
    TABLE_ELIGIBILITY_CHECK,
    TABLE_CONSENT,
    TABLE_REFERRAL,
    TABLE_IDENTITY_NUMBER,
    TABLE_SENSITIVE_FACT,
    TABLE_ASSESSMENT,
    TABLE_ASSESSMENT_AXIS,
    TABLE_AGREEMENT_SIGNATURE,
    TABLE_CONTRACT_AID,
    TABLE_CANDIDACY,
    TABLE_TRAINING,
    TABLE_SKILL_VALIDATION,
    TABLE_EXIT,
    TABLE_PARTICIPATION,
    TABLE_PARTICIPATION_ANSWER,
    TABLE_BARRIER_CASE,
    TABLE_REGISTRATION,
    TABLE_CONFLICT = 90,
    TABLE_DUPLICATE_CASE,
    TABLE_ERASURE,
    TABLE_ACCESS_LOG,
};

/* Field ids other code needs by name; all others are found through their table. */
enum {
    FIELD_STAFF_STRUCTURE = 3,

    FIELD_COMPANY_NAME = 1,
    FIELD_COMPANY_NO,
    FIELD_COMPANY_POSTCODE = 5,
    FIELD_COMPANY_SITE_OF = 8,

    FIELD_PERSON_NAME = 1,
    FIELD_PERSON_FIRST_NAME,
    FIELD_PERSON_BIRTH_DATE,
    FIELD_PERSON_STRUCTURE = 13,
    FIELD_PERSON_MERGED_INTO,

    FIELD_STAFF_ROLE_STAFF = 1,
    FIELD_STAFF_ROLE_STRUCTURE,
    FIELD_STAFF_ROLE_ROLE,
    FIELD_STAFF_ROLE_START,
    FIELD_STAFF_ROLE_END,

    FIELD_CONSENT_PURPOSE = 2,
    FIELD_CONSENT_RECIPIENT,
    FIELD_CONSENT_SHARES,
    FIELD_CONSENT_GIVEN_ON,
    FIELD_CONSENT_UNTIL,
    FIELD_CONSENT_WITHDRAWN_ON,

    FIELD_REFERRAL_FROM = 2,
    FIELD_REFERRAL_TO,
    FIELD_REFERRAL_STAFF,
    FIELD_REFERRAL_CONSENT,
    FIELD_REFERRAL_SHARES,
    FIELD_REFERRAL_INFORMED,
    FIELD_REFERRAL_NEEDED = 11,
    FIELD_REFERRAL_SENT_ON = 13,
    FIELD_REFERRAL_ANSWER,
    FIELD_REFERRAL_REFUSAL,
    FIELD_REFERRAL_APPOINTMENT,
    FIELD_REFERRAL_STARTED_ON,

    FIELD_SESSION_PERSON = 2,
    FIELD_SESSION_DATE = 4,
    FIELD_SESSION_COMPANY = 8,
    FIELD_SESSION_SAME_AS = 15,
    FIELD_SESSION_STATE,

    FIELD_DEADLINE_OF_TABLE = 1,
    FIELD_DEADLINE_OF_ROW,
    FIELD_DEADLINE_LABEL,
    FIELD_DEADLINE_DUE,
    FIELD_DEADLINE_REMIND,
    FIELD_DEADLINE_OWNER,
    FIELD_DEADLINE_STATE,
    FIELD_DEADLINE_DONE_ON,
    FIELD_DEADLINE_PROOF,
    FIELD_DEADLINE_SOURCE,
    FIELD_DEADLINE_RULE,

    FIELD_ASSESSMENT_STATE = 4,
    FIELD_AGREEMENT_DIGEST = 8,
    FIELD_EXIT_PATHWAY = 1,

    FIELD_CONFLICT_OF_TABLE = 1,
    FIELD_CONFLICT_OF_ROW,
    FIELD_CONFLICT_OF_FIELD,
    FIELD_CONFLICT_BASE,
    FIELD_CONFLICT_CURRENT,
    FIELD_CONFLICT_OTHER,
    FIELD_CONFLICT_CURRENT_BY,
    FIELD_CONFLICT_CURRENT_AT,
    FIELD_CONFLICT_OTHER_BY,
    FIELD_CONFLICT_OTHER_AT,
    FIELD_CONFLICT_RECEIVED,
    FIELD_CONFLICT_ORIGIN,
    FIELD_CONFLICT_DECIDER,
    FIELD_CONFLICT_REASON,
    FIELD_CONFLICT_STATE,
    FIELD_CONFLICT_DECISION,
    FIELD_CONFLICT_DECIDED_REASON,

    FIELD_DUPLICATE_KIND = 1,
    FIELD_DUPLICATE_LEFT,
    FIELD_DUPLICATE_RIGHT,
    FIELD_DUPLICATE_SCORE,
    FIELD_DUPLICATE_WHY,
    FIELD_DUPLICATE_FOUND,
    FIELD_DUPLICATE_STATE,
    FIELD_DUPLICATE_DECIDED_REASON,
    FIELD_DUPLICATE_TIED,

    FIELD_ERASURE_DOSSIER = 1,
    FIELD_ERASURE_STRUCTURE,
    FIELD_ERASURE_REASON,
    FIELD_ERASURE_ASKED_AS,
    FIELD_ERASURE_STATE,
    FIELD_ERASURE_SIGNED_AS,

    FIELD_ACCESS_PERSON = 1,
    FIELD_ACCESS_STAFF,
    FIELD_ACCESS_OPENED,
    FIELD_ACCESS_AT,
    FIELD_ACCESS_REASON,
};

/* The field every row has without declaring it; schema_field and schema_field_named do not
 * return it. */
extern const struct field schema_field_deleted;

/* NULL when there is none. */
const struct table *schema_table(const struct schema *schema, uint16_t id);
const struct table *schema_table_named(const struct schema *schema, struct str name);
const struct field *schema_field(const struct table *table, uint16_t id);
/* The same, or the one of a deletion. */
const struct field *schema_field_or_deleted(const struct table *table, uint16_t id);
const struct field *schema_field_named(const struct table *table, struct str name);
/* Position of the field in table->fields, or -1. */
int schema_field_index(const struct table *table, uint16_t id);
/* Rank of a code in a LATTICE field, or -1 when it is not in the lattice. */
int schema_lattice_rank(const struct field *field, struct str code);
/* Is the code one of field->codes? */
bool schema_code_known(const struct field *field, struct str code);
/* The list of `code` that an open enum's codes stand in, empty when there is none; values: the
 * row's. */
struct str schema_list(const struct table *table, const struct field *field,
                       const struct value *values);
/* The facet a code of the table's facet_field names; 0: none. */
uint8_t schema_code_facet(const struct table *table, struct str code);
/* Are rows looked up by this field, in a table that grows with the work? By a field marked so,
 * by the row they hang on, and by every reference to what the field staff enters; not by
 * structure, phase or project, of which there are few. */
bool schema_looked_up(const struct schema *schema, const struct table *table,
                      const struct field *field);
/* The field of the table that ties its rows to each other; NULL when there is none. */
const struct field *schema_tie(const struct table *table);
/* Is the field locked after the first save, by itself or by its append-only table? */
bool schema_field_frozen(const struct table *table, const struct field *field);
/* The declaration's own rules: ids unique and ascending, names unique, refs exist, scope fields
 * exist and are frozen, lattices match codes, limits sane, labels and purposes present.
 * INVALID with the first mistake in `why`. */
NODISCARD enum err schema_lint(const struct schema *schema, struct note *why);

#endif
