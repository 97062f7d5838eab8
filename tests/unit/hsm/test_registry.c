// p11-kit's configuration: which file a module's name stands for.
#include "core/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "hsm/registry.h"

static void module(const char *file, const char *text)
{
    char name[256];
    assert_true(text_format(name, sizeof name, "config/pkcs11/modules/%s", file));
    (void)unit_write(name, text, 0600);
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
    SUCCEEDS(registry_resolve("./m.so", &entry, &err));
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
    assert_int_equal(entry.path[0], '/');
    const char *tail = strstr(entry.path, "/unit-relative.so");
    assert_non_null(tail);
    assert_string_equal(tail, "/unit-relative.so");
}

static void values_are_read_with_blanks_and_comments_around(void **state)
{
    (void)state;
    struct ssa_error err;
    struct module_entry entry;
    module("unit-all.module",
           "# module: /wrong.so\n\n  module :  /opt/a b.so \r\nx-init-reserved: a='b c' d: e\n"
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
    char name[MODULE_NAME_MAX + 8], before[MODULE_PATH_MAX];
    REGISTRY_AUTO *system = registry_new();
    assert_non_null(system);
    if (system->count == 0)
        skip();
    assert_true(text_format(before, sizeof before, "%s", system->entries[0].path));
    assert_true(text_format(name, sizeof name, "%s.module", system->entries[0].name));
    module(name, "x-init-reserved: unit\n");
    SUCCEEDS(registry_resolve(system->entries[0].name, &entry, &err));
    assert_string_equal(entry.path, before);
    assert_string_equal(entry.init_reserved, "unit");
    module(name, "disable-in: ssa-hsm\n");
    is_unknown(system->entries[0].name, "p11-kit knows no module");
    module(name, "module: /mine.so\n");
    path_is(system->entries[0].name, "/mine.so");
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

static void what_is_too_long_or_too_many_is_left_out(void **state)
{
    (void)state;
    char name[32], many[1500];
    for (unsigned i = 0; i < 2 * REGISTRY_MAX; i++) {
        assert_true(text_format(name, sizeof name, "unit-%03u.module", i));
        module(name, "module: /m.so\n");
    }
    REGISTRY_AUTO *registry = registry_new();
    assert_non_null(registry);
    assert_int_equal(registry->count, REGISTRY_MAX);
    is_unknown("unit-nothing", "unit-000");
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    memcpy(many, "module: /", 9);
    module("unit-000.module", many);
    is_unknown("unit-000", "unit-001");
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
        cmocka_unit_test_setup_teardown(a_path_is_taken_as_it_is, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_name_is_the_file_s_or_the_library_s, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_bare_file_name_is_in_p11_kit_s_folder, unit_folder,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(values_are_read_with_blanks_and_comments_around, unit_folder,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_module_that_is_not_for_us_is_not_there, unit_folder,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(the_user_s_file_overrides_the_system_s_value_by_value, unit_folder,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(home_serves_where_xdg_says_nothing, unit_folder, unit_folder_gone),
        cmocka_unit_test_setup_teardown(what_is_too_long_or_too_many_is_left_out, unit_folder,
                                        unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_long_line_is_one_line, unit_folder, unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
