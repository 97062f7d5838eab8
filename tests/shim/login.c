/* Sessions, logins and PINs: who may log in, as whom it is passed on, and how wrong PINs are counted. */
#include "behave.h"
#include "sessions.h"
#include "state.h"
#include "wrapped.h"

#include <stdio.h>
#include <string.h>

CK_RV shim_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                        CK_SESSION_HANDLE *session)
{
    if (slot_login(slot) == LOGIN_SO && (flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_WRITE_SO_EXISTS;
    if (script.no_read_only && (flags & CKF_RW_SESSION) == 0)
        return CKR_FUNCTION_FAILED;
    CK_RV rv = WRAPPED(C_OpenSession, slot, flags, application, notify, session);
    if (rv == CKR_OK && !session_open(*session, slot)) {
        (void)WRAPPED(C_CloseSession, *session);
        return CKR_HOST_MEMORY;
    }
    return rv;
}

CK_RV shim_close_session(CK_SESSION_HANDLE session)
{
    CK_RV rv = WRAPPED(C_CloseSession, session);
    if (rv == CKR_OK)
        session_close(session);
    return rv;
}

CK_RV shim_close_all_sessions(CK_SLOT_ID slot)
{
    CK_RV rv = WRAPPED(C_CloseAllSessions, slot);
    if (rv == CKR_OK)
        sessions_close_slot(slot);
    return rv;
}

CK_RV shim_get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    CK_RV rv = WRAPPED(C_GetSessionInfo, session, info);
    if (rv == CKR_OK && script.so_pin.given && slot_login(info->slotID) == LOGIN_SO)
        info->state = CKS_RW_SO_FUNCTIONS;
    return rv;
}

/* One counter for each token, by its own serial number: slots are numbered anew in each process. */
static void tries_key(CK_SLOT_ID slot, char *key, size_t size)
{
    CK_TOKEN_INFO info;
    char serial[sizeof(info.serialNumber) + 1] = "";
    if (WRAPPED(C_GetTokenInfo, slot, &info) == CKR_OK)
        memcpy(serial, info.serialNumber, sizeof(info.serialNumber));
    for (char *c = serial; *c != '\0'; c++)
        if (*c <= ' ')
            *c = '_';
    snprintf(key, size, "pin-tries:%s", serial);
}

static unsigned long count_tries(CK_SLOT_ID slot, enum state_change change)
{
    char key[48];
    if (script.pin_tries == 0)
        return 0;
    tries_key(slot, key, sizeof(key));
    return state_counter(key, change);
}

static bool is_locked(CK_SLOT_ID slot)
{
    return script.pin_tries > 0 && count_tries(slot, STATE_READ) >= script.pin_tries;
}

static void note_try(CK_SLOT_ID slot, CK_RV rv)
{
    if (rv == CKR_OK)
        (void)count_tries(slot, STATE_CLEAR);
    else if (rv == CKR_PIN_INCORRECT)
        (void)count_tries(slot, STATE_ADD);
}

CK_FLAGS pin_flags(CK_SLOT_ID slot)
{
    unsigned long wrong = count_tries(slot, STATE_READ);
    CK_FLAGS flags = 0;
    if (script.pin_silent || wrong == 0)
        return 0;
    if (wrong >= script.pin_tries)
        return CKF_USER_PIN_LOCKED;
    if (wrong > script.pin_quiet)
        flags |= CKF_USER_PIN_COUNT_LOW;
    if (wrong > script.pin_quiet && wrong + 1 == script.pin_tries)
        flags |= CKF_USER_PIN_FINAL_TRY;
    return flags;
}

/* The PIN before one signature never reaches the wrapped module, whose keys do not ask for it. */
static CK_RV login_context(CK_SESSION_HANDLE session, CK_SLOT_ID slot, const CK_BYTE *pin, CK_ULONG length)
{
    if (session_signing(session) == SIGNING_NONE)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (slot_login(slot) == LOGIN_NONE)
        return CKR_USER_NOT_LOGGED_IN;
    CK_RV rv = slot_pin_is(slot, pin, length) ? CKR_OK : CKR_PIN_INCORRECT;
    if (rv == CKR_OK)
        session_set_signing(session, SIGNING_READY);
    note_try(slot, rv);
    return rv;
}

static CK_RV login_user(CK_SESSION_HANDLE session, CK_SLOT_ID slot, CK_BYTE *pin, CK_ULONG length)
{
    if (slot_login(slot) == LOGIN_SO)
        return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    CK_RV rv = WRAPPED(C_Login, session, CKU_USER, pin, length);
    note_try(slot, rv);
    if (rv == CKR_OK)
        slot_set_login(slot, LOGIN_USER, pin, length);
    return rv;
}

static bool is_so_pin(const CK_BYTE *pin, CK_ULONG length)
{
    return pin != NULL && length == strlen(script.so_pin.at) && memcmp(pin, script.so_pin.at, length) == 0;
}

/* SoftHSM's security officer cannot make keys: theirs is a user's login behind the shim. */
static CK_RV login_so(CK_SESSION_HANDLE session, CK_SLOT_ID slot, const CK_BYTE *pin, CK_ULONG length)
{
    CK_SESSION_INFO info;
    CK_RV rv = WRAPPED(C_GetSessionInfo, session, &info);
    if (rv != CKR_OK)
        return rv;
    if ((info.flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_ONLY_EXISTS;
    if (slot_login(slot) == LOGIN_USER)
        return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (!is_so_pin(pin, length))
        return CKR_PIN_INCORRECT;
    CK_BYTE user_pin[MAX_TEXT];
    memcpy(user_pin, script.user_pin.at, sizeof(user_pin));
    rv = WRAPPED(C_Login, session, CKU_USER, user_pin, strlen(script.user_pin.at));
    if (rv == CKR_OK)
        slot_set_login(slot, LOGIN_SO, pin, length);
    return rv;
}

CK_RV shim_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG length)
{
    CK_SLOT_ID slot = 0;
    CK_BYTE typed[MAX_TEXT];
    if (!session_slot(session, &slot))
        return WRAPPED(C_Login, session, user, pin, length);
    if (script.protected_pin.given) {
        if (pin != NULL)
            return CKR_ARGUMENTS_BAD;
        const struct text *pad = user == CKU_SO && script.so_pin.given ? &script.so_pin : &script.protected_pin;
        memcpy(typed, pad->at, sizeof(typed));
        pin = typed;
        length = strlen(pad->at);
    }
    if (user != CKU_SO && is_locked(slot))
        return CKR_PIN_LOCKED;
    if (user == CKU_CONTEXT_SPECIFIC && script.always_authenticate)
        return login_context(session, slot, pin, length);
    if (user == CKU_SO && script.so_pin.given)
        return login_so(session, slot, pin, length);
    if (user == CKU_USER)
        return login_user(session, slot, pin, length);
    return WRAPPED(C_Login, session, user, pin, length);
}

CK_RV shim_logout(CK_SESSION_HANDLE session)
{
    CK_SLOT_ID slot = 0;
    CK_RV rv = WRAPPED(C_Logout, session);
    if (rv == CKR_OK && session_slot(session, &slot))
        slot_set_login(slot, LOGIN_NONE, NULL, 0);
    return rv;
}
