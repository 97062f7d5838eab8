#include "hsm/host/serve_calls.h"

static void put_version(struct writer *w, CK_VERSION version)
{
    put_number(w, ((uint64_t)version.major << 8) | version.minor);
}

CK_RV serve_get_info(struct host *h, struct reader *r, struct writer *w)
{
    CK_INFO info = {0};
    (void)r;
    const CK_RV rv = CALL(h, C_GetInfo, &info);
    put_version(w, info.cryptokiVersion);
    put_bytes(w, span_of(info.manufacturerID, sizeof info.manufacturerID));
    put_number(w, info.flags);
    put_bytes(w, span_of(info.libraryDescription, sizeof info.libraryDescription));
    put_version(w, info.libraryVersion);
    return rv;
}

CK_RV serve_get_slot_list(struct host *h, struct reader *r, struct writer *w)
{
    const CK_BBOOL present = get_number(r, 1) != 0;
    CK_ULONG count = get_number(r, HOST_SLOTS_MAX);
    const CK_ULONG room = count;
    CK_SLOT_ID slots[HOST_SLOTS_MAX];
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    // What the module counts and does not name is no slot.
    for (CK_ULONG i = 0; i < HOST_SLOTS_MAX; i++)
        slots[i] = CK_UNAVAILABLE_INFORMATION;
    const CK_RV rv = CALL(h, C_GetSlotList, present, room == 0 ? NULL : slots, &count);
    const CK_ULONG given = rv == CKR_OK && room > 0 ? (count < room ? count : room) : 0;
    put_number(w, count);
    put_bytes(w, span_of(slots, given * sizeof slots[0]));
    return rv;
}

CK_RV serve_get_slot_info(struct host *h, struct reader *r, struct writer *w)
{
    CK_SLOT_INFO info = {0};
    const CK_SLOT_ID slot = get_number(r, ANY);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_GetSlotInfo, slot, &info);
    put_bytes(w, span_of(info.slotDescription, sizeof info.slotDescription));
    put_bytes(w, span_of(info.manufacturerID, sizeof info.manufacturerID));
    put_number(w, info.flags);
    put_version(w, info.hardwareVersion);
    put_version(w, info.firmwareVersion);
    return rv;
}

CK_RV serve_get_token_info(struct host *h, struct reader *r, struct writer *w)
{
    CK_TOKEN_INFO info = {0};
    const CK_SLOT_ID slot = get_number(r, ANY);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_GetTokenInfo, slot, &info);
    put_bytes(w, span_of(&info, sizeof info));
    return rv;
}

CK_RV serve_get_mechanism_info(struct host *h, struct reader *r, struct writer *w)
{
    CK_MECHANISM_INFO info = {0};
    const CK_SLOT_ID slot = get_number(r, ANY);
    const CK_MECHANISM_TYPE type = get_number(r, ANY);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_GetMechanismInfo, slot, type, &info);
    put_number(w, info.ulMinKeySize);
    put_number(w, info.ulMaxKeySize);
    put_number(w, info.flags);
    return rv;
}

CK_RV serve_open_session(struct host *h, struct reader *r, struct writer *w)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    const CK_SLOT_ID slot = get_number(r, ANY);
    const CK_FLAGS flags = get_number(r, ANY);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_OpenSession, slot, flags, NULL, NULL, &session);
    put_number(w, session);
    return rv;
}

CK_RV serve_close_session(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    (void)w;
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_CloseSession, session);
}

CK_RV serve_get_session_info(struct host *h, struct reader *r, struct writer *w)
{
    CK_SESSION_INFO info = {0};
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_GetSessionInfo, session, &info);
    put_number(w, info.slotID);
    put_number(w, info.state);
    put_number(w, info.flags);
    put_number(w, info.ulDeviceError);
    return rv;
}

CK_RV serve_log_in(struct host *h, struct reader *r, struct writer *w)
{
    (void)w;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_USER_TYPE who = get_number(r, ANY);
    const bool by_pin = get_number(r, 1) != 0;
    const struct span pin = get_bytes(r, VALUE_MAX);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    // A PIN pad asks where there is no PIN, which is not one of no length (PKCS#11 v2.40 section 5.6).
    return CALL(h, C_Login, session, who, by_pin ? (CK_BYTE *)(uintptr_t)pin.data : NULL, pin.len);
}

CK_RV serve_log_out(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    (void)w;
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_Logout, session);
}
