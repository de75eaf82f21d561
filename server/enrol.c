/* SPDX-License-Identifier: Apache-2.0 */
#include "server/enrol.h"

#include "store/relays.h"

enum err enrol_ca_init(struct enrol_ca *ca, struct str key, struct str cert)
{
    struct enrol_ca new_ca = {.key = {0}};
    uint8_t of_cert[CERT_FINGERPRINT_BYTES];
    buf_add(&new_ca.key, key.p, key.n);
    buf_add(&new_ca.cert, cert.p, cert.n);
    enum err err = new_ca.key.err != ERR_OK ? new_ca.key.err : new_ca.cert.err;
    if (err == ERR_OK)
        err = cert_key_fingerprint(key, new_ca.pin);
    if (err == ERR_OK)
        err = cert_cert_fingerprint(cert, of_cert);
    if (err == ERR_OK && memcmp(of_cert, new_ca.pin, sizeof of_cert) != 0)
        err = ERR_INVALID;
    if (err == ERR_OK)
        *ca = new_ca;
    else
        enrol_ca_done(&new_ca);
    return err;
}

void enrol_ca_done(struct enrol_ca *ca)
{
    cert_key_done(&ca->key);
    buf_done(&ca->cert);
    buf_done(&ca->former_cert);
    cert_key_done(&ca->former_key);
}

enum err enrol_ca_next(struct enrol_ca *ca, struct str cert)
{
    struct authority next = {.cert = {NULL, 0}};
    enum err err = cert_cert_fingerprint(cert, next.next);
    if (err == ERR_OK)
        err = authority_sign(buf_str(&ca->key), next.next, next.sign);
    if (err != ERR_OK)
        return err;
    ca->next = next;
    ca->has_next = true;
    return ERR_OK;
}

enum err enrol_authority(const struct enrol_ca *ca, const uint8_t *former,
                         const uint8_t key[CERT_FINGERPRINT_BYTES], struct buf *out)
{
    struct authority m = ca->next;
    struct buf cert = {0};
    enum err err = ERR_OK;
    if (!ca->has_next)
        return ERR_OK;
    if (former != NULL) {
        err =
            cert_issue(buf_str(&ca->key), buf_str(&ca->cert), former, CERT_DEVICE, key, &cert);
        m.cert = buf_str(&cert);
        m.ca = buf_str(&ca->cert);
    }
    if (err == ERR_OK) {
        authority_write(out, &m);
        err = out->err;
    }
    buf_done(&cert);
    return err;
}

static struct id invite_row(const uint8_t id[INVITE_ID_BYTES])
{
    struct id row = {{0}};
    memcpy(row.b, id, INVITE_ID_BYTES);
    return row;
}

/* What an invitation says, but for where the server is. */
static void fill(const struct enrol_ca *ca, const uint8_t *random, struct invite *out)
{
    memcpy(out->ca, ca->pin, sizeof out->ca);
    memcpy(out->id, random, sizeof out->id);
    memcpy(out->secret, random + INVITE_ID_BYTES, sizeof out->secret);
}

enum err enrol_invite(struct store *s, const struct enrol_ca *ca, const struct id *staff,
                      const uint8_t *random, struct invite *out)
{
    struct id structure;
    enum err err = serve_staff(s, staff, &structure, NULL);
    if (err != ERR_OK)
        return err;
    uint8_t key[INVITE_PROOF_BYTES];
    struct id row = invite_row(random);
    invite_proof_key(random + INVITE_ID_BYTES, key);
    err = serve_invite(s, &row, key, staff, store_now(s) + ENROL_VALID_MS);
    mem_wipe(key, sizeof key);
    if (err == ERR_OK)
        fill(ca, random, out);
    return err;
}

enum err enrol_invite_relay(struct store *s, const struct enrol_ca *ca,
                            const struct id *structure, struct str name, const uint8_t *random,
                            struct invite *out)
{
    uint8_t key[INVITE_PROOF_BYTES];
    struct id row = invite_row(random);
    invite_proof_key(random + INVITE_ID_BYTES, key);
    enum err err = relays_invite(s, &row, key, structure, name, store_now(s) + ENROL_VALID_MS);
    mem_wipe(key, sizeof key);
    if (err == ERR_OK)
        fill(ca, random, out);
    return err;
}

/* What the reply is made from once the numbers are known. */
struct issue {
    const struct enrol_ca *ca;
    const struct enrol *request;
    const uint8_t *proof_key;
    const uint8_t *public; /* the device's key */
    const uint8_t *key;    /* its SHA-256 */
    enum cert_kind kind;   /* of its certificate */
};

static enum err issue(void *ctx, const struct store_identity *identity, struct str network,
                      struct str staff_name, struct buf *reply)
{
    const struct issue *i = ctx;
    struct buf cert = {0};
    struct buf authority = {0};
    uint8_t proof[INVITE_PROOF_BYTES];
    enum err err = cert_issue(buf_str(&i->ca->key), buf_str(&i->ca->cert), i->public, i->kind,
                              i->key, &cert);
    if (err == ERR_OK) {
        invite_proof_server(i->proof_key, i->ca->pin, buf_str(&cert), i->request->nonce, proof);
        err = enrol_authority(i->ca, NULL, i->key, &authority);
        struct enrolled m = {.cert = buf_str(&cert),
                             .ca = buf_str(&i->ca->cert),
                             .device = identity->device,
                             .epoch = identity->epoch,
                             .staff = identity->staff,
                             .structure = identity->structure,
                             .roles = identity->roles,
                             .history = identity->history,
                             .generation = identity->generation,
                             .network = network,
                             .staff_name = staff_name,
                             .proof = {(const char *)proof, sizeof proof},
                             .authority = buf_str(&authority)};
        message_enrolled(reply, &m);
        err = err == ERR_OK ? reply->err : err;
    }
    buf_done(&authority);
    buf_done(&cert);
    return err;
}

static bool proves(const struct serve_invitation *invitation, const struct enrol_ca *ca,
                   const struct enrol *request)
{
    uint8_t proof[INVITE_PROOF_BYTES];
    invite_proof_client(invitation->secret_sha256, ca->pin, request->csr, request->nonce,
                        proof);
    return request->proof.n == sizeof proof &&
           mem_differ(proof, request->proof.p, sizeof proof) == 0;
}

/* The same answer again, proved for this request's nonce. */
static enum err say_again(const struct enrol_ca *ca, const struct enrol *request,
                          const struct serve_invitation *invitation, struct str stored,
                          struct buf *frames)
{
    uint8_t proof[INVITE_PROOF_BYTES];
    struct str body = {NULL, 0};
    size_t used = 0;
    struct message m;
    enum err err = frame_next(stored, FRAME_BYTES_MAX, &body, &used);
    if (err == ERR_OK)
        err = message_read(body, &m);
    if (err != ERR_OK || m.type != MESSAGE_ENROLLED)
        return ERR_CORRUPT; /* it is our own frame */
    invite_proof_server(invitation->secret_sha256, ca->pin, m.enrolled.cert, request->nonce,
                        proof);
    m.enrolled.proof = (struct str){(const char *)proof, sizeof proof};
    message_enrolled(frames, &m.enrolled);
    return frames->err;
}

/* The answer to a request whose secret was proved. */
static enum err answer(struct store *s, const struct enrol_ca *ca, const struct enrol *request,
                       const struct serve_invitation *invitation, const struct buf *stored,
                       struct buf *frames)
{
    uint8_t public[CERT_PUBLIC_BYTES];
    struct serve_enrolment e = {.invite = request->invite, .staff = invitation->staff};
    enum err err = cert_csr_check(request->csr, public);
    if (err != ERR_OK)
        return err;
    cert_fingerprint(public, e.key);
    if (invitation->used && memcmp(e.key, invitation->used_key, sizeof e.key) != 0)
        return ERR_EXISTS;
    if (invitation->used)
        return say_again(ca, request, invitation, buf_str(stored), frames);
    struct issue i = {ca,     request, invitation->secret_sha256,
                      public, e.key,   invitation->relay ? CERT_RELAY : CERT_DEVICE};
    if (invitation->relay)
        return relays_enrol(s, &e, issue, &i, frames);
    return serve_enrol(s, &e, issue, &i, frames);
}

enum err enrol_answer(struct store *s, const struct enrol_ca *ca, const struct enrol *request,
                      struct buf *frames)
{
    struct serve_invitation invitation;
    struct buf stored = {0};
    enum err err = request->nonce.n == INVITE_NONCE_BYTES
                       ? serve_invitation(s, &request->invite, &invitation, &stored)
                       : ERR_INVALID;
    bool unknown = err == ERR_NOTFOUND || err == ERR_TIMEOUT || err == ERR_LIMIT;
    if (unknown || (err == ERR_OK && !proves(&invitation, ca, request)))
        err = ERR_REFUSED; /* one answer, so that nobody learns which */
    if (err == ERR_OK)
        err = serve_invitation_proved(s, &request->invite);
    if (err == ERR_OK)
        err = answer(s, ca, request, &invitation, &stored, frames);
    buf_done(&stored);
    return err;
}
