// Data objects with nothing in them: how many there are, and that no older one goes by chance.
#include "core/unit.h"

#include <stdint.h>

#include "hsm/cryptoki/cryptoki.h"
#include "hsm/object/empty.h"
#include "hsm/token/handle.h"

static CK_KEY_TYPE type = CKK_RSA; // of the keys
static CK_ULONG objects;           // on the token, all of them with nothing in them
static CK_ULONG shown;
static CK_RV answer; // to what is asked of them
static unsigned destroyed;

CK_RV __wrap_call_find_objects_init(struct remote *c, CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    (void)c, (void)session, (void)template, (void)count;
    shown = 0;
    return CKR_OK;
}

CK_RV __wrap_call_find_objects(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *found, CK_ULONG max,
                               CK_ULONG *count)
{
    (void)c, (void)session;
    for (*count = 0; *count < max && shown < objects; shown++)
        found[(*count)++] = shown + 1;
    return CKR_OK;
}

CK_RV __wrap_call_find_objects_final(struct remote *c, CK_SESSION_HANDLE session)
{
    (void)c, (void)session;
    return CKR_OK;
}

CK_RV __wrap_call_get_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    (void)c, (void)session, (void)object;
    for (CK_ULONG i = 0; i < count; i++)
        if (answer == CKR_OK && attributes[i].type == CKA_KEY_TYPE)
            memcpy(attributes[i].pValue, &type, sizeof type);
        else if (answer == CKR_OK)
            attributes[i].ulValueLen = 0;
    return answer;
}

CK_RV __wrap_call_destroy_object(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    (void)c, (void)session, (void)object;
    destroyed++;
    objects--;
    return CKR_OK;
}

// What goes of so many where there were so many before; what is left.
static unsigned gone(CK_ULONG now, size_t before, size_t *left)
{
    struct token token = {0};
    bool one = false;
    objects = now;
    destroyed = 0;
    assert_true(empty_destroy_data(&token, before, &one, left, ERROR_IGNORED));
    assert_int_equal(one, destroyed == 1);
    return destroyed;
}

static void one_goes_where_there_are_more_than_before(void **state)
{
    size_t left = 0;
    (void)state;
    assert_int_equal(gone(3, 2, &left), 1);
    assert_int_equal(left, 2);
    assert_int_equal(gone(3, 1, &left), 1);
    assert_int_equal(gone(2, 2, &left), 0);
    assert_int_equal(left, 2);
    assert_int_equal(gone(1, 2, &left), 0);
    assert_int_equal(gone(0, 0, &left), 0);
    assert_int_equal(left, 0);
}

static void none_goes_where_they_cannot_be_counted(void **state)
{
    enum { TOO_MANY = 5000 };
    struct token token = {0};
    size_t count = 0, left = 0;
    (void)state;
    objects = TOO_MANY;
    assert_true(empty_count_data(&token, &count, ERROR_IGNORED));
    assert_true(count == EMPTY_UNKNOWN);
    assert_int_equal(gone(3, count, &left), 0);
    assert_int_equal(left, 3);
    assert_int_equal(gone(TOO_MANY, 2, &left), 0);
    assert_true(left == EMPTY_UNKNOWN);
    // As the journal keeps it.
    assert_true((size_t)(long long)EMPTY_UNKNOWN == EMPTY_UNKNOWN);
}

static void one_without_a_class_counts_and_one_in_trouble_does_not(void **state)
{
    size_t left = 0;
    (void)state;
    answer = CKR_ATTRIBUTE_VALUE_INVALID; // SoftHSM
    assert_int_equal(gone(1, 0, &left), 1);
    answer = CKR_GENERAL_ERROR;
    assert_int_equal(gone(1, 0, &left), 0);
    assert_int_equal(left, 0);
    answer = CKR_OK;
}

static void halves_of_rsa_keys_count_and_a_key_of_another_type_does_not(void **state)
{
    struct token token = {0};
    size_t count = 0;
    (void)state;
    objects = 3;
    assert_true(empty_count_keys(&token, &count, ERROR_IGNORED));
    assert_int_equal(count, 3);
    type = CKK_EC;
    assert_true(empty_count_keys(&token, &count, ERROR_IGNORED));
    assert_int_equal(count, 0);
    type = CKK_RSA;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_goes_where_there_are_more_than_before),
        cmocka_unit_test(one_without_a_class_counts_and_one_in_trouble_does_not),
        cmocka_unit_test(halves_of_rsa_keys_count_and_a_key_of_another_type_does_not),
        cmocka_unit_test(none_goes_where_they_cannot_be_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
