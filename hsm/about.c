// What is told of a token, its module and a key for the record.
#include "hsm/about.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "core/text.h"
#include "hsm/object.h"

enum { SHA256_BYTES = 32 };

static void version_text(const CK_VERSION *version, char out[static VERSION_TEXT_MAX])
{
    (void)text_format(out, VERSION_TEXT_MAX, "%u.%u", version->major, version->minor);
}

static bool digest_fd(int fd, EVP_MD_CTX *context, unsigned char digest[static SHA256_BYTES])
{
    unsigned char block[16384];
    ssize_t got = 0;
    if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        return false;
    while ((got = read(fd, block, sizeof block)) > 0)
        if (EVP_DigestUpdate(context, block, (size_t)got) != 1)
            return false;
    return got == 0 && EVP_DigestFinal_ex(context, digest, NULL) == 1;
}

static void digest_file(const char *path, char out[static SHA256_TEXT_MAX])
{
    unsigned char digest[SHA256_BYTES];
    out[0] = '\0';
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (fd >= 0 && context != NULL && digest_fd(fd, context, digest))
        text_hex(out, span_of(digest, sizeof digest));
    EVP_MD_CTX_free(context);
    if (fd >= 0)
        (void)close(fd);
}

// The file that the loader found, which a path without a slash does not name.
static const char *loaded_path(const struct token *token)
{
    const char *path = token->module.entry.path;
    struct link_map *map = NULL;
    // It is there: this counts a user more, and opens nothing.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (library != NULL && dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && text_present(map->l_name))
        path = map->l_name;
    return path;
}

void token_about(const struct token *token, struct token_about *about)
{
    CK_FUNCTION_LIST *call = token->module.call;
    CK_TOKEN_INFO raw;
    CK_INFO module;
    *about = (struct token_about){0};
    if (call->C_GetTokenInfo(token->slot, &raw) == CKR_OK) {
        version_text(&raw.hardwareVersion, about->hardware);
        version_text(&raw.firmwareVersion, about->firmware);
    }
    if (call->C_GetInfo(&module) == CKR_OK) {
        unpad(about->description, sizeof about->description, module.libraryDescription,
              sizeof module.libraryDescription);
        unpad(about->manufacturer, sizeof about->manufacturer, module.manufacturerID,
              sizeof module.manufacturerID);
        version_text(&module.libraryVersion, about->version);
        version_text(&module.cryptokiVersion, about->cryptoki);
    }
    const char *path = loaded_path(token);
    text_harmless(about->path, sizeof about->path, span_text(path));
    text_harmless(about->name, sizeof about->name, span_text(token->module.entry.name));
    digest_file(path, about->sha256);
}

void key_facts(struct token *token, const struct key *key, struct key_fact out[static KEY_FACTS])
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        const char *name;
    } told[KEY_FACTS] = {{CKA_LOCAL, "CKA_LOCAL"},
                         {CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE"},
                         {CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE"},
                         {CKA_ALWAYS_AUTHENTICATE, "CKA_ALWAYS_AUTHENTICATE"}};
    for (size_t i = 0; i < KEY_FACTS; i++) {
        CK_BBOOL value = CK_FALSE;
        CK_ATTRIBUTE attribute = ATTRIBUTE(told[i].type, &value, sizeof value);
        // One by one: a module that does not know one of them may fill in none.
        const CK_RV rv = attribute_read(token, key->private_object, &attribute);
        out[i] = (struct key_fact){.name = told[i].name,
                                   .known = rv == CKR_OK && attribute.ulValueLen == sizeof value,
                                   .value = value != CK_FALSE};
    }
}

static void mechanism_text(CK_MECHANISM_TYPE type, char out[static MECHANISM_TEXT_MAX])
{
    static const struct {
        CK_MECHANISM_TYPE type;
        const char *name;
    } names[] = {
        {CKM_RSA_PKCS, "CKM_RSA_PKCS"},
        {CKM_SHA256_RSA_PKCS, "CKM_SHA256_RSA_PKCS"},
        {CKM_RSA_X_509, "CKM_RSA_X_509"},
        {CKM_RSA_PKCS_OAEP, "CKM_RSA_PKCS_OAEP"},
        {CKM_RSA_PKCS_PSS, "CKM_RSA_PKCS_PSS"},
        {CKM_SHA1_RSA_PKCS, "CKM_SHA1_RSA_PKCS"},
        {CKM_SHA384_RSA_PKCS, "CKM_SHA384_RSA_PKCS"},
        {CKM_SHA512_RSA_PKCS, "CKM_SHA512_RSA_PKCS"},
        {CKM_SHA256_RSA_PKCS_PSS, "CKM_SHA256_RSA_PKCS_PSS"},
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i].type == type) {
            (void)text_format(out, MECHANISM_TEXT_MAX, "%s", names[i].name);
            return;
        }
    (void)text_format(out, MECHANISM_TEXT_MAX, "0x%lx", type);
}

static bool refuses_mechanism(CK_RV rv)
{
    return rv == CKR_MECHANISM_INVALID || rv == CKR_MECHANISM_PARAM_INVALID ||
           rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_KEY_TYPE_INCONSISTENT ||
           rv == CKR_FUNCTION_NOT_SUPPORTED;
}

// An operation that has begun ends with its session; with another's it would have to be carried out.
static enum raw_rsa begin_raw(struct token *token, const struct key *key)
{
    CK_FUNCTION_LIST *call = token->module.call;
    CK_MECHANISM raw = {.mechanism = CKM_RSA_X_509};
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    if (call->C_OpenSession(token->slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
        return RAW_RSA_UNKNOWN;
    const CK_RV rv = call->C_SignInit(session, &raw, key->private_object);
    (void)call->C_CloseSession(session);
    return rv == CKR_OK ? RAW_RSA_POSSIBLE : refuses_mechanism(rv) ? RAW_RSA_REFUSED : RAW_RSA_UNKNOWN;
}

static enum raw_rsa try_raw(struct token *token, const struct key *key)
{
    CK_MECHANISM_INFO info = {0};
    const CK_RV rv = token->module.call->C_GetMechanismInfo(token->slot, CKM_RSA_X_509, &info);
    if (rv == CKR_MECHANISM_INVALID || (rv == CKR_OK && (info.flags & CKF_SIGN) == 0))
        return RAW_RSA_REFUSED;
    return rv == CKR_OK ? begin_raw(token, key) : RAW_RSA_UNKNOWN;
}

void key_mechanisms(struct token *token, const struct key *key, struct key_mechanisms *out)
{
    CK_MECHANISM_TYPE list[KEY_MECHANISMS_MAX] = {0};
    CK_ATTRIBUTE allowed = ATTRIBUTE(CKA_ALLOWED_MECHANISMS, list, sizeof list);
    *out = (struct key_mechanisms){0};
    out->known = attribute_read(token, key->private_object, &allowed) == CKR_OK;
    out->count = out->known ? allowed.ulValueLen / sizeof list[0] : 0;
    for (size_t i = 0; i < out->count; i++)
        mechanism_text(list[i], out->names[i]);
    out->raw = try_raw(token, key);
}

static bool no_public_half(const struct token *token, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, NULL, token->info.uri,
              "the token tells the key's public half nowhere, so nobody can verify what it signs");
    return error_hint(err,
                      "It signs all the same (`ssa-hsm jwt`). A public key object or a certificate with the "
                      "key's id, beside it on the token, would tell.");
}

bool key_attest(struct token *token, const struct key *key, struct span message, struct secret *signature,
                struct ssa_error *err)
{
    const size_t before = signature->len;
    if (key->modulus_len == 0)
        return no_public_half(token, err);
    return key_sign(token, key, message, signature, err) &&
           (rs256_verify(span_of(key->modulus, key->modulus_len), span_of(key->exponent, key->exponent_len),
                         message, span_of(signature->data + before, signature->len - before)) ||
            error_set(err, SSA_TOKEN, "CKR_SIGNATURE_INVALID", token->info.uri,
                      "the key's signature does not verify with its public half"));
}
