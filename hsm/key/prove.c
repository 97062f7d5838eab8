#include "hsm/key/prove.h"

#include <assert.h>
#include <openssl/rand.h>

#include "hsm/key/key_find.h"
#include "hsm/key/public.h"
#include "hsm/key/sign.h"
#include "hsm/login/login_again.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"

enum { CHALLENGE_BYTES = 32 };

// The values that must be read back. A module that does not know a use cannot allow it, so it need not tell it. Where
// the token does not take a use in the template, it decides the use itself, and that is told.
static const struct demand {
    CK_ATTRIBUTE_TYPE type;
    const char *name;
    CK_BBOOL value;
    unsigned part; // of the template, for a use; 0 for what no token may decide itself
} demanded[] = {
    {CKA_TOKEN, "CKA_TOKEN", CK_TRUE, 0},
    {CKA_PRIVATE, "CKA_PRIVATE", CK_TRUE, 0},
    {CKA_SENSITIVE, "CKA_SENSITIVE", CK_TRUE, 0},
    {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", CK_FALSE, 0},
    {CKA_SIGN, "CKA_SIGN", CK_TRUE, 0},
    {CKA_DECRYPT, "CKA_DECRYPT", CK_FALSE, PART_NO_DECRYPT},
    {CKA_UNWRAP, "CKA_UNWRAP", CK_FALSE, PART_NO_UNWRAP},
    {CKA_SIGN_RECOVER, "CKA_SIGN_RECOVER", CK_FALSE, PART_NO_SIGN_RECOVER},
    {CKA_DERIVE, "CKA_DERIVE", CK_FALSE, PART_NO_DERIVE},
};

static bool judge(struct token *token, struct key *key, const struct demand *demand, struct key_attribute *read,
                  unsigned asked, struct ssa_error *err)
{
    const bool use = demand->part != 0;
    if (!read->known)
        return use || error_set(err, SSA_TOKEN, NULL, token->info.uri, "the key does not tell its %s", demand->name);
    if (read->value == read->wanted)
        return true;
    const char *value = read->value ? "true" : "false";
    read->decided = use && (asked & demand->part) == 0;
    if (!read->decided)
        return error_set(err, SSA_TOKEN, NULL, token->info.uri, "the key reads back %s=%s", demand->name, value);
    const size_t used = strlen(key->decided);
    (void)text_format(key->decided + used, sizeof key->decided - used, "%s%s=%s", used > 0 ? ", " : "", demand->name,
                      value);
    return true;
}

static bool read_attributes(struct token *token, const struct key *key, struct key_attribute out[static KEY_ATTRIBUTES],
                            struct ssa_error *err)
{
    CK_BBOOL values[COUNT(demanded)] = {0};
    CK_ATTRIBUTE attributes[COUNT(demanded)];
    static_assert(COUNT(demanded) == KEY_ATTRIBUTES, "the header has the number");
    for (size_t i = 0; i < COUNT(demanded); i++)
        attributes[i] = (CK_ATTRIBUTE)ATTRIBUTE(demanded[i].type, &values[i], sizeof values[i]);
    const CK_RV rv = attributes_read(token, key->private_object, attributes, COUNT(attributes));
    if (rv != CKR_OK)
        return token_fail(err, SSA_TOKEN, rv, token, "the key's attributes cannot be read back");
    for (size_t i = 0; i < COUNT(demanded); i++)
        out[i] = (struct key_attribute){.name = demanded[i].name,
                                        .known = attributes[i].ulValueLen == sizeof values[i],
                                        .value = values[i] != CK_FALSE,
                                        .wanted = demanded[i].value != CK_FALSE};
    return true;
}

// All are judged. The error is about the first that is not as it must be.
static bool judge_all(struct token *token, struct key *key, struct key_attribute read[static KEY_ATTRIBUTES],
                      size_t from, unsigned asked, struct ssa_error *err)
{
    bool good = true;
    key->decided[0] = '\0';
    for (size_t i = from; i < COUNT(demanded); i++)
        good = judge(token, key, &demanded[i], &read[i], asked, good ? err : ERROR_IGNORED) && good;
    return good;
}

// The parts of the template that the key was imported with. Where another process imported it into an unknown token,
// nobody knows what was left out: then the token may decide each use.
static unsigned parts_asked(const struct token *token, const struct key *key)
{
    const struct quirks *quirks = token->info.quirks;
    if (key->parts != 0)
        return key->parts;
    return quirks->unknown ? quirks->parts & ~(unsigned)PART_OPTIONAL : quirks->parts;
}

// from is 1 for a session object, to leave out its CKA_TOKEN.
static bool check_attributes(struct token *token, struct key *key, size_t from, struct ssa_error *err)
{
    struct key_attribute read[KEY_ATTRIBUTES];
    return read_attributes(token, key, read, err) && judge_all(token, key, read, from, parts_asked(token, key), err);
}

// The attributes may be wrong: the module must refuse to tell even the private exponent's length.
static bool check_unreadable(struct token *token, const struct key *key, struct ssa_error *err)
{
    CK_ATTRIBUTE secret = {.type = CKA_PRIVATE_EXPONENT};
    const CK_RV rv = call_get_attribute_value(token->module.call, token->session, key->private_object, &secret, 1);
    if (rv == CKR_OK && secret.ulValueLen != CK_UNAVAILABLE_INFORMATION && secret.ulValueLen > 0)
        return error_set(err, SSA_TOKEN, NULL, token->info.uri, "the key's private exponent can be read");
    return true;
}

// The modulus that is read back must be the one that was imported.
static bool check_modulus(struct token *token, struct key *key, struct ssa_error *err)
{
    struct key read = {.private_object = key->private_object};
    if (!key_read(token, &read, err))
        return false;
    key->login_each_time = read.login_each_time;
    // Where the modulus is not told, the signature shows that the key is the right one.
    return read.modulus_len == 0 ||
           span_equal(span_of(read.modulus, read.modulus_len), span_of(key->modulus, key->modulus_len)) ||
           error_set(err, SSA_TOKEN, NULL, token->info.uri, "the key reads back another modulus");
}

static bool key_challenge(struct token *token, const struct key *key, struct ssa_error *err)
{
    uint8_t challenge[CHALLENGE_BYTES];
    SECRET_AUTO signature = {0};
    if (RAND_bytes(challenge, sizeof challenge) != 1)
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "no random bytes for a challenge");
    return secret_new(&signature, RSA_BYTES_MAX, err) &&
           key_attest(token, key, span_of(challenge, sizeof challenge), &signature, err);
}

bool key_again(struct token *token, const struct key_name *name, struct key *key, struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (!login_as(token, CKU_USER, err))
        return false;
    if (!token->info.quirks->slots)
        return true;
    // After a logout, handles of private objects are not valid any more (PKCS#11 v2.40 section 5.6, C_Logout).
    if (!object_find(token, CKO_PRIVATE_KEY, key_id(name), &object, err))
        return false;
    if (object == CK_INVALID_HANDLE)
        return error_set(err, SSA_KEY_MISSING, NULL, token->info.uri, "the key that was imported is not there");
    key->private_object = object;
    return true;
}

enum { ID_MAX = 256 };

// Finds the key's objects again, by their id, in a session that did not make them. An object that is not found keeps
// its handle.
static bool look_anew(struct token *token, struct key *key, struct ssa_error *err)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};
    unsigned long *const objects[] = {&key->private_object, &key->public_object};
    uint8_t id[ID_MAX] = {0};
    CK_ATTRIBUTE own = ATTRIBUTE(CKA_ID, id, sizeof id);
    if (attribute_read(token, key->private_object, &own) != CKR_OK || own.ulValueLen == 0 ||
        !session_renew(token, err) || !login_as(token, CKU_USER, err))
        return false;
    for (size_t i = 0; i < COUNT(classes); i++) {
        CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
        if (!object_find(token, classes[i], span_of(id, own.ulValueLen), &found, err))
            return false;
        if (found != CK_INVALID_HANDLE)
            *objects[i] = found;
    }
    return true;
}

// Some modules describe an object differently in the session that made it: a fresh session decides.
static bool check_kept(struct token *token, struct key *key, struct ssa_error *err)
{
    struct key_attribute read[KEY_ATTRIBUTES];
    struct ssa_error ignored;
    if (!read_attributes(token, key, read, err))
        return false;
    if (judge_all(token, key, read, 0, parts_asked(token, key), err))
        return true;
    // An object without CKA_TOKEN would end with the session that made it.
    const bool stays = !read[0].known || read[0].value;
    return !token->info.quirks->slots && stays && look_anew(token, key, &ignored) &&
           check_attributes(token, key, 0, &ignored);
}

bool key_works(struct token *token, struct key *key, bool on_token, struct ssa_error *err)
{
    if (on_token ? !check_kept(token, key, err) : !check_attributes(token, key, 1, err))
        return false;
    if (!check_unreadable(token, key, err))
        return false;
    return check_modulus(token, key, err) && key_challenge(token, key, err);
}

bool key_is_unfit(struct token *token, const struct key_name *name, struct key *key)
{
    struct key_attribute read[KEY_ATTRIBUTES];
    struct ssa_error ignored;
    if (!key_again(token, name, key, &ignored) || !read_attributes(token, key, read, &ignored))
        return false;
    return !judge_all(token, key, read, 0, parts_asked(token, key), &ignored) ||
           !check_unreadable(token, key, &ignored);
}

bool key_examine(struct token *token, const struct uri *uri, struct key *key,
                 struct key_attribute out[static KEY_ATTRIBUTES], bool *read, struct ssa_error *err)
{
    *read = false;
    if (!key_find(token, uri, key, err) || !read_attributes(token, key, out, err))
        return false;
    *read = true;
    if (!judge_all(token, key, out, 0, parts_asked(token, key), err))
        return false;
    if (!check_unreadable(token, key, err))
        return false;
    return key_read_public(token, key, err);
}

bool key_verify(struct token *token, const struct uri *uri, struct key *key,
                struct key_attribute out[static KEY_ATTRIBUTES], bool *read, struct ssa_error *err)
{
    return key_examine(token, uri, key, out, read, err) && key_challenge(token, key, err);
}
