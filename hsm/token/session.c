#include "hsm/token/session.h"

#include "hsm/remote/calls.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"

static CK_RV open_with(struct token *token, CK_FLAGS flags)
{
    return call_open_session(token->module.call, token->slot, CKF_SERIAL_SESSION | flags, &token->session);
}

bool session_open(struct token *token, bool writable, struct ssa_error *err)
{
    if (token->session != CK_INVALID_HANDLE)
        return true;
    CK_RV rv = open_with(token, writable ? CKF_RW_SESSION : 0);
    // Some network HSMs have no read-only sessions, and give this error without saying why.
    if (!writable && rv == CKR_FUNCTION_FAILED)
        rv = open_with(token, CKF_RW_SESSION);
    token->sessions++;
    if (rv == CKR_OK)
        return true;
    token->session = CK_INVALID_HANDLE;
    return token_fail(err, SSA_TOKEN, rv, token, "no session can be opened");
}

void session_close(struct token *token)
{
    call_end_session(token->module.call, token->session, token->logged_in);
    token->session = CK_INVALID_HANDLE;
    token->logged_in = false;
}

bool session_renew(struct token *token, struct ssa_error *err)
{
    session_close(token);
    return session_open(token, true, err);
}
