// Whether an account has room for the new key of a rotation, and which key goes where it has none.
#include "core/unit.h"

#include "manage/rotation_room.h"

static const struct aps_keys three = {.count = 3, .list = {{.kid = "K1"}, {.kid = "K2"}, {.kid = "K3"}}};
static const struct aps_keys two = {.count = 2, .list = {{.kid = "K1"}, {.kid = "K2"}}};
static bool deletes, confirmed;
static char deleted[API_ID_MAX];

bool __wrap_aps_key_delete(struct oauth_client *client, const char *account, const char *kid, struct ssa_error *err);
bool __wrap_aps_key_delete(struct oauth_client *client, const char *account, const char *kid, struct ssa_error *err)
{
    (void)client;
    assert_string_equal(account, "A");
    memcpy(deleted, kid, strlen(kid) + 1);
    return deletes || error_set(err, SSA_REFUSED, NULL, kid, "deleting the key was refused");
}

static bool confirm(void *context, const char *question)
{
    (void)context;
    assert_non_null(strstr(question, "K2"));
    return confirmed;
}

static int begin(void **state)
{
    deletes = confirmed = true;
    deleted[0] = '\0';
    return unit_folder(state);
}

// Makes room in *keys for the rotation of K1.
static bool make_room(const char *replace, bool yes, struct aps_keys *keys, struct ssa_error *err)
{
    static struct entry entry;
    static struct provision p;
    struct ssa_settings *s = ssa_settings_new();
    const struct ssa_run run = {.settings = s, .callbacks = {.confirm = confirm}};
    const struct ssa_rotation how = {.replace = replace, .output = {.yes = yes}};
    assert_true(ssa_settings_option(s, "APS_CLIENT_ID", "client", ERROR_IGNORED));
    memcpy(entry.account, "A", sizeof "A");
    p = (struct provision){.open = {.run = &run}, .journal = {.entry = &entry}};
    const bool made = rotation_make_room(&p, &how, "K1", keys, err);
    ssa_settings_free(s);
    return made;
}

static void with_room_no_key_goes(void **state)
{
    (void)state;
    struct aps_keys keys = two;
    struct ssa_error err;
    SUCCEEDS(make_room(NULL, false, &keys, &err));
    // Not even the one that was named for the case that there is none.
    SUCCEEDS(make_room("K2", true, &keys, &err));
    assert_int_equal(keys.count, 2);
    assert_string_equal(deleted, "");
}

static void without_room_a_person_must_name_the_key_that_goes(void **state)
{
    (void)state;
    struct aps_keys keys = three;
    struct ssa_error err;
    FAILS(make_room(NULL, true, &keys, &err), SSA_REFUSED, "3 keys");
    assert_int_equal(err.reason, SSA_REASON_NO_ROOM_FOR_KEY);
    assert_string_equal(err.detail, "K2 or K3");
    FAILS(make_room("K4", true, &keys, &err), SSA_USAGE, "no such key");
    FAILS(make_room("K1", true, &keys, &err), SSA_USAGE, "rotated");
    assert_string_equal(deleted, "");
    SUCCEEDS(make_room("K2", true, &keys, &err));
    assert_string_equal(deleted, "K2");
    // What is left are those from before the new key.
    assert_int_equal(keys.count, 2);
    assert_string_equal(keys.list[1].kid, "K3");
}

static void no_key_goes_without_a_yes(void **state)
{
    (void)state;
    struct aps_keys keys = three;
    struct ssa_error err;
    confirmed = false;
    FAILS(make_room("K2", false, &keys, &err), SSA_DECLINED, "did not confirm");
    assert_int_equal(err.reason, SSA_REASON_NOT_CONFIRMED);
    assert_string_equal(deleted, "");
    confirmed = true;
    SUCCEEDS(make_room("K2", false, &keys, &err));
    assert_string_equal(deleted, "K2");
}

static void a_key_that_the_api_does_not_delete_still_takes_its_room(void **state)
{
    (void)state;
    struct aps_keys keys = three;
    struct ssa_error err;
    deletes = false;
    FAILS(make_room("K2", true, &keys, &err), SSA_REFUSED, "was refused");
    assert_int_equal(keys.count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(with_room_no_key_goes, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(without_room_a_person_must_name_the_key_that_goes, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(no_key_goes_without_a_yes, begin, unit_folder_gone),
        cmocka_unit_test_setup_teardown(a_key_that_the_api_does_not_delete_still_takes_its_room, begin,
                                        unit_folder_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
