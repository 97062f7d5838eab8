// Which failures lead to the next profile, in what order, and what is said of it.
#include "core/unit.h"

#include <stdio.h>
#include <string.h>

#include "config/profiles.h"
#include "signer/failover.h"

static struct unit_heard heard;
static bool stopped;

static bool is_stopped(void *context)
{
    (void)context;
    return stopped;
}

// What each try ends with, and which were made.
struct script {
    struct ssa_error ends[3]; // SSA_OK: it succeeds
    size_t tries;
    char seen[3][32];
};

static bool play(void *context, const struct ssa_run *run, struct pin_tries *pins, struct ssa_error *err)
{
    struct script *script = context;
    assert_true(script->tries < 3);
    (void)snprintf(script->seen[script->tries], sizeof script->seen[0], "%s", settings_profile_name(run->settings));
    assert_int_equal(pins->count, 0);
    *err = script->ends[script->tries++];
    return err->code == SSA_OK;
}

static struct ssa_error failure(enum ssa_class class, const char *cause)
{
    struct ssa_error err;
    error_set(&err, class, cause, "pkcs11:token=x", "it fails");
    error_hint(&err, "do something");
    return err;
}

static struct ssa_error locked(void)
{
    struct ssa_error err = failure(SSA_PIN, "CKR_PIN_LOCKED");
    error_number(&err, SSA_DOMAIN_PKCS11, 0xA4);
    return err;
}

static struct ssa_error refused_for(enum ssa_reason reason)
{
    struct ssa_error err = failure(SSA_PIN, "");
    error_reason(&err, reason, NULL);
    return err;
}

static bool runs(struct script *script, size_t count, struct ssa_error *err)
{
    static const char *const names[] = {"p0", "p1", "p2"};
    for (size_t i = 0; i < count; i++) {
        char file[64], text[256];
        (void)snprintf(file, sizeof file, "config/ssa-hsm/p%zu.env", i);
        (void)snprintf(text, sizeof text,
                       "SERVICE_ACCOUNT_ID=A\nKEY_ID=K%zu\nSSA_EMAIL=e\nPRIVATE_KEY=pkcs11:token=t%zu\n", i, i);
        (void)unit_write(file, text, 0600);
    }
    heard = (struct unit_heard){0};
    struct ssa_settings *s = ssa_settings_new();
    assert_true(ssa_settings_profiles(s, names, count, NULL, err));
    const struct ssa_run run = {.settings = s,
                                .callbacks = {.context = &heard, .tell = unit_tell, .interrupted = is_stopped}};
    const bool done = with_failover(&run, play, script, err);
    ssa_settings_free(s);
    return done;
}

static void one_profile_is_tried_and_nothing_is_said(void **state)
{
    (void)state;
    struct ssa_error err;
    struct script script = {.ends = {failure(SSA_ABSENT, "")}};
    FAILS(runs(&script, 1, &err), SSA_ABSENT, "it fails");
    assert_string_equal(err.what, "it fails");
    assert_int_equal(heard.count, 0);
}

static void a_token_s_failure_leads_to_the_next(void **state)
{
    (void)state;
    const struct ssa_error reasons[] = {failure(SSA_ABSENT, ""),
                                        failure(SSA_KEY_MISSING, ""),
                                        failure(SSA_TOKEN, "CKR_DEVICE_ERROR"),
                                        locked(),
                                        refused_for(SSA_REASON_PIN_UNANSWERED),
                                        refused_for(SSA_REASON_PIN_LAST_UNANSWERED)};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        struct ssa_error err;
        struct script script = {.ends = {reasons[i]}};
        SUCCEEDS(runs(&script, 2, &err));
        assert_int_equal(script.tries, 2);
        assert_string_equal(script.seen[0], "p0");
        assert_string_equal(script.seen[1], "p1");
        assert_int_equal(heard.count, 1);
        assert_int_equal(heard.level, SSA_WARNING);
        assert_non_null(strstr(heard.line, "profile p1 is used now, since the token of profile p0 failed"));
        assert_non_null(strstr(heard.line, "pkcs11:token=x: it fails"));
        assert_null(strstr(heard.line, "do something"));
    }
}

static void no_other_failure_does(void **state)
{
    (void)state;
    for (enum ssa_class class = SSA_UNEXPECTED; class <= SSA_DECLINED; class ++) {
        if (class == SSA_ABSENT || class == SSA_KEY_MISSING || class == SSA_TOKEN)
            continue;
        struct ssa_error err;
        struct script script = {.ends = {failure(class, "CKR_PIN_INCORRECT")}};
        FAILS(runs(&script, 2, &err), class, "it fails");
        assert_int_equal(script.tries, 1);
        assert_int_equal(heard.count, 0);
        assert_null(strstr(err.what, "all 2"));
    }
}

static void another_pin_is_no_way_out(void **state)
{
    (void)state;
    struct ssa_error err;
    struct script script = {.ends = {refused_for(SSA_REASON_PIN_WAS_TRIED)}};
    FAILS(runs(&script, 2, &err), SSA_PIN, "it fails");
    assert_int_equal(script.tries, 1);
    // Of one token alone.
    script = (struct script){.ends = {refused_for(SSA_REASON_PIN_UNANSWERED), failure(SSA_PIN, "")}};
    FAILS(runs(&script, 3, &err), SSA_PIN, "it fails");
    assert_int_equal(script.tries, 2);
}

static void the_last_failure_says_that_all_failed(void **state)
{
    (void)state;
    struct ssa_error err;
    struct script script = {.ends = {failure(SSA_TOKEN, "CKR_A"), failure(SSA_ABSENT, "B"), failure(SSA_PIN, "CKR_C")}};
    FAILS(runs(&script, 3, &err), SSA_PIN, "it fails");
    assert_non_null(strstr(heard.line, "all 3 profiles failed; p2 is the last"));
    assert_string_equal(err.cause, "CKR_C");
    assert_string_equal(err.subject, "pkcs11:token=x");
    assert_string_equal(err.hint, "do something");
    assert_int_equal(heard.count, 3);
    // What is not a token's failure is what it is.
    script = (struct script){.ends = {failure(SSA_TOKEN, ""), failure(SSA_NETWORK, "")}};
    FAILS(runs(&script, 2, &err), SSA_NETWORK, "it fails");
    assert_string_equal(err.what, "it fails");
}

static void who_wants_to_stop_gets_no_other_token(void **state)
{
    (void)state;
    struct ssa_error err;
    struct script script = {.ends = {failure(SSA_ABSENT, "")}};
    stopped = true;
    FAILS(runs(&script, 2, &err), SSA_ABSENT, "it fails");
    stopped = false;
    assert_int_equal(script.tries, 1);
    assert_int_equal(heard.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_profile_is_tried_and_nothing_is_said),
        cmocka_unit_test(a_token_s_failure_leads_to_the_next),
        cmocka_unit_test(no_other_failure_does),
        cmocka_unit_test(another_pin_is_no_way_out),
        cmocka_unit_test(the_last_failure_says_that_all_failed),
        cmocka_unit_test(who_wants_to_stop_gets_no_other_token),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
