#include "hsm/object/find.h"

#include <stdlib.h>

#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

// Nobody has so many keys on a token. The limit also ends a search in a module that never stops.
enum { OBJECTS_MAX = 16384, OBJECTS_STEP = 512 };

void objects_free(struct objects *objects)
{
    free(objects->list);
    *objects = (struct objects){0};
}

static bool is_known(const CK_OBJECT_HANDLE *list, CK_ULONG count, CK_OBJECT_HANDLE object)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (list[i] == object)
            return true;
    return false;
}

// Adds the next portion to the count handles in list, which has room for max. *fresh becomes how many of it are new. A
// module may tell of more handles than there is room for, or begin again after the last one.
static CK_RV next_portion(struct token *token, CK_OBJECT_HANDLE *list, CK_ULONG max, CK_ULONG count, CK_ULONG *fresh)
{
    CK_ULONG portion = 0;
    *fresh = 0;
    for (CK_ULONG i = count; i < max; i++)
        list[i] = CK_INVALID_HANDLE;
    const CK_RV rv = call_find_objects(token->module.call, token->session, list + count, max - count, &portion);
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

// A list that grows takes up to OBJECTS_MAX + 1 objects; one that does not, as many as it has room for.
static bool search(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, struct objects *objects,
                   size_t room, bool grows, struct ssa_error *err)
{
    struct remote *call = token->module.call;
    const size_t most = grows ? OBJECTS_MAX + 1 : room;
    CK_ULONG fresh = 0;
    CK_RV rv = call_find_objects_init(call, token->session, template, attributes);
    if (rv == CKR_OK) {
        // A module may hand them out in several portions (PKCS#11 v2.40 section 5.7, C_FindObjects).
        do {
            rv = grows && !make_room(objects, &room) ? CKR_HOST_MEMORY
                                                     : next_portion(token, objects->list, room, objects->count, &fresh);
            objects->count += rv == CKR_OK ? fresh : 0;
        } while (rv == CKR_OK && fresh > 0 && objects->count < most);
        const CK_RV ended = call_find_objects_final(call, token->session);
        rv = rv == CKR_OK ? ended : rv;
    }
    return rv == CKR_OK || token_fail(err, SSA_TOKEN, rv, token, "objects cannot be searched for");
}

bool object_find_some(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, CK_OBJECT_HANDLE *found,
                      CK_ULONG max, CK_ULONG *count, struct ssa_error *err)
{
    struct objects objects = {.list = found};
    const bool searched = search(token, template, attributes, &objects, max, false, err);
    *count = objects.count;
    return searched;
}

bool object_find_all(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, struct objects *objects,
                     struct ssa_error *err)
{
    *objects = (struct objects){0};
    if (!search(token, template, attributes, objects, 0, true, err))
        return false;
    if (objects->count <= OBJECTS_MAX)
        return true;
    error_set(err, SSA_TOKEN, NULL, token->info.uri,
              "the token tells of more than %d objects of one kind, and no more are looked at", OBJECTS_MAX);
    return error_hint(err, "Nothing is decided by a list that is cut off. Remove objects that are not used any more.");
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
