// The calls of a module in another process: objects and keys.
#include "hsm/remote/call.h"
#include "hsm/remote/calls.h"

CK_RV call_create_object(struct remote *c, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count,
                         CK_OBJECT_HANDLE *object)
{
    struct call call;
    call_begin(&call, c, CALL_CREATE_OBJECT);
    put_number(&call.request, session);
    put_template(&call.request, template, count);
    return call_for_handle(&call, object);
}

CK_RV call_destroy_object(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    struct call call;
    call_begin(&call, c, CALL_DESTROY_OBJECT);
    put_number(&call.request, session);
    put_number(&call.request, object);
    return call_ask_and_end(&call);
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
    call_begin(&call, c, CALL_GET_ATTRIBUTE_VALUE);
    put_number(&call.request, session);
    put_number(&call.request, object);
    put_rooms(&call.request, template, count);
    const CK_RV rv = call_ask(&call);
    for (CK_ULONG i = 0; i < count; i++)
        get_value(&call.answer, &template[i]);
    return call_end(&call, rv);
}

CK_RV call_get_attribute_values(struct remote *c, CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE *objects,
                                CK_ULONG object_count, CK_ATTRIBUTE *templates, CK_ULONG count, CK_ULONG *done)
{
    struct call call;
    call_begin(&call, c, CALL_GET_ATTRIBUTE_VALUES);
    put_number(&call.request, session);
    put_bytes(&call.request, span_of(objects, object_count * sizeof *objects));
    put_rooms(&call.request, templates, count);
    const CK_RV rv = call_ask(&call);
    struct reader *answer = &call.answer;
    *done = 0;
    while (*done < object_count && !answer->bad && (*done == 0 || answer->at < answer->len)) {
        for (CK_ULONG i = 0; i < count; i++)
            get_value(answer, &templates[*done * count + i]);
        (*done)++;
    }
    return call_end(&call, rv);
}

CK_RV call_set_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               const CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct call call;
    call_begin(&call, c, CALL_SET_ATTRIBUTE_VALUE);
    put_number(&call.request, session);
    put_number(&call.request, object);
    put_template(&call.request, template, count);
    return call_ask_and_end(&call);
}

CK_RV call_find_objects_init(struct remote *c, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct call call;
    call_begin(&call, c, CALL_FIND_OBJECTS_INIT);
    put_number(&call.request, session);
    put_template(&call.request, template, count);
    return call_ask_and_end(&call);
}

CK_RV call_find_objects(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                        CK_ULONG *count)
{
    struct call call;
    const CK_ULONG room = most < HOST_OBJECTS_MAX ? most : HOST_OBJECTS_MAX;
    call_begin(&call, c, CALL_FIND_OBJECTS);
    put_number(&call.request, session);
    put_number(&call.request, room);
    const CK_RV rv = call_ask(&call);
    const CK_ULONG told = get_number(&call.answer, ANY);
    const CK_ULONG given = call_get_list(&call.answer, objects, room);
    // A count beyond what was asked for is the module's lie, which the caller is told.
    *count = told > room ? told : given;
    return call_end(&call, rv);
}

CK_RV call_find_objects_final(struct remote *c, CK_SESSION_HANDLE session)
{
    return call_about_session(c, CALL_FIND_OBJECTS_FINAL, session);
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
    call_begin(&call, c, CALL_SIGN_INIT);
    put_number(&call.request, session);
    put_mechanism_of(&call, mechanism);
    put_number(&call.request, key);
    return call_ask_and_end(&call);
}

static CK_ULONG room_for(const uint8_t *signature, CK_ULONG len)
{
    return signature == NULL ? 0 : len < VALUE_MAX ? len : VALUE_MAX;
}

static void get_signature(struct reader *r, CK_ULONG room, uint8_t *signature, CK_ULONG *len)
{
    *len = get_number(r, ANY);
    const struct span bytes = get_bytes(r, room);
    // All of it is there, or it is longer than the room.
    r->bad = r->bad || bytes.len != (*len <= room ? *len : 0);
    if (!r->bad && bytes.len > 0)
        memcpy(signature, bytes.data, bytes.len);
}

CK_RV call_sign(struct remote *c, CK_SESSION_HANDLE session, const uint8_t *data, CK_ULONG data_len, uint8_t *signature,
                CK_ULONG *len)
{
    struct call call;
    const CK_ULONG room = room_for(signature, *len);
    call_begin(&call, c, CALL_SIGN);
    put_number(&call.request, session);
    put_bytes(&call.request, span_of(data, data_len));
    put_number(&call.request, room);
    const CK_RV rv = call_ask(&call);
    get_signature(&call.answer, room, signature, len);
    return call_end(&call, rv);
}

CK_RV call_sign_at_once(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                        CK_OBJECT_HANDLE key, struct span data, uint8_t *signature, CK_ULONG *len, bool *begun)
{
    struct call call;
    const CK_ULONG room = room_for(signature, *len);
    call_begin(&call, c, CALL_SIGN_AT_ONCE);
    put_number(&call.request, session);
    put_mechanism_of(&call, mechanism);
    put_number(&call.request, key);
    put_bytes(&call.request, data);
    put_number(&call.request, room);
    const CK_RV rv = call_ask(&call);
    *begun = get_number(&call.answer, 1) != 0;
    get_signature(&call.answer, room, signature, len);
    // A signature that was not begun is none.
    call.answer.bad = call.answer.bad || !*begun;
    return call_end(&call, rv);
}

CK_RV call_generate_key_pair(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism,
                             const CK_ATTRIBUTE *public, CK_ULONG public_count, const CK_ATTRIBUTE *private,
                             CK_ULONG private_count, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    struct call call;
    call_begin(&call, c, CALL_GENERATE_KEY_PAIR);
    put_number(&call.request, session);
    put_mechanism_of(&call, mechanism);
    put_template(&call.request, public, public_count);
    put_template(&call.request, private, private_count);
    const CK_RV rv = call_ask_for(&call, SLOW);
    *public_key = get_number(&call.answer, ANY);
    *private_key = get_number(&call.answer, ANY);
    return call_end(&call, rv);
}

CK_RV call_unwrap_key(struct remote *c, CK_SESSION_HANDLE session, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE by,
                      const uint8_t *wrapped, CK_ULONG wrapped_len, const CK_ATTRIBUTE *template, CK_ULONG count,
                      CK_OBJECT_HANDLE *key)
{
    struct call call;
    call_begin(&call, c, CALL_UNWRAP_KEY);
    put_number(&call.request, session);
    put_mechanism_of(&call, mechanism);
    put_number(&call.request, by);
    put_bytes(&call.request, span_of(wrapped, wrapped_len));
    put_template(&call.request, template, count);
    return call_for_handle(&call, key);
}
