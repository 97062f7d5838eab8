// The calls of a module in another process: slots, PKCS#11 tokens, sessions and logins.
#include "hsm/remote/calls.h"

#include "hsm/remote/call.h"
#include "hsm/remote/retired.h"

static void get_text(struct reader *r, uint8_t *out, size_t width)
{
    const struct span text = get_bytes(r, width);
    r->bad = r->bad || text.len != width;
    if (!r->bad)
        memcpy(out, text.data, width);
}

static CK_VERSION get_version(struct reader *r)
{
    const uint64_t both = get_number(r, UINT16_MAX);
    return (CK_VERSION){.major = (CK_BYTE)(both >> 8), .minor = (CK_BYTE)(both & 0xff)};
}

CK_RV call_initialize(struct remote *c, const char *reserved, bool *threads)
{
    struct call call;
    call_begin(&call, c, CALL_INITIALIZE);
    put_bytes(&call.request, span_text(reserved));
    put_number(&call.request, *threads);
    const CK_RV rv = call_ask(&call);
    *threads = get_number(&call.answer, 1) != 0 && *threads;
    return call_end(&call, rv);
}

CK_RV call_finalize(struct remote *c)
{
    struct call call;
    call_begin(&call, c, CALL_FINALIZE);
    return call_end(&call, remote_ask(c, &call.request, CLOSING_MS, &call.answer));
}

static void post(struct remote *c, enum call_number number, CK_SESSION_HANDLE session)
{
    struct writer request = remote_begin(c, number);
    if (session != CK_INVALID_HANDLE)
        put_number(&request, session);
    remote_post(c, &request);
    remote_end(c);
}

void call_farewell(struct remote **c, CK_SESSION_HANDLE session, bool logged_in)
{
    if (logged_in)
        post(*c, CALL_LOGOUT, session);
    if (session != CK_INVALID_HANDLE)
        post(*c, CALL_CLOSE_SESSION, session);
    post(*c, CALL_FINALIZE, CK_INVALID_HANDLE);
    remote_retire(c);
}

CK_RV call_get_info(struct remote *c, CK_INFO *info)
{
    struct call call;
    call_begin(&call, c, CALL_GET_INFO);
    const CK_RV rv = call_ask(&call);
    *info = (CK_INFO){.cryptokiVersion = get_version(&call.answer)};
    get_text(&call.answer, info->manufacturerID, sizeof info->manufacturerID);
    info->flags = get_number(&call.answer, ANY);
    get_text(&call.answer, info->libraryDescription, sizeof info->libraryDescription);
    info->libraryVersion = get_version(&call.answer);
    return call_end(&call, rv);
}

CK_RV call_get_slot_list(struct remote *c, CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    struct call call;
    const CK_ULONG room = slots == NULL ? 0 : *count < HOST_SLOTS_MAX ? *count : HOST_SLOTS_MAX;
    call_begin(&call, c, CALL_GET_SLOT_LIST);
    put_number(&call.request, present != 0);
    put_number(&call.request, room);
    const CK_RV rv = call_ask(&call);
    *count = get_number(&call.answer, ANY);
    (void)call_get_list(&call.answer, slots, room);
    return call_end(&call, rv);
}

CK_RV call_get_slot_info(struct remote *c, CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    struct call call;
    call_begin(&call, c, CALL_GET_SLOT_INFO);
    put_number(&call.request, slot);
    const CK_RV rv = call_ask(&call);
    *info = (CK_SLOT_INFO){0};
    get_text(&call.answer, info->slotDescription, sizeof info->slotDescription);
    get_text(&call.answer, info->manufacturerID, sizeof info->manufacturerID);
    info->flags = get_number(&call.answer, ANY);
    info->hardwareVersion = get_version(&call.answer);
    info->firmwareVersion = get_version(&call.answer);
    return call_end(&call, rv);
}

CK_RV call_get_token_info(struct remote *c, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    struct call call;
    call_begin(&call, c, CALL_GET_TOKEN_INFO);
    put_number(&call.request, slot);
    const CK_RV rv = call_ask(&call);
    *info = (CK_TOKEN_INFO){0};
    get_text(&call.answer, (uint8_t *)info, sizeof *info);
    return call_end(&call, rv);
}

CK_RV call_get_mechanism_info(struct remote *c, CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    struct call call;
    call_begin(&call, c, CALL_GET_MECHANISM_INFO);
    put_number(&call.request, slot);
    put_number(&call.request, type);
    const CK_RV rv = call_ask(&call);
    info->ulMinKeySize = get_number(&call.answer, ANY);
    info->ulMaxKeySize = get_number(&call.answer, ANY);
    info->flags = get_number(&call.answer, ANY);
    return call_end(&call, rv);
}

CK_RV call_open_session(struct remote *c, CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
    struct call call;
    call_begin(&call, c, CALL_OPEN_SESSION);
    put_number(&call.request, slot);
    put_number(&call.request, flags);
    return call_for_handle(&call, session);
}

CK_RV call_close_session(struct remote *c, CK_SESSION_HANDLE session)
{
    return call_about_session(c, CALL_CLOSE_SESSION, session);
}

CK_RV call_get_session_info(struct remote *c, CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    struct call call;
    call_begin(&call, c, CALL_GET_SESSION_INFO);
    put_number(&call.request, session);
    const CK_RV rv = call_ask(&call);
    info->slotID = get_number(&call.answer, ANY);
    info->state = get_number(&call.answer, ANY);
    info->flags = get_number(&call.answer, ANY);
    info->ulDeviceError = get_number(&call.answer, ANY);
    return call_end(&call, rv);
}

CK_RV call_login(struct remote *c, CK_SESSION_HANDLE session, CK_USER_TYPE who, const uint8_t *pin, CK_ULONG len)
{
    struct call call;
    call_begin(&call, c, CALL_LOGIN);
    put_number(&call.request, session);
    put_number(&call.request, who);
    put_number(&call.request, pin != NULL);
    put_bytes(&call.request, span_of(pin, len));
    if (pin != NULL)
        return call_ask_and_end(&call);
    remote_at_pad(c);
    return call_end(&call, call_ask_for(&call, SLOW));
}

CK_RV call_logout(struct remote *c, CK_SESSION_HANDLE session)
{
    return call_about_session(c, CALL_LOGOUT, session);
}

void call_end_session(struct remote *c, CK_SESSION_HANDLE session, bool logged_in)
{
    if (logged_in)
        (void)call_logout(c, session);
    if (session != CK_INVALID_HANDLE)
        (void)call_close_session(c, session);
}
