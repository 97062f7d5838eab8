// Keys in a card's slots. The security officer writes (keys, certificates), the user signs; between import
// and certificate the key must not be touched.
#include "hsm/import/card.h"

#include "hsm/key/certificate.h"
#include "hsm/key/sign.h"
#include "hsm/login/login_again.h"
#include "hsm/token/fail.h"

enum { SUBJECT_MAX = 1024 };

// Stores a certificate in the key's slot; an earlier one is replaced.
static bool store(struct token *token, const struct key_name *name, struct span der, struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    uint8_t subject[SUBJECT_MAX];
    size_t len = 0;
    if (!certificate_subject(der, subject, sizeof subject, &len))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the certificate's subject is too long");
    if (!login_as(token, CKU_SO, err))
        return false;
    const CK_RV rv = key_create_certificate(token, key_id(name), span_of(subject, len), der, &object);
    return rv == CKR_OK || token_fail(err, SSA_TOKEN, rv, token, "the card does not take the key's certificate");
}

bool card_import(struct token *token, const struct creation *creation, const struct key_name *name, struct key *key,
                 struct ssa_error *err)
{
    SECRET_AUTO placeholder = {0};
    // Made first: once the key is in the slot nothing is to fail that could have failed before.
    return secret_new(&placeholder, CERTIFICATE_MAX, err) &&
           certificate_write(key, name, NULL, NULL, &placeholder, err) &&
           key_create_private(token, creation, key, err) && store(token, name, secret_span(&placeholder), err);
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
    return login_as(token, CKU_USER, err) && secret_new(&der, CERTIFICATE_MAX, err) &&
           certificate_write(key, name, sign_tbs, &signer, &der, err) && store(token, name, secret_span(&der), err);
}
