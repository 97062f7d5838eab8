// Which row of the table a token gets.
#include "core/unit.h"
#include "hsm/recipe.h"

static CK_INFO module_by(const char *maker)
{
    CK_INFO info;
    memset(&info, ' ', sizeof info);
    memcpy(info.manufacturerID, maker, strlen(maker));
    return info;
}

static CK_TOKEN_INFO token_by(const char *maker)
{
    CK_TOKEN_INFO info;
    memset(&info, ' ', sizeof info);
    memcpy(info.manufacturerID, maker, strlen(maker));
    return info;
}

static const struct recipe *recipe(const char *module, const char *token)
{
    const CK_INFO about = module_by(module);
    const CK_TOKEN_INFO info = token_by(token);
    return recipe_for(&about, &info);
}

static void the_module_says_what_it_is(void **state)
{
    (void)state;
    assert_int_equal(recipe("Yubico (www.yubico.com)", "Yubico (www.yubico.com)")->import_as, IMPORT_AS_SO);
    assert_int_equal(recipe("OpenSC Project", "piv_II")->import_as, IMPORT_NEVER);
    assert_int_equal(recipe("tpm2-software.github.io", "Infineon")->import_as, IMPORT_NEVER);
    assert_int_equal(recipe("IBM", "IBM Corp.")->pin_tries, 3);
}

static void a_module_does_not_hide_behind_the_token_it_shows(void **state)
{
    (void)state;
    // OpenSC with a YubiKey: it is OpenSC that cannot import.
    assert_int_equal(recipe("OpenSC Project", "Yubico")->import_as, IMPORT_NEVER);
}

static void behind_remoting_the_token_says_it(void **state)
{
    (void)state;
    assert_true(recipe("PKCS#11 Kit", "Yubico (www.yubico.com)")->slots);
    assert_string_equal(recipe("PKCS#11 Kit", "SoftHSM project")->name, "SoftHSM");
}

static void an_unknown_one_is_rehearsed_with_the_whole_template(void **state)
{
    (void)state;
    const struct recipe *unknown = recipe("Acme", "Acme");
    assert_true(unknown->rehearse);
    assert_int_equal(unknown->parts, PART_ALL);
    assert_int_equal(unknown->import_as, IMPORT_AS_USER);
    assert_ptr_equal(recipe("", ""), unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_module_says_what_it_is),
        cmocka_unit_test(a_module_does_not_hide_behind_the_token_it_shows),
        cmocka_unit_test(behind_remoting_the_token_says_it),
        cmocka_unit_test(an_unknown_one_is_rehearsed_with_the_whole_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
