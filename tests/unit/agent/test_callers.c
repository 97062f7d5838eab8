// The file of the callers: what is added is found again, and what is damaged is refused.
#include "core/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/callers/callers.h"
#include "agent/callers/callers_file.h"
#include "core/write.h"

static const struct caller_entry postman = {.name = "postman", .scope = "data:read"};

static void add(const char *path, const struct caller_entry *wanted, struct caller_entry *made, struct secret *secret)
{
    struct ssa_error err = {0};
    assert_true(callers_add(path, wanted, made, secret, &err));
}

static void a_caller_is_known_by_id_and_secret(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    struct caller_entry made;
    struct stat about;
    SECRET_AUTO secret = {0};
    SECRET_AUTO other = {0};
    CALLERS_AUTO read = {0};
    const char *path = unit_path("known.json");
    assert_true(secret_new(&secret, 64, &err) && secret_new(&other, 64, &err));
    add(path, &postman, &made, &secret);
    assert_int_equal(secret.len, 43);
    assert_int_equal(strncmp(made.id, "postman-", 8), 0);
    assert_true(callers_read(path, &read, &err));
    assert_int_equal(read.count, 1);
    const struct caller_entry *found = callers_by_id(&read, span_text(made.id));
    assert_non_null(found);
    assert_string_equal(found->scope, "data:read");
    assert_true(caller_has_secret(found, secret_span(&secret)));
    assert_true(secret_append(&other, span_of(secret.data, secret.len - 1)));
    assert_false(caller_has_secret(found, secret_span(&other)));
    assert_false(caller_has_secret(found, span_of(NULL, 0)));
    assert_false(caller_has_secret(NULL, secret_span(&secret)));
    assert_null(callers_by_id(&read, span_text("")));
    assert_null(callers_by_san(&read, span_text("")));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
}

static void the_file_has_no_secret(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    struct caller_entry made;
    char text[4096];
    SECRET_AUTO secret = {0};
    const char *path = unit_path("hashed.json");
    assert_true(secret_new(&secret, 64, &err));
    add(path, &postman, &made, &secret);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t len = read(fd, text, sizeof text - 1);
    assert_true(len > 0 && close(fd) == 0);
    text[len] = '\0';
    assert_non_null(strstr(text, made.hash));
    assert_null(strstr(text, secret_text(&secret)));
}

static void a_name_is_used_once_and_can_be_removed(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    struct caller_entry made;
    CALLERS_AUTO read = {0};
    const struct caller_entry host = {.name = "host-1", .san = "host1.example", .scope = "data:read"};
    const struct caller_entry twin = {.name = "host-2", .san = "host1.example", .scope = "data:read"};
    const char *path = unit_path("removed.json");
    add(path, &postman, &made, NULL);
    add(path, &host, &made, NULL);
    assert_string_equal(made.id, "");
    assert_false(callers_add(path, &postman, &made, NULL, &err));
    assert_int_equal(err.code, SSA_IN_USE);
    assert_false(callers_add(path, &twin, &made, NULL, &err));
    assert_int_equal(err.code, SSA_IN_USE);
    assert_true(callers_remove(path, "postman", &err));
    assert_false(callers_remove(path, "postman", &err));
    assert_int_equal(err.code, SSA_USAGE);
    assert_true(callers_read(path, &read, &err));
    assert_int_equal(read.count, 1);
    assert_non_null(callers_by_san(&read, span_text("host1.example")));
    // Without a secret, no secret fits.
    assert_false(caller_has_secret(&read.list[0], span_text("")));
}

static void odd_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", "a b", "a/b", "a\n", "\"", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ssa_error err = {0};
        struct caller_entry wanted = {.scope = "data:read"}, made;
        memcpy(wanted.name, names[i], strlen(names[i]) + 1);
        assert_false(callers_add(unit_path("odd.json"), &wanted, &made, NULL, &err));
        assert_int_equal(err.code, SSA_USAGE);
    }
    struct ssa_error err = {0};
    struct caller_entry made;
    const struct caller_entry wanted = {.name = "a", .san = "a b"};
    assert_false(callers_add(unit_path("odd.json"), &wanted, &made, NULL, &err));
    assert_int_equal(access(unit_path("odd.json"), F_OK), -1);
}

static void what_is_damaged_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"callers\": {}}",
        "{\"callers\": [1]}",
        "{\"callers\": [{}]}",
        "{\"callers\": [{\"name\": \"a\", \"id\": 7}]}",
        "{\"callers\": [{\"name\": \"a\", \"created\": \"x\"}]}",
        "{\"callers\": [{\"name\": \"a\", \"only_on_sundays\": true}]}",
        "{\"callers\": [{\"name\": \"a\\u0000b\"}]}",
        "{\"name\": \"a\", \"callers\": []}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct callers callers;
        struct ssa_error err = {0};
        assert_false(callers_parse(span_text(texts[i]), "file", &callers, &err));
        assert_int_equal(err.code, SSA_CONFIG);
        assert_null(callers.list);
    }
}

static void a_file_of_others_is_refused(void **state)
{
    (void)state;
    struct ssa_error err = {0};
    struct caller_entry made;
    struct callers read;
    const char *path = unit_path("open.json");
    add(path, &postman, &made, NULL);
    assert_int_equal(chmod(path, 0666), 0);
    assert_false(callers_read(path, &read, &err));
    assert_int_equal(err.code, SSA_CONFIG);
    assert_true(callers_read(unit_path("not-there.json"), &read, &err));
    assert_int_equal(read.count, 0);
}

static void what_a_killed_change_left_is_no_obstacle(void **state)
{
    (void)state;
    struct caller_entry made;
    const char *path = unit_path("left.json");
    const int fd = open(unit_path("left.json.new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write_all(fd, span_text("{\"callers\": [")) && close(fd) == 0);
    add(path, &postman, &made, NULL);
    assert_int_equal(access(unit_path("left.json.new"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_is_known_by_id_and_secret),
        cmocka_unit_test(the_file_has_no_secret),
        cmocka_unit_test(a_name_is_used_once_and_can_be_removed),
        cmocka_unit_test(odd_names_are_refused),
        cmocka_unit_test(what_is_damaged_is_refused),
        cmocka_unit_test(a_file_of_others_is_refused),
        cmocka_unit_test(what_a_killed_change_left_is_no_obstacle),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
