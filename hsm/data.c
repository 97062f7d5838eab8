// Data objects: found by their label, told apart by their mark, read.
#include "hsm/data.h"

#include "core/text.h"
#include "hsm/data_object.h"
#include "hsm/recipe.h"

#define APPLICATION "ssa-hsm"

bool data_mark(const char *operation, char mark[static DATA_MARK_MAX])
{
    return text_format(mark, DATA_MARK_MAX, "%s %s", APPLICATION, operation);
}

enum data_owner data_owner(const char *mark)
{
    const size_t len = sizeof APPLICATION - 1;
    if (mark[0] == '\0')
        return DATA_NOBODYS;
    // Versions before marks wrote the name alone.
    return strncmp(mark, APPLICATION, len) == 0 && (mark[len] == '\0' || mark[len] == ' ') ? DATA_OURS
                                                                                           : DATA_ANOTHERS;
}

bool data_mark_is_own(const char *mark)
{
    static const char before_name[] = APPLICATION " ";
    return strncmp(mark, before_name, sizeof before_name - 1) == 0;
}

bool data_marked(const struct data_marks *marks, const char *mark)
{
    for (size_t i = 0; i < marks->count; i++)
        if (strcmp(marks->list[i], mark) == 0)
            return true;
    return false;
}

struct span data_uri_label(const struct uri *uri)
{
    const CK_ATTRIBUTE *label = uri_attribute(uri, CKA_LABEL);
    return label == NULL ? span_of(NULL, 0) : span_of(label->pValue, label->ulValueLen);
}

void data_label(const struct uri *uri, char out[static DATA_LABEL_MAX])
{
    text_harmless(out, DATA_LABEL_MAX, data_uri_label(uri));
}

bool data_check_uri(const struct uri *uri, const char *what, struct ssa_error *err)
{
    const CK_ATTRIBUTE *class = uri_attribute(uri, CKA_CLASS);
    CK_OBJECT_CLASS type = CKO_DATA;
    if (class != NULL && class->ulValueLen == sizeof type)
        memcpy(&type, class->pValue, sizeof type);
    if (type == CKO_DATA && data_uri_label(uri).len > 0)
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

static bool several(struct token *token, const struct uri *uri, const char *remedy, struct ssa_error *err)
{
    char label[DATA_LABEL_MAX];
    data_label(uri, label);
    error_set(err, SSA_CONFIG, NULL, token->info.uri, "the token holds several data objects \"%s\"", label);
    return error_hint(err, "%s", remedy);
}

// An import replaces all but another application's.
static const char *remedy_for(const char marks[][DATA_MARK_MAX], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (data_owner(marks[i]) == DATA_ANOTHERS)
            return "One is another application's, and not touched: `ssa-hsm secret import --label NAME` "
                   "stores "
                   "the secret under a label of its own.";
    return "`ssa-hsm secret import --force` leaves one, with the secret that it is given.";
}

bool data_find(struct token *token, const struct uri *uri, struct data_found *found, struct ssa_error *err)
{
    static const CK_OBJECT_CLASS class = CKO_DATA;
    const struct span label = data_uri_label(uri);
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class),
                               ATTRIBUTE(CKA_LABEL, label.data, label.len)};
    if (!find_objects(token, template, COUNT(template), found->list, DATA_SAME_MAX, &found->count, err))
        return false;
    // There may be more, and which of them was not seen is not known.
    return found->count < DATA_SAME_MAX ||
           several(token, uri,
                   "There are too many to be told apart: `pkcs11-tool --login --delete-object --type data "
                   "--label LABEL`, several times, destroys some of them.",
                   err);
}

bool data_read_mark(struct token *token, CK_OBJECT_HANDLE object, char mark[static DATA_MARK_MAX],
                    struct ssa_error *err)
{
    char text[DATA_MARK_MAX - 1];
    CK_ATTRIBUTE attribute = ATTRIBUTE(CKA_APPLICATION, text, sizeof text);
    // By itself: a module that says that all is well, and gives none, is not one that tells of a longer one.
    const CK_RV rv = token->module.call->C_GetAttributeValue(token->session, object, &attribute, 1);
    mark[0] = '\0';
    if (rv == CKR_BUFFER_TOO_SMALL) // longer than any of ours
        return text_format(mark, DATA_MARK_MAX, "?");
    if (rv != CKR_OK)
        return ckr_fail(err, SSA_TOKEN, rv, token, "whose a data object is cannot be read");
    const CK_ULONG len = attribute.ulValueLen;
    if (len > sizeof text)
        return error_set(err, SSA_TOKEN, "CKA_APPLICATION", token->info.uri,
                         "whose a data object is cannot be read");
    text_harmless(mark, DATA_MARK_MAX, span_of(text, len));
    // One that is not harmless is none of ours, and must not become one by being made so.
    return (strlen(mark) == len && memcmp(mark, text, len) == 0) || text_format(mark, DATA_MARK_MAX, "?");
}

static bool read_marks(struct token *token, struct data_found *found, struct ssa_error *err)
{
    for (CK_ULONG i = 0; i < found->count; i++)
        if (!data_read_mark(token, found->list[i], found->marks[i], err))
            return false;
    return true;
}

bool data_find_marked(struct token *token, const struct uri *uri, struct data_found *found,
                      struct ssa_error *err)
{
    return data_find(token, uri, found, err) && read_marks(token, found, err);
}

static bool missing(struct token *token, const struct uri *uri, struct ssa_error *err)
{
    char label[DATA_LABEL_MAX];
    data_label(uri, label);
    error_set(err, SSA_KEY_MISSING, NULL, token->info.uri,
              "the token does not hold the data object \"%s\" that APS_SECRET_ID names", label);
    return error_hint(err, "`ssa-hsm secret import` puts the client secret there.");
}

// Of several the oldest, where all are ours.
static bool choose(struct token *token, const struct uri *uri, struct data_found *found,
                   CK_OBJECT_HANDLE *object, struct ssa_error *err)
{
    CK_ULONG oldest = 0;
    if (!read_marks(token, found, err))
        return false;
    for (CK_ULONG i = 0; i < found->count; i++) {
        if (data_owner(found->marks[i]) != DATA_OURS)
            return several(token, uri, remedy_for(found->marks, found->count), err);
        if (strcmp(found->marks[i], found->marks[oldest]) < 0)
            oldest = i;
    }
    *object = found->list[oldest];
    return true;
}

static bool find_one(struct token *token, const struct uri *uri, CK_OBJECT_HANDLE *object, size_t *count,
                     struct ssa_error *err)
{
    struct data_found found;
    if (!data_find(token, uri, &found, err))
        return false;
    if (found.count == 0)
        return missing(token, uri, err);
    *object = found.list[0];
    if (found.count > 1 && !choose(token, uri, &found, object, err))
        return false;
    *count = found.count;
    return true;
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
        return ckr_fail(err, SSA_TOKEN, rv != CKR_OK ? rv : CKR_BUFFER_TOO_SMALL, token,
                        "the data object cannot be read");
    }
    value->len += len;
    value->data[value->len] = 0;
    *is_private = attributes[1].ulValueLen == sizeof private && private != CK_FALSE;
    return true;
}

bool data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private,
               size_t *count, struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (!find_one(token, uri, &object, count, err) || !data_read_value(token, object, value, is_private, err))
        return false;
    return value->len > 0 || error_set(err, SSA_CONFIG, NULL, token->info.uri,
                                       "the data object that APS_SECRET_ID names is empty");
}

bool data_look(struct token *token, const struct uri *uri, struct data_marks *marks, struct ssa_error *err)
{
    struct data_found found;
    if (!data_find_marked(token, uri, &found, err))
        return false;
    marks->count = found.count;
    memcpy(marks->list, found.marks, found.count * sizeof found.marks[0]);
    return true;
}

bool data_look_at_one(struct token *token, const struct uri *uri, char mark[static DATA_MARK_MAX],
                      struct ssa_error *err)
{
    struct data_marks marks;
    if (!data_look(token, uri, &marks, err))
        return false;
    if (marks.count != 1)
        return marks.count == 0 ? missing(token, uri, err)
                                : several(token, uri, remedy_for(marks.list, marks.count), err);
    memcpy(mark, marks.list[0], DATA_MARK_MAX);
    return true;
}
