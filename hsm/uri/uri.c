// PKCS#11 URIs, by p11-kit's parser.
#include "hsm/uri/uri.h"

#include <errno.h>
#include <stdlib.h>

#include "core/text.h"
#include "hsm/cryptoki/padding.h"
#include "hsm/uri/uri_match.h"
#include "hsm/uri/uri_text.h"

static void kit_free(P11KitUri **uri)
{
    p11_kit_uri_free(*uri);
}

// The text is not repeated, because a PIN or a key may be in it by mistake.
static bool bad(struct ssa_error *err, const char *what)
{
    error_set(err, SSA_CONFIG, NULL, NULL, "%s", what);
    error_hint(err,
               "A token's URI looks like \"pkcs11:token=My%%20Token;serial=…\", also where its label itself begins "
               "with pkcs11: (pkcs11:token=pkcs11%%3A…).");
    return error_reason(err, SSA_REASON_URI_INVALID, NULL);
}

static bool no_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a URI");
}

static bool check_policy(P11KitUri *uri, struct ssa_error *err)
{
    if (p11_kit_uri_get_pin_value(uri) != NULL) {
        error_set(err, SSA_CONFIG, NULL, NULL, "the PKCS#11 URI holds a PIN (pin-value)");
        error_hint(err, "Take the PIN out, and name its place instead: pin-source=file:/path.");
        return error_reason(err, SSA_REASON_URI_HAS_PIN, NULL);
    }
    const char *source = p11_kit_uri_get_pin_source(uri);
    if (source != NULL && source[0] == '|') {
        error_set(err, SSA_CONFIG, NULL, NULL, "the PKCS#11 URI's pin-source is a command, which is never run");
        return error_hint(err, "Use file:PATH, env:NAME, fd:N or credential:NAME.");
    }
    if (p11_kit_uri_any_unrecognized(uri))
        return bad(err, "the PKCS#11 URI matches nothing: an attribute is not in RFC 7512, or is longer than any "
                        "token's");
    return true;
}

bool uri_parse(const char *text, struct uri **out, struct ssa_error *err)
{
    __attribute__((cleanup(kit_free))) P11KitUri *uri = p11_kit_uri_new();
    char *tidy = NULL;
    if (uri == NULL || !uri_text_tidy(text, &tidy))
        return no_memory(err);
    const bool sound = uri_text_slot_is_sound(tidy), percents = uri_text_percents_are_sound(tidy);
    const int code = sound ? p11_kit_uri_parse(tidy, P11_KIT_URI_FOR_ANY, uri) : P11_KIT_URI_OK;
    free(tidy);
    if (!sound)
        return bad(err, "the PKCS#11 URI's slot-id is not the number of a slot");
    if (code != P11_KIT_URI_OK && !percents)
        return bad(err,
                   "this is not a valid PKCS#11 URI: two hexadecimal digits must follow each %, and a percent sign "
                   "itself is written %25");
    if (code != P11_KIT_URI_OK)
        return bad(err, "this is not a valid PKCS#11 URI (RFC 7512)");
    if (!check_policy(uri, err))
        return false;
    uri_pad(p11_kit_uri_get_module_info(uri), p11_kit_uri_get_slot_info(uri), p11_kit_uri_get_token_info(uri), true);
    *out = (struct uri *)uri;
    uri = NULL;
    return true;
}

bool uri_of_label(const char *label, struct uri **out, struct ssa_error *err)
{
    CK_TOKEN_INFO *info = NULL;
    const size_t len = strlen(label);
    if (len == 0 || len > sizeof info->label)
        return error_because(err, SSA_CONFIG, SSA_REASON_URI_INVALID, NULL,
                             "a PKCS#11 token's label has 1 to %zu bytes", sizeof info->label);
    P11KitUri *uri = p11_kit_uri_new();
    if (uri == NULL)
        return no_memory(err);
    info = p11_kit_uri_get_token_info(uri);
    memset(info->label, ' ', sizeof info->label);
    memcpy(info->label, label, len);
    *out = (struct uri *)uri;
    return true;
}

void uri_free(struct uri **uri)
{
    if (*uri != NULL)
        p11_kit_uri_free(uri_kit(*uri));
    *uri = NULL;
}

const char *uri_module_path(const struct uri *uri)
{
    return p11_kit_uri_get_module_path(uri_kit(uri));
}

const char *uri_module_name(const struct uri *uri)
{
    return p11_kit_uri_get_module_name(uri_kit(uri));
}

const char *uri_pin_source(const struct uri *uri)
{
    return p11_kit_uri_get_pin_source(uri_kit(uri));
}

bool uri_names_object(const struct uri *uri)
{
    return uri_attribute(uri, CKA_ID) != NULL || uri_attribute(uri, CKA_LABEL) != NULL;
}

static bool slot_is_named(const struct uri *uri)
{
    const CK_SLOT_INFO *slot = p11_kit_uri_get_slot_info(uri_kit(uri));
    return p11_kit_uri_get_slot_id(uri_kit(uri)) != (CK_SLOT_ID)-1 || slot->slotDescription[0] != '\0' ||
           slot->manufacturerID[0] != '\0';
}

static bool token_is_named(const struct uri *uri)
{
    const CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri_kit(uri));
    return token->label[0] != '\0' || token->serialNumber[0] != '\0' || token->model[0] != '\0' ||
           token->manufacturerID[0] != '\0';
}

static bool module_is_named(const struct uri *uri)
{
    const CK_INFO *module = p11_kit_uri_get_module_info(uri_kit(uri));
    return module->libraryDescription[0] != '\0' || module->manufacturerID[0] != '\0' || uri_module_path(uri) != NULL ||
           uri_module_name(uri) != NULL;
}

bool uri_names_token(const struct uri *uri)
{
    return token_is_named(uri) || slot_is_named(uri);
}

bool uri_names_place(const struct uri *uri)
{
    return uri_names_token(uri) || module_is_named(uri);
}

void uri_token_text(const struct uri *uri, char out[static URI_TEXT_MAX])
{
    char *text = NULL;
    const P11KitUriType place = P11_KIT_URI_FOR_TOKEN | P11_KIT_URI_FOR_SLOT;
    const bool formatted = p11_kit_uri_format(uri_kit(uri), place, &text) == P11_KIT_URI_OK;
    if (!formatted || !text_format(out, URI_TEXT_MAX, "%.*s", (int)strcspn(text, "?"), text) ||
        strcmp(out, P11_KIT_URI_SCHEME ":") == 0)
        out[0] = '\0';
    free(text);
}

void uri_label_text(const struct uri *uri, char out[static TOKEN_LABEL_TEXT])
{
    const CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri_kit(uri));
    // An attribute that the URI does not name begins with a NUL.
    size_t len = info->label[0] != '\0' ? sizeof info->label : 0;
    while (len > 0 && info->label[len - 1] == ' ')
        len--;
    text_harmless(out, TOKEN_LABEL_TEXT, span_of(info->label, len));
}

static void set_field(uint8_t *to, const uint8_t *from, size_t width)
{
    memcpy(to, from, width);
    padded_write(to, width);
}

// A blank field that names the token all the same is written as empty.
static void set_token(P11KitUri *uri, const struct token_name *name, const struct token_apart *apart)
{
    CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);
    const unsigned by = apart != NULL ? apart->by : BY_LABEL | BY_SERIAL;
    if ((by & BY_LABEL) != 0)
        set_field(info->label, name->label, sizeof info->label);
    if ((by & BY_SERIAL) != 0)
        set_field(info->serialNumber, name->serial, sizeof info->serialNumber);
    if ((by & BY_MODEL) != 0)
        set_field(info->model, apart->model, sizeof info->model);
    if ((by & BY_MANUFACTURER) != 0)
        set_field(info->manufacturerID, apart->manufacturer, sizeof info->manufacturerID);
    if ((by & BY_SLOT) != 0)
        p11_kit_uri_set_slot_id(uri, apart->slot);
}

static bool set_object(P11KitUri *uri, const struct uri_parts *parts)
{
    const CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY, data = CKO_DATA;
    CK_ATTRIBUTE attributes[3];
    CK_ULONG count = 0;
    if (parts->object.len > 0)
        attributes[count++] = (CK_ATTRIBUTE)ATTRIBUTE(CKA_LABEL, parts->object.data, parts->object.len);
    if (parts->id.len > 0)
        attributes[count++] = (CK_ATTRIBUTE)ATTRIBUTE(CKA_ID, parts->id.data, parts->id.len);
    if (parts->private_key)
        attributes[count++] = (CK_ATTRIBUTE)ATTRIBUTE(CKA_CLASS, &private_key, sizeof private_key);
    else if (parts->data)
        attributes[count++] = (CK_ATTRIBUTE)ATTRIBUTE(CKA_CLASS, &data, sizeof data);
    return count == 0 || p11_kit_uri_set_attributes(uri, attributes, count) == P11_KIT_URI_OK;
}

bool uri_write(const struct uri_parts *parts, char out[static URI_TEXT_MAX], struct ssa_error *err)
{
    __attribute__((cleanup(kit_free))) P11KitUri *uri = p11_kit_uri_new();
    if (uri == NULL)
        return no_memory(err);
    if (parts->token != NULL && parts->apart != NULL && parts->apart->by == 0)
        return error_set(err, SSA_TOKEN, NULL, NULL,
                         "nothing tells the PKCS#11 token from another that its module shows");
    if (parts->token != NULL)
        set_token(uri, parts->token, parts->apart);
    if (text_present(parts->module_path))
        p11_kit_uri_set_module_path(uri, parts->module_path);
    if (text_present(parts->module_name))
        p11_kit_uri_set_module_name(uri, parts->module_name);
    if (text_present(parts->pin_source))
        p11_kit_uri_set_pin_source(uri, parts->pin_source);
    char *text = NULL;
    const bool formatted =
        set_object(uri, parts) && p11_kit_uri_format(uri, P11_KIT_URI_FOR_ANY, &text) == P11_KIT_URI_OK;
    const bool fits = formatted && text_format(out, URI_TEXT_MAX, "%s", text);
    free(text);
    return fits ||
           error_set(err, SSA_UNEXPECTED, NULL, NULL, "the PKCS#11 URI grows longer than %u bytes", URI_TEXT_MAX);
}
