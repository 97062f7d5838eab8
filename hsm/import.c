// A key's way into the token, the proof that it works there and cannot come out, and its way off again.
#include <openssl/rand.h>

#include "core/text.h"
#include "hsm/key.h"
#include "hsm/pkcs11.h"

enum { CHALLENGE_BYTES = 32, KEY_ID_MAX = 128 };

#define NUMBER(type, span) ATTRIBUTE(type, (span).data, (span).len)
#define FLAG(type, value)  ATTRIBUTE(type, &(value), sizeof(value))
#define COUNT(array)       (sizeof(array) / sizeof(array)[0])

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static const CK_KEY_TYPE rsa = CKK_RSA;

static CK_RV create_private(struct token *token, const struct rsa_key *numbers, struct span id,
                            struct span label, CK_OBJECT_HANDLE *object)
{
    static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    // Every use is named, the refused ones too: a module fills in its own defaults for what is left out, and
    // SoftHSM's are generous.
    CK_ATTRIBUTE template[] = {
        FLAG(CKA_CLASS, class),
        FLAG(CKA_KEY_TYPE, rsa),
        FLAG(CKA_TOKEN, yes),
        FLAG(CKA_PRIVATE, yes),
        FLAG(CKA_SENSITIVE, yes),
        FLAG(CKA_EXTRACTABLE, no),
        FLAG(CKA_SIGN, yes),
        FLAG(CKA_SIGN_RECOVER, no),
        FLAG(CKA_DECRYPT, no),
        FLAG(CKA_UNWRAP, no),
        FLAG(CKA_DERIVE, no),
        ATTRIBUTE(CKA_ID, id.data, id.len),
        ATTRIBUTE(CKA_LABEL, label.data, label.len),
        NUMBER(CKA_MODULUS, numbers->n),
        NUMBER(CKA_PUBLIC_EXPONENT, numbers->e),
        NUMBER(CKA_PRIVATE_EXPONENT, numbers->d),
        NUMBER(CKA_PRIME_1, numbers->p),
        NUMBER(CKA_PRIME_2, numbers->q),
        NUMBER(CKA_EXPONENT_1, numbers->dp),
        NUMBER(CKA_EXPONENT_2, numbers->dq),
        NUMBER(CKA_COEFFICIENT, numbers->qinv),
    };
    return token->module.call->C_CreateObject(token->session, template, COUNT(template), object);
}

static CK_RV create_public(struct token *token, const struct rsa_key *numbers, struct span id,
                           struct span label, CK_OBJECT_HANDLE *object)
{
    static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE template[] = {
        FLAG(CKA_CLASS, class),
        FLAG(CKA_KEY_TYPE, rsa),
        FLAG(CKA_TOKEN, yes),
        FLAG(CKA_PRIVATE, no),
        FLAG(CKA_VERIFY, yes),
        FLAG(CKA_VERIFY_RECOVER, no),
        FLAG(CKA_ENCRYPT, no),
        FLAG(CKA_WRAP, no),
        ATTRIBUTE(CKA_ID, id.data, id.len),
        ATTRIBUTE(CKA_LABEL, label.data, label.len),
        NUMBER(CKA_MODULUS, numbers->n),
        NUMBER(CKA_PUBLIC_EXPONENT, numbers->e),
    };
    return token->module.call->C_CreateObject(token->session, template, COUNT(template), object);
}

static bool refused(struct ssa_error *err, const struct token *token, CK_RV rv, const char *what)
{
    ckr_fail(err, SSA_TOKEN, rv, token, "the token does not take the %s key", what);
    if (err != NULL && err->hint[0] == '\0')
        return error_hint(err, "Not every token can import a key: see the README's list of tokens.");
    return false;
}

// A creation that failed may have been carried out all the same. Nothing with this id was there before
// (key_check_free), so what is there now was made by it. Where the search fails too, the handles stand for
// what may be there.
static void find_made(struct token *token, struct span id, struct key *key)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
    unsigned long *const objects[] = {&key->private_object, &key->public_object};
    for (size_t i = 0; i < COUNT(classes); i++) {
        CK_ATTRIBUTE template[] = {FLAG(CKA_CLASS, classes[i]), ATTRIBUTE(CKA_ID, id.data, id.len)};
        CK_ULONG count = 0;
        *objects[i] = CK_INVALID_HANDLE;
        if (!find_objects(token, template, 2, objects[i], 1, &count, NULL))
            *objects[i] = CK_UNAVAILABLE_INFORMATION;
        else if (count == 0)
            *objects[i] = CK_INVALID_HANDLE;
    }
}

bool key_import(struct token *token, const struct rsa_key *numbers, struct span id, const char *label,
                struct key *key, struct ssa_error *err)
{
    *key = (struct key){.modulus_len = numbers->n.len, .exponent_len = numbers->e.len};
    if (numbers->n.len > sizeof key->modulus || numbers->e.len > sizeof key->exponent)
        return error_set(err, SSA_CONFIG, NULL, NULL, "the key's public numbers are too long");
    memcpy(key->modulus, numbers->n.data, numbers->n.len);
    memcpy(key->exponent, numbers->e.data, numbers->e.len);

    CK_RV rv = create_private(token, numbers, id, span_text(label), &key->private_object);
    const bool has_private = rv == CKR_OK;
    if (has_private)
        rv = create_public(token, numbers, id, span_text(label), &key->public_object);
    if (rv == CKR_OK)
        return true;
    refused(err, token, rv, has_private ? "public" : "private");
    find_made(token, id, key);
    (void)key_destroy(token, key, NULL);
    return false;
}

// What must be read back, and what may be: a module that does not know a use cannot allow it.
static const struct {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    CK_BBOOL value;
    bool may_be_unknown;
} demanded[] = {
    {CKA_TOKEN, "CKA_TOKEN", CK_TRUE, false},         {CKA_PRIVATE, "CKA_PRIVATE", CK_TRUE, false},
    {CKA_SENSITIVE, "CKA_SENSITIVE", CK_TRUE, false}, {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", CK_FALSE, false},
    {CKA_SIGN, "CKA_SIGN", CK_TRUE, false},           {CKA_DECRYPT, "CKA_DECRYPT", CK_FALSE, true},
    {CKA_UNWRAP, "CKA_UNWRAP", CK_FALSE, true},       {CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", CK_FALSE, true},
    {CKA_DERIVE, "CKA_DERIVE", CK_FALSE, true},
};

static bool check_attributes(struct token *token, const struct key *key, struct ssa_error *err)
{
    CK_BBOOL values[COUNT(demanded)] = {0};
    CK_ATTRIBUTE attributes[COUNT(demanded)];
    for (size_t i = 0; i < COUNT(demanded); i++)
        attributes[i] = (CK_ATTRIBUTE)ATTRIBUTE(demanded[i].type, &values[i], sizeof values[i]);
    const CK_RV rv = token->module.call->C_GetAttributeValue(token->session, key->private_object, attributes,
                                                             COUNT(attributes));
    if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID)
        return ckr_fail(err, SSA_TOKEN, rv, token, "the imported key's attributes cannot be read back");
    for (size_t i = 0; i < COUNT(demanded); i++) {
        if (attributes[i].ulValueLen != sizeof values[i]) {
            if (demanded[i].may_be_unknown)
                continue;
            return error_set(err, SSA_TOKEN, NULL, token->info.uri, "the imported key does not tell its %s",
                             demanded[i].name);
        }
        if ((values[i] != CK_FALSE) != (demanded[i].value != CK_FALSE))
            return error_set(err, SSA_TOKEN, NULL, token->info.uri, "the imported key reads back %s=%s",
                             demanded[i].name, values[i] != CK_FALSE ? "true" : "false");
    }
    return true;
}

// Attributes may say one thing and the module do another: asked for the length alone, it must refuse.
static bool check_unreadable(struct token *token, const struct key *key, struct ssa_error *err)
{
    CK_ATTRIBUTE secret = {.type = CKA_PRIVATE_EXPONENT};
    const CK_RV rv = token->module.call->C_GetAttributeValue(token->session, key->private_object, &secret, 1);
    if (rv == CKR_OK && secret.ulValueLen != CK_UNAVAILABLE_INFORMATION && secret.ulValueLen > 0)
        return error_set(err, SSA_TOKEN, NULL, token->info.uri,
                         "the imported key's private exponent can be read");
    return true;
}

// What the token says is the modulus must be what it was given.
static bool check_modulus(struct token *token, struct key *key, struct ssa_error *err)
{
    struct key read = {.private_object = key->private_object};
    if (!key_read(token, &read, err))
        return false;
    key->login_each_time = read.login_each_time;
    return span_equal(span_of(read.modulus, read.modulus_len), span_of(key->modulus, key->modulus_len)) ||
           error_set(err, SSA_TOKEN, NULL, token->info.uri, "the imported key reads back another modulus");
}

bool key_prove(struct token *token, struct key *key, struct ssa_error *err)
{
    uint8_t challenge[CHALLENGE_BYTES];
    SECRET_AUTO signature = {0};
    if (!check_attributes(token, key, err) || !check_unreadable(token, key, err) ||
        !check_modulus(token, key, err))
        return false;
    if (RAND_bytes(challenge, sizeof challenge) != 1)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "no random bytes for a challenge");
    if (!secret_new(&signature, RSA_BYTES_MAX, err) ||
        !key_sign(token, key, span_of(challenge, sizeof challenge), &signature, err))
        return false;
    if (!rs256_verify(span_of(key->modulus, key->modulus_len), span_of(key->exponent, key->exponent_len),
                      span_of(challenge, sizeof challenge), secret_span(&signature)))
        return error_set(err, SSA_TOKEN, "CKR_SIGNATURE_INVALID", token->info.uri,
                         "the imported key's signature does not verify with its public half");
    return true;
}

bool key_destroy(struct token *token, struct key *key, struct ssa_error *err)
{
    unsigned long *const objects[] = {&key->private_object, &key->public_object};
    bool done = true;
    for (size_t i = 0; i < COUNT(objects); i++) {
        if (*objects[i] == CK_INVALID_HANDLE)
            continue;
        const CK_RV rv = token->module.call->C_DestroyObject(token->session, *objects[i]);
        if (rv == CKR_OK)
            *objects[i] = CK_INVALID_HANDLE;
        else
            done = ckr_fail(err, SSA_TOKEN, rv, token, "an object cannot be destroyed");
    }
    return done;
}

// Appends the command that deletes one of the objects with this id.
static bool append_removal(const struct token *token, const char *type, const char *hex,
                           char out[static KEY_REMOVAL_MAX])
{
    const size_t used = strlen(out);
    // A label holds what its owner likes; one that the shell would act on is left out.
    const bool quotable = strchr(token->info.label, '\'') == NULL;
    return text_format(out + used, KEY_REMOVAL_MAX - used,
                       "%spkcs11-tool --module %s %s%s%s --login --delete-object --type %s --id %s",
                       used > 0 ? " && " : "", token->module.entry.path, quotable ? "--token-label '" : "",
                       quotable ? token->info.label : "", quotable ? "'" : "", type, hex);
}

void key_removal_command(const struct token *token, const struct key *key, struct span id,
                         char out[static KEY_REMOVAL_MAX])
{
    char hex[2 * KEY_ID_MAX + 1] = "";
    out[0] = '\0';
    if (id.len > KEY_ID_MAX)
        return;
    for (size_t i = 0; i < id.len; i++)
        (void)text_format(hex + 2 * i, 3, "%02x", id.data[i]);
    if ((key->private_object != CK_INVALID_HANDLE && !append_removal(token, "privkey", hex, out)) ||
        (key->public_object != CK_INVALID_HANDLE && !append_removal(token, "pubkey", hex, out)))
        out[0] = '\0';
}
