// Making one call of the module for a request.
#include "hsm/host/serve.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

#include "core/wipe.h"

// The module lacks the function: no number of the standard's says so alone.
#define CALL(host, name, ...)                                                                                          \
    ((host)->list->name == NULL ? ((host)->lacks = true, CKR_FUNCTION_NOT_SUPPORTED) : (host)->list->name(__VA_ARGS__))

#define ANY UINT64_MAX

// The file that the loader found, which a path without a slash does not name.
static const char *loaded_path(void *library, const char *path)
{
    struct link_map *map = NULL;
    const bool known = dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map->l_name != NULL && map->l_name[0] != '\0';
    return known && strlen(map->l_name) <= PATH_BYTES_MAX ? map->l_name : path;
}

static CK_RV load(struct host *h, struct reader *r, struct writer *w)
{
    char path[PATH_BYTES_MAX + 1];
    const struct span bytes = get_bytes(r, PATH_BYTES_MAX);
    if (!reader_is_done(r) || h->list != NULL || bytes.len == 0 || memchr(bytes.data, 0, bytes.len) != NULL)
        return r->bad = true, CKR_ARGUMENTS_BAD;
    memcpy(path, bytes.data, bytes.len);
    path[bytes.len] = '\0';
    // It stays, even if the module unloads itself.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    CK_C_GetFunctionList get_list = NULL;
    if (library != NULL)
        *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    put_number(w, library == NULL ? LOAD_NO_LIBRARY : get_list == NULL ? LOAD_NO_FUNCTION : LOAD_ASKED);
    if (get_list == NULL) {
        const char *why = library == NULL ? dlerror() : "";
        put_bytes(w, span_of(why, why == NULL ? 0 : strnlen(why, DLERROR_MAX)));
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
    put_bytes(w, span_text(loaded_path(library, path)));
    const CK_RV rv = get_list(&h->list);
    return rv == CKR_OK && h->list == NULL ? CKR_DATA_INVALID : rv;
}

static CK_RV initialise(struct host *h, struct reader *r, struct writer *w)
{
    char reserved[PATH_BYTES_MAX + 1];
    (void)w;
    const struct span bytes = get_bytes(r, PATH_BYTES_MAX);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    // One thread alone calls the module, which NULL says (PKCS#11 v2.40 section 5.4). Asked to lock, OpenSC
    // 0.23 locks itself out for good when a card is pulled during a login.
    if (bytes.len == 0)
        return CALL(h, C_Initialize, NULL);
    memcpy(reserved, bytes.data, bytes.len);
    reserved[bytes.len] = '\0';
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = reserved};
    const CK_RV rv = CALL(h, C_Initialize, &args);
    if (rv != CKR_CANT_LOCK)
        return rv;
    args.flags = 0;
    return CALL(h, C_Initialize, &args);
}

static CK_RV finalise(struct host *h, struct reader *r, struct writer *w)
{
    (void)r;
    (void)w;
    h->finalised = true;
    return CALL(h, C_Finalize, NULL);
}

static void put_version(struct writer *w, CK_VERSION version)
{
    put_number(w, ((uint64_t)version.major << 8) | version.minor);
}

static CK_RV get_info(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV get_slot_list(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV get_slot_info(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV get_token_info(struct host *h, struct reader *r, struct writer *w)
{
    CK_TOKEN_INFO info = {0};
    const CK_SLOT_ID slot = get_number(r, ANY);
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_GetTokenInfo, slot, &info);
    put_bytes(w, span_of(&info, sizeof info));
    return rv;
}

static CK_RV get_mechanism_info(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV open_session(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV close_session(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    (void)w;
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_CloseSession, session);
}

static CK_RV get_session_info(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV log_in(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV log_out(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    (void)w;
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_Logout, session);
}

static CK_RV create_object(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV destroy_object(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV get_attribute_value(struct host *h, struct reader *r, struct writer *w)
{
    CK_ATTRIBUTE template[HOST_ATTRIBUTES_MAX] = {0};
    CK_ULONG room[HOST_ATTRIBUTES_MAX] = {0};
    size_t used = 0;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_OBJECT_HANDLE object = get_number(r, ANY);
    const CK_ULONG count = get_number(r, HOST_ATTRIBUTES_MAX);
    for (CK_ULONG i = 0; i < count && !r->bad; i++) {
        make_room(h, &used, r, &template[i]);
        room[i] = r->bad ? 0 : template[i].ulValueLen;
    }
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv = CALL(h, C_GetAttributeValue, session, object, template, count);
    for (CK_ULONG i = 0; i < count; i++) {
        const CK_ULONG len = template[i].ulValueLen;
        // A length beyond the room, CK_UNAVAILABLE_INFORMATION among them, has no value.
        const bool whole = template[i].pValue != NULL && len <= room[i];
        put_number(w, len);
        put_bytes(w, span_of(template[i].pValue, whole ? len : 0));
    }
    return rv;
}

static CK_RV set_attribute_value(struct host *h, struct reader *r, struct writer *w)
{
    CK_ATTRIBUTE template[HOST_ATTRIBUTES_MAX];
    (void)w;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_OBJECT_HANDLE object = get_number(r, ANY);
    const CK_ULONG count = get_template(r, template);
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_SetAttributeValue, session, object, template, count);
}

static CK_RV find_objects_init(struct host *h, struct reader *r, struct writer *w)
{
    CK_ATTRIBUTE template[HOST_ATTRIBUTES_MAX];
    (void)w;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const CK_ULONG count = get_template(r, template);
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD
                              : CALL(h, C_FindObjectsInit, session, count == 0 ? NULL : template, count);
}

static CK_RV find_objects(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV find_objects_final(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    (void)w;
    return !reader_is_done(r) ? CKR_ARGUMENTS_BAD : CALL(h, C_FindObjectsFinal, session);
}

static CK_RV sign_init(struct host *h, struct reader *r, struct writer *w)
{
    struct mechanism_room room;
    (void)w;
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const bool known = get_mechanism(r, &room);
    const CK_OBJECT_HANDLE key = get_number(r, ANY);
    return !reader_is_done(r) || !known ? CKR_ARGUMENTS_BAD : CALL(h, C_SignInit, session, &room.mechanism, key);
}

static CK_RV sign(struct host *h, struct reader *r, struct writer *w)
{
    const CK_SESSION_HANDLE session = get_number(r, ANY);
    const struct span data = get_bytes(r, VALUE_MAX);
    CK_ULONG len = get_number(r, VALUE_MAX);
    const CK_ULONG room = len;
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    const CK_RV rv =
        CALL(h, C_Sign, session, (CK_BYTE *)(uintptr_t)data.data, data.len, room == 0 ? NULL : h->scratch, &len);
    put_number(w, len);
    put_bytes(w, span_of(h->scratch, rv == CKR_OK && len <= room ? len : 0));
    return rv;
}

static CK_RV generate_key_pair(struct host *h, struct reader *r, struct writer *w)
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

static CK_RV unwrap_key(struct host *h, struct reader *r, struct writer *w)
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

typedef CK_RV serve_call(struct host *h, struct reader *r, struct writer *w);

static serve_call *const served[CALL_COUNT] = {
    [CALL_LOAD] = load,
    [CALL_INITIALIZE] = initialise,
    [CALL_FINALIZE] = finalise,
    [CALL_GET_INFO] = get_info,
    [CALL_GET_SLOT_LIST] = get_slot_list,
    [CALL_GET_SLOT_INFO] = get_slot_info,
    [CALL_GET_TOKEN_INFO] = get_token_info,
    [CALL_GET_MECHANISM_INFO] = get_mechanism_info,
    [CALL_OPEN_SESSION] = open_session,
    [CALL_CLOSE_SESSION] = close_session,
    [CALL_GET_SESSION_INFO] = get_session_info,
    [CALL_LOGIN] = log_in,
    [CALL_LOGOUT] = log_out,
    [CALL_CREATE_OBJECT] = create_object,
    [CALL_DESTROY_OBJECT] = destroy_object,
    [CALL_GET_ATTRIBUTE_VALUE] = get_attribute_value,
    [CALL_SET_ATTRIBUTE_VALUE] = set_attribute_value,
    [CALL_FIND_OBJECTS_INIT] = find_objects_init,
    [CALL_FIND_OBJECTS] = find_objects,
    [CALL_FIND_OBJECTS_FINAL] = find_objects_final,
    [CALL_SIGN_INIT] = sign_init,
    [CALL_SIGN] = sign,
    [CALL_GENERATE_KEY_PAIR] = generate_key_pair,
    [CALL_UNWRAP_KEY] = unwrap_key,
};

static void answer_head(struct writer *answer, enum answer_kind kind, CK_RV rv)
{
    put_number(answer, kind);
    put_number(answer, rv);
}

void host_serve(struct host *host, struct span request, struct writer *answer)
{
    struct reader r = {.data = request.data, .len = request.len};
    const uint64_t number = get_number(&r, CALL_COUNT - 1);
    const bool possible = !r.bad && served[number] != NULL && (host->list != NULL || number == CALL_LOAD);
    struct writer *w = answer;
    answer_head(w, ANSWER_MADE, CKR_OK);
    const size_t head = w->len;
    host->lacks = false;
    const CK_RV rv = possible ? served[number](host, &r, w) : CKR_ARGUMENTS_BAD;
    // The head is known last.
    const size_t len = w->len;
    const bool made = possible && !r.bad && !w->overflow;
    if (!made)
        secret_wipe(w->data + head, len - head);
    w->len = 0;
    w->overflow = false;
    answer_head(w, !made ? ANSWER_REFUSED : host->lacks ? ANSWER_LACKS : ANSWER_MADE, rv);
    w->len = made ? len : head;
}
