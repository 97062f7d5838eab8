// Which row of the table a token gets.
#include "core/unit.h"
#include "hsm/module/quirks.h"

static void put(CK_UTF8CHAR *to, const char *text)
{
    memcpy(to, text, strlen(text));
}

static const struct quirks *labelled(const char *module, const char *library, const char *maker, const char *model,
                                     const char *label)
{
    CK_INFO about;
    CK_TOKEN_INFO info;
    memset(&about, ' ', sizeof about);
    memset(&info, ' ', sizeof info);
    put(about.manufacturerID, module);
    put(about.libraryDescription, library);
    put(info.manufacturerID, maker);
    put(info.model, model);
    put(info.label, label);
    return quirks_for(&about, &info);
}

static const struct quirks *quirks(const char *module, const char *library, const char *maker, const char *model)
{
    return labelled(module, library, maker, model, "");
}

static const char opensc[] = "OpenSC Project", framework[] = "OpenSC smartcard framework";
static const char emulated[] = "PKCS#15 emulated";
static const char yubico[] = "Yubico (www.yubico.com)", piv[] = "PKCS#11 PIV Library (SP-800-73)";

static void the_module_says_what_it_is(void **state)
{
    (void)state;
    assert_int_equal(quirks(yubico, piv, yubico, "YubiKey YK5")->import_as, IMPORT_AS_SO);
    assert_int_equal(quirks("OpenSC Project", "OpenSC smartcard framework", "piv_II", "PKCS#15 emulated")->import_as,
                     IMPORT_NEVER);
    assert_int_equal(quirks("tpm2-software.github.io", "TPM2.0 Cryptoki", "Infineon", "SLB9670")->import_as,
                     IMPORT_NEVER);
    assert_int_equal(quirks("IBM", "Meta PKCS11 LIBRARY", "IBM Corp.", "IBM SoftTok")->pin_tries, 3);
    assert_int_equal(quirks("IBM", "openCryptoki", "IBM", "Soft")->pin_tries, 3);
}

static void another_token_of_the_same_maker_is_another(void **state)
{
    (void)state;
    // A YubiHSM, IBM's cards, smart cards that OpenSC does import into.
    assert_true(quirks(yubico, "YubiHSM PKCS#11 Library", yubico, "YubiHSM")->unknown);
    assert_true(quirks("IBM", "Meta PKCS11 LIBRARY", "IBM", "EP11")->unknown);
    assert_true(quirks("IBM", "openCryptoki", "IBM", "EP11")->unknown);
    assert_true(quirks("OpenSC Project", "OpenSC smartcard framework", "EnterSafe", "PKCS#15")->unknown);
}

static void a_module_does_not_hide_behind_the_token_it_shows(void **state)
{
    (void)state;
    assert_int_equal(labelled(opensc, framework, yubico, emulated, "OpenPGP card (User PIN)")->import_as, IMPORT_NEVER);
    assert_false(quirks(opensc, framework, yubico, emulated)->slots);
    assert_false(quirks("p11-kit", "PKCS#11 Kit Proxy Module", yubico, emulated)->slots);
}

static void a_card_of_opensc_is_what_it_says_it_is(void **state)
{
    (void)state;
    assert_true(quirks(opensc, framework, "piv_II ", emulated)->label_changes);
    static const char *const others[] = {"OpenPGP project", "www.mysmartlogon.com", "www.CardContact.de",
                                         "Aventra Ltd.", "A-Trust"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct quirks *row = quirks(opensc, framework, others[i], emulated);
        assert_false(row->label_changes);
        assert_null(strstr(row->instead, "ykcs11"));
    }
    assert_false(quirks(opensc, framework, "www.CardContact.de", emulated)->no_data);
    assert_true(quirks(opensc, framework, "A-Trust", emulated)->unknown);
    const struct quirks *pgp = labelled(opensc, framework, "ZeitControl", emulated, "OpenPGP card (User PIN)");
    assert_string_equal(pgp->name, quirks(opensc, framework, "OpenPGP project", emulated)->name);
    // Behind remoting, too.
    assert_true(quirks("PKCS#11 Kit", "PKCS#11 Kit", "piv_II ", emulated)->label_changes);
}

static void behind_remoting_the_token_says_it(void **state)
{
    (void)state;
    static const char kit[] = "PKCS#11 Kit", proxy[] = "PKCS#11 Kit Proxy Module";
    assert_true(quirks(kit, proxy, yubico, "YubiKey YK5")->slots);
    assert_string_equal(quirks(kit, proxy, "SoftHSM project", "SoftHSM v2")->name, "SoftHSM");
}

static void an_unknown_one_gets_the_whole_template(void **state)
{
    (void)state;
    const struct quirks *unknown = quirks("Acme", "", "Acme", "");
    assert_true(unknown->unknown);
    assert_int_equal(unknown->parts, PART_ALL);
    assert_int_equal(unknown->import_as, IMPORT_AS_USER);
    assert_ptr_equal(quirks("", "", "", ""), unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_module_says_what_it_is),
        cmocka_unit_test(another_token_of_the_same_maker_is_another),
        cmocka_unit_test(a_module_does_not_hide_behind_the_token_it_shows),
        cmocka_unit_test(a_card_of_opensc_is_what_it_says_it_is),
        cmocka_unit_test(behind_remoting_the_token_says_it),
        cmocka_unit_test(an_unknown_one_gets_the_whole_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
