/* SPDX-License-Identifier: Apache-2.0 */
/* What cert.c and the files of tls share of the library's certificates; nobody else includes
 * it.
 */
#ifndef IO_CERT_INSIDE_H
#define IO_CERT_INSIDE_H

#include "io/compat_mbedtls.h"

/* Does it carry the name of relays, and no other? Who issued it is not looked at. */
bool cert_names_relay(const mbedtls_x509_crt *crt);

#endif
