#include "hsm/import/destroy.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "hsm/import/create.h"
#include "hsm/key/slot.h"
#include "hsm/login/login_again.h"
#include "hsm/object/find.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

enum { THROWAWAY_MAX = 2048, THROWAWAY_BITS = 2048 };

// OpenSSL makes it. *numbers points into *der, which the caller frees.
static bool throwaway_key(struct secret *der, struct rsa_key *numbers, struct ssa_error *err)
{
    unsigned char *bytes = NULL;
    EVP_PKEY *key = EVP_RSA_gen(THROWAWAY_BITS);
    const int len = key == NULL ? 0 : i2d_PrivateKey(key, &bytes);
    const bool made = len > 0 && secret_new(der, THROWAWAY_MAX, err) &&
                      secret_append(der, span_of(bytes, (size_t)len)) && rsa_key_from_der(secret_span(der), numbers);
    OPENSSL_free(bytes);
    EVP_PKEY_free(key);
    return made || error_set(err, SSA_UNEXPECTED, NULL, NULL, "a throwaway key cannot be made");
}

static bool destroy_certificate(struct token *token, const struct key_name *name, struct ssa_error *err)
{
    CK_OBJECT_HANDLE certificate = CK_INVALID_HANDLE;
    if (!object_find(token, CKO_CERTIFICATE, key_id(name), &certificate, err))
        return false;
    if (certificate == CK_INVALID_HANDLE)
        return true;
    const CK_RV rv = call_destroy_object(token->module.call, token->session, certificate);
    return rv == CKR_OK || token_fail(err, SSA_TOKEN, rv, token, "the certificate cannot be destroyed");
}

// The module says that it destroys a key, and leaves it there. Another key that is stored over it destroys it.
static bool card_destroy(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    struct rsa_key numbers;
    SECRET_AUTO der = {0};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (key->private_object == CK_INVALID_HANDLE)
        return !key->certificate_left;
    if (!login_as(token, CKU_SO, err) || !throwaway_key(&der, &numbers, err))
        return false;
    const struct creation over = {
        .numbers = &numbers, .id = key_id(name), .parts = token->info.quirks->parts, .on_token = true};
    const CK_RV rv = key_put_private(token, &over, &object);
    if (rv != CKR_OK)
        return token_fail(err, SSA_TOKEN, rv, token, "the key in slot %s cannot be overwritten", slot_name(name->slot));
    key->overwritten = true;
    key->private_object = CK_INVALID_HANDLE;
    key->certificate_left = !destroy_certificate(token, name, err);
    return !key->certificate_left;
}

bool destroy_key(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    if (token->info.quirks->keeps_destroyed)
        return card_destroy(token, name, key, err);
    unsigned long *const objects[] = {&key->private_object, &key->public_object};
    bool done = true;
    for (size_t i = 0; i < COUNT(objects); i++) {
        if (*objects[i] == CK_INVALID_HANDLE)
            continue;
        const CK_RV rv = call_destroy_object(token->module.call, token->session, *objects[i]);
        if (rv == CKR_OK)
            *objects[i] = CK_INVALID_HANDLE;
        else
            done = token_fail(err, SSA_TOKEN, rv, token, "an object cannot be destroyed");
    }
    return done;
}
