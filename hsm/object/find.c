// Searching a token for objects, however a module ends a search.
#include "hsm/object/find.h"

#include <stdlib.h>

#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

// More keys than anybody has on a token. It also ends a search in a module that never stops.
enum { OBJECTS_MAX = 16384, OBJECTS_STEP = 512 };

void objects_free(struct objects *objects)
{
    free(objects->list);
    *objects = (struct objects){0};
}

static bool not_searched(struct ssa_error *err, const struct token *token, CK_RV rv)
{
    return token_fail(err, SSA_TOKEN, rv, token, "objects cannot be searched for");
}

static bool is_known(const CK_OBJECT_HANDLE *list, CK_ULONG count, CK_OBJECT_HANDLE object)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (list[i] == object)
            return true;
    return false;
}

// The next portion, behind the first count in list, which has room for max. *fresh becomes how many of it are
// new: a module may tell of more than it had room for, or begin again at its end.
static CK_RV next_portion(struct token *token, CK_OBJECT_HANDLE *list, CK_ULONG max, CK_ULONG count, CK_ULONG *fresh)
{
    CK_ULONG portion = 0;
    *fresh = 0;
    for (CK_ULONG i = count; i < max; i++)
        list[i] = CK_INVALID_HANDLE;
    const CK_RV rv = token->module.call->C_FindObjects(token->session, list + count, max - count, &portion);
    if (rv != CKR_OK)
        return rv;
    if (portion > max - count)
        portion = max - count;
    for (CK_ULONG i = 0; i < portion; i++) {
        const CK_OBJECT_HANDLE object = list[count + i];
        if (object != CK_INVALID_HANDLE && !is_known(list, count + *fresh, object))
            list[count + (*fresh)++] = object;
    }
    return CKR_OK;
}

static bool search_begin(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, struct ssa_error *err)
{
    const CK_RV rv = token->module.call->C_FindObjectsInit(token->session, template, attributes);
    return rv == CKR_OK || not_searched(err, token, rv);
}

// rv is how the search went.
static bool search_end(struct token *token, CK_RV rv, struct ssa_error *err)
{
    const CK_RV ended = token->module.call->C_FindObjectsFinal(token->session);
    if (rv == CKR_OK)
        rv = ended;
    return rv == CKR_OK || not_searched(err, token, rv);
}

bool object_find_some(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, CK_OBJECT_HANDLE *found,
                      CK_ULONG max, CK_ULONG *count, struct ssa_error *err)
{
    CK_ULONG fresh = 0;
    CK_RV rv = CKR_OK;
    *count = 0;
    if (!search_begin(token, template, attributes, err))
        return false;
    // A module may hand them out in several portions (PKCS#11 v2.40 section 5.7, C_FindObjects).
    do {
        rv = next_portion(token, found, max, *count, &fresh);
        *count += fresh;
    } while (rv == CKR_OK && fresh > 0 && *count < max);
    return search_end(token, rv, err);
}

static bool make_room(struct objects *objects, size_t *room)
{
    if (objects->count < *room)
        return true;
    CK_OBJECT_HANDLE *grown = reallocarray(objects->list, *room + OBJECTS_STEP, sizeof *grown);
    if (grown == NULL)
        return false;
    objects->list = grown;
    *room += OBJECTS_STEP;
    return true;
}

static bool too_many(const struct token *token, struct ssa_error *err)
{
    error_set(err, SSA_TOKEN, NULL, token->info.uri,
              "the token tells of more than %d objects of one kind, and no more are looked at", OBJECTS_MAX);
    return error_hint(err, "Nothing is decided by a list that is cut off: take away what is not used any more.");
}

bool object_find_all(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, struct objects *objects,
                     struct ssa_error *err)
{
    CK_ULONG fresh = 0;
    CK_RV rv = CKR_OK;
    size_t room = 0;
    *objects = (struct objects){0};
    if (!search_begin(token, template, attributes, err))
        return false;
    do {
        rv = make_room(objects, &room) ? next_portion(token, objects->list, room, objects->count, &fresh)
                                       : CKR_HOST_MEMORY;
        objects->count += rv == CKR_OK ? fresh : 0;
    } while (rv == CKR_OK && fresh > 0 && objects->count <= OBJECTS_MAX);
    return search_end(token, rv, err) && (objects->count <= OBJECTS_MAX || too_many(token, err));
}

bool object_find(struct token *token, CK_OBJECT_CLASS class, struct span id, CK_OBJECT_HANDLE *object,
                 struct ssa_error *err)
{
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, &class, sizeof class), ATTRIBUTE(CKA_ID, id.data, id.len)};
    CK_ULONG count = 0;
    *object = CK_INVALID_HANDLE;
    if (!object_find_some(token, template, COUNT(template), object, 1, &count, err))
        return false;
    if (count == 0)
        *object = CK_INVALID_HANDLE;
    return true;
}
