/* The numbers of an RSA key that a template leaves out. */
#pragma once

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

enum { MAX_RSA_BYTES = 1024 };

struct rsa_rest {
    CK_BYTE modulus[MAX_RSA_BYTES];
    CK_ULONG modulus_length;
    CK_BYTE exponent[MAX_RSA_BYTES];
    CK_ULONG exponent_length;
};

/* Modulus and private exponent from the primes and the public exponent. The result is the caller's to wipe.
 */
bool rsa_complete(const CK_ATTRIBUTE *p, const CK_ATTRIBUTE *q, const CK_ATTRIBUTE *e, struct rsa_rest *rest);
