// A module that leaves things out, or tells what is not so: an error with its name, and never a crash.
#include "core/unit.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "hsm/key/sign.h"
#include "hsm/module/look.h"
#include "hsm/remote/remote.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"

static const struct module_entry entry = {.path = LYING_MODULE};
static const struct ssa_callbacks nobody;
static const struct module_user user = {.hosting = {.callbacks = &nobody}};

static void lie(const char *text)
{
    assert_int_equal(setenv("LYING_MODULE", text, 1), 0);
}

static bool look(struct module_seen **seen, struct ssa_error *err)
{
    struct module module;
    if (!module_open(&entry, &user, &module, err))
        return false;
    const bool looked = module_look(&module, seen, err);
    module_close(&module, CK_INVALID_HANDLE, false);
    assert_null(module.call);
    return looked;
}

static void shows(const char *text, size_t expected)
{
    struct ssa_error err;
    SEEN_AUTO *seen = NULL;
    lie(text);
    SUCCEEDS(look(&seen, &err));
    assert_int_equal(seen->count, expected);
}

static void fails(const char *text, const char *mention)
{
    struct ssa_error err;
    SEEN_AUTO *seen = NULL;
    lie(text);
    FAILS(look(&seen, &err), SSA_ABSENT, mention);
    assert_string_equal(err.subject, LYING_MODULE);
    assert_null(seen);
}

static void an_honest_one_serves(void **state)
{
    (void)state;
    shows("", 2);
}

static void open_one(struct token *token, CK_SLOT_ID slot)
{
    static const CK_INFO about;
    static const CK_TOKEN_INFO info;
    struct ssa_error err;
    *token = (struct token){.slot = slot, .info = {.quirks = quirks_for(&about, &info)}};
    SUCCEEDS(module_open(&entry, &user, &token->module, &err));
    SUCCEEDS(session_open(token, false, &err));
}

static void close_one(struct token *token)
{
    session_close(token);
    module_close(&token->module, CK_INVALID_HANDLE, false);
}

static bool signs(struct token *token, struct ssa_error *err)
{
    SECRET_AUTO signature = {0};
    const struct key key = {.private_object = 1, .modulus_len = 256};
    return secret_new(&signature, 256, err) && key_sign(token, &key, span_text("message"), &signature, err);
}

// A module is finalised by the last who has it open.
static void closing_one_token_leaves_the_other(void **state)
{
    (void)state;
    struct token first, second;
    struct ssa_error err;
    lie("");
    open_one(&first, 7);
    open_one(&second, 8);
    close_one(&first);
    SUCCEEDS(signs(&second, &err));
    // A fresh start of a module that is shared would end the other's session.
    open_one(&first, 7);
    assert_true(module_restart(&second.module));
    SUCCEEDS(signs(&first, &err));
    close_one(&second);
    close_one(&first);
}

static void a_list_that_is_none_is_an_error(void **state)
{
    (void)state;
    fails("no list", "gives no function list");
    fails("refuses", "gives no function list");
}

static void a_function_that_is_left_out_is_named_where_it_is_needed(void **state)
{
    (void)state;
    fails("lacks:C_Initialize", "does not start: it has no C_Initialize");
    fails("lacks:C_GetSlotList", "it has no C_GetSlotList");
    fails("lacks:C_GetTokenInfo", "it has no C_GetTokenInfo");
    shows("lacks:C_Finalize", 2);
    shows("lacks:C_GetInfo", 2);
    shows("lacks:C_GetSlotInfo", 2);
}

static void a_function_that_is_left_out_is_told_once(void **state)
{
    (void)state;
    struct token token;
    struct ssa_error err;
    lie("lacks:C_Sign");
    open_one(&token, 7);
    assert_null(remote_left_out(token.module.call));
    FAILS(signs(&token, &err), SSA_TOKEN, "the PKCS#11 module " LYING_MODULE " has no C_Sign");
    // What follows may be the module's own word.
    FAILS(token_fail(&err, SSA_TOKEN, CKR_FUNCTION_NOT_SUPPORTED, &token, "it does not"), SSA_TOKEN, "it does not");
    assert_null(strstr(err.what, "C_Sign"));
    close_one(&token);
}

static void slots_beyond_the_room_are_said_and_never_read(void **state)
{
    (void)state;
    shows("slots:0", 0);
    shows("slots:256", 256);
    fails("slots:257", "more slots with a token than are looked at");
    fails("slots:100000", "more slots with a token than are looked at");
    // With CKR_OK, and two slots named.
    shows("count:1000", 2);
    shows("count:18446744073709551615", 2);
    shows("count:1", 1);
    fails("count:1000 full", "more slots with a token than are looked at");
}

static void a_slot_is_looked_at_once(void **state)
{
    (void)state;
    shows("twice", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_one_serves),
        cmocka_unit_test(closing_one_token_leaves_the_other),
        cmocka_unit_test(a_list_that_is_none_is_an_error),
        cmocka_unit_test(a_function_that_is_left_out_is_named_where_it_is_needed),
        cmocka_unit_test(a_function_that_is_left_out_is_told_once),
        cmocka_unit_test(slots_beyond_the_room_are_said_and_never_read),
        cmocka_unit_test(a_slot_is_looked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
