// A module that leaves things out, or tells what is not so: an error with its name, and never a crash.
#include "core/unit.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "hsm/cryptoki/calls.h"
#include "hsm/key/sign.h"
#include "hsm/module/look.h"
#include "hsm/token/fail.h"
#include "hsm/token/handle.h"
#include "hsm/token/session.h"

static const struct module_entry entry = {.path = LYING_MODULE};

static void lie(const char *text)
{
    assert_int_equal(setenv("LYING_MODULE", text, 1), 0);
}

static bool look(struct module_seen **seen, struct ssa_error *err)
{
    struct module module;
    const struct turns none = {0};
    if (!module_open(&entry, &none, &module, err))
        return false;
    const bool looked = module_look(&module, seen, err);
    module_close(&module);
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
    const struct turns none = {0};
    struct ssa_error err;
    *token = (struct token){.slot = slot, .info = {.quirks = quirks_for(&about, &info)}};
    SUCCEEDS(module_open(&entry, &none, &token->module, &err));
    SUCCEEDS(session_open(token, false, &err));
}

static void close_one(struct token *token)
{
    session_close(token);
    module_close(&token->module);
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
    CK_FUNCTION_LIST *call = calls_new(second.module.call);
    assert_non_null(call);
    close_one(&second);
    close_one(&first);
    assert_int_equal(call->C_CloseSession(7), CKR_CRYPTOKI_NOT_INITIALIZED);
    free(call);
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

// Every function that a module can leave out: the list of one is empty.
static void nothing_that_is_called_is_without_a_stand_in(void **state)
{
    (void)state;
    static const CK_FUNCTION_LIST empty;
    CK_FUNCTION_LIST *calls = calls_new(&empty);
    struct token token = {.module = {.entry = entry, .call = calls}};
    struct ssa_error err;
    assert_non_null(calls);
    assert_null(calls_left_out());
    assert_int_equal(calls->C_Sign(1, NULL, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED);
    FAILS(token_fail(&err, SSA_TOKEN, CKR_FUNCTION_NOT_SUPPORTED, &token, "the token does not sign"), SSA_TOKEN,
          "the PKCS#11 module " LYING_MODULE " has no C_Sign");
    // Told once: what follows may be the module's own word.
    FAILS(token_fail(&err, SSA_TOKEN, CKR_FUNCTION_NOT_SUPPORTED, &token, "it does not"), SSA_TOKEN, "it does not");
    assert_null(strstr(err.what, "C_Sign"));
    assert_int_equal(calls->C_Login(1, 1, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
    assert_string_equal(calls_left_out(), "C_Login");
    assert_int_equal(calls->C_UnwrapKey(1, NULL, 1, NULL, 0, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED);
    assert_string_equal(calls_left_out(), "C_UnwrapKey");
    free(calls);
}

static bool stands_in(const char *name)
{
    static char text[64 * 1024];
    char wanted[64];
    FILE *file = fopen(HSM_FOLDER "/cryptoki/calls.c", "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    (void)text_format(wanted, sizeof wanted, "F(%s,", name);
    return strstr(text, wanted) != NULL;
}

static void check_line(const char *file, char *line)
{
    for (char *at = line; (at = strstr(at, "->C_")) != NULL; at += 4) {
        char name[64];
        const size_t len = strspn(at + 2, "C_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
        (void)text_format(name, sizeof name, "%.*s", (int)len, at + 2);
        if (!stands_in(name))
            fail_msg("%s calls %s, which a module may leave out: hsm/cryptoki/calls.c", file, name);
    }
}

static void check_file(const char *path)
{
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (getline(&line, &room, file) >= 0)
        check_line(path, line);
    free(line);
    assert_int_equal(fclose(file), 0);
}

// A call that is written tomorrow.
static void what_the_folder_calls_is_in_the_list(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(HSM_FOLDER "/*/*.c", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 20);
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (strstr(found.gl_pathv[i], "/calls.c") == NULL)
            check_file(found.gl_pathv[i]);
    globfree(&found);
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
        cmocka_unit_test(nothing_that_is_called_is_without_a_stand_in),
        cmocka_unit_test(what_the_folder_calls_is_in_the_list),
        cmocka_unit_test(slots_beyond_the_room_are_said_and_never_read),
        cmocka_unit_test(a_slot_is_looked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
