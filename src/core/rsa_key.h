// A private key's numbers, as slices of the buffer that the PEM arrived in. The PEM is decoded over itself, and the
// eight numbers point into the decoded bytes. An import template can point at them. OpenSSL is not used, because an
// EVP_PKEY would copy each number to the heap.
#pragma once

#include "core/secret.h"

#define RSA_BITS_MIN  2048U
#define RSA_BITS_MAX  4096U
#define RSA_BYTES_MAX (RSA_BITS_MAX / 8)

// Room for the PEM of the largest key: 3,272 characters as PKCS#8, and more for CRLF and JSON escapes.
#define PEM_MAX 8192U

// Big-endian, no leading zero bytes (RFC 8017 appendix A.1.2; PKCS#11 "Big integer").
struct rsa_key {
    struct span n, e, d, p, q, dp, dq, qinv;
};

// Decodes the PEM in *buffer in place and points *key into it. *key is valid as long as the buffer does not change.
// Accepts PKCS#1 ("RSA PRIVATE KEY") and PKCS#8 ("PRIVATE KEY", RFC 5208), with LF or CRLF, and with text before and
// after the block. Fails with SSA_CONFIG unless the block is the strict DER of an unencrypted RSA key of 2048 to 4096
// bits. Also fails for numbers that cannot be a key, such as an exponent of 1, or primes whose product is not the
// modulus.
bool rsa_key_from_pem(struct secret *buffer, struct rsa_key *key, const char *subject,
                      struct ssa_error *err) MUST_CHECK;

// Points *key into the DER of a PKCS#1 RSAPrivateKey. False when it is not one.
bool rsa_key_from_der(struct span der, struct rsa_key *key) MUST_CHECK;

// Appends the key's PKCS#8 form, PrivateKeyInfo with rsaEncryption (RFC 5208 section 5), in DER. False when it does not
// fit.
bool rsa_key_to_pkcs8(const struct rsa_key *key, struct secret *out) MUST_CHECK;

// Removes leading zero bytes from a big integer in place, and returns its new length. Some modules add a sign byte.
size_t rsa_strip_zeros(uint8_t *number, size_t len) MUST_CHECK;

// The size of the modulus in bits.
size_t rsa_bits(struct span modulus);
