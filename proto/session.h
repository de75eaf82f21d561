/* SPDX-License-Identifier: Apache-2.0 */
/* The client's half of one sync conversation as a pure state machine: events in, actions out.
 */
#ifndef PROTO_SESSION_H
#define PROTO_SESSION_H

#include "proto/message.h"

/* The owner feeds events one at a time and carries out the actions in order; at most one store
 * action is outstanding, and its answer is the next event of that kind. No clock: deadlines are
 * the owner's. */
struct session;

enum session_event_type {
    SESSION_EV_OPEN,    /* connected; `hello` is what the store wants to say */
    SESSION_EV_FRAME,   /* one frame body arrived */
    SESSION_EV_PLANNED, /* answer to SESSION_DO_WELCOME */
    SESSION_EV_PUSH,    /* answer to SESSION_DO_PUSH: frame bytes (may be empty) and `last` */
    SESSION_EV_JUDGED,  /* answer to SESSION_DO_VERDICTS */
    SESSION_EV_APPLIED, /* answer to SESSION_DO_PAGES */
    SESSION_EV_LEFT,    /* answer to SESSION_DO_LEAVE */
    SESSION_EV_REBASED, /* answer to SESSION_DO_REBASE: a new `hello` */
    SESSION_EV_CONTENT, /* answer to SESSION_DO_CONTENT: frames in `bytes`, and `waits` */
    SESSION_EV_WIPED,   /* answer to SESSION_DO_WIPE: key and database are gone */
    SESSION_EV_SAVED, /* the person saved something while connected: look at the outbox again */
    SESSION_EV_STORE_FAILED, /* any store action failed with `err` */
};
struct session_event {
    enum session_event_type type;
    struct str bytes;   /* FRAME: body; PUSH: frame */
    struct hello hello; /* OPEN, REBASED */
    bool fork;          /* PLANNED */
    uint64_t push_from; /* PLANNED */
    uint64_t op_last;   /* PLANNED, PUSH: last operation saved */
    uint64_t last;      /* PUSH: last operation in the frame */
    uint64_t through;   /* APPLIED: pulled_through */
    uint64_t erased;    /* LEFT: orders through here are carried out, 0 = none to tell of */
    bool waits;         /* CONTENT: the server has an answer to give */
    enum err err;       /* STORE_FAILED */
};

enum session_action_type {
    SESSION_SEND,        /* bytes */
    SESSION_DO_WELCOME,  /* message: WELCOME */
    SESSION_DO_PUSH,     /* read the outbox after `after` */
    SESSION_DO_VERDICTS, /* message: VERDICTS */
    SESSION_DO_PAGES,    /* session_pages() */
    SESSION_DO_LEAVE,    /* message: LEAVE or ERASE */
    SESSION_DO_CONTENT,  /* message: WANT or CHUNK; type 0: the records are in step, what is
                            there of documents to send and to fetch? */
    SESSION_DO_REBASE,   /* epoch */
    SESSION_DO_WIPE,     /* the device was wiped by its coordinator */
    SESSION_DONE,        /* err: OK = everything sent and received */
};
struct session_action {
    enum session_action_type type;
    struct str bytes;       /* SEND: valid until the next step */
    struct message message; /* DO_WELCOME, DO_VERDICTS, DO_LEAVE, DO_CONTENT: views valid until
                               the answer */
    uint64_t after;
    uint32_t epoch;
    enum err err;
    uint32_t retry_ms; /* DONE: the server asks to wait */
};
enum {
    SESSION_ACTIONS_MAX = 8,
    SESSION_FRAMES_MAX = 32,    /* frames kept until the store has taken them */
    SESSION_BATCH_ROWS = 10000, /* rows past which a DO_PAGES is closed */
    SESSION_FORKS_MAX = 2, /* new epochs in one conversation: more is a server gone wrong */
};

NODISCARD struct session *session_new(bool live);
void session_free(struct session *session);
/* Feed one event; returns the number of actions written. NOMEM ends in SESSION_DONE too. */
size_t session_step(struct session *session, const struct session_event *event,
                    struct session_action actions[SESSION_ACTIONS_MAX]);
/* Do not feed a frame while this is true: the store is behind. An answer of the store ends it.
 */
bool session_full(const struct session *session);
/* The pages of a DO_PAGES action, and the IDLE that closes them (NULL when there is none yet);
 * valid until SESSION_EV_APPLIED. */
size_t session_pages(const struct session *session, const struct page **pages,
                     const struct idle **idle);
/* Is a push on its way whose verdicts are not stored yet? */
bool session_pushing(const struct session *session);
/* Are contents of documents on their way, or about to be? They come after the records. */
bool session_contents(const struct session *session);
/* Has the server said that nothing is left, is everything of ours judged, and are the contents
 * where they should be? */
bool session_idle(const struct session *session);

#endif
