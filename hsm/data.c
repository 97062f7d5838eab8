// Data objects: found by their label, read, stored and proved, destroyed.
#include "hsm/data.h"

#include <openssl/crypto.h>

#include "core/text.h"
#include "hsm/object.h"
#include "hsm/recipe.h"

#define APPLICATION "ssa-hsm"

enum { SAME_LABEL_MAX = 16 };

static const CK_OBJECT_CLASS data_class = CKO_DATA;

// All that have one label.
struct found {
    CK_OBJECT_HANDLE list[SAME_LABEL_MAX];
    CK_ULONG count;
};

static bool find_label(struct token *token, struct span label, struct found *found, struct ssa_error *err)
{
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &data_class, sizeof data_class),
                               ATTRIBUTE(CKA_LABEL, label.data, label.len)};
    return find_objects(token, template, COUNT(template), found->list, SAME_LABEL_MAX, &found->count, err);
}

static struct span label_of(const struct uri *uri)
{
    const CK_ATTRIBUTE *label = uri_attribute(uri, CKA_LABEL);
    return label == NULL ? span_of(NULL, 0) : span_of(label->pValue, label->ulValueLen);
}

void data_label(const struct uri *uri, char out[static DATA_LABEL_MAX])
{
    text_harmless(out, DATA_LABEL_MAX, label_of(uri));
}

bool data_check_uri(const struct uri *uri, const char *what, struct ssa_error *err)
{
    const CK_ATTRIBUTE *class = uri_attribute(uri, CKA_CLASS);
    CK_OBJECT_CLASS type = CKO_DATA;
    if (class != NULL && class->ulValueLen == sizeof type)
        memcpy(&type, class->pValue, sizeof type);
    if (type == CKO_DATA && label_of(uri).len > 0)
        return true;
    error_set(err, SSA_CONFIG, NULL, what, "is a PKCS#11 URI that names no data object");
    return error_hint(err, "It has object=LABEL and type=data: `ssa-hsm secret import` prints it.");
}

bool data_check_able(const struct token *token, struct ssa_error *err)
{
    if (token->info.recipe->no_data) {
        error_set(err, SSA_TOKEN, NULL, token->info.uri,
                  "this kind of token (%s) takes no private data object, and so no client secret",
                  token->info.recipe->name);
        return error_hint(err, "Choose another token with --token, or keep the secret in a file of mode 0600 "
                               "(file:PATH) or a systemd credential (credential:NAME).");
    }
    if (!token->info.write_protected)
        return true;
    error_set(err, SSA_TOKEN, "CKF_WRITE_PROTECTED", token->info.uri, "the token is write-protected");
    return error_hint(err, "Choose another token with --token; `ssa-hsm hsm list` shows them.");
}

// The one that the URI names.
static bool find_one(struct token *token, const struct uri *uri, CK_OBJECT_HANDLE *object,
                     struct ssa_error *err)
{
    struct found found;
    char label[DATA_LABEL_MAX];
    data_label(uri, label);
    if (!find_label(token, label_of(uri), &found, err))
        return false;
    if (found.count == 0) {
        error_set(err, SSA_KEY_MISSING, NULL, token->info.uri,
                  "the token does not hold the data object \"%s\" that APS_SECRET_ID names", label);
        return error_hint(err, "`ssa-hsm secret import` puts the client secret there.");
    }
    if (found.count > 1) {
        error_set(err, SSA_CONFIG, NULL, token->info.uri, "the token holds several data objects \"%s\"",
                  label);
        return error_hint(err,
                          "`ssa-hsm secret import --force` leaves one, with the secret that it is given.");
    }
    *object = found.list[0];
    return true;
}

// Appends the value, and says whether the object is private, in one call. A module that does not tell
// CKA_PRIVATE counts as one where it is not.
static bool read_value(struct token *token, CK_OBJECT_HANDLE object, struct secret *value, bool *is_private,
                       struct ssa_error *err)
{
    CK_BBOOL private = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {
        ATTRIBUTE(CKA_VALUE, value->data + value->len, value->capacity - value->len),
        ATTRIBUTE(CKA_PRIVATE, &private, sizeof private),
    };
    const CK_RV rv =
        token->module.call->C_GetAttributeValue(token->session, object, attributes, COUNT(attributes));
    const CK_ULONG len = attributes[0].ulValueLen;
    if ((rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID) || len == CK_UNAVAILABLE_INFORMATION ||
        len > value->capacity - value->len) {
        value->data[value->len] = 0;
        return ckr_fail(err, SSA_TOKEN, rv != CKR_OK ? rv : CKR_BUFFER_TOO_SMALL, token,
                        "the data object cannot be read");
    }
    value->len += len;
    value->data[value->len] = 0;
    *is_private = attributes[1].ulValueLen == sizeof private && private != CK_FALSE;
    return true;
}

bool data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private,
               struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (!find_one(token, uri, &object, err) || !read_value(token, object, value, is_private, err))
        return false;
    return value->len > 0 || error_set(err, SSA_CONFIG, NULL, token->info.uri,
                                       "the data object that APS_SECRET_ID names is empty");
}

static CK_RV create(struct token *token, const char *label, struct span value, bool fixed,
                    CK_OBJECT_HANDLE *object)
{
    static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE template[] = {
        ATTRIBUTE(CKA_CLASS, &data_class, sizeof data_class),
        ATTRIBUTE(CKA_TOKEN, &yes, sizeof yes),
        ATTRIBUTE(CKA_PRIVATE, &yes, sizeof yes),
        ATTRIBUTE(CKA_LABEL, label, strlen(label)),
        ATTRIBUTE(CKA_APPLICATION, APPLICATION, sizeof APPLICATION - 1),
        ATTRIBUTE(CKA_VALUE, value.data, value.len),
        ATTRIBUTE(CKA_MODIFIABLE, &no, sizeof no), // the last: not every token takes it
    };
    return token->module.call->C_CreateObject(token->session, template, COUNT(template) - (fixed ? 0 : 1),
                                              object);
}

static bool dislikes_template(CK_RV rv)
{
    return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
           rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_TEMPLATE_INCONSISTENT;
}

static bool prove(struct token *token, CK_OBJECT_HANDLE object, struct span value, struct ssa_error *err)
{
    SECRET_AUTO back = {0};
    bool is_private = false;
    if (!secret_new(&back, value.len, err) || !read_value(token, object, &back, &is_private, err))
        return false;
    if (back.len != value.len || CRYPTO_memcmp(back.data, value.data, value.len) != 0)
        return error_set(err, SSA_TOKEN, NULL, token->info.uri,
                         "the data object reads back as something else than was stored");
    if (is_private)
        return true;
    error_set(err, SSA_TOKEN, "CKA_PRIVATE", token->info.uri,
              "the token keeps the data object where it can be read without a login");
    return error_hint(err, "It is taken away again. Choose another token with --token.");
}

static bool is_among(const struct found *found, CK_OBJECT_HANDLE object)
{
    for (CK_ULONG i = 0; i < found->count; i++)
        if (found->list[i] == object)
            return true;
    return false;
}

// Destroys all of that label but those. True when none of them is left for certain.
static bool destroy_others(struct token *token, const char *label, const struct found *kept,
                           struct ssa_error *err)
{
    struct found there;
    bool gone = find_label(token, span_text(label), &there, err);
    for (CK_ULONG i = 0; gone && i < there.count; i++) {
        if (is_among(kept, there.list[i]))
            continue;
        const CK_RV rv = token->module.call->C_DestroyObject(token->session, there.list[i]);
        gone = rv == CKR_OK || ckr_fail(err, SSA_TOKEN, rv, token, "a data object cannot be destroyed");
    }
    return gone;
}

static bool create_proved(struct token *token, const char *label, struct span value, CK_OBJECT_HANDLE *object,
                          struct ssa_error *err)
{
    CK_RV rv = create(token, label, value, true, object);
    if (dislikes_template(rv))
        rv = create(token, label, value, false, object);
    if (rv == CKR_OK)
        return prove(token, *object, value, err);
    ckr_fail(err, SSA_TOKEN, rv, token, "the token does not take a private data object");
    return err != NULL && err->hint[0] == '\0'
               ? error_hint(err, "Not every token does: choose another with --token, or keep the secret in a "
                                 "file (file:PATH).")
               : false;
}

bool data_store(struct token *token, const char *label, struct span value, bool replace, bool *left,
                struct ssa_error *err)
{
    struct found before;
    struct found made = {.count = 1};
    *left = false;
    if (!find_label(token, span_text(label), &before, err))
        return false;
    if (before.count > 0 && !replace) {
        error_set(err, SSA_CONFIG, NULL, token->info.uri, "the token already holds a data object \"%s\"",
                  label);
        return error_hint(err, "--force replaces it; --label NAME stores another beside it.");
    }
    if (create_proved(token, label, value, &made.list[0], err)) {
        *left = before.count > 0 && !destroy_others(token, label, &made, err);
        return !*left;
    }
    // A creation that failed may have been carried out all the same.
    *left = !destroy_others(token, label, &before, NULL);
    return false;
}

bool data_destroy(struct token *token, const struct uri *uri, struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (!find_one(token, uri, &object, err))
        return false;
    const CK_RV rv = token->module.call->C_DestroyObject(token->session, object);
    return rv == CKR_OK || ckr_fail(err, SSA_TOKEN, rv, token, "the data object cannot be destroyed");
}
