#include "hsm/data/data.h"

#include "hsm/data/data_find.h"
#include "hsm/data/data_uri.h"
#include "hsm/token/handle.h"

bool data_check_able(const struct token *token, struct ssa_error *err)
{
    if (token->info.quirks->no_data)
        return error_because(err, SSA_TOKEN, SSA_REASON_DATA_REFUSED, token->info.uri,
                             "this kind of token (%s) takes no private data object, and so no client secret",
                             token->info.quirks->name);
    if (!token->info.write_protected)
        return true;
    error_set(err, SSA_TOKEN, "CKF_WRITE_PROTECTED", token->info.uri, "the token is write-protected");
    return error_reason(err, SSA_REASON_TOKEN_UNFIT, NULL);
}

static bool several(struct token *token, const struct uri *uri, const char marks[][DATA_MARK_MAX], size_t count,
                    struct ssa_error *err)
{
    enum ssa_reason reason = SSA_REASON_DATA_SEVERAL;
    // An import replaces all objects but those of another application.
    for (size_t i = 0; i < count; i++)
        if (data_owner(marks[i]) == DATA_ANOTHERS)
            reason = SSA_REASON_DATA_ANOTHERS;
    data_fail(err, SSA_CONFIG, token, uri, "the token holds several data objects");
    return error_reason(err, reason, NULL);
}

static bool missing(struct token *token, const struct uri *uri, struct ssa_error *err)
{
    data_fail(err, SSA_KEY_MISSING, token, uri, "the token does not hold the data object");
    return error_reason(err, SSA_REASON_DATA_NOT_FOUND, NULL);
}

// Chooses the oldest, where all are ours.
static bool choose(struct token *token, const struct uri *uri, struct data_found *found, CK_OBJECT_HANDLE *object,
                   struct ssa_error *err)
{
    CK_ULONG oldest = 0;
    if (!data_read_marks(token, found, err))
        return false;
    for (CK_ULONG i = 0; i < found->count; i++) {
        if (data_owner(found->marks[i]) != DATA_OURS)
            return several(token, uri, found->marks, found->count, err);
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

bool data_read(struct token *token, const struct uri *uri, struct secret *value, bool *is_private, size_t *count,
               struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    if (!find_one(token, uri, &object, count, err) || !data_read_value(token, object, value, is_private, err))
        return false;
    if (value->len > 0)
        return true;
    data_fail(err, SSA_CONFIG, token, uri, "nothing is in the data object");
    return error_reason(err, SSA_REASON_DATA_EMPTY, NULL);
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
        return marks.count == 0 ? missing(token, uri, err) : several(token, uri, marks.list, marks.count, err);
    memcpy(mark, marks.list[0], DATA_MARK_MAX);
    return true;
}
