#include "hsm/search/listing.h"

#include <errno.h>
#include <stdlib.h>

#include "hsm/cryptoki/ckr.h"
#include "hsm/cryptoki/padding.h"
#include "hsm/key/locate.h"
#include "hsm/key/slot.h"
#include "hsm/module/quirks.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/search/ask.h"
#include "hsm/token/describe.h"
#include "hsm/token/handle.h"

enum { ID_MAX = 256, LABEL_MAX = 512 };

bool listing_tokens(struct ahead *ahead, size_t at, char description[static 33], token_shown *show, void *context,
                    struct ssa_error *err)
{
    const struct module_entry *entry = ahead_entry(ahead, at);
    SEEN_AUTO *seen = NULL;
    description[0] = '\0';
    if (!ahead_take(ahead, at, &seen, NULL, err))
        return false;
    padded_text(description, 33, seen->about.libraryDescription, sizeof seen->about.libraryDescription);
    // It is too big for the stack.
    struct token_info *info = malloc(sizeof *info);
    if (info == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a list of tokens");
    for (size_t i = 0; i < seen->count; i++) {
        char uri[URI_TEXT_MAX];
        seen_describe(seen, i, info);
        show(context, info, token_write_uri(entry, info, uri, ERROR_IGNORED) ? uri : "(no URI names it alone)");
    }
    free(info);
    return true;
}

// On a card, the key's own label names only its slot. The certificate tells whose key it is.
static bool card_label(struct token *token, struct span id, char out[static LABEL_MAX])
{
    char name[CERTIFICATE_NAME_MAX];
    bool there = false;
    const char *slot = id.len == 1 ? slot_name(id.data[0]) : NULL;
    if (slot == NULL)
        return false;
    const bool named = locate_certificate(token, id, name, &there, ERROR_IGNORED) && name[0] != '\0';
    return text_format(out, LABEL_MAX, "slot %s%s%s", slot, named ? ": " : "", named ? name : "");
}

static void show_key(struct token *token, CK_OBJECT_HANDLE object, key_shown *show, void *context)
{
    uint8_t id[ID_MAX] = {0};
    char label[LABEL_MAX] = "";
    CK_ATTRIBUTE attributes[] = {ATTRIBUTE(CKA_ID, id, sizeof id), ATTRIBUTE(CKA_LABEL, label, LABEL_MAX)};
    const CK_RV rv = attributes_read(token, object, attributes, COUNT(attributes));
    char name[32];
    if (rv != CKR_OK) {
        show(context, "(cannot be read)", ckr_name(rv, name));
        return;
    }
    const size_t id_len = attribute_len(&attributes[0]), label_len = attribute_len(&attributes[1]);
    const bool card = token->info.quirks->slots;
    char shown[LABEL_MAX + 1], uri[URI_TEXT_MAX];
    text_harmless(shown, sizeof shown, span_of(label, label_len));
    // A card's other keys, as for attestation, are left out.
    if (card && !card_label(token, span_of(id, id_len), shown))
        return;
    // A key that no URI can name is listed, too.
    const bool named =
        token_write_key_uri(&token->module.entry, &token->info, span_of(id, id_len), span_of(label, label_len), uri);
    show(context, shown, named ? uri : "(too long for a URI)");
}

bool listing_keys(struct token *token, key_shown *show, void *context, struct ssa_error *err)
{
    static const CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    static const CK_KEY_TYPE type = CKK_RSA;
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class), ATTRIBUTE(CKA_KEY_TYPE, &type, sizeof type)};
    OBJECTS_AUTO found = {0};
    if (!object_find_all(token, template, COUNT(template), &found, err))
        return false;
    for (size_t i = 0; i < found.count; i++)
        show_key(token, found.list[i], show, context);
    return true;
}
