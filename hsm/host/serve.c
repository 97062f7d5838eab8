// Making one call of the module for a request.
#include "hsm/host/serve.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

#include "core/wipe.h"
#include "hsm/host/ending.h"
#include "hsm/host/serve_calls.h"

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

// One thread alone calls the module, which NULL says (PKCS#11 v2.40 section 5.4). Asked to lock, OpenSC 0.23 locks
// itself out for good when a card is pulled during a login.
static CK_RV initialise_for_one(struct host *h, char *reserved)
{
    CK_C_INITIALIZE_ARGS args = {.pReserved = reserved};
    return CALL(h, C_Initialize, reserved == NULL ? NULL : &args);
}

// Modules have more answers than CKR_CANT_LOCK to what they do not know.
static bool says_no_locks(CK_RV rv)
{
    return rv == CKR_CANT_LOCK || rv == CKR_NEED_TO_CREATE_THREADS || rv == CKR_ARGUMENTS_BAD;
}

static CK_RV initialise(struct host *h, struct reader *r, struct writer *w)
{
    char reserved[PATH_BYTES_MAX + 1];
    const struct span bytes = get_bytes(r, PATH_BYTES_MAX);
    const bool several = get_number(r, 1) != 0;
    if (!reader_is_done(r))
        return CKR_ARGUMENTS_BAD;
    if (bytes.len > 0)
        memcpy(reserved, bytes.data, bytes.len);
    reserved[bytes.len] = '\0';
    char *given = bytes.len > 0 ? reserved : NULL;
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = given};
    CK_RV rv = CKR_CANT_LOCK;
    if (several || given != NULL)
        rv = CALL(h, C_Initialize, &args);
    h->locks = several && rv == CKR_OK;
    if (rv == CKR_CANT_LOCK || (several && says_no_locks(rv)))
        rv = initialise_for_one(h, given);
    put_number(w, h->locks);
    return rv;
}

static CK_RV open_lane(struct host *h, struct reader *r, struct writer *w)
{
    (void)w;
    if (!reader_is_done(r) || h->passed < 0 || h->start_lane == NULL)
        return r->bad = true, CKR_ARGUMENTS_BAD;
    return h->locks ? h->start_lane(h) : CKR_CANT_LOCK;
}

static CK_RV finalise(struct host *h, struct reader *r, struct writer *w)
{
    (void)r;
    (void)w;
    h->finalised = true;
    return CALL(h, C_Finalize, NULL);
}

static serve_call *const served[CALL_COUNT] = {
    [CALL_LOAD] = load,
    [CALL_INITIALIZE] = initialise,
    [CALL_FINALIZE] = finalise,
    [CALL_GET_INFO] = serve_get_info,
    [CALL_GET_SLOT_LIST] = serve_get_slot_list,
    [CALL_GET_SLOT_INFO] = serve_get_slot_info,
    [CALL_GET_TOKEN_INFO] = serve_get_token_info,
    [CALL_GET_MECHANISM_INFO] = serve_get_mechanism_info,
    [CALL_OPEN_SESSION] = serve_open_session,
    [CALL_CLOSE_SESSION] = serve_close_session,
    [CALL_GET_SESSION_INFO] = serve_get_session_info,
    [CALL_LOGIN] = serve_log_in,
    [CALL_LOGOUT] = serve_log_out,
    [CALL_CREATE_OBJECT] = serve_create_object,
    [CALL_DESTROY_OBJECT] = serve_destroy_object,
    [CALL_GET_ATTRIBUTE_VALUE] = serve_get_attribute_value,
    [CALL_SET_ATTRIBUTE_VALUE] = serve_set_attribute_value,
    [CALL_FIND_OBJECTS_INIT] = serve_find_objects_init,
    [CALL_FIND_OBJECTS] = serve_find_objects,
    [CALL_FIND_OBJECTS_FINAL] = serve_find_objects_final,
    [CALL_SIGN_INIT] = serve_sign_init,
    [CALL_SIGN] = serve_sign,
    [CALL_GENERATE_KEY_PAIR] = serve_generate_key_pair,
    [CALL_UNWRAP_KEY] = serve_unwrap_key,
    [CALL_SIGN_AT_ONCE] = serve_sign_at_once,
    [CALL_OPEN_LANE] = open_lane,
    [CALL_GET_ATTRIBUTE_VALUES] = serve_get_attribute_values,
};

// No lane logs in or out, closes the module, or changes anything.
static bool is_of_lane(uint64_t number)
{
    switch (number) {
    case CALL_OPEN_SESSION:
    case CALL_CLOSE_SESSION:
    case CALL_FIND_OBJECTS_INIT:
    case CALL_FIND_OBJECTS:
    case CALL_FIND_OBJECTS_FINAL:
    case CALL_GET_ATTRIBUTE_VALUE:
    case CALL_SIGN_INIT:
    case CALL_SIGN:
    case CALL_SIGN_AT_ONCE:
        return true;
    default:
        return false;
    }
}

static bool is_possible(const struct host *h, uint64_t number)
{
    return served[number] != NULL && (h->list != NULL || number == CALL_LOAD) && (!h->is_lane || is_of_lane(number));
}

// A login counts its tries on the token.
static bool overwrites(uint64_t number)
{
    return number == CALL_LOGIN || number == CALL_SET_ATTRIBUTE_VALUE;
}

static CK_RV serve(struct host *h, uint64_t number, struct reader *r, struct writer *w)
{
    if (!overwrites(number))
        return served[number](h, r, w);
    ending_hold();
    const CK_RV rv = served[number](h, r, w);
    ending_release();
    return rv;
}

static void answer_head(struct writer *answer, enum answer_kind kind, CK_RV rv)
{
    put_number(answer, kind);
    put_number(answer, rv);
}

void host_serve(struct host *host, struct span request, struct writer *answer)
{
    struct reader r = {.data = request.data, .len = request.len};
    const uint64_t number = get_number(&r, CALL_COUNT - 1);
    const bool possible = !r.bad && is_possible(host, number);
    struct writer *w = answer;
    answer_head(w, ANSWER_MADE, CKR_OK);
    const size_t head = w->len;
    host->lacks = false;
    host->signed_at_once = false;
    host->used = 0;
    const CK_RV rv = possible ? serve(host, number, &r, w) : CKR_ARGUMENTS_BAD;
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
