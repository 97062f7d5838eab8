#include "core/monotonic.h"
#include "core/wipe.h"
#include "hsm/host/serve_calls.h"

// Somebody may want to stop while many objects are read.
enum { READING_MS = 250 };

CK_RV serve_create_object(struct host *h, struct reader *r, struct writer *w)
{
    CK_ATTRIBUTE template[HOST_ATTRIBUTES_MAX];
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_ULONG count = get_template(r, template);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_CreateObject, session, template, count, &object);
    put_number(w, object);
    return rv;
}

CK_RV serve_destroy_object(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_OBJECT_HANDLE object = get_number(r, ANY);
    (void)w;
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_DestroyObject, session, object);
}

// Where the value goes: no room at all where its length alone is asked for. Modules look at what a small
// buffer has in it.
static void make_room(struct host *h, size_t *used, struct reader *r, CK_ATTRIBUTE *attribute)
{
    const CK_ATTRIBUTE_TYPE type = get_number(r, ANY);
    const bool wanted = get_number(r, 1) != 0;
    const CK_ULONG room = get_number(r, VALUE_MAX);
    const struct span now = get_bytes(r, SMALL_VALUE_MAX);
    r->bad = r->bad || !attribute_is_known(type) || now.len > room || room > sizeof h->scratch - *used;
    if (r->bad)
        return;
    *attribute = (CK_ATTRIBUTE){type, wanted ? h->scratch + *used : NULL, room};
    if (now.len > 0)
        memcpy(h->scratch + *used, now.data, now.len);
    // Aligned for a number.
    *used += (room + sizeof(CK_ULONG) - 1) / sizeof(CK_ULONG) * sizeof(CK_ULONG);
}

// What is read of an object: a template in a request, which becomes one of the module's.
struct reading {
    CK_ULONG count;
    CK_ATTRIBUTE template[HOST_ATTRIBUTES_MAX];
    CK_ULONG room[HOST_ATTRIBUTES_MAX];
    size_t used;
};

static void get_reading(struct host *h, struct reader *r, struct reading *reading)
{
    reading->used = 0;
    reading->count = get_number(r, HOST_ATTRIBUTES_MAX);
    for (CK_ULONG i = 0; i < reading->count && !r->bad; i++) {
        make_room(h, &reading->used, r, &reading->template[i]);
        reading->room[i] = r->bad ? 0 : reading->template[i].ulValueLen;
    }
}

static void put_values(struct writer *w, const struct reading *reading)
{
    for (CK_ULONG i = 0; i < reading->count; i++) {
        const CK_ATTRIBUTE *a = &reading->template[i];
        // A length beyond the room, CK_UNAVAILABLE_INFORMATION among them, has no value.
        const bool whole = a->pValue != NULL && a->ulValueLen <= reading->room[i];
        put_number(w, a->ulValueLen);
        put_bytes(w, span_of(a->pValue, whole ? a->ulValueLen : 0));
    }
}

CK_RV serve_get_attribute_value(struct host *h, struct reader *r, struct writer *w)
{
    struct reading reading = {0};
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_OBJECT_HANDLE object = get_number(r, ANY);
    get_reading(h, r, &reading);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    // A value may be a secret, and a module may write more than it tells.
    h->used = reading.used;
    const CK_RV rv = CALL(h, C_GetAttributeValue, session, object, reading.template, reading.count);
    put_values(w, &reading);
    return rv;
}

// The most that put_values writes.
static size_t most_bytes(const struct reading *reading)
{
    return reading->used + reading->count * 2 * sizeof(uint64_t);
}

CK_RV serve_get_attribute_values(struct host *h, struct reader *r, struct writer *w)
{
    struct reading reading = {0};
    const long long until = monotonic_ms() + READING_MS;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const struct span objects = get_bytes(r, HOST_OBJECTS_MAX * sizeof(CK_OBJECT_HANDLE));
    const struct reader each = *r;
    get_reading(h, r, &reading);
    if (!reader_is_done(r) || objects.len == 0 || objects.len % sizeof(CK_OBJECT_HANDLE) != 0)
        return r->bad = true, CKR_ARGUMENTS_BAD;
    h->used = reading.used;
    CK_RV rv = CKR_OK;
    for (size_t at = 0; at < objects.len && rv == CKR_OK; at += sizeof(CK_OBJECT_HANDLE)) {
        CK_OBJECT_HANDLE object;
        struct reader again = each;
        if (at > 0 && (w->capacity - w->len < most_bytes(&reading) || monotonic_ms() >= until))
            break;
        memcpy(&object, objects.data + at, sizeof object);
        // Nothing is left of the object before.
        secret_wipe(h->scratch, at > 0 ? reading.used : 0);
        get_reading(h, &again, &reading);
        rv = CALL(h, C_GetAttributeValue, session, object, reading.template, reading.count);
        put_values(w, &reading);
    }
    return rv;
}

CK_RV serve_set_attribute_value(struct host *h, struct reader *r, struct writer *w)
{
    CK_ATTRIBUTE template[HOST_ATTRIBUTES_MAX];
    (void)w;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_OBJECT_HANDLE object = get_number(r, ANY);
    const CK_ULONG count = get_template(r, template);
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_SetAttributeValue, session, object, template, count);
}

CK_RV serve_find_objects_init(struct host *h, struct reader *r, struct writer *w)
{
    CK_ATTRIBUTE template[HOST_ATTRIBUTES_MAX];
    (void)w;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_ULONG count = get_template(r, template);
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD
                              : CALL(h, C_FindObjectsInit, session, count == 0 ? NULL : template, count);
}

CK_RV serve_find_objects(struct host *h, struct reader *r, struct writer *w)
{
    // What the module counts and does not name is no handle.
    CK_OBJECT_HANDLE found[HOST_OBJECTS_MAX] = {CK_INVALID_HANDLE};
    CK_ULONG count = 0;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_ULONG most = get_number(r, HOST_OBJECTS_MAX);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_FindObjects, session, found, most, &count);
    put_number(w, count);
    put_bytes(w, span_of(found, rv == CKR_OK ? (count < most ? count : most) * sizeof found[0] : 0));
    return rv;
}

CK_RV serve_find_objects_final(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    (void)w;
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_FindObjectsFinal, session);
}

CK_RV serve_sign_init(struct host *h, struct reader *r, struct writer *w)
{
    struct mechanism_room room;
    (void)w;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const bool known = get_mechanism(r, &room);
    const CK_OBJECT_HANDLE key = get_number(r, ANY);
    return !reader_is_done(r) || !known ? CKR_ARGUMENTS_BAD : CALL(h, C_SignInit, session, &room.mechanism, key);
}

// The data and the room, as C_Sign has them.
struct to_sign {
    struct span data;
    CK_ULONG room;
};

static struct to_sign get_to_sign(struct reader *r)
{
    const struct span data = get_bytes(r, VALUE_MAX);
    return (struct to_sign){.data = data, .room = get_number(r, VALUE_MAX)};
}

static CK_RV sign(struct host *h, CK_SESSION_HANDLE session, const struct to_sign *what, struct writer *w)
{
    const CK_ULONG room = what->room;
    CK_ULONG len = room;
    h->used = room;
    const CK_RV rv = CALL(h, C_Sign, session, (CK_BYTE *)(uintptr_t)what->data.data, what->data.len,
                          room == 0 ? NULL : h->scratch, &len);
    put_number(w, len);
    put_bytes(w, span_of(h->scratch, rv == CKR_OK && len <= room ? len : 0));
    return rv;
}

CK_RV serve_sign(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const struct to_sign what = get_to_sign(r);
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : sign(h, session, &what, w);
}

CK_RV serve_sign_at_once(struct host *h, struct reader *r, struct writer *w)
{
    struct mechanism_room room;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const bool known = get_mechanism(r, &room);
    const CK_OBJECT_HANDLE key = get_number(r, ANY);
    const struct to_sign what = get_to_sign(r);
    if (!reader_is_done(r) || !known)
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_SignInit, session, &room.mechanism, key);
    put_number(w, rv == CKR_OK);
    h->signed_at_once = true;
    if (rv == CKR_OK)
        return sign(h, session, &what, w);
    put_number(w, 0);
    put_bytes(w, span_of(NULL, 0));
    return rv;
}

CK_RV serve_generate_key_pair(struct host *h, struct reader *r, struct writer *w)
{
    struct mechanism_room room;
    CK_ATTRIBUTE public[HOST_ATTRIBUTES_MAX], private[HOST_ATTRIBUTES_MAX];
    CK_OBJECT_HANDLE made[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const bool known = get_mechanism(r, &room);
    const CK_ULONG public_count = get_template(r, public);
    const CK_ULONG private_count = get_template(r, private);
    if (!reader_is_done(r) || !known)
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_GenerateKeyPair, session, &room.mechanism, public, public_count, private, private_count,
                          &made[0], &made[1]);
    put_number(w, made[0]);
    put_number(w, made[1]);
    return rv;
}

CK_RV serve_unwrap_key(struct host *h, struct reader *r, struct writer *w)
{
    struct mechanism_room room;
    CK_ATTRIBUTE template[HOST_ATTRIBUTES_MAX];
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const bool known = get_mechanism(r, &room);
    const CK_OBJECT_HANDLE by = get_number(r, ANY);
    const struct span wrapped = get_bytes(r, VALUE_MAX);
    const CK_ULONG count = get_template(r, template);
    if (!reader_is_done(r) || !known)
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_UnwrapKey, session, &room.mechanism, by, (CK_BYTE *)(uintptr_t)wrapped.data, wrapped.len,
                          template, count, &made);
    put_number(w, made);
    return rv;
}
