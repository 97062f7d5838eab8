/* Functions that do more than pass on: what they do instead, when a script says so. Each has the arguments of
 * the C_ function of its name, some the call before them. */
#pragma once

#include "call.h"

/* token.c */
CK_RV shim_initialize(void *arguments);
CK_RV shim_finalize(void *reserved);
CK_RV shim_get_info(CK_INFO *info);
CK_RV shim_get_slot_list(CK_BBOOL token_present, CK_SLOT_ID *list, CK_ULONG *count);
CK_RV shim_get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info);
CK_RV shim_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info);
CK_RV shim_get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count);
CK_RV shim_get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info);
bool mechanism_is_hidden(CK_MECHANISM_TYPE type);

/* generate.c */
CK_RV shim_generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public,
                             CK_ULONG public_count, CK_ATTRIBUTE *private, CK_ULONG private_count,
                             CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *key);

/* unwrap.c */
CK_RV shim_unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping, CK_BYTE *from,
                      CK_ULONG length, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *key);
/* The wrapped module's name of it. */
CK_MECHANISM_TYPE mechanism_behind(CK_MECHANISM_TYPE type);

/* login.c */
CK_RV shim_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                        CK_SESSION_HANDLE *session);
CK_RV shim_close_session(CK_SESSION_HANDLE session);
CK_RV shim_close_all_sessions(CK_SLOT_ID slot);
CK_RV shim_get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info);
CK_RV shim_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG length);
CK_RV shim_logout(CK_SESSION_HANDLE session);
/* The flags that wrong PINs leave on a token. */
CK_FLAGS pin_flags(CK_SLOT_ID slot);

/* sign.c */
CK_RV shim_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV shim_sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature, CK_ULONG *size);
CK_RV shim_sign_update(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG length);
CK_RV shim_sign_final(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *size);

/* create.c */
CK_RV shim_create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *object);

/* report.c */
CK_RV shim_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes,
                               CK_ULONG count);
CK_RV shim_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *count);
