// Certificates that a card needs beside its keys. For hsm alone.
#pragma once

#include "hsm/key/key.h"

#define CERTIFICATE_MAX 4096U // bytes of DER; a card's slot holds some 3,000

// Signs the certificate: appends the signature over tbs.
typedef bool certificate_sign(void *context, struct span tbs, struct secret *signature, struct ssa_error *err);

// Appends a self-signed certificate (RFC 5280) for the public key. Its subject names the account and the key's id. With
// sign NULL it is a placeholder with an invalid signature: there must be a certificate before the key may be touched.
bool certificate_write(const struct key *key, const struct key_name *name, certificate_sign *sign, void *context,
                       struct secret *der, struct ssa_error *err) MUST_CHECK;

// Copies the subject's DER, which a token's object has as an attribute of its own. False when it does not fit.
bool certificate_subject(struct span der, uint8_t *out, size_t capacity, size_t *len);

// Reads modulus and public exponent of the certificate's RSA key, without leading zero bytes. False for any other key.
bool certificate_numbers(struct span der, struct key *key);

enum { CERTIFICATE_NAME_MAX = 400 };

// Reads the email and the key's id, separated by a blank, from a certificate of ours. False for any other certificate.
bool certificate_name(struct span der, char out[static CERTIFICATE_NAME_MAX]);
