/* Loads the wrapped module and asks it things. */
#include "wrapped.h"

#include "sessions.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

CK_FUNCTION_LIST wrapped;

bool wrapped_load(void)
{
    const char *path = getenv("SSA_SHIM_MODULE");
    if (path == NULL || path[0] == '\0') {
        fprintf(stderr, "ssa-hsm-shim: SSA_SHIM_MODULE is not set\n");
        return false;
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fprintf(stderr, "ssa-hsm-shim: %s\n", dlerror());
        return false;
    }
    CK_C_GetFunctionList get = NULL;
    /* POSIX's way from an object pointer to a function pointer. */
    *(void **)(&get) = dlsym(handle, "C_GetFunctionList");
    CK_FUNCTION_LIST *list = NULL;
    if (get == NULL || get(&list) != CKR_OK || list == NULL) {
        fprintf(stderr, "ssa-hsm-shim: %s gives no function list\n", path);
        return false;
    }
    wrapped = *list;
    return true;
}

bool object_class(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS *class)
{
    CK_ATTRIBUTE ask = {CKA_CLASS, class, sizeof(*class)};
    return WRAPPED(C_GetAttributeValue, session, object, &ask, 1) == CKR_OK && ask.ulValueLen == sizeof(*class);
}

bool object_is_on_token(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_BBOOL stays = CK_FALSE;
    CK_ATTRIBUTE ask = {CKA_TOKEN, &stays, sizeof(stays)};
    return WRAPPED(C_GetAttributeValue, session, object, &ask, 1) == CKR_OK && stays != CK_FALSE;
}

bool object_id(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, struct object_id *id)
{
    CK_ATTRIBUTE ask = {CKA_ID, id->at, sizeof(id->at)};
    if (WRAPPED(C_GetAttributeValue, session, object, &ask, 1) != CKR_OK || ask.ulValueLen > sizeof(id->at))
        return false;
    id->length = ask.ulValueLen;
    return true;
}

size_t objects_by_id(CK_SLOT_ID slot, CK_OBJECT_CLASS class, const struct object_id *id, CK_OBJECT_HANDLE *found,
                     size_t max)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    if (WRAPPED(C_OpenSession, slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
        return 0;
    struct object_id copy = *id;
    CK_ATTRIBUTE ask[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_ID, copy.at, copy.length}};
    CK_ULONG count = 0;
    if (WRAPPED(C_FindObjectsInit, session, ask, 2) == CKR_OK) {
        if (WRAPPED(C_FindObjects, session, found, max, &count) != CKR_OK)
            count = 0;
        (void)WRAPPED(C_FindObjectsFinal, session);
    }
    (void)WRAPPED(C_CloseSession, session);
    return count;
}

bool object_lacks_certificate(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    struct object_id id;
    CK_SLOT_ID slot = 0;
    CK_OBJECT_HANDLE certificate = CK_INVALID_HANDLE;
    return session_slot(session, &slot) && object_id(session, object, &id) &&
           objects_by_id(slot, CKO_CERTIFICATE, &id, &certificate, 1) == 0;
}

void wrapped_close_everything(void)
{
    CK_SLOT_ID slots[64];
    CK_ULONG count = sizeof(slots) / sizeof(slots[0]);
    if (WRAPPED(C_GetSlotList, CK_FALSE, slots, &count) != CKR_OK)
        return;
    for (CK_ULONG i = 0; i < count; i++) {
        (void)WRAPPED(C_CloseAllSessions, slots[i]);
        sessions_close_slot(slots[i]);
    }
}
