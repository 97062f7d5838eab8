/* Signatures that each want the PIN (CKA_ALWAYS_AUTHENTICATE). */
#include "behave.h"
#include "sessions.h"
#include "wrapped.h"

#include <openssl/crypto.h>

CK_RV shim_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    CK_RV rv = WRAPPED(C_SignInit, session, mechanism, key);
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    if (rv != CKR_OK || !script.always_authenticate)
        return rv;
    bool private = !object_class(session, key, &class) || class == CKO_PRIVATE_KEY;
    session_set_signing(session, private ? SIGNING_NEEDS_PIN : SIGNING_READY);
    return CKR_OK;
}

static bool needs_pin(CK_SESSION_HANDLE session)
{
    return script.always_authenticate && session_signing(session) == SIGNING_NEEDS_PIN;
}

/* A refusal ends the operation (the standard's 5.11), so it is ended behind the shim too: by a signature that
 * nobody sees. */
static CK_RV refuse(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, bool final)
{
    CK_BYTE unseen[2048];
    CK_ULONG size = sizeof(unseen);
    if (final)
        (void)WRAPPED(C_SignFinal, session, unseen, &size);
    else
        (void)WRAPPED(C_Sign, session, data, length, unseen, &size);
    OPENSSL_cleanse(unseen, sizeof(unseen));
    session_set_signing(session, SIGNING_NONE);
    return CKR_USER_NOT_LOGGED_IN;
}

static CK_RV finish(CK_SESSION_HANDLE session, const CK_BYTE *signature, CK_RV rv)
{
    /* A question for the size, or too little room for the answer, leaves the operation open. */
    if (signature != NULL && rv != CKR_BUFFER_TOO_SMALL)
        session_set_signing(session, SIGNING_NONE);
    return rv;
}

CK_RV shim_sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature, CK_ULONG *size)
{
    if (signature != NULL && needs_pin(session))
        return refuse(session, data, length, false);
    return finish(session, signature, WRAPPED(C_Sign, session, data, length, signature, size));
}

CK_RV shim_sign_update(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG length)
{
    if (needs_pin(session))
        return refuse(session, NULL, 0, true);
    return WRAPPED(C_SignUpdate, session, part, length);
}

CK_RV shim_sign_final(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *size)
{
    if (signature != NULL && needs_pin(session))
        return refuse(session, NULL, 0, true);
    return finish(session, signature, WRAPPED(C_SignFinal, session, signature, size));
}
