// Data objects: found by their label, told apart by their mark, read.
#include "hsm/data/data_find.h"

#include "hsm/data/data_uri.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

static bool too_many(struct token *token, const struct uri *uri, struct ssa_error *err)
{
    char label[DATA_LABEL_MAX];
    data_label(uri, label);
    error_set(err, SSA_CONFIG, NULL, token->info.uri, "the token holds several data objects \"%s\"", label);
    return error_hint(err, "There are too many to be told apart: `pkcs11-tool --login --delete-object --type data "
                           "--label LABEL`, several times, destroys some of them.");
}

bool data_find(struct token *token, const struct uri *uri, struct data_found *found, struct ssa_error *err)
{
    static const CK_OBJECT_CLASS class = CKO_DATA;
    const struct span label = data_uri_label(uri);
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class), ATTRIBUTE(CKA_LABEL, label.data, label.len)};
    if (!object_find_some(token, template, COUNT(template), found->list, DATA_SAME_MAX, &found->count, err))
        return false;
    // There may be more, and which of them was not seen is not known.
    return found->count < DATA_SAME_MAX || too_many(token, uri, err);
}

bool data_read_mark(struct token *token, CK_OBJECT_HANDLE object, char mark[static DATA_MARK_MAX],
                    struct ssa_error *err)
{
    char text[DATA_MARK_MAX - 1];
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_APPLICATION, text, sizeof text);
    // Read by itself, not by attribute_read: there a module that says CKR_OK and gives no value would look
    // like one that has a longer value.
    const CK_RV rv = token->module.call->C_GetAttributeValue(token->session, object, &attribute, 1);
    mark[0] = '\0';
    if (rv == CKR_BUFFER_TOO_SMALL) // longer than any of ours
        return text_format(mark, DATA_MARK_MAX, "?");
    if (rv != CKR_OK)
        return token_fail(err, SSA_TOKEN, rv, token, "whose a data object is cannot be read");
    const CK_ULONG len = attribute.ulValueLen;
    if (len > sizeof text)
        return error_set(err, SSA_TOKEN, "CKA_APPLICATION", token->info.uri, "whose a data object is cannot be read");
    text_harmless(mark, DATA_MARK_MAX, span_of(text, len));
    // A mark that is not harmless text is not ours, and must not become ours by being made harmless.
    return (strlen(mark) == len && memcmp(mark, text, len) == 0) || text_format(mark, DATA_MARK_MAX, "?");
}

bool data_read_marks(struct token *token, struct data_found *found, struct ssa_error *err)
{
    for (CK_ULONG i = 0; i < found->count; i++)
        if (!data_read_mark(token, found->list[i], found->marks[i], err))
            return false;
    return true;
}

bool data_find_marked(struct token *token, const struct uri *uri, struct data_found *found, struct ssa_error *err)
{
    return data_find(token, uri, found, err) && data_read_marks(token, found, err);
}

// In one call. A module that does not tell CKA_PRIVATE counts as one where it is not.
bool data_read_value(struct token *token, CK_OBJECT_HANDLE object, struct secret *value, bool *is_private,
                     struct ssa_error *err)
{
    CK_BBOOL private = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {
        ATTRIBUTE(CKA_VALUE, value->data + value->len, value->capacity - value->len),
        ATTRIBUTE(CKA_PRIVATE, &private, sizeof private),
    };
    const CK_RV rv = attributes_read(token, object, attributes, COUNT(attributes));
    const CK_ULONG len = attributes[0].ulValueLen;
    if (rv != CKR_OK || len == CK_UNAVAILABLE_INFORMATION) {
        value->data[value->len] = 0;
        return token_fail(err, SSA_TOKEN, rv != CKR_OK ? rv : CKR_BUFFER_TOO_SMALL, token,
                          "the data object cannot be read");
    }
    value->len += len;
    value->data[value->len] = 0;
    *is_private = attributes[1].ulValueLen == sizeof private && private != CK_FALSE;
    return true;
}
