// The calls of a module in another process, each as the standard has it (PKCS#11 v2.40 section 5) but for the
// connection in front, and without what is not used. For hsm alone.
#pragma once

#include "hsm/remote/remote.h"

// reserved is C_Initialize's pReserved, a text; empty for none. *threads is whether the module is asked to let several
// threads call it, and becomes whether they may.
CK_RV call_initialize(struct remote *c, const char *reserved, bool *threads);
CK_RV call_finalize(struct remote *c);
// Has the host end the session (CK_INVALID_HANDLE: there is none), log out before, finalise the module and end. Does
// not wait for that.
void call_farewell(struct remote **c, CK_SESSION_HANDLE session, bool logged_in);
CK_RV call_get_info(struct remote *c, CK_INFO *info);
CK_RV call_get_slot_list(struct remote *c, CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count);
CK_RV call_get_slot_info(struct remote *c, CK_SLOT_ID slot, CK_SLOT_INFO *info);
CK_RV call_get_token_info(struct remote *c, CK_SLOT_ID slot, CK_TOKEN_INFO *info);
CK_RV call_get_mechanism_info(struct remote *c, CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info);
CK_RV call_open_session(struct remote *c, CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *session);
CK_RV call_close_session(struct remote *c, CK_SESSION_HANDLE session);
CK_RV call_get_session_info(struct remote *c, CK_SESSION_HANDLE session, CK_SESSION_INFO *info);
// pin is NULL where the token's own pad asks for it, which a person is given time for.
CK_RV call_login(struct remote *c, CK_SESSION_HANDLE session, CK_USER_TYPE who, const uint8_t *pin, CK_ULONG len);
CK_RV call_logout(struct remote *c, CK_SESSION_HANDLE session);
// Logs out and closes the session, each where there is something to end. A PIV card stays unlocked for everybody until
// somebody logs out. A failure does not matter here: then the card is gone.
void call_end_session(struct remote *c, CK_SESSION_HANDLE session, bool logged_in);
CK_RV call_create_object(struct remote *c, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count,
                         CK_OBJECT_HANDLE *object);
CK_RV call_destroy_object(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);
CK_RV call_get_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               CK_ATTRIBUTE *template, CK_ULONG count);
// The same of several objects, for each of which templates has count attributes, of the same types and with the same
// room. So many as *done becomes were asked: each of them but the last gave CKR_OK.
CK_RV call_get_attribute_values(struct remote *c, CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE *objects,
                                CK_ULONG object_count, CK_ATTRIBUTE *templates, CK_ULONG count, CK_ULONG *done);
CK_RV call_set_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               const CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV call_find_objects_init(struct remote *c, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV call_find_objects(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                        CK_ULONG *count);
CK_RV call_find_objects_final(struct remote *c, CK_SESSION_HANDLE session);
CK_RV call_sign_init(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV call_sign(struct remote *c, CK_SESSION_HANDLE session, const uint8_t *data, CK_ULONG data_len, uint8_t *signature,
                CK_ULONG *len);
// C_SignInit, and C_Sign where that succeeds: *begun is whether it did.
CK_RV call_sign_at_once(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                        CK_OBJECT_HANDLE key, struct span data, uint8_t *signature, CK_ULONG *len, bool *begun);
CK_RV call_generate_key_pair(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                             const CK_ATTRIBUTE *public, CK_ULONG public_count, const CK_ATTRIBUTE *private,
                             CK_ULONG private_count, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key);
CK_RV call_unwrap_key(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE by,
                      const uint8_t *wrapped, CK_ULONG wrapped_len, const CK_ATTRIBUTE *template, CK_ULONG count,
                      CK_OBJECT_HANDLE *key);
