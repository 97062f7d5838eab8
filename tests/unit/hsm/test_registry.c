// p11-kit's configuration: which file a module's name stands for.
#include "core/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "hsm/module/registry.h"

// The machine's own folders are looked for where the test stands.
static int folder(void **state)
{
    return unit_folder(state) == 0 ? chdir(unit_in) : -1;
}

static int folder_gone(void **state)
{
    return chdir("/") == 0 ? unit_folder_gone(state) : -1;
}

static void module_in(const char *where, const char *file, const char *text)
{
    char name[256];
    assert_true(text_format(name, sizeof name, "%s/%s", where, file));
    (void)unit_write(name, text, 0600);
}

static void module(const char *file, const char *text)
{
    module_in("config/pkcs11/modules", file, text);
}

static void path_is(const char *name, const char *expected)
{
    struct ssa_error err;
    struct module_entry entry;
    SUCCEEDS(registry_resolve(name, &entry, &err));
    assert_string_equal(entry.path, expected);
}

static void is_unknown(const char *name, const char *mention)
{
    struct ssa_error err;
    struct module_entry entry;
    FAILS(registry_resolve(name, &entry, &err), SSA_ABSENT, mention);
    assert_string_equal(err.subject, name);
}

static void a_path_is_taken_as_it_is(void **state)
{
    (void)state;
    struct ssa_error err;
    struct module_entry entry;
    SUCCEEDS(registry_resolve("/opt/m.so", &entry, &err));
    assert_string_equal(entry.path, "/opt/m.so");
    assert_string_equal(entry.name, "");
    assert_string_equal(entry.init_reserved, "");
    // A URI with it is to be good in every folder.
    char here[MODULE_PATH_MAX];
    assert_true(text_format(here, sizeof here, "%s/./m.so", unit_in));
    SUCCEEDS(registry_resolve("./m.so", &entry, &err));
    assert_string_equal(entry.path, here);
    char many[MODULE_PATH_MAX + 1];
    memset(many, '/', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    FAILS(registry_resolve(many, &entry, &err), SSA_CONFIG, "longer than");
}

static void a_name_is_the_file_s_or_the_library_s(void **state)
{
    (void)state;
    module("unit-card.module", "module: /opt/lib/libunitcardp11.so.2\n");
    path_is("unit-card", "/opt/lib/libunitcardp11.so.2");
    path_is("UNIT-Card", "/opt/lib/libunitcardp11.so.2");
    path_is("unitcardp11", "/opt/lib/libunitcardp11.so.2");
    is_unknown("unit", "unit-card");
    is_unknown("unit-card.module", "p11-kit knows no module");
    is_unknown("libunitcardp11", "p11-kit knows no module");
    is_unknown("", "p11-kit knows no module");
}

static void a_bare_file_name_is_in_p11_kit_s_folder(void **state)
{
    (void)state;
    struct ssa_error err;
    struct module_entry entry;
    module("unit-relative.module", "module:unit-relative.so\n");
    SUCCEEDS(registry_resolve("unit-relative", &entry, &err));
    assert_string_equal(entry.path, "/p11-kit-folder/unit-relative.so");
}

static void values_are_read_with_blanks_and_comments_around(void **state)
{
    (void)state;
    struct ssa_error err;
    struct module_entry entry;
    module("unit-all.module", "# module: /wrong.so\n\n  module :  /opt/a b.so \r\nx-init-reserved: a='b c' d: e\n"
                              "trust-policy: yes\nnonsense\nunknown: x\n:\n");
    SUCCEEDS(registry_resolve("unit-all", &entry, &err));
    assert_string_equal(entry.path, "/opt/a b.so");
    assert_string_equal(entry.init_reserved, "a='b c' d: e");
    assert_true(entry.trust_policy);
    module("unit-plain.module", "module: /opt/p.so\ntrust-policy: no\n");
    SUCCEEDS(registry_resolve("unit-plain", &entry, &err));
    assert_false(entry.trust_policy);
}

static void a_module_that_is_not_for_us_is_not_there(void **state)
{
    (void)state;
    module("unit-on.module", "module: /m.so\nenable-in: ssh, ssa-hsm\n");
    module("unit-off.module", "module: /n.so\nenable-in: ssh\n");
    module("unit-out.module", "module: /o.so\ndisable-in: ssh ssa-hsm\n");
    module("unit-in.module", "module: /p.so\ndisable-in: ssa-hsm2,not-ssa-hsm\n");
    module("unit-none.module", "trust-policy: no\n");
    module("unit-file", "module: /q.so\n");
    module(".module", "module: /r.so\n");
    path_is("unit-on", "/m.so");
    path_is("unit-in", "/p.so");
    is_unknown("unit-off", "unit-on");
    is_unknown("unit-out", "unit-on");
    is_unknown("unit-none", "unit-on");
    is_unknown("unit-file", "unit-on");
    is_unknown("r", "unit-on");
}

// A user's file of the name of the package's changes what it says and keeps the rest.
static void the_user_s_file_overrides_the_system_s_value_by_value(void **state)
{
    (void)state;
    struct ssa_error err;
    struct module_entry entry;
    module_in("machine/package", "card.module", "module: /package.so\n");
    // A build of one's own beside it, of the same library's name.
    module_in("machine/system", "built.module", "module: /opt/lib/card.so\n");
    module("card.module", "x-init-reserved: unit\n");
    SUCCEEDS(registry_resolve("card", &entry, &err));
    assert_string_equal(entry.path, "/package.so");
    assert_string_equal(entry.init_reserved, "unit");
    module_in("machine/system", "card.module", "module: /system.so\n");
    path_is("card", "/system.so");
    module("card.module", "module: /mine.so\n");
    path_is("card", "/mine.so");
    module("card.module", "disable-in: ssa-hsm\n");
    path_is("card", "/opt/lib/card.so");
    module("built.module", "disable-in: ssa-hsm\n");
    is_unknown("card", "p11-kit knows no module");
}

static void the_administrator_says_what_users_may_configure(void **state)
{
    (void)state;
    module_in("machine/package", "theirs.module", "module: /t.so\n");
    module("mine.module", "module: /m.so\n");
    path_is("theirs", "/t.so");
    path_is("mine", "/m.so");
    module_in("machine", "pkcs11.conf", "user-config: none\n");
    path_is("theirs", "/t.so");
    is_unknown("mine", "theirs");
    module_in("machine", "pkcs11.conf", "user-config: only\n");
    path_is("mine", "/m.so");
    is_unknown("theirs", "mine");
}

// What is written into a URI is a configuration file's name: another's library of that name is not meant.
static void a_file_s_own_name_goes_before_a_library_s(void **state)
{
    (void)state;
    module("aaa.module", "module: /opt/libcard.so\n");
    module("card.module", "module: /opt/libother.so\n");
    module("CARD.module", "module: /opt/libthird.so\n");
    path_is("card", "/opt/libother.so");
    path_is("CARD", "/opt/libthird.so");
    path_is("aaa", "/opt/libcard.so");
    path_is("other", "/opt/libother.so");
}

static void order_is(const char *expected)
{
    char names[256] = "";
    REGISTRY_AUTO *registry = registry_new();
    assert_non_null(registry);
    for (size_t i = 0; i < registry->count; i++) {
        const size_t used = strlen(names);
        assert_true(text_format(names + used, sizeof names - used, "%s ", registry->entries[i].name));
    }
    assert_string_equal(names, expected);
}

static void they_are_in_p11_kit_s_order(void **state)
{
    (void)state;
    module_in("machine/package", "b.module", "module: /b.so\n");
    module("a.module", "module: /a.so\npriority: 0\n");
    module("c.module", "module: /c.so\npriority: 5\n");
    module("d.module", "module: /d.so\npriority: -1\n");
    order_is("c a b d ");
}

static const char *twin_of(const char *name)
{
    static char twin[MODULE_NAME_MAX];
    REGISTRY_AUTO *registry = registry_new();
    assert_non_null(registry);
    for (size_t i = 0; i < registry->count; i++) {
        const struct module_entry *other = registry_twin(registry, i);
        (void)text_format(twin, sizeof twin, "%s", other != NULL ? other->name : "");
        if (strcmp(registry->entries[i].name, name) == 0)
            return twin;
    }
    return "is not there";
}

static void two_names_of_one_file_are_one_module(void **state)
{
    (void)state;
    char text[512];
    const char *file = unit_write("lib/real.so", "x", 0600);
    assert_int_equal(symlink(file, unit_path("lib/soft.so")), 0);
    assert_int_equal(link(file, unit_path("lib/hard.so")), 0);
    (void)unit_write("lib/other.so", "x", 0600);
    static const char *const libraries[] = {"real", "hard", "soft", "other", "gone", "gone"};
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        char name[] = "a.module";
        name[0] = (char)('a' + i);
        (void)text_format(text, sizeof text, "module: %s/lib/%s.so\n", unit_in, libraries[i]);
        module(name, text);
    }
    assert_string_equal(twin_of("a"), "");
    assert_string_equal(twin_of("b"), "a");
    assert_string_equal(twin_of("c"), "a");
    assert_string_equal(twin_of("d"), "");
    assert_string_equal(twin_of("e"), "");
    assert_string_equal(twin_of("f"), "e");
    // With other arguments it is another; and one that has no keys stands in nobody's place.
    (void)text_format(text, sizeof text, "module: %s/lib/soft.so\nx-init-reserved: other\n", unit_in);
    module("c.module", text);
    assert_string_equal(twin_of("c"), "");
    (void)text_format(text, sizeof text, "module: %s/lib/real.so\ntrust-policy: yes\n", unit_in);
    module("a.module", text);
    assert_string_equal(twin_of("b"), "");
}

static void home_serves_where_xdg_says_nothing(void **state)
{
    (void)state;
    (void)unit_write("home/.config/pkcs11/modules/unit-home.module", "module: /h.so\n", 0600);
    is_unknown("unit-home", "p11-kit knows no module");
    assert_int_equal(unsetenv("XDG_CONFIG_HOME"), 0);
    path_is("unit-home", "/h.so");
    assert_int_equal(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    path_is("unit-home", "/h.so");
    assert_int_equal(unsetenv("HOME"), 0);
    is_unknown("unit-home", "p11-kit knows no module");
}

static void any_number_is_read(void **state)
{
    (void)state;
    enum { MANY = 300 };
    char name[32], path[32];
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(text_format(name, sizeof name, "unit-%03u.module", i));
        assert_true(text_format(path, sizeof path, "module: /m%03u.so\n", i));
        module(name, path);
    }
    REGISTRY_AUTO *registry = registry_new();
    assert_non_null(registry);
    assert_int_equal(registry->count, MANY);
    assert_string_equal(registry->entries[MANY - 1].path, "/m299.so");
    assert_string_equal(registry->left_out, "");
    is_unknown("unit-nothing", "unit-000");
}

static void what_is_too_long_is_left_out_and_said(void **state)
{
    (void)state;
    char many[1500], name[100];
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    memcpy(many, "module: /", 9);
    module("long-path.module", many);
    memset(name, 'y', sizeof name - 1);
    (void)text_format(name + 90, sizeof name - 90, ".module");
    module(name, "module: /n.so\n");
    is_unknown("long-path", "p11-kit knows no module");
    struct ssa_error err = {0};
    struct module_entry entry;
    assert_false(registry_resolve("long-path", &entry, &err));
    assert_non_null(strstr(err.hint, "long-path"));
    assert_non_null(strstr(err.hint, "yyyy"));
    REGISTRY_AUTO *registry = registry_new();
    assert_non_null(registry);
    assert_int_equal(registry->count, 0);
    assert_non_null(strstr(registry->left_out, "long-path"));
}

struct heard_faults {
    unsigned count, line;
    char last[MODULE_PATH_MAX + 128];
};

static void hear(void *context, const char *path, unsigned line, const char *what)
{
    struct heard_faults *heard = context;
    heard->count++;
    heard->line = line;
    assert_true(text_format(heard->last, sizeof heard->last, "%s: %s", path, what));
}

static void is_told(unsigned line, const char *mention)
{
    struct heard_faults heard = {0};
    const struct registry_hearing hearing = {.context = &heard, .fault = hear};
    REGISTRY_AUTO *registry = registry_examine(&hearing);
    assert_non_null(registry);
    assert_int_equal(heard.count, mention != NULL ? 1 : 0);
    assert_int_equal(heard.line, line);
    if (mention != NULL)
        assert_non_null(strstr(heard.last, mention));
}

static void what_does_not_count_is_told(void **state)
{
    (void)state;
    const char *there = unit_write("module.so", "x", 0600);
    char text[MODULE_PATH_MAX];
    is_told(0, NULL);
    assert_true(text_format(text, sizeof text, "# a remark\n\nmodule: %s\npriority: 1\n", there));
    module("unit-fault.module", text);
    is_told(0, NULL);
    assert_true(text_format(text, sizeof text, "module: %s\n\nno setting\n", there));
    module("unit-fault.module", text);
    is_told(3, "unit-fault.module: is not of the form");
    module("unit-fault.module", "module: /no/such/module.so\n");
    is_told(0, "/no/such/module.so: the module is configured, but its file is not there");
    module("unit-fault.module", "priority: 1\n");
    is_told(0, "unit-fault: the module is configured, but no line names its file");
    // What is wrong with other programs' modules is none of our business.
    module("unit-fault.module", "module: /no/such/module.so\nenable-in: another\n");
    is_told(0, NULL);
    assert_int_equal(mkdir(unit_path("config/pkcs11/modules/unit-folder.module"), 0700), 0);
    is_told(0, "unit-folder.module: cannot be read");
}

static void modules_for_cards_are_known_by_their_files(void **state)
{
    (void)state;
    static const char *const cards[] = {"/usr/lib/opensc-pkcs11.so", "opensc-pkcs11.so", "/usr/lib/libykcs11.so.2"};
    static const char *const others[] = {"/usr/lib/softhsm/libsofthsm2.so", "/opensc-pkcs11/module.so", "", "/"};
    struct module_entry entry = {0};
    for (size_t i = 0; i < COUNT(cards); i++) {
        assert_true(text_format(entry.path, sizeof entry.path, "%s", cards[i]));
        assert_true(module_entry_reads_cards(&entry));
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_true(text_format(entry.path, sizeof entry.path, "%s", others[i]));
        assert_false(module_entry_reads_cards(&entry));
    }
}

// The rest of a long line is not a line of its own.
static void a_long_line_is_one_line(void **state)
{
    (void)state;
    char many[1500];
    memset(many, 'x', sizeof many - 1);
    memcpy(many, "remark: ", 8);
    (void)text_format(many + 1023, sizeof many - 1023, "module: /smuggled.so\n");
    module("unit-long.module", many);
    is_unknown("unit-long", "p11-kit knows no module");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_path_is_taken_as_it_is, folder, folder_gone),
        cmocka_unit_test_setup_teardown(a_name_is_the_file_s_or_the_library_s, folder, folder_gone),
        cmocka_unit_test_setup_teardown(a_bare_file_name_is_in_p11_kit_s_folder, folder, folder_gone),
        cmocka_unit_test_setup_teardown(values_are_read_with_blanks_and_comments_around, folder, folder_gone),
        cmocka_unit_test_setup_teardown(a_module_that_is_not_for_us_is_not_there, folder, folder_gone),
        cmocka_unit_test_setup_teardown(the_user_s_file_overrides_the_system_s_value_by_value, folder, folder_gone),
        cmocka_unit_test_setup_teardown(the_administrator_says_what_users_may_configure, folder, folder_gone),
        cmocka_unit_test_setup_teardown(a_file_s_own_name_goes_before_a_library_s, folder, folder_gone),
        cmocka_unit_test_setup_teardown(they_are_in_p11_kit_s_order, folder, folder_gone),
        cmocka_unit_test_setup_teardown(two_names_of_one_file_are_one_module, folder, folder_gone),
        cmocka_unit_test_setup_teardown(home_serves_where_xdg_says_nothing, folder, folder_gone),
        cmocka_unit_test_setup_teardown(any_number_is_read, folder, folder_gone),
        cmocka_unit_test_setup_teardown(what_is_too_long_is_left_out_and_said, folder, folder_gone),
        cmocka_unit_test_setup_teardown(a_long_line_is_one_line, folder, folder_gone),
        cmocka_unit_test_setup_teardown(what_does_not_count_is_told, folder, folder_gone),
        cmocka_unit_test(modules_for_cards_are_known_by_their_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
