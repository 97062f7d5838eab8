// Whose a data object is.
#include "core/unit.h"

#include <string.h>

#include "hsm/data/data_find.h"
#include "hsm/token/handle.h"

static struct span application; // of the one object that there is
static CK_ULONG told;           // its length, as the module tells it

CK_RV __wrap_call_get_attribute_value(struct remote *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE *attributes, CK_ULONG count)
{
    (void)c, (void)session, (void)object;
    assert_int_equal(count, 1);
    assert_int_equal(attributes[0].type, CKA_APPLICATION);
    assert_true(application.len <= attributes[0].ulValueLen);
    memcpy(attributes[0].pValue, application.data, application.len);
    attributes[0].ulValueLen = told;
    return CKR_OK;
}

static void the_owner_is_the_first_word(void **state)
{
    (void)state;
    assert_int_equal(data_owner("ssa-hsm 20250101T000000.000000Z-00112233"), DATA_OURS);
    assert_int_equal(data_owner("ssa-hsm"), DATA_OURS);
    assert_int_equal(data_owner(""), DATA_NOBODYS);
    assert_int_equal(data_owner("ssa-hsm2"), DATA_ANOTHERS);
    assert_int_equal(data_owner("ssa"), DATA_ANOTHERS);
    assert_int_equal(data_owner("?"), DATA_ANOTHERS);
}

static void a_mark_is_ours_and_fits(void **state)
{
    char mark[DATA_MARK_MAX], name[DATA_MARK_MAX];
    (void)state;
    assert_true(data_mark("20250101T000000.000000Z-00112233", mark));
    assert_string_equal(mark, "ssa-hsm 20250101T000000.000000Z-00112233");
    assert_int_equal(data_owner(mark), DATA_OURS);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(data_mark(name, mark));
}

static void an_operations_mark_is_its_own(void **state)
{
    (void)state;
    assert_true(data_mark_is_own("ssa-hsm 20250101T000000.000000Z-00112233"));
    assert_false(data_mark_is_own("ssa-hsm"));
    assert_false(data_mark_is_own(""));
    assert_false(data_mark_is_own("ssa-hsm2 x"));
}

static void marks_sort_by_time(void **state)
{
    char old[DATA_MARK_MAX], new[DATA_MARK_MAX];
    (void)state;
    assert_true(data_mark("20250101T000000.000000Z-ffffffff", old));
    assert_true(data_mark("20250101T000000.000001Z-00000000", new));
    assert_true(strcmp(old, new) < 0);
    assert_true(strcmp("ssa-hsm", old) < 0);
}

static bool mark_of(struct span text, CK_ULONG len, char mark[static DATA_MARK_MAX], struct ssa_error *err)
{
    struct token token = {0};
    application = text;
    told = len;
    return data_read_mark(&token, 1, mark, err);
}

static void a_mark_becomes_ours_by_nothing(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *mark;
    } cases[] = {
        {"ssa-hsm x", 9, "ssa-hsm x"},
        {"", 0, ""},
        {"caf\xc3\xa9", 5, "caf\xc3\xa9"},
        {"ssa-hsm\nx", 9, "?"},
        {"ssa-hsm\tx", 9, "?"},
        {"ssa-hsm\0x", 9, "?"},
        {"ssa-hsm \x1b[m", 11, "?"},
        {"\n", 1, "?"},
    };
    char mark[DATA_MARK_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(mark_of(span_of(cases[i].text, cases[i].len), cases[i].len, mark, ERROR_IGNORED));
        assert_string_equal(mark, cases[i].mark);
    }
}

static void a_length_without_a_mark_is_no_success(void **state)
{
    static const CK_ULONG lengths[] = {DATA_MARK_MAX, CK_UNAVAILABLE_INFORMATION};
    char mark[DATA_MARK_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct ssa_error err = {0};
        assert_false(mark_of(span_of("", 0), lengths[i], mark, &err));
        assert_int_equal(err.code, SSA_TOKEN);
        assert_string_equal(err.cause, "CKA_APPLICATION");
    }
}

static void one_among_others(void **state)
{
    const struct data_marks marks = {.list = {"a", ""}, .count = 2};
    const struct data_marks none = {.list = {"a"}};
    (void)state;
    assert_true(data_marked(&marks, "a"));
    assert_true(data_marked(&marks, ""));
    assert_false(data_marked(&marks, "b"));
    assert_false(data_marked(&none, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_is_the_first_word),
        cmocka_unit_test(a_mark_is_ours_and_fits),
        cmocka_unit_test(an_operations_mark_is_its_own),
        cmocka_unit_test(marks_sort_by_time),
        cmocka_unit_test(a_mark_becomes_ours_by_nothing),
        cmocka_unit_test(a_length_without_a_mark_is_no_success),
        cmocka_unit_test(one_among_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
