/* C_GenerateKeyPair: with the templates that pickier tokens take, and without the search for primes where the
 * script has a key pair ready. */
#include "behave.h"
#include "rsa.h"
#include "template.h"
#include "wrapped.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

static const struct {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    bool is_public;
} parts[] = {
    {CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N, true},
    {CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E, true},
    {CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D, false},
    {CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1, false},
    {CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2, false},
    {CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1, false},
    {CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2, false},
    {CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, false},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

/* The numbers of the key pair that is ready, in the order of `parts`. */
struct numbers {
    CK_BYTE at[PARTS][MAX_RSA_BYTES];
    CK_ULONG length[PARTS];
};

static bool take_number(const EVP_PKEY *pair, size_t part, struct numbers *to)
{
    BIGNUM *number = NULL;
    bool good = EVP_PKEY_get_bn_param(pair, parts[part].name, &number) && BN_num_bytes(number) <= MAX_RSA_BYTES;
    if (good)
        to->length[part] = (CK_ULONG)BN_bn2bin(number, to->at[part]);
    BN_clear_free(number);
    return good;
}

static bool read_pair(const char *path, struct numbers *to)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *pair = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    bool good = pair != NULL;
    for (size_t i = 0; good && i < PARTS; i++)
        good = take_number(pair, i, to);
    EVP_PKEY_free(pair);
    if (file != NULL)
        fclose(file);
    if (!good)
        fprintf(stderr, "ssa-hsm-shim: %s: no RSA key is there\n", path);
    return good;
}

/* Only what the caller asked for is given out. */
static bool is_asked_for(struct template *public, const struct numbers *ready)
{
    const CK_ATTRIBUTE *bits = template_find(public, CKA_MODULUS_BITS);
    const CK_ATTRIBUTE *exponent = template_find(public, CKA_PUBLIC_EXPONENT);
    CK_ULONG wanted = 0;
    if (bits == NULL || bits->pValue == NULL || bits->ulValueLen != sizeof(wanted))
        return false;
    memcpy(&wanted, bits->pValue, sizeof(wanted));
    if (wanted != ready->length[0] * 8)
        return false;
    return exponent == NULL || (exponent->pValue != NULL && exponent->ulValueLen == ready->length[1] &&
                                memcmp(exponent->pValue, ready->at[1], ready->length[1]) == 0);
}

static void drop(struct template *template, CK_ATTRIBUTE_TYPE type)
{
    CK_ATTRIBUTE *found = template_find(template, type);
    if (found != NULL)
        *found = template->at[--template->count];
}

static CK_RV create(CK_SESSION_HANDLE session, struct template *template, CK_OBJECT_CLASS class, struct numbers *ready,
                    CK_OBJECT_HANDLE *object)
{
    CK_KEY_TYPE type = CKK_RSA;
    bool good = template_put(template, CKA_CLASS, &class, sizeof(class)) &&
                template_put(template, CKA_KEY_TYPE, &type, sizeof(type));
    for (size_t i = 0; good && i < PARTS; i++)
        if (class == CKO_PRIVATE_KEY || parts[i].is_public)
            good = template_put(template, parts[i].type, ready->at[i], ready->length[i]);
    return good ? WRAPPED(C_CreateObject, session, template->at, template->count, object) : CKR_HOST_MEMORY;
}

static CK_RV give_ready(CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, struct template *public,
                        struct template *private, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *key)
{
    struct numbers ready = {.length = {0}};
    CK_RV rv = CKR_OK;
    if (mechanism == NULL || mechanism->mechanism != CKM_RSA_PKCS_KEY_PAIR_GEN)
        return CKR_MECHANISM_INVALID;
    if (!read_pair(script.ready_pair.at, &ready))
        rv = CKR_FUNCTION_FAILED;
    else if (!is_asked_for(public, &ready))
        rv = CKR_KEY_SIZE_RANGE;
    drop(public, CKA_MODULUS_BITS);
    if (rv == CKR_OK)
        rv = create(session, public, CKO_PUBLIC_KEY, &ready, public_key);
    if (rv == CKR_OK) {
        rv = create(session, private, CKO_PRIVATE_KEY, &ready, key);
        if (rv != CKR_OK)
            (void)WRAPPED(C_DestroyObject, session, *public_key);
    }
    OPENSSL_cleanse(&ready, sizeof(ready));
    return rv;
}

CK_RV shim_generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
                             CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count,
                             CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *key)
{
    struct template mine = {.count = 0}, theirs = {.count = 0};
    CK_RV rv = template_rewrite(public, public_count, CKO_PUBLIC_KEY, &theirs);
    if (rv == CKR_OK)
        rv = template_rewrite(private, private_count, CKO_PRIVATE_KEY, &mine);
    if (rv != CKR_OK)
        return rv;
    if (script.ready_pair.given)
        return give_ready(session, mechanism, &theirs, &mine, public_key, key);
    return WRAPPED(C_GenerateKeyPair, session, mechanism, theirs.at, theirs.count, mine.at, mine.count, public_key,
                   key);
}
