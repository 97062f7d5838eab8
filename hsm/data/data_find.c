#include "hsm/data/data_find.h"

#include "hsm/data/data_uri.h"
#include "hsm/object/attribute.h"
#include "hsm/object/find.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

bool data_fail(struct ssa_error *err, enum ssa_class class, const struct token *token, const struct uri *uri,
               const char *what)
{
    char label[DATA_LABEL_MAX];
    data_label(uri, label);
    return error_set(err, class, NULL, token->info.uri, "%s \"%s\"", what, label);
}

bool data_find(struct token *token, const struct uri *uri, struct data_found *found, struct ssa_error *err)
{
    static const CK_OBJECT_CLASS class = CKO_DATA;
    const struct span label = data_uri_label(uri);
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class), ATTRIBUTE(CKA_LABEL, label.data, label.len)};
    if (!object_find_some(token, template, COUNT(template), found->list, DATA_SAME_MAX, &found->count, err))
        return false;
    if (found->count < DATA_SAME_MAX)
        return true;
    // There may be more that were not seen.
    data_fail(err, SSA_CONFIG, token, uri, "the token holds several data objects");
    return error_hint(err, "There are too many to be told apart. `pkcs11-tool --login --delete-object --type data "
                           "--label LABEL`, run several times, destroys some of them.");
}

bool data_read_mark(struct token *token, CK_OBJECT_HANDLE object, char mark[static DATA_MARK_MAX],
                    struct ssa_error *err)
{
    char text[DATA_MARK_MAX - 1];
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_APPLICATION, text, sizeof text);
    // attribute_read does not do: it takes a value that the module does not tell, with CKR_OK, for one that is too
    // long.
    const CK_RV rv = call_get_attribute_value(token->module.call, token->session, object, &attribute, 1);
    mark[0] = '\0';
    if (rv == CKR_BUFFER_TOO_SMALL) // it is longer than any mark of ours
        return text_format(mark, DATA_MARK_MAX, "?");
    if (rv != CKR_OK)
        return token_fail(err, SSA_TOKEN, rv, token, "the owner of a data object cannot be read");
    const CK_ULONG len = attribute.ulValueLen;
    if (len > sizeof text)
        return error_set(err, SSA_TOKEN, "CKA_APPLICATION", token->info.uri,
                         "the owner of a data object cannot be read");
    text_harmless(mark, DATA_MARK_MAX, span_of(text, len));
    // A mark that was changed here is not ours, and must not look like one of ours.
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

// Both are read in one call. Where the module does not tell CKA_PRIVATE, the object counts as not private.
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
