// The keys on a PKCS#11 token: what the module tells of many objects at once, and which object of a key is shown.
#include "core/unit.h"

#include <stdio.h>

#include "hsm/module/quirks.h"
#include "hsm/remote/calls.h"
#include "hsm/search/keys_seen.h"
#include "hsm/token/handle.h"

enum { OBJECTS = 150, PORTION = 7, MODULUS_BYTES = 256 };

// Object numbers begin with 1. These are no RSA keys, and the module says so in one way or another.
enum { WITHOUT_MODULUS = 20, GONE = 21, LAST_OF_A_PORTION = 35 };

static struct {
    CK_ULONG found;
    unsigned calls;
    bool over;   // the host is
    CK_RV after; // what the module says from object 40 on
} made_up;

CK_RV __wrap_call_find_objects_init(struct remote *c, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template,
                                    CK_ULONG count);
CK_RV __wrap_call_find_objects(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                               CK_ULONG *count);
CK_RV __wrap_call_find_objects_final(struct remote *c, CK_SESSION_HANDLE session);
CK_RV __wrap_call_get_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE *template, CK_ULONG count);
CK_RV __wrap_call_get_attribute_values(struct remote *c, CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE *objects,
                                       CK_ULONG object_count, CK_ATTRIBUTE *templates, CK_ULONG count, CK_ULONG *done);
CK_RV __wrap_remote_over(const struct remote *c);
bool __wrap_remote_explain(const struct remote *c, CK_RV rv, struct ssa_error *err);

CK_RV __wrap_remote_over(const struct remote *c)
{
    (void)c;
    return made_up.over ? CKR_HOST_GONE : CKR_OK;
}

bool __wrap_remote_explain(const struct remote *c, CK_RV rv, struct ssa_error *err)
{
    (void)c, (void)rv, (void)err;
    return false;
}

CK_RV __wrap_call_find_objects_init(struct remote *c, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template,
                                    CK_ULONG count)
{
    (void)c, (void)session, (void)template, (void)count;
    made_up.found = 0;
    return CKR_OK;
}

CK_RV __wrap_call_find_objects(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most,
                               CK_ULONG *count)
{
    (void)c, (void)session;
    for (*count = 0; *count < most && made_up.found < OBJECTS; (*count)++)
        objects[*count] = ++made_up.found;
    return CKR_OK;
}

CK_RV __wrap_call_find_objects_final(struct remote *c, CK_SESSION_HANDLE session)
{
    (void)c, (void)session;
    return CKR_OK;
}

static void write_value(CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a)
{
    char text[32];
    (void)snprintf(text, sizeof text, a->type == CKA_ID ? "id %lu" : "label %lu", object);
    if (a->type == CKA_MODULUS) {
        memset(a->pValue, (int)object + 1, MODULUS_BYTES);
        a->ulValueLen = MODULUS_BYTES;
        return;
    }
    memcpy(a->pValue, text, strlen(text));
    a->ulValueLen = strlen(text);
}

CK_RV __wrap_call_get_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv = CKR_OK;
    (void)c, (void)session;
    made_up.calls++;
    if (object >= 40 && made_up.after != CKR_OK) {
        made_up.over = made_up.after == CKR_HOST_GONE;
        return made_up.after;
    }
    if (object == GONE)
        return CKR_OBJECT_HANDLE_INVALID;
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == CKA_MODULUS && (object == WITHOUT_MODULUS || object == LAST_OF_A_PORTION)) {
            template[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
            rv = CKR_ATTRIBUTE_TYPE_INVALID;
        } else {
            write_value(object, &template[i]);
        }
    return rv;
}

// As the host does it: up to the first that fails.
CK_RV __wrap_call_get_attribute_values(struct remote *c, CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE *objects,
                                       CK_ULONG object_count, CK_ATTRIBUTE *templates, CK_ULONG count, CK_ULONG *done)
{
    CK_RV rv = CKR_OK;
    // A host that is gone has done nothing.
    *done = 0;
    if (objects[0] >= 40 && made_up.after == CKR_HOST_GONE) {
        made_up.over = true;
        return CKR_HOST_GONE;
    }
    while (rv == CKR_OK && *done < object_count && *done < PORTION) {
        rv = __wrap_call_get_attribute_value(c, session, objects[*done], templates + *done * count, count);
        (*done)++;
    }
    return rv;
}

static void check_key(const struct key_raw *key, unsigned long object)
{
    char text[32];
    (void)snprintf(text, sizeof text, "id %lu", object);
    assert_true(span_is(span_of(key->id, key->id_len), text));
    (void)snprintf(text, sizeof text, "label %lu", object);
    assert_true(span_is(span_of(key->label, key->label_len), text));
    assert_int_equal(key->modulus_len, MODULUS_BYTES);
    assert_int_equal(key->modulus[MODULUS_BYTES - 1], object + 1);
    assert_int_equal(key->token, 3);
    assert_false(key->is_private);
}

// *whole: whether there is nothing that could not be asked for.
static struct keys_seen look(CK_RV after, bool *whole)
{
    static const struct quirks quirks;
    static struct token token = {.info.quirks = &quirks};
    struct keys_seen keys = {0};
    struct ssa_error err;
    made_up.calls = 0;
    made_up.over = false;
    made_up.after = after;
    *whole = token_look_at_keys(&token, CKO_PUBLIC_KEY, 3, &keys, &err);
    return keys;
}

static void all_keys_are_read_whatever_the_portions_are(void **state)
{
    bool whole = false;
    (void)state;
    KEYS_SEEN_AUTO keys = look(CKR_OK, &whole);
    size_t at = 0;
    assert_true(whole);
    for (unsigned long object = 1; object <= OBJECTS; object++)
        if (object != WITHOUT_MODULUS && object != GONE && object != LAST_OF_A_PORTION)
            check_key(&keys.list[at++], object);
    assert_int_equal(keys.count, at);
    // What can be read is read once.
    assert_in_range(made_up.calls, OBJECTS, OBJECTS + 3 * 8);
}

static void what_was_told_before_a_failure_stays(void **state)
{
    static const CK_RV failures[] = {CKR_DEVICE_REMOVED, CKR_HOST_GONE, CKR_GENERAL_ERROR};
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        bool whole = true;
        KEYS_SEEN_AUTO keys = look(failures[i], &whole);
        // Of a token that is gone, the rest is not absent.
        assert_int_equal(whole, failures[i] == CKR_GENERAL_ERROR);
        assert_int_equal(keys.count, 39 - 3);
        check_key(&keys.list[keys.count - 1], 39);
    }
}

static struct key_raw key_of(size_t token, const char *id, uint8_t modulus, const char *certified)
{
    struct key_raw key = {.token = token, .id_len = strlen(id), .modulus_len = 2};
    memcpy(key.id, id, key.id_len);
    (void)snprintf(key.certified, sizeof key.certified, "%s", certified);
    key.modulus[0] = key.modulus[1] = modulus;
    return key;
}

static void of_a_keys_objects_one_is_shown(void **state)
{
    struct key_raw list[] = {
        key_of(0, "b", 1, ""),    key_of(0, "a", 1, ""),      key_of(0, "b", 1, ""), key_of(1, "b", 1, ""),
        key_of(0, "b", 2, ""),    key_of(0, "bb", 1, ""),     key_of(0, "c", 3, ""), key_of(0, "c", 3, "x y"),
        key_of(0, "c", 3, "x z"), key_of(0, "", 4, "a cert"), key_of(0, "", 4, ""),
    };
    static const bool others[] = {false, false, true, false, false, false, true, false, true, false, true};
    struct keys_seen keys = {.list = list, .count = sizeof list / sizeof list[0]};
    (void)state;
    assert_true(keys_seen_compare(&keys));
    for (size_t i = 0; i < keys.count; i++)
        if (list[i].told_better != others[i])
            fail_msg("key %zu", i);
    assert_true(keys_seen_compare(&(struct keys_seen){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_keys_are_read_whatever_the_portions_are),
        cmocka_unit_test(what_was_told_before_a_failure_stays),
        cmocka_unit_test(of_a_keys_objects_one_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
