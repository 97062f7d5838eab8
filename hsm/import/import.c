#include "hsm/import/import.h"

#include "hsm/import/create.h"
#include "hsm/import/destroy.h"
#include "hsm/import/wrap.h"
#include "hsm/key/certificate.h"
#include "hsm/key/prove.h"
#include "hsm/key/public.h"
#include "hsm/key/sign.h"
#include "hsm/key/slot.h"
#include "hsm/login/login_again.h"
#include "hsm/object/find.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

enum { SUBJECT_MAX = 1024 };

static bool never_imports(const struct token *token, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, NULL, token->info.uri, "this kind of token (%s) cannot take a key from here",
              token->info.quirks->name);
    error_hint(err, "%s", token->info.quirks->instead);
    return error_reason(err, SSA_REASON_KIND_TAKES_NO_KEY, NULL);
}

bool import_check_able(const struct token *token, struct ssa_error *err)
{
    if (token->info.quirks->import_as == IMPORT_NEVER)
        return never_imports(token, err);
    if (token->info.write_protected) {
        error_set(err, SSA_TOKEN, "CKF_WRITE_PROTECTED", token->info.uri, "the token is write-protected");
        return error_reason(err, SSA_REASON_TOKEN_UNFIT, NULL);
    }
    if (!wrap_offers(token, CKM_SHA256_RSA_PKCS, CKF_SIGN) && !wrap_offers(token, CKM_RSA_PKCS, CKF_SIGN)) {
        const CK_RV over = remote_over(token->module.call);
        const char *left_out = remote_left_out(token->module.call);
        if (over != CKR_OK)
            return token_fail(err, SSA_TOKEN, over, token, "the token does not tell whether it signs");
        if (left_out != NULL)
            return error_set(err, SSA_TOKEN, "CKR_FUNCTION_NOT_SUPPORTED", token->info.uri,
                             "the token does not tell whether it signs: the PKCS#11 module %s has no %s",
                             token->module.entry.path, left_out);
        error_set(err, SSA_TOKEN, "CKR_MECHANISM_INVALID", token->info.uri, "the token cannot sign with RSA");
        error_hint(err, "It offers neither CKM_SHA256_RSA_PKCS nor CKM_RSA_PKCS.");
        return error_reason(err, SSA_REASON_TOKEN_UNFIT, NULL);
    }
    return true;
}

// Stores a certificate in the key's slot; it replaces an earlier one.
static bool store_certificate(struct token *token, const struct key_name *name, struct span der, struct ssa_error *err)
{
    static const CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    static const CK_CERTIFICATE_TYPE x509 = CKC_X_509;
    struct object_template t = {0};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    uint8_t subject[SUBJECT_MAX];
    size_t len = 0;
    if (!certificate_subject(der, subject, sizeof subject, &len))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the certificate's subject is too long");
    if (!login_as(token, CKU_SO, err))
        return false;
    template_add(&t, CKA_CLASS, &class, sizeof class);
    template_add(&t, CKA_CERTIFICATE_TYPE, &x509, sizeof x509);
    template_add_flag(&t, CKA_TOKEN, true);
    template_add_span(&t, CKA_ID, key_id(name));
    template_add(&t, CKA_SUBJECT, subject, len); // it must not be left out (PKCS#11 v2.40 section 4.6.3)
    template_add_span(&t, CKA_VALUE, der);
    const CK_RV rv = call_create_object(token->module.call, token->session, t.attributes, t.count, &object);
    return rv == CKR_OK || token_fail(err, SSA_TOKEN, rv, token, "the card does not take the key's certificate");
}

// In a card's slot, the key must not be touched before it has a certificate. The security officer writes both.
static bool card_import(struct token *token, const struct creation *creation, const struct key_name *name,
                        struct key *key, struct ssa_error *err)
{
    SECRET_AUTO placeholder = {0};
    // It is made first, so that as little as possible can fail once the key is in the slot.
    return secret_new(&placeholder, CERTIFICATE_MAX, err) &&
           certificate_write(key, name, NULL, NULL, &placeholder, err) &&
           key_create_private(token, creation, key, err) &&
           store_certificate(token, name, secret_span(&placeholder), err);
}

// A creation that failed may have made an object all the same. Nothing with this id was there before (key_check_free),
// or it was to be replaced: so what is there now counts as made by the creation. Where the search fails too, the
// handles stand for what may be there.
static void find_made(struct token *token, struct span id, struct key *key)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
    unsigned long *const objects[] = {&key->private_object, &key->public_object};
    for (size_t i = 0; i < COUNT(classes); i++)
        if (!object_find(token, classes[i], id, objects[i], ERROR_IGNORED))
            *objects[i] = CK_UNAVAILABLE_INFORMATION;
}

static bool store_both(struct token *token, const struct creation *c, const struct key_name *name, struct key *key,
                       struct ssa_error *err)
{
    if (token->info.quirks->slots)
        return card_import(token, c, name, key, err);
    if (!key_create_private(token, c, key, err))
        return false;
    if (!c->plan->public_half)
        return true;
    const CK_RV rv = key_create_public(token, c, &key->public_object);
    return rv == CKR_OK || key_creation_refused(err, token, rv, "public");
}

static bool import(struct token *token, const struct creation *creation, const struct key_name *name, struct key *key,
                   struct ssa_error *err)
{
    const CK_USER_TYPE who = token->info.quirks->import_as == IMPORT_AS_SO ? CKU_SO : CKU_USER;
    if (!login_as(token, who, err))
        return false;
    if (store_both(token, creation, name, key, err))
        return true;
    // A card's slot holds the former key or the new one. Handles do not tell which, and using them may crash.
    if (token->info.quirks->slots && name->replaces && key->private_object == CK_UNAVAILABLE_INFORMATION) {
        key->unsure = true;
        key->private_object = CK_INVALID_HANDLE;
        error_hint(err, "Slot %s holds either the former key or the new one. The new one cannot be used.",
                   slot_name(name->slot));
        return error_reason(err, SSA_REASON_SLOT_UNSURE, "%s", slot_name(name->slot));
    }
    if (!token->info.quirks->slots)
        find_made(token, creation->id, key);
    (void)destroy_key(token, name, key, ERROR_IGNORED);
    return false;
}

bool import_key(struct token *token, struct import_plan *plan, const struct rsa_key *numbers, struct secret *holder,
                const struct key_name *name, struct key *key, struct ssa_error *err)
{
    SEALED_AUTO sealed = {0};
    if (!key_of_numbers(numbers, key, err))
        return false;
    const struct rsa_key public_numbers = {.n = span_of(key->modulus, key->modulus_len),
                                           .e = span_of(key->exponent, key->exponent_len)};
    struct creation creation = {.numbers = numbers,
                                .id = key_id(name),
                                .label = span_text(name->label),
                                .parts = plan->parts,
                                .plan = plan,
                                .on_token = true};
    if (plan->scheme != NULL) {
        if (!wrap_begin(token, plan, err) || !wrap_seal(plan, numbers, &sealed, err))
            return false;
        // Nothing was given to the module yet: it never sees the key.
        secret_free(holder);
        creation.numbers = &public_numbers;
        creation.sealed = &sealed;
    }
    const bool done = import(token, &creation, name, key, err);
    wrap_end(token, plan);
    return done;
}

bool import_complete(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    const struct quirks *quirks = token->info.quirks;
    if (quirks->slots || !quirks->public_half || key->public_object != CK_INVALID_HANDLE || key->modulus_len == 0)
        return true;
    const struct rsa_key numbers = {.n = span_of(key->modulus, key->modulus_len),
                                    .e = span_of(key->exponent, key->exponent_len)};
    const struct creation creation = {
        .numbers = &numbers, .id = key_id(name), .label = span_text(name->label), .on_token = true};
    const CK_RV rv = key_create_public(token, &creation, &key->public_object);
    if (rv == CKR_OK)
        return true;
    // The module may have written anything there.
    key->public_object = CK_INVALID_HANDLE;
    // The rehearsal, in another process, may have shown that an unknown token takes no public half.
    return quirks->unknown || key_creation_refused(err, token, rv, "public");
}

struct signer {
    struct token *token;
    const struct key *key;
};

static bool sign_tbs(void *context, struct span tbs, struct secret *signature, struct ssa_error *err)
{
    const struct signer *s = context;
    return key_sign(s->token, s->key, tbs, signature, err);
}

static bool card_certify(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    struct signer signer = {.token = token, .key = key};
    SECRET_AUTO der = {0};
    return login_as(token, CKU_USER, err) && secret_new(&der, CERTIFICATE_MAX, err) &&
           certificate_write(key, name, sign_tbs, &signer, &der, err) &&
           store_certificate(token, name, secret_span(&der), err);
}

bool import_prove(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    const bool card = token->info.quirks->slots;
    return key_again(token, name, key, err) && key_works(token, key, true, err) &&
           (!card || card_certify(token, name, key, err));
}
