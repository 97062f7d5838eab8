// What there is, for people who need a URI.
#include "hsm/listing.h"

#include "core/text.h"
#include "hsm/ask.h"

enum { KEYS_MAX = 1024, ID_MAX = 256, LABEL_MAX = 256 };

bool module_list_tokens(const struct module_entry *entry, char description[static 33], token_shown *show,
                        void *context, struct ssa_error *err)
{
    SEEN_AUTO *seen = NULL;
    description[0] = '\0';
    if (!module_ask(entry, &seen, err))
        return false;
    size_t len = sizeof seen->about.libraryDescription;
    while (len > 0 && (seen->about.libraryDescription[len - 1] == ' ' ||
                       seen->about.libraryDescription[len - 1] == '\0'))
        len--;
    text_harmless(description, 33, span_of(seen->about.libraryDescription, len));
    for (size_t i = 0; i < seen->count; i++) {
        struct token_info info;
        char uri[URI_TEXT_MAX];
        token_describe(&seen->about, &seen->tokens[i].token, &info);
        if (entry_token_uri(entry, &info, uri, NULL))
            show(context, &info, uri);
    }
    return true;
}

static void show_key(struct token *token, CK_OBJECT_HANDLE object, key_shown *show, void *context)
{
    uint8_t id[ID_MAX];
    char label[LABEL_MAX], uri[URI_TEXT_MAX];
    CK_ATTRIBUTE attributes[] = {ATTRIBUTE(CKA_ID, id, sizeof id), ATTRIBUTE(CKA_LABEL, label, LABEL_MAX)};
    const CK_RV rv = token->module.call->C_GetAttributeValue(token->session, object, attributes, 2);
    char name[32];
    if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID && rv != CKR_BUFFER_TOO_SMALL) {
        show(context, "(cannot be read)", ckr_name(rv, name));
        return;
    }
    const size_t id_len = attributes[0].ulValueLen <= sizeof id ? attributes[0].ulValueLen : 0;
    const size_t label_len = attributes[1].ulValueLen <= LABEL_MAX ? attributes[1].ulValueLen : 0;
    const struct uri_parts parts = {.token = &token->info.name,
                                    .object = span_of(label, label_len),
                                    .id = span_of(id, id_len),
                                    .private_key = true,
                                    .module_name = token_module_name(token),
                                    .module_path = token_module_path(token)};
    char shown[LABEL_MAX + 1];
    text_harmless(shown, sizeof shown, span_of(label, label_len));
    // One key that no URI can name is no reason to hide the others.
    show(context, shown, uri_write(&parts, uri, NULL) ? uri : "(too long for a URI)");
}

bool token_list_keys(struct token *token, key_shown *show, void *context, struct ssa_error *err)
{
    static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    static const CK_KEY_TYPE type = CKK_RSA;
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class),
                               ATTRIBUTE(CKA_KEY_TYPE, &type, sizeof type)};
    CK_OBJECT_HANDLE found[KEYS_MAX];
    CK_ULONG count = 0;
    if (!find_objects(token, template, 2, found, KEYS_MAX, &count, err))
        return false;
    for (CK_ULONG i = 0; i < count; i++)
        show_key(token, found[i], show, context);
    return true;
}
