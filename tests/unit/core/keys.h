// RSA keys for tests, made by OpenSSL when they are asked for, and DER that no library would write.
#pragma once

#include <openssl/evp.h>

#include "core/span.h"

// A key of this many bits, the same one in every test of a program. Never freed.
EVP_PKEY *keys_rsa(unsigned bits);

// As PEM, "RSA PRIVATE KEY" or "PRIVATE KEY"; returns the length. out is NUL-terminated.
enum { KEYS_PEM_MAX = 16384 };
size_t keys_pkcs1(EVP_PKEY *key, char out[static KEYS_PEM_MAX]);
size_t keys_pkcs8(EVP_PKEY *key, char out[static KEYS_PEM_MAX]);
size_t keys_encrypted_pkcs8(EVP_PKEY *key, char out[static KEYS_PEM_MAX]);
size_t keys_encrypted_pkcs1(EVP_PKEY *key, char out[static KEYS_PEM_MAX]);
size_t keys_elliptic(char out[static KEYS_PEM_MAX]);

// DER as PEM with this label.
size_t keys_wrap(struct span der, const char *label, char out[static KEYS_PEM_MAX]);

// A run of DER under construction.
struct der {
    uint8_t data[8192];
    size_t len;
};
// Appends an element. minimal false writes the length with an octet more than it needs.
void der_append(struct der *der, uint8_t tag, struct span content, bool minimal);
// An INTEGER of these big-endian bytes, with the sign byte that a positive number needs.
void der_number(struct der *der, struct span number);

// The eight numbers of a key as OpenSSL gives them, in the order of RSAPrivateKey.
struct key_numbers {
    uint8_t bytes[8][1024];
    size_t len[8];
};
void keys_numbers(EVP_PKEY *key, struct key_numbers *numbers);
