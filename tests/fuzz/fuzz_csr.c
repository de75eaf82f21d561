/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a certificate request, as a stranger may send them: refused, or a P-256 key
 * whose own signature holds and that the certificate code takes back. */
#include "io/cert.h"
#include "io/crypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypt_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t again[CERT_PUBLIC_BYTES];
    struct str csr = {(const char *)data, size};
    if (cert_csr_check(csr, public) == ERR_OK) {
        must(cert_spki(public, sizeof public, again) == ERR_OK);
        must(memcmp(public, again, sizeof public) == 0);
    }
    enum err err = cert_public(csr, again);
    must(err == ERR_OK || err == ERR_INVALID || err == ERR_LIMIT || err == ERR_NOMEM);
    return 0;
}
