// Keys in a card's slots. The security officer writes (keys, certificates), the user signs; between import
// and certificate the key must not be touched.
#include "hsm/certificate.h"
#include "hsm/object.h"
#include "hsm/recipe.h"
#include "hsm/slot.h"

enum { SUBJECT_MAX = 1024 };

// Stores a certificate in the key's slot; an earlier one is replaced.
static bool store(struct token *token, const struct key_name *name, struct span der, struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    uint8_t subject[SUBJECT_MAX];
    size_t len = 0;
    if (!certificate_subject(der, subject, sizeof subject, &len))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the certificate's subject is too long");
    if (!session_as(token, CKU_SO, err))
        return false;
    const CK_RV rv = object_create_certificate(token, key_id(name), span_of(subject, len), der, &object);
    return rv == CKR_OK ||
           ckr_fail(err, SSA_TOKEN, rv, token, "the card does not take the key's certificate");
}

bool card_import(struct token *token, const struct creation *creation, const struct key_name *name,
                 struct key *key, struct ssa_error *err)
{
    SECRET_AUTO placeholder = {0};
    // Made first: once the key is in the slot nothing is to fail that could have failed before.
    return secret_new(&placeholder, CERTIFICATE_MAX, err) &&
           certificate_write(key, name, NULL, NULL, &placeholder, err) &&
           create_private(token, creation, key, err) && store(token, name, secret_span(&placeholder), err);
}

// What the card's own signature over the certificate needs.
struct signer {
    struct token *token;
    const struct key *key;
};

static bool sign_tbs(void *context, struct span tbs, struct secret *signature, struct ssa_error *err)
{
    const struct signer *s = context;
    return key_sign(s->token, s->key, tbs, signature, err);
}

bool card_certify(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    struct signer signer = {.token = token, .key = key};
    SECRET_AUTO der = {0};
    return session_as(token, CKU_USER, err) && secret_new(&der, CERTIFICATE_MAX, err) &&
           certificate_write(key, name, sign_tbs, &signer, &der, err) &&
           store(token, name, secret_span(&der), err);
}

static bool destroy_certificate(struct token *token, const struct key_name *name, struct ssa_error *err)
{
    CK_OBJECT_HANDLE certificate = CK_INVALID_HANDLE;
    if (!object_find(token, CKO_CERTIFICATE, key_id(name), &certificate, err))
        return false;
    if (certificate == CK_INVALID_HANDLE)
        return true;
    const CK_RV rv = token->module.call->C_DestroyObject(token->session, certificate);
    return rv == CKR_OK || ckr_fail(err, SSA_TOKEN, rv, token, "the certificate cannot be destroyed");
}

// The module says that it destroys a key and leaves it there; another one over it does destroy it.
bool card_destroy(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    struct rsa_key numbers;
    SECRET_AUTO der = {0};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (key->private_object == CK_INVALID_HANDLE)
        return !key->certificate_left;
    if (!session_as(token, CKU_SO, err) || !throwaway_key(&der, &numbers, err))
        return false;
    const struct creation over = {
        .numbers = &numbers, .id = key_id(name), .parts = token->info.recipe->parts, .on_token = true};
    const CK_RV rv = object_put_private(token, &over, &object);
    if (rv != CKR_OK)
        return ckr_fail(err, SSA_TOKEN, rv, token, "the key in slot %s cannot be overwritten",
                        slot_name(name->slot));
    key->overwritten = true;
    key->private_object = CK_INVALID_HANDLE;
    key->certificate_left = !destroy_certificate(token, name, err);
    return !key->certificate_left;
}
