// PKCS#11 URIs, over p11-kit's parser.
#include "hsm/uri.h"

#include <stdlib.h>

#include "core/text.h"
#include "hsm/pkcs11.h"

#include <p11-kit/uri.h>

// The layout is p11-kit's: ours is its type under our name.
static P11KitUri *kit(const struct uri *uri)
{
    return (P11KitUri *)(uintptr_t)uri;
}

static void kit_free(P11KitUri **uri)
{
    p11_kit_uri_free(*uri);
}

// The text is not repeated: what is wrong with it may be that a PIN or a key stands there.
static bool bad(struct ssa_error *err, const char *what)
{
    error_set(err, SSA_CONFIG, NULL, NULL, "%s", what);
    return error_hint(
        err, "A token's URI looks like \"pkcs11:token=My%%20Token;serial=…\"; `ssa-hsm hsm list` prints "
             "them ready to paste.");
}

static bool is_command(const char *pin_source)
{
    return pin_source != NULL && pin_source[0] == '|';
}

bool uri_parse(const char *text, struct uri **out, struct ssa_error *err)
{
    __attribute__((cleanup(kit_free))) P11KitUri *uri = p11_kit_uri_new();
    if (uri == NULL)
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for a URI");
    const int code = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
    if (code != P11_KIT_URI_OK)
        return bad(err, "this is no PKCS#11 URI (RFC 7512)");
    if (p11_kit_uri_get_pin_value(uri) != NULL) {
        error_set(err, SSA_CONFIG, NULL, NULL, "the PKCS#11 URI holds a PIN (pin-value)");
        return error_hint(
            err, "Take it out, and say where the PIN is: pin-source=file:/path, or SSA_HSM_PIN_SOURCE.");
    }
    if (is_command(p11_kit_uri_get_pin_source(uri))) {
        error_set(err, SSA_CONFIG, NULL, NULL,
                  "the PKCS#11 URI's pin-source is a command, which is never run");
        return error_hint(err, "Use file:PATH, env:NAME, fd:N or credential:NAME.");
    }
    if (p11_kit_uri_any_unrecognized(uri))
        return bad(err, "the PKCS#11 URI has an attribute that is not in RFC 7512, so it matches nothing");
    *out = (struct uri *)uri;
    uri = NULL;
    return true;
}

void uri_free(struct uri **uri)
{
    if (*uri != NULL)
        p11_kit_uri_free(kit(*uri));
    *uri = NULL;
}

const char *uri_module_path(const struct uri *uri)
{
    return p11_kit_uri_get_module_path(kit(uri));
}

const char *uri_module_name(const struct uri *uri)
{
    return p11_kit_uri_get_module_name(kit(uri));
}

const char *uri_pin_source(const struct uri *uri)
{
    return p11_kit_uri_get_pin_source(kit(uri));
}

const CK_ATTRIBUTE *uri_attribute(const struct uri *uri, CK_ATTRIBUTE_TYPE type)
{
    return p11_kit_uri_get_attribute(kit(uri), type);
}

bool uri_names_object(const struct uri *uri)
{
    return uri_attribute(uri, CKA_ID) != NULL || uri_attribute(uri, CKA_LABEL) != NULL;
}

bool uri_matches(const struct uri *uri, CK_INFO *module, CK_SLOT_INFO *slot, CK_SLOT_ID id,
                 CK_TOKEN_INFO *token)
{
    const CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(kit(uri));
    return p11_kit_uri_match_module_info(kit(uri), module) && p11_kit_uri_match_slot_info(kit(uri), slot) &&
           (wanted == (CK_SLOT_ID)-1 || wanted == id) && p11_kit_uri_match_token_info(kit(uri), token);
}

void uri_token_text(const struct uri *uri, char out[static URI_TEXT_MAX])
{
    char *text = NULL;
    const bool formatted = p11_kit_uri_format(kit(uri), P11_KIT_URI_FOR_TOKEN, &text) == P11_KIT_URI_OK;
    if (!formatted || !text_format(out, URI_TEXT_MAX, "%.*s", (int)strcspn(text, "?"), text) ||
        strcmp(out, P11_KIT_URI_SCHEME ":") == 0)
        out[0] = '\0';
    free(text);
}

// Nothing but padding: blanks by the standard (PKCS#11 v2.40 section 3.2), zero bytes by some modules.
static bool blank(const uint8_t *text, size_t width)
{
    for (size_t i = 0; i < width; i++)
        if (text[i] != ' ' && text[i] != '\0')
            return false;
    return true;
}

static void set_token(P11KitUri *uri, const struct token_name *name)
{
    CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);
    if (!blank(name->label, sizeof name->label))
        memcpy(info->label, name->label, sizeof info->label);
    if (!blank(name->serial, sizeof name->serial))
        memcpy(info->serialNumber, name->serial, sizeof info->serialNumber);
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
        return error_set(err, SSA_UNEXPECTED, "ENOMEM", NULL, "no memory for a URI");
    if (parts->token != NULL)
        set_token(uri, parts->token);
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
    return fits || error_set(err, SSA_UNEXPECTED, NULL, NULL, "the PKCS#11 URI grows longer than %u bytes",
                             URI_TEXT_MAX);
}
