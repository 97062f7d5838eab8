#include "hsm/data/data_store.h"

#include <openssl/crypto.h>

#include "hsm/cryptoki/ckr.h"
#include "hsm/data/data.h"
#include "hsm/data/data_find.h"
#include "hsm/data/data_uri.h"
#include "hsm/object/empty.h"
#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

static CK_RV create(struct token *token, const struct uri *uri, const char *mark, struct span value, bool fixed,
                    CK_OBJECT_HANDLE *object)
{
    static const CK_OBJECT_CLASS class = CKO_DATA;
    static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    const struct span label = data_uri_label(uri);
    CK_ATTRIBUTE template[] = {
        ATTRIBUTE(CKA_CLASS, &class, sizeof class),     ATTRIBUTE(CKA_TOKEN, &yes, sizeof yes),
        ATTRIBUTE(CKA_PRIVATE, &yes, sizeof yes),       ATTRIBUTE(CKA_LABEL, label.data, label.len),
        ATTRIBUTE(CKA_APPLICATION, mark, strlen(mark)), ATTRIBUTE(CKA_VALUE, value.data, value.len),
        ATTRIBUTE(CKA_MODIFIABLE, &no, sizeof no), // it comes last, since not every token takes it
    };
    return call_create_object(token->module.call, token->session, template, COUNT(template) - (fixed ? 0 : 1), object);
}

static bool make(struct token *token, const struct uri *uri, const char *mark, struct span value,
                 CK_OBJECT_HANDLE *object, struct ssa_error *err)
{
    CK_RV rv = create(token, uri, mark, value, true, object);
    // Where the template lacks something, leaving something out does not help.
    if (ckr_is_of_template(rv) && rv != CKR_TEMPLATE_INCOMPLETE)
        rv = create(token, uri, mark, value, false, object);
    if (rv == CKR_OK)
        return true;
    *object = CK_INVALID_HANDLE;
    token_fail(err, SSA_TOKEN, rv, token, "the token does not take a private data object");
    return err->reason == SSA_REASON_NONE ? error_reason(err, SSA_REASON_DATA_REFUSED, NULL) : false;
}

static bool refused(struct token *token, const char *attribute, const char *what, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, attribute, token->info.uri, "%s", what);
    error_hint(err, "It is destroyed again.");
    return error_reason(err, SSA_REASON_TOKEN_UNFIT, NULL);
}

static bool prove(struct token *token, CK_OBJECT_HANDLE object, struct span value, struct ssa_error *err)
{
    SECRET_AUTO back = {0};
    bool is_private = false;
    if (!secret_new(&back, value.len, err) || !data_read_value(token, object, &back, &is_private, err))
        return false;
    if (back.len != value.len || CRYPTO_memcmp(back.data, value.data, value.len) != 0)
        return error_set(err, SSA_TOKEN, NULL, token->info.uri,
                         "the data object reads back as something else than was stored");
    return is_private ||
           refused(token, "CKA_PRIVATE", "the token keeps the data object where it can be read without a login", err);
}

// After a crash, the object is found again only by its mark.
static bool prove_mark(struct token *token, CK_OBJECT_HANDLE object, const char *mark, struct ssa_error *err)
{
    char back[DATA_MARK_MAX];
    return data_read_mark(token, object, back, err) &&
           (strcmp(back, mark) == 0 ||
            refused(token, "CKA_APPLICATION", "the token does not keep the owner of a data object", err));
}

// A reader must find it, and no other object that was stored at the same moment.
static bool prove_found(struct token *token, const struct uri *uri, const char *mark, const struct data_marks *before,
                        struct ssa_error *err)
{
    struct data_marks there;
    size_t mine = 0, strangers = 0;
    if (!data_look(token, uri, &there, err))
        return false;
    for (size_t i = 0; i < there.count; i++) {
        const bool is_mine = strcmp(there.list[i], mark) == 0;
        mine += is_mine ? 1 : 0;
        strangers += is_mine || data_marked(before, there.list[i]) ? 0 : 1;
    }
    if (strangers > 0) {
        error_set(err, SSA_TOKEN, NULL, token->info.uri,
                  "another data object with that label was stored at the same moment");
        return error_hint(err, "The object that was stored here is destroyed again. Run this again.");
    }
    return mine == 1 ||
           error_set(err, SSA_TOKEN, NULL, token->info.uri, "the data object that was stored is not found again");
}

// How the objects' destruction went.
struct destruction {
    size_t gone;
    bool failed; // the token gave an error: an object that is not seen then may still be there
    bool mixed;  // some were left, as DATA_MIXED says
};

static size_t count_of(const char marks[][DATA_MARK_MAX], size_t count, const char *mark)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++)
        same += strcmp(marks[i], mark) == 0 ? 1 : 0;
    return same;
}

// A mark that is not an operation's own may be on an object that somebody has stored since.
static bool is_meant(const char marks[][DATA_MARK_MAX], size_t count, const struct data_marks *which, const char *mark)
{
    return data_mark_is_own(mark) || count_of(marks, count, mark) == count_of(which->list, which->count, mark);
}

static bool destroy_all(struct token *token, const struct uri *uri, const struct data_marks *which,
                        struct destruction *d, struct ssa_error *err)
{
    struct data_found found;
    if (!data_find_marked(token, uri, &found, err))
        return false;
    for (CK_ULONG i = 0; i < found.count; i++) {
        if (!data_marked(which, found.marks[i]))
            continue;
        if (!is_meant(found.marks, found.count, which, found.marks[i])) {
            d->mixed = true;
            continue;
        }
        const CK_RV rv = call_destroy_object(token->module.call, token->session, found.list[i]);
        d->gone += rv == CKR_OK ? 1 : 0;
        // Another process may have destroyed it meanwhile.
        d->failed |= rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID;
        if (rv != CKR_OK)
            token_fail(err, SSA_TOKEN, rv, token, "the data object cannot be destroyed");
    }
    return true;
}

static enum data_end mixed(struct token *token, const struct uri *uri, struct ssa_error *err)
{
    data_fail(err, SSA_TOKEN, token, uri, "there are not as many data objects as before with the label");
    error_hint(err, "So nothing tells which of them are meant, and they are left.");
    error_reason(err, SSA_REASON_DATA_SEVERAL, NULL);
    return DATA_MIXED;
}

enum data_end data_destroy(struct token *token, const struct uri *uri, const struct data_marks *which,
                           struct ssa_error *err)
{
    struct data_marks there;
    struct destruction d = {0};

    if (!destroy_all(token, uri, which, &d, err))
        return DATA_UNKNOWN;
    if (d.gone >= which->count && !d.failed && !d.mixed)
        return DATA_GONE;
    if (!data_look(token, uri, &there, d.failed ? ERROR_IGNORED : err))
        return DATA_UNKNOWN;
    for (size_t i = 0; i < there.count; i++)
        if (data_marked(which, there.list[i]) && is_meant(there.list, there.count, which, there.list[i])) {
            if (!d.failed)
                error_set(err, SSA_TOKEN, NULL, token->info.uri, "the data object was not seen at first");
            return DATA_THERE;
        }
    return d.failed ? DATA_UNKNOWN : d.mixed ? mixed(token, uri, err) : DATA_GONE;
}

static struct data_marks only(const char *mark)
{
    struct data_marks marks = {.count = 1};
    memcpy(marks.list[0], mark, strlen(mark) + 1);
    return marks;
}

enum data_end data_take_back(struct token *token, const struct uri *uri, const char *mark, size_t empty_before,
                             struct data_taken *taken, struct ssa_error *err)
{
    const struct data_marks mine = only(mark);
    struct data_marks there;
    *taken = (struct data_taken){0};
    if (!data_look(token, uri, &there, err))
        return DATA_UNKNOWN;
    const enum data_end end = data_destroy(token, uri, &mine, err);
    if (end != DATA_GONE)
        return end;
    taken->whole = data_marked(&there, mark);
    // A module that was killed while it wrote the object may have left it without a mark and a value.
    return taken->whole || empty_destroy_data(token, empty_before, &taken->half, &taken->empty, err) ? DATA_GONE
                                                                                                     : DATA_UNKNOWN;
}

// Whether nothing of the failed creation was found, although it may be one of the objects with nothing in them, which
// could not be counted before or cannot be now.
static bool may_be_left(const struct data_taken *taken, size_t empty_before)
{
    return !taken->whole && !taken->half && taken->empty > 0 &&
           (taken->empty == EMPTY_UNKNOWN || empty_before == EMPTY_UNKNOWN);
}

static enum data_end undo_put(struct token *token, const struct uri *uri, const char *mark, size_t empty_before,
                              CK_OBJECT_HANDLE object)
{
    const struct data_marks mine = only(mark);
    struct data_taken taken;
    if (object == CK_INVALID_HANDLE) {
        const enum data_end end = data_take_back(token, uri, mark, empty_before, &taken, ERROR_IGNORED);
        return end == DATA_GONE && may_be_left(&taken, empty_before) ? DATA_UNKNOWN : end;
    }
    // First by its handle, since the token may not keep the mark.
    const CK_RV rv = call_destroy_object(token->module.call, token->session, object);
    const enum data_end end = data_destroy(token, uri, &mine, ERROR_IGNORED);
    return end == DATA_GONE && rv != CKR_OK ? DATA_UNKNOWN : end;
}

bool data_put(struct token *token, const struct uri *uri, const char *mark, struct span value,
              const struct data_marks *before, size_t empty_before, enum data_end *left, struct ssa_error *err)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    *left = DATA_GONE;
    if (make(token, uri, mark, value, &object, err) && prove(token, object, value, err) &&
        prove_mark(token, object, mark, err) && prove_found(token, uri, mark, before, err))
        return true;
    // A creation that failed may have made the object all the same.
    *left = undo_put(token, uri, mark, empty_before, object);
    return false;
}

bool data_holds(struct token *token, const struct uri *uri, struct span value)
{
    struct data_found found;
    struct ssa_error ignored;
    return data_find_marked(token, uri, &found, &ignored) && found.count == 1 &&
           data_owner(found.marks[0]) == DATA_OURS && prove(token, found.list[0], value, &ignored);
}
