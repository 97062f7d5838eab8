#include "hsm/import/create.h"

#include "hsm/cryptoki/ckr.h"
#include "hsm/import/wrap.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/object/template.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

static const CK_KEY_TYPE rsa = CKK_RSA;

// Every use is named, also those that are refused: for what is left out a module takes its own defaults, and SoftHSM's
// allow much.
static const struct {
    unsigned part;
    CK_ATTRIBUTE_TYPE type;
    bool value;
} flags[] = {
    {PART_PRIVATE, CKA_PRIVATE, true},
    {PART_SENSITIVE, CKA_SENSITIVE, true},
    {PART_NOT_EXTRACTABLE, CKA_EXTRACTABLE, false},
    {PART_SIGN, CKA_SIGN, true},
    {PART_NO_SIGN_RECOVER, CKA_SIGN_RECOVER, false},
    {PART_NO_DECRYPT, CKA_DECRYPT, false},
    {PART_NO_UNWRAP, CKA_UNWRAP, false},
    {PART_NO_DERIVE, CKA_DERIVE, false},
};

// The mechanisms that key_sign uses, and no others: CKM_RSA_X_509 over a ciphertext decrypts it.
static const CK_MECHANISM_TYPE signing[] = {CKM_SHA256_RSA_PKCS, CKM_RSA_PKCS};

// Everything but the numbers.
static void add_private(struct object_template *t, const struct creation *c)
{
    static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    template_add(t, CKA_CLASS, &class, sizeof class);
    template_add(t, CKA_KEY_TYPE, &rsa, sizeof rsa);
    if ((c->parts & PART_TOKEN) != 0)
        template_add_flag(t, CKA_TOKEN, c->on_token);
    for (size_t i = 0; i < COUNT(flags); i++)
        if ((c->parts & flags[i].part) != 0)
            template_add_flag(t, flags[i].type, flags[i].value);
    template_add_span(t, CKA_ID, c->id);
    if ((c->parts & PART_LABEL) != 0)
        template_add_span(t, CKA_LABEL, c->label);
    if ((c->parts & PART_MECHANISMS) != 0)
        template_add(t, CKA_ALLOWED_MECHANISMS, signing, sizeof signing);
}

// A token may allow uses in a key that it unwraps, whatever the template says (NSS does). Those that the template
// refuses are turned off here, which is possible at any time (PKCS#11 v2.40 section 4.9). The proof of the key reads
// the result.
static void turn_uses_off(struct token *token, const struct creation *c, CK_OBJECT_HANDLE object)
{
    CK_BBOOL values[COUNT(flags)] = {0};
    CK_ATTRIBUTE read[COUNT(flags)];
    struct object_template off = {0};
    for (size_t i = 0; i < COUNT(flags); i++)
        read[i] = (CK_ATTRIBUTE)ATTRIBUTE(flags[i].type, &values[i], sizeof values[i]);
    (void)attributes_read(token, object, read, COUNT(read));
    for (size_t i = 0; i < COUNT(flags); i++)
        if ((c->parts & flags[i].part & PART_OPTIONAL) != 0 && read[i].ulValueLen == sizeof values[i] &&
            values[i] != CK_FALSE)
            template_add_flag(&off, flags[i].type, false);
    if (off.count > 0)
        (void)call_set_attribute_value(token->module.call, token->session, object, off.attributes, off.count);
}

CK_RV key_put_private(struct token *token, const struct creation *c, CK_OBJECT_HANDLE *object)
{
    const struct rsa_key *numbers = c->numbers;
    struct object_template t = {0};
    add_private(&t, c);
    if (c->sealed != NULL) {
        const CK_RV rv = wrap_open(token, c->plan, c->sealed, &t, object);
        if (rv == CKR_OK)
            turn_uses_off(token, c, *object);
        return rv;
    }
    if ((c->parts & PART_N_AND_D) != 0) {
        template_add_span(&t, CKA_MODULUS, numbers->n);
        template_add_span(&t, CKA_PRIVATE_EXPONENT, numbers->d);
    }
    template_add_span(&t, CKA_PUBLIC_EXPONENT, numbers->e);
    template_add_span(&t, CKA_PRIME_1, numbers->p);
    template_add_span(&t, CKA_PRIME_2, numbers->q);
    template_add_span(&t, CKA_EXPONENT_1, numbers->dp);
    template_add_span(&t, CKA_EXPONENT_2, numbers->dq);
    template_add_span(&t, CKA_COEFFICIENT, numbers->qinv);
    return call_create_object(token->module.call, token->session, t.attributes, t.count, object);
}

CK_RV key_create_public(struct token *token, const struct creation *c, CK_OBJECT_HANDLE *object)
{
    static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    struct object_template t = {0};
    template_add(&t, CKA_CLASS, &class, sizeof class);
    template_add(&t, CKA_KEY_TYPE, &rsa, sizeof rsa);
    template_add_flag(&t, CKA_TOKEN, c->on_token);
    template_add_flag(&t, CKA_PRIVATE, false);
    template_add_flag(&t, CKA_VERIFY, true);
    template_add_flag(&t, CKA_VERIFY_RECOVER, false);
    template_add_flag(&t, CKA_ENCRYPT, false);
    template_add_flag(&t, CKA_WRAP, false);
    template_add_span(&t, CKA_ID, c->id);
    template_add_span(&t, CKA_LABEL, c->label);
    template_add_span(&t, CKA_MODULUS, c->numbers->n);
    template_add_span(&t, CKA_PUBLIC_EXPONENT, c->numbers->e);
    return call_create_object(token->module.call, token->session, t.attributes, t.count, object);
}

bool key_creation_refused(struct ssa_error *err, const struct token *token, CK_RV rv, const char *what)
{
    token_fail(err, SSA_TOKEN, rv, token, "the token does not take the %s key", what);
    return err->reason == SSA_REASON_NONE ? error_reason(err, SSA_REASON_KEY_NOT_TAKEN, NULL) : false;
}

// An unknown token may take a template for a session object, and refuse it for an object that stays. Nothing with this
// id was there before, so it is tried again only if nothing is there now.
static bool put_without_mechanisms(struct token *token, const struct creation *creation, CK_RV rv, struct key *key)
{
    struct creation less = *creation;
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    const bool may_help = ckr_is_of_template(rv) || rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED;
    if (!token->info.quirks->unknown || (creation->parts & PART_MECHANISMS) == 0 || !may_help ||
        !object_find(token, CKO_PRIVATE_KEY, creation->id, &made, ERROR_IGNORED) || made != CK_INVALID_HANDLE)
        return false;
    less.parts &= ~(unsigned)PART_MECHANISMS;
    if (key_put_private(token, &less, &key->private_object) != CKR_OK)
        return false;
    key->parts = less.parts;
    return true;
}

bool key_create_private(struct token *token, const struct creation *creation, struct key *key, struct ssa_error *err)
{
    key->parts = creation->parts;
    const CK_RV rv = key_put_private(token, creation, &key->private_object);
    if (rv == CKR_OK || put_without_mechanisms(token, creation, rv, key))
        return true;
    key->private_object = ckr_surely_not_made(rv) ? CK_INVALID_HANDLE : CK_UNAVAILABLE_INFORMATION;
    return key_creation_refused(err, token, rv, "private");
}
