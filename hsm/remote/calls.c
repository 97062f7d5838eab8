// The calls of a module in another process.
#include "hsm/remote/calls.h"

#include <stddef.h>

#include "hsm/remote/exchange.h"
#include "hsm/remote/retired.h"

#define ANY UINT64_MAX

struct call {
    struct remote *connection;
    struct writer request;
    struct reader answer;
};

static void begin(struct call *call, struct remote *c, enum call_number number)
{
    *call = (struct call){.connection = c, .request = remote_begin(c, number)};
}

static CK_RV ask_for(struct call *call, enum pace pace)
{
    return remote_ask(call->connection, &call->request, remote_patience(call->connection, pace), &call->answer);
}

static CK_RV ask(struct call *call)
{
    return ask_for(call, USUAL);
}

// What the answer has beside the CK_RV counts only where all of it is there.
static CK_RV end(struct call *call, CK_RV rv)
{
    if (rv == CKR_OK && !reader_is_done(&call->answer))
        rv = remote_nonsense(call->connection);
    remote_end(call->connection);
    return rv;
}

static CK_RV ask_and_end(struct call *call)
{
    return end(call, ask(call));
}

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

CK_RV call_initialize(struct remote *c, const char *reserved)
{
    struct call call;
    begin(&call, c, CALL_INITIALIZE);
    put_bytes(&call.request, span_text(reserved));
    return ask_and_end(&call);
}

CK_RV call_finalize(struct remote *c)
{
    struct call call;
    begin(&call, c, CALL_FINALIZE);
    return end(&call, remote_ask(c, &call.request, CLOSING_MS, &call.answer));
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
    begin(&call, c, CALL_GET_INFO);
    const CK_RV rv = ask(&call);
    *info = (CK_INFO){.cryptokiVersion = get_version(&call.answer)};
    get_text(&call.answer, info->manufacturerID, sizeof info->manufacturerID);
    info->flags = get_number(&call.answer, ANY);
    get_text(&call.answer, info->libraryDescription, sizeof info->libraryDescription);
    info->libraryVersion = get_version(&call.answer);
    return end(&call, rv);
}

// A list of numbers, of which there are as many as were asked for, or fewer.
static CK_ULONG get_list(struct reader *r, CK_ULONG *list, CK_ULONG most)
{
    const struct span bytes = get_bytes(r, most * sizeof *list);
    r->bad = r->bad || bytes.len % sizeof *list != 0;
    if (r->bad || list == NULL || bytes.len == 0)
        return 0;
    memcpy(list, bytes.data, bytes.len);
    return bytes.len / sizeof *list;
}

CK_RV call_get_slot_list(struct remote *c, CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    struct call call;
    const CK_ULONG room = slots == NULL ? 0 : *count < HOST_SLOTS_MAX ? *count : HOST_SLOTS_MAX;
    begin(&call, c, CALL_GET_SLOT_LIST);
    put_number(&call.request, present != 0);
    put_number(&call.request, room);
    const CK_RV rv = ask(&call);
    *count = get_number(&call.answer, ANY);
    (void)get_list(&call.answer, slots, room);
    return end(&call, rv);
}

CK_RV call_get_slot_info(struct remote *c, CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    struct call call;
    begin(&call, c, CALL_GET_SLOT_INFO);
    put_number(&call.request, slot);
    const CK_RV rv = ask(&call);
    *info = (CK_SLOT_INFO){0};
    get_text(&call.answer, info->slotDescription, sizeof info->slotDescription);
    get_text(&call.answer, info->manufacturerID, sizeof info->manufacturerID);
    info->flags = get_number(&call.answer, ANY);
    info->hardwareVersion = get_version(&call.answer);
    info->firmwareVersion = get_version(&call.answer);
    return end(&call, rv);
}

CK_RV call_get_token_info(struct remote *c, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    struct call call;
    begin(&call, c, CALL_GET_TOKEN_INFO);
    put_number(&call.request, slot);
    const CK_RV rv = ask(&call);
    *info = (CK_TOKEN_INFO){0};
    get_text(&call.answer, (uint8_t *)info, sizeof *info);
    return end(&call, rv);
}

CK_RV call_get_mechanism_info(struct remote *c, CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    struct call call;
    begin(&call, c, CALL_GET_MECHANISM_INFO);
    put_number(&call.request, slot);
    put_number(&call.request, type);
    const CK_RV rv = ask(&call);
    info->ulMinKeySize = get_number(&call.answer, ANY);
    info->ulMaxKeySize = get_number(&call.answer, ANY);
    info->flags = get_number(&call.answer, ANY);
    return end(&call, rv);
}

static CK_RV handle_of(struct call *call, CK_ULONG *handle)
{
    const CK_RV rv = ask(call);
    *handle = get_number(&call->answer, ANY);
    return end(call, rv);
}

CK_RV call_open_session(struct remote *c, CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
    struct call call;
    begin(&call, c, CALL_OPEN_SESSION);
    put_number(&call.request, slot);
    put_number(&call.request, flags);
    return handle_of(&call, session);
}

static CK_RV about_session(struct remote *c, enum call_number number, CK_SESSION_HANDLE session)
{
    struct call call;
    begin(&call, c, number);
    put_number(&call.request, session);
    return ask_and_end(&call);
}

CK_RV call_close_session(struct remote *c, CK_SESSION_HANDLE session)
{
    return about_session(c, CALL_CLOSE_SESSION, session);
}

CK_RV call_get_session_info(struct remote *c, CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    struct call call;
    begin(&call, c, CALL_GET_SESSION_INFO);
    put_number(&call.request, session);
    const CK_RV rv = ask(&call);
    info->slotID = get_number(&call.answer, ANY);
    info->state = get_number(&call.answer, ANY);
    info->flags = get_number(&call.answer, ANY);
    info->ulDeviceError = get_number(&call.answer, ANY);
    return end(&call, rv);
}

CK_RV call_login(struct remote *c, CK_SESSION_HANDLE session, CK_USER_TYPE who, const uint8_t *pin, CK_ULONG len)
{
    struct call call;
    begin(&call, c, CALL_LOGIN);
    put_number(&call.request, session);
    put_number(&call.request, who);
    put_number(&call.request, pin != NULL);
    put_bytes(&call.request, span_of(pin, len));
    if (pin != NULL)
        return ask_and_end(&call);
    remote_at_pad(c);
    return end(&call, ask_for(&call, SLOW));
}

CK_RV call_logout(struct remote *c, CK_SESSION_HANDLE session)
{
    return about_session(c, CALL_LOGOUT, session);
}

void call_end_session(struct remote *c, CK_SESSION_HANDLE session, bool logged_in)
{
    if (logged_in)
        (void)call_logout(c, session);
    if (session != CK_INVALID_HANDLE)
        (void)call_close_session(c, session);
}

CK_RV call_create_object(struct remote *c, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count,
                         CK_OBJECT_HANDLE *object)
{
    struct call call;
    begin(&call, c, CALL_CREATE_OBJECT);
    put_number(&call.request, session);
    put_template(&call.request, template, count);
    return handle_of(&call, object);
}

CK_RV call_destroy_object(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    struct call call;
    begin(&call, c, CALL_DESTROY_OBJECT);
    put_number(&call.request, session);
    put_number(&call.request, object);
    return ask_and_end(&call);
}

static void put_rooms(struct writer *w, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    w->overflow = w->overflow || count > HOST_ATTRIBUTES_MAX;
    put_number(w, count);
    for (CK_ULONG i = 0; i < count && !w->overflow; i++) {
        const CK_ATTRIBUTE *a = &template[i];
        const CK_ULONG room = a->pValue == NULL ? 0 : a->ulValueLen;
        const bool small = room <= SMALL_VALUE_MAX;
        w->overflow = !attribute_is_known(a->type) || room > VALUE_MAX;
        put_number(w, a->type);
        put_number(w, a->pValue != NULL);
        put_number(w, room);
        put_bytes(w, span_of(a->pValue, small ? room : 0));
    }
}

static void get_value(struct reader *r, CK_ATTRIBUTE *a)
{
    const CK_ULONG room = a->pValue == NULL ? 0 : a->ulValueLen;
    const CK_ULONG len = get_number(r, ANY);
    const struct span value = get_bytes(r, room);
    // A value is whole, or it is not there at all.
    r->bad = r->bad || (value.len != 0 && value.len != len);
    a->ulValueLen = r->bad ? CK_UNAVAILABLE_INFORMATION : len;
    if (!r->bad && a->pValue != NULL && value.len > 0)
        memcpy(a->pValue, value.data, value.len);
    // A length that lies within the room without a value would be taken for one.
    if (!r->bad && a->pValue != NULL && value.len != len && len <= room)
        r->bad = true;
}

CK_RV call_get_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct call call;
    begin(&call, c, CALL_GET_ATTRIBUTE_VALUE);
    put_number(&call.request, session);
    put_number(&call.request, object);
    put_rooms(&call.request, template, count);
    const CK_RV rv = ask(&call);
    for (CK_ULONG i = 0; i < count; i++)
        get_value(&call.answer, &template[i]);
    return end(&call, rv);
}

CK_RV call_set_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               const CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct call call;
    begin(&call, c, CALL_SET_ATTRIBUTE_VALUE);
    put_number(&call.request, session);
    put_number(&call.request, object);
    put_template(&call.request, template, count);
    return ask_and_end(&call);
}

CK_RV call_find_objects_init(struct remote *c, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct call call;
    begin(&call, c, CALL_FIND_OBJECTS_INIT);
    put_number(&call.request, session);
    put_template(&call.request, template, count);
    return ask_and_end(&call);
}

CK_RV call_find_objects(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                        CK_ULONG *count)
{
    struct call call;
    const CK_ULONG room = most < HOST_OBJECTS_MAX ? most : HOST_OBJECTS_MAX;
    begin(&call, c, CALL_FIND_OBJECTS);
    put_number(&call.request, session);
    put_number(&call.request, room);
    const CK_RV rv = ask(&call);
    const CK_ULONG told = get_number(&call.answer, ANY);
    const CK_ULONG given = get_list(&call.answer, objects, room);
    // A count beyond what was asked for is the module's lie, which the caller is told.
    *count = told > room ? told : given;
    return end(&call, rv);
}

CK_RV call_find_objects_final(struct remote *c, CK_SESSION_HANDLE session)
{
    return about_session(c, CALL_FIND_OBJECTS_FINAL, session);
}

// One that the protocol does not know is refused here, as a module refuses it.
static void put_mechanism_of(struct call *call, const CK_MECHANISM *mechanism)
{
    if (!put_mechanism(&call->request, mechanism))
        call->request.overflow = true;
}

CK_RV call_sign_init(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct call call;
    begin(&call, c, CALL_SIGN_INIT);
    put_number(&call.request, session);
    put_mechanism_of(&call, mechanism);
    put_number(&call.request, key);
    return ask_and_end(&call);
}

CK_RV call_sign(struct remote *c, CK_SESSION_HANDLE session, const uint8_t *data, CK_ULONG data_len, uint8_t *signature,
                CK_ULONG *len)
{
    struct call call;
    const CK_ULONG room = signature == NULL ? 0 : *len < VALUE_MAX ? *len : VALUE_MAX;
    begin(&call, c, CALL_SIGN);
    put_number(&call.request, session);
    put_bytes(&call.request, span_of(data, data_len));
    put_number(&call.request, room);
    const CK_RV rv = ask(&call);
    *len = get_number(&call.answer, ANY);
    const struct span bytes = get_bytes(&call.answer, room);
    // All of it is there, or it is longer than the room.
    call.answer.bad = call.answer.bad || bytes.len != (*len <= room ? *len : 0);
    if (!call.answer.bad && bytes.len > 0)
        memcpy(signature, bytes.data, bytes.len);
    return end(&call, rv);
}

CK_RV call_generate_key_pair(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                             const CK_ATTRIBUTE *public, CK_ULONG public_count, const CK_ATTRIBUTE *private,
                             CK_ULONG private_count, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    struct call call;
    begin(&call, c, CALL_GENERATE_KEY_PAIR);
    put_number(&call.request, session);
    put_mechanism_of(&call, mechanism);
    put_template(&call.request, public, public_count);
    put_template(&call.request, private, private_count);
    const CK_RV rv = ask_for(&call, SLOW);
    *public_key = get_number(&call.answer, ANY);
    *private_key = get_number(&call.answer, ANY);
    return end(&call, rv);
}

CK_RV call_unwrap_key(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE by,
                      const uint8_t *wrapped, CK_ULONG wrapped_len, const CK_ATTRIBUTE *template, CK_ULONG count,
                      CK_OBJECT_HANDLE *key)
{
    struct call call;
    begin(&call, c, CALL_UNWRAP_KEY);
    put_number(&call.request, session);
    put_mechanism_of(&call, mechanism);
    put_number(&call.request, by);
    put_bytes(&call.request, span_of(wrapped, wrapped_len));
    put_template(&call.request, template, count);
    return handle_of(&call, key);
}
