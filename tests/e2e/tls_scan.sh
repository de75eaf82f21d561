#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the server's port offers to whoever asks: TLS 1.2 and 1.3, ephemeral keys and
# authenticated ciphers, the groups we chose. Nothing older, nothing weaker, no renegotiation.
. "$(dirname "$0")/lib.sh"
command -v sslscan >/dev/null || skip "sslscan is not installed"
command -v openssl >/dev/null || skip "openssl is not installed"

init_server
start_server
# A client certificate as the scanner shows it: the server lists its suites to it as to anybody.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=scan \
    -keyout "$T/scan.key" -out "$T/scan.crt" 2>/dev/null

say "the protocols and suites a scanner finds"
expect 0 sslscan --no-colour --no-heartbleed --certs="$T/scan.crt" --pk="$T/scan.key" "$server_at"
awk '/^(Accepted|Preferred)/ { print $2, $5 }' "$T/out" >"$T/suites"
[ -s "$T/suites" ] || fail "the scanner found no suite at all"
while read -r version suite; do
    case $version-$suite in
    TLSv1.3-TLS_CHACHA20_POLY1305_SHA256 | TLSv1.3-TLS_AES_128_GCM_SHA256 | \
        TLSv1.3-TLS_AES_256_GCM_SHA384) ;;
    TLSv1.2-ECDHE-ECDSA-CHACHA20-POLY1305 | TLSv1.2-ECDHE-ECDSA-AES128-GCM-SHA256 | \
        TLSv1.2-ECDHE-ECDSA-AES256-GCM-SHA384) ;;
    *) fail "the server takes $version $suite" ;;
    esac
done <"$T/suites"
grep -q '^TLSv1.2' "$T/suites" || fail "no suite of TLS 1.2"
for old in SSLv2 SSLv3 TLSv1.0 TLSv1.1; do
    grep -q "^$old  *enabled" "$T/out" && fail "$old is enabled"
done
not_said out "Insecure"
# The groups line the scanner prints for each key exchange it managed.
awk '/bits/ && /^TLSv/ { print $4 }' "$T/out" | sort -u >"$T/groups"
while read -r group; do
    case $group in
    x25519 | secp256r1 | "") ;;
    *) fail "the server takes the group $group" ;;
    esac
done <"$T/groups"

# How a handshake by hand ends; the server's certificate is not the question here.
handshake() { # option…
    openssl s_client -connect "$server_at" -alpn jalon/1 "$@" >"$T/out" 2>&1 </dev/null || true
}

say "$(awk "END { print NR }" "$T/suites") suites, groups: $(tr "\n" " " <"$T/groups")"
say "by hand: what is weaker is refused"
handshake -tls1_2
said out "ECDHE"
for options in "-tls1_1 -cipher DEFAULT@SECLEVEL=0" "-tls1 -cipher DEFAULT@SECLEVEL=0" \
    "-tls1_2 -cipher AES128-GCM-SHA256" "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA" \
    "-tls1_2 -groups P-384" "-tls1_2 -sigalgs RSA-PSS+SHA256"; do
    # shellcheck disable=SC2086 # several words
    handshake $options
    grep -Eq 'Cipher is \(NONE\)|Cipher *: 0000|no protocols available' "$T/out" ||
        fail "the server shook hands with $options"
done

say "a certificate of nobody's ends at once"
handshake -tls1_2 -cert "$T/scan.crt" -key "$T/scan.key"
grep -Eq 'alert (access denied|number 49)' "$T/out" || fail "a foreign certificate was not refused"

say "the server serves on"
add_structure "EI Exemple"
enrol anne
stop_server
