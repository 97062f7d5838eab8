// Which key on a token is joined to which key of an account.
#include "core/unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "manage/key_match.h"

static struct token_keys keys;
static struct ssa_key key;

static int begin(void **state)
{
    (void)state;
    key = (struct ssa_key){.id = "K1", .account = "A"};
    keys = (struct token_keys){.list = calloc(4, sizeof *keys.list)};
    return keys.list == NULL ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    key_free_places(&key);
    token_keys_free(&keys);
    return 0;
}

static struct token_key *on_token(const char *kid, const char *modulus)
{
    struct token_key *seen = &keys.list[keys.count++];
    seen->place.uri = strdup("pkcs11:token=t");
    assert_non_null(seen->place.uri);
    strncpy(seen->kid, kid, sizeof seen->kid - 1);
    strncpy(seen->place.modulus_sha256, modulus, sizeof seen->place.modulus_sha256 - 1);
    return seen;
}

static void by_its_id(void **state)
{
    (void)state;
    const struct token_key *other = on_token("K2", "bb"), *same = on_token("K1", "aa");
    assert_true(key_match(&key, &keys));
    assert_int_equal(key.place_count, 1);
    assert_string_equal(key.places[0].modulus_sha256, "aa");
    assert_true(same->listed);
    assert_null(same->place.uri);
    assert_false(other->listed);
    assert_false(key.conflict);
}

static void by_its_modulus_under_another_id(void **state)
{
    (void)state;
    (void)on_token("another", "aa");
    (void)on_token("K1", "aa");
    (void)on_token("K3", "");
    assert_true(key_match(&key, &keys));
    assert_int_equal(key.place_count, 2);
    assert_false(key.conflict);
    assert_false(keys.list[2].listed);
}

static void different_keys_under_one_id_are_a_conflict(void **state)
{
    (void)state;
    (void)on_token("K1", "aa");
    (void)on_token("K1", "");
    assert_true(key_match(&key, &keys));
    assert_false(key.conflict);
    (void)on_token("K1", "bb");
    assert_true(key_match(&key, &keys));
    assert_int_equal(key.place_count, 3);
    assert_true(key.conflict);
}

static void one_without_an_id_by_the_settings(void **state)
{
    (void)state;
    on_token("", "aa")->own = true;
    assert_true(key_match(&key, &keys));
    assert_int_equal(key.place_count, 0);
    key.own = true;
    assert_true(key_match(&key, &keys));
    assert_int_equal(key.place_count, 1);
}

static void whose_it_is_the_token_says(void **state)
{
    (void)state;
    const struct aps_account account = {.id = "A", .email = "one@x.example"};
    struct token_key seen = {.kid = "K9"};
    assert_false(token_key_is_alone(&seen));
    static const char *const names[] = {"A", "One@x.example", "one", "two", "one@", "on"};
    for (size_t i = 0; i < COUNT(names); i++) {
        strncpy(seen.name, names[i], sizeof seen.name - 1);
        seen.name[strlen(names[i])] = '\0';
        assert_true(token_key_is_alone(&seen));
        assert_int_equal(token_key_is_of(&seen, &account), i < 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_its_id, begin, end),
        cmocka_unit_test_setup_teardown(by_its_modulus_under_another_id, begin, end),
        cmocka_unit_test_setup_teardown(different_keys_under_one_id_are_a_conflict, begin, end),
        cmocka_unit_test_setup_teardown(one_without_an_id_by_the_settings, begin, end),
        cmocka_unit_test(whose_it_is_the_token_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
