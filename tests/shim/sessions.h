/* What the shim remembers about sessions and logins: who is logged in as whom, which signature waits for a
 * PIN. */
#pragma once

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

enum signing { SIGNING_NONE, SIGNING_NEEDS_PIN, SIGNING_READY };

enum login { LOGIN_NONE, LOGIN_USER, LOGIN_SO };

bool session_open(CK_SESSION_HANDLE session, CK_SLOT_ID slot);
void session_close(CK_SESSION_HANDLE session);
void sessions_close_slot(CK_SLOT_ID slot);
void sessions_forget(void);
bool session_slot(CK_SESSION_HANDLE session, CK_SLOT_ID *slot);

enum signing session_signing(CK_SESSION_HANDLE session);
void session_set_signing(CK_SESSION_HANDLE session, enum signing signing);

/* The login of a slot ends with its last session. Of the PIN only a digest is kept: a search of this
 * process's memory for the PIN must find the program's copies, not the shim's. */
enum login slot_login(CK_SLOT_ID slot);
void slot_set_login(CK_SLOT_ID slot, enum login login, const CK_BYTE *pin, CK_ULONG length);
bool slot_pin_is(CK_SLOT_ID slot, const CK_BYTE *pin, CK_ULONG length);

/* Objects made by this process are found before they have a certificate. */
void object_made(CK_OBJECT_HANDLE object);
bool object_is_ours(CK_OBJECT_HANDLE object);
/* Whether no session was opened since it was made. */
bool object_is_new(CK_OBJECT_HANDLE object);

void sessions_setup(void);
