// Reading data objects.
#include "hsm/data/data.h"

#include "hsm/data/data_find.h"
#include "hsm/data/data_uri.h"
#include "hsm/token/handle.h"

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
    if (!data_read_marks(token, found, err))
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
