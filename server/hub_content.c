/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's part in contents of documents: a peer's messages about them wait for a job of their
 * own, behind its records and behind the light work of everybody. */
#include "server/hub_inside.h"
#include "store/depot.h"

void hub_content_take(struct hub *hub, struct hub_peer *peer, struct str frame)
{
    bool much = hub->content_bytes + frame.n > LIMIT_CONTENT_BYTES;
    if (peer->contents_n == MESSAGE_CONTENTS_AHEAD) {
        hub_end(hub, peer, ERR_PROTOCOL);
        return;
    }
    struct hub_content *m = much ? NULL : mem_new(sizeof *m + frame.n);
    if (m == NULL) {
        hub_end_soon(hub, peer);
        return;
    }
    m->n = frame.n;
    memcpy(m->body, frame.p, frame.n);
    struct hub_content **at = &peer->contents;
    while (*at != NULL)
        at = &(*at)->next;
    *at = m;
    peer->contents_n++;
    hub->content_bytes += m->n;
    hub_device_spend(hub, peer, 0, m->n);
    hub_flow(hub, peer);
    hub_ready(hub, peer);
}

bool hub_content_due(const struct hub_peer *peer)
{
    return peer->contents != NULL && !peer->filled && !peer->leaving;
}

void hub_content_give(struct hub_peer *peer, struct hub_job *job)
{
    job->kind = HUB_JOB_CONTENT;
    job->contents = peer->contents;
    job->contents_n = peer->contents_n;
    peer->contents = NULL;
    peer->contents_n = 0;
}

static size_t free_list(struct hub_content *m)
{
    size_t bytes = 0;
    while (m != NULL) {
        struct hub_content *next = m->next;
        bytes += m->n;
        mem_free(m);
        m = next;
    }
    return bytes;
}

void hub_content_run(struct store *s, struct hub_job *job)
{
    struct message requests[MESSAGE_CONTENTS_AHEAD];
    size_t count = 0;
    for (struct hub_content *m = job->contents; m != NULL; m = m->next) {
        job->err = message_read((struct str){(const char *)m->body, m->n}, &requests[count++]);
        if (job->err != ERR_OK)
            return;
    }
    job->err = depot_answer(s, &job->peer->session, requests, count, &job->frames);
}

void hub_content_done(struct hub *hub, struct hub_peer *peer, struct hub_job *job)
{
    hub->content_bytes -= free_list(job->contents);
    job->contents = NULL;
    if (job->err == ERR_OK && peer->state == HUB_TALKING)
        hub_send(hub, peer, buf_str(&job->frames));
}

void hub_content_drop(struct hub *hub, struct hub_peer *peer)
{
    hub->content_bytes -= free_list(peer->contents);
    peer->contents = NULL;
    peer->contents_n = 0;
}
