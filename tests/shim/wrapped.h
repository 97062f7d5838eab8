/* The module that does the work, and questions to it that the shim asks for itself (not logged, no rules). */
#pragma once

#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>

extern CK_FUNCTION_LIST wrapped;

#define WRAPPED(name, ...) (wrapped.name != NULL ? wrapped.name(__VA_ARGS__) : CKR_FUNCTION_NOT_SUPPORTED)

/* Loads SSA_SHIM_MODULE for as long as the process lives. */
bool wrapped_load(void);

bool object_class(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_OBJECT_CLASS *class);

bool object_is_on_token(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);

enum { MAX_ID = 256 };

struct object_id {
    CK_BYTE at[MAX_ID];
    CK_ULONG length;
};

bool object_id(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, struct object_id *id);

/* Objects of that class and id on the slot's token, looked for in a session of its own so that a search the
 * caller has under way is not disturbed. Gives how many were found, up to `max`. */
size_t objects_by_id(CK_SLOT_ID slot, CK_OBJECT_CLASS class, const struct object_id *id, CK_OBJECT_HANDLE *found,
                     size_t max);

/* True if the object has an id and no certificate on the token has the same. */
bool object_lacks_certificate(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);

/* Ends every session of every slot, as pulling a card does. */
void wrapped_close_everything(void);
