/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ends.h"

static void make_leaf(const struct network *net, enum cert_kind kind, struct buf *key,
                      struct buf *cert)
{
    static const uint8_t id[CERT_DEVICE_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t public[CERT_PUBLIC_BYTES];
    must(cert_key_new(key) == ERR_OK);
    must(cert_key_public(buf_str(key), public) == ERR_OK);
    must(cert_issue(buf_str(&net->ca_key), buf_str(&net->ca), public, kind,
                    kind == CERT_DEVICE ? id : NULL, cert) == ERR_OK);
}

void network_init(struct network *net)
{
    *net = (struct network){.ca_key = {0}};
    must(cert_key_new(&net->ca_key) == ERR_OK);
    must(cert_ca_new(buf_str(&net->ca_key), &net->ca) == ERR_OK);
    make_leaf(net, CERT_SERVER, &net->server_key, &net->server);
    make_leaf(net, CERT_DEVICE, &net->device_key, &net->device);
    must(cert_cert_fingerprint(buf_str(&net->ca), net->pin) == ERR_OK);
    must(cert_cert_fingerprint(buf_str(&net->server), net->server_id) == ERR_OK);
    must(cert_cert_fingerprint(buf_str(&net->device), net->device_id) == ERR_OK);
}

void network_done(struct network *net)
{
    cert_key_done(&net->ca_key);
    cert_key_done(&net->server_key);
    cert_key_done(&net->device_key);
    buf_done(&net->ca);
    buf_done(&net->server);
    buf_done(&net->device);
}

static struct tls_config *config(const struct tls_setup *setup)
{
    struct tls_config *cfg = NULL;
    must(tls_config_new(setup, &cfg, NULL) == ERR_OK);
    return cfg;
}

struct tls_config *network_server(const struct network *net)
{
    return config(&(struct tls_setup){.server = true,
                                      .key = buf_str(&net->server_key),
                                      .cert = buf_str(&net->server),
                                      .ca = buf_str(&net->ca)});
}

struct tls_config *network_client(const struct network *net, bool only_tls12)
{
    return config(&(struct tls_setup){.key = buf_str(&net->device_key),
                                      .cert = buf_str(&net->device),
                                      .ca = buf_str(&net->ca),
                                      .only_tls12 = only_tls12});
}

struct tls_config *network_pinned(const struct network *net, bool only_tls12)
{
    return config(&(struct tls_setup){.pin = net->pin, .only_tls12 = only_tls12});
}

void end_init(struct end *end, struct tls_config *cfg, struct tls_session *session)
{
    *end = (struct end){.err = ERR_OK};
    must(tls_new(cfg, session, &end->tls) == ERR_OK);
}

void end_done(struct end *end)
{
    tls_free(end->tls);
    buf_done(&end->in);
    buf_done(&end->out);
}

void end_step(struct end *end)
{
    end->err = tls_step(end->tls, &end->in, &end->out);
}

size_t end_carry(struct end *from, struct end *to, size_t n)
{
    struct buf *out = tls_out(from->tls);
    if (n > out->n)
        n = out->n;
    if (n > tls_room(to->tls))
        n = tls_room(to->tls);
    must(tls_feed(to->tls, out->p, n) == ERR_OK);
    buf_drop(out, n);
    from->sent += n;
    return n;
}

void end_run(struct end *a, struct end *b, size_t n)
{
    size_t moved = 1;
    while (moved > 0) {
        end_step(a);
        end_step(b);
        moved = end_carry(a, b, n) + end_carry(b, a, n);
    }
}

void pair_init(struct pair *pair, struct tls_config *client_cfg, struct tls_config *server_cfg)
{
    *pair = (struct pair){.client_cfg = client_cfg, .server_cfg = server_cfg};
    end_init(&pair->client, client_cfg, NULL);
    end_init(&pair->server, server_cfg, NULL);
}

void pair_open(struct pair *pair, const struct network *net, bool only_tls12)
{
    pair_init(pair, network_client(net, only_tls12), network_server(net));
    end_run(&pair->client, &pair->server, SIZE_MAX);
    must(tls_open(pair->client.tls) && tls_open(pair->server.tls));
}

void pair_done(struct pair *pair)
{
    end_done(&pair->client);
    end_done(&pair->server);
    tls_config_free(pair->client_cfg);
    tls_config_free(pair->server_cfg);
}
