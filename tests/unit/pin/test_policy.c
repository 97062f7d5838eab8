// Where a PIN comes from, and when it is tried at all.
#include "core/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "pin/policy.h"

// A person at a terminal, or nobody.
struct person {
    struct unit_heard heard;
    unsigned asked, confirmed;
    bool says_yes, interrupts;
    char question[2048];
};

static void hear(void *context, enum ssa_level level, const struct ssa_notice *notice)
{
    unit_tell(&((struct person *)context)->heard, level, notice);
}

static bool ask(void *context, const char *prompt, char *answer, size_t capacity, size_t *len, struct ssa_error *err)
{
    struct person *person = context;
    (void)err;
    person->asked++;
    (void)text_format(person->question, sizeof person->question, "%s", prompt);
    assert_true(capacity >= 4);
    memcpy(answer, "1234", 4);
    *len = 4;
    return true;
}

static bool confirm(void *context, const char *question)
{
    struct person *person = context;
    person->confirmed++;
    (void)text_format(person->question, sizeof person->question, "%s", question);
    return person->says_yes;
}

static bool interrupts(void *context)
{
    return ((struct person *)context)->interrupts;
}

struct scene {
    struct ssa_settings *settings;
    struct ssa_run run;
    struct pin_policy policy;
    struct pin_giver giver;
    struct secret pin;
};

static void begin(struct scene *scene, const char *source, struct person *person)
{
    struct ssa_error err;
    *scene = (struct scene){.settings = ssa_settings_new()};
    SUCCEEDS(source == NULL || ssa_settings_option(scene->settings, "SSA_HSM_PIN_SOURCE", source, &err));
    scene->run.settings = scene->settings;
    if (person != NULL)
        scene->run.callbacks = (struct ssa_callbacks){
            .context = person, .ask_secret = ask, .confirm = confirm, .tell = hear, .interrupted = interrupts};
    SUCCEEDS(pin_policy_init(&scene->policy, &scene->run, NULL, &err));
    scene->giver = pin_giver_of(&scene->policy);
    unit_secret(&scene->pin, PIN_MAX, span_text(""));
}

static bool give(struct scene *scene, const struct token_info *info, struct ssa_error *err)
{
    return scene->giver.give(scene->giver.context, info, info->pin_pad ? NULL : &scene->pin, err);
}

static void end(struct scene *scene, const struct token_info *info, enum pin_outcome outcome)
{
    scene->giver.outcome(scene->giver.context, info, outcome);
    secret_free(&scene->pin);
    ssa_settings_free(scene->settings);
}

static const struct token_info token = {.label = "Token", .serial = "1", .model = "M", .uri = "pkcs11:token=Token"};

static int fresh(void **state)
{
    (void)state;
    (void)remove(unit_path("state/ssa-hsm/pin-1_Token"));
    return setenv("XDG_STATE_HOME", unit_path("state"), 1);
}

static const char *file_source(const char *text)
{
    static char source[600];
    // Another file each time, as an editor leaves it.
    (void)remove(unit_path("pin"));
    (void)unit_write("pin.new", text, 0600);
    assert_int_equal(rename(unit_path("pin.new"), unit_path("pin")), 0);
    (void)text_format(source, sizeof source, "file:%s", unit_path("pin"));
    return source;
}

static void a_person_is_asked_for_this_token_s_pin(void **state)
{
    (void)state;
    struct scene scene;
    struct person person = {0};
    struct ssa_error err;
    begin(&scene, NULL, &person);
    SUCCEEDS(give(&scene, &token, &err));
    assert_string_equal(secret_text(&scene.pin), "1234");
    assert_string_equal(person.question, "PIN of token \"Token\" (M, serial 1): ");
    assert_int_equal(person.heard.count + person.confirmed, 0);
    end(&scene, &token, PIN_REFUSED);
    // A person's slip is no record.
    assert_int_equal(access(unit_path("state/ssa-hsm/pin-1_Token"), F_OK), -1);
}

static void a_person_who_says_yes_may_type_it_again(void **state)
{
    (void)state;
    for (int yes = 0; yes < 2; yes++) {
        struct scene scene;
        struct person person = {.says_yes = yes == 1};
        struct ssa_error err;
        struct pin_tries tries = {0};
        begin(&scene, NULL, &person);
        scene.policy.tries = &tries;
        SUCCEEDS(give(&scene, &token, &err));
        scene.giver.outcome(scene.giver.context, &token, PIN_REFUSED);
        assert_int_equal(scene.giver.retype(scene.giver.context, &token), yes);
        assert_non_null(strstr(person.question, "Type it again?"));
        secret_clear(&scene.pin);
        // Without the yes, the run's one try on this token is spent.
        assert_int_equal(give(&scene, &token, &err), yes);
        end(&scene, &token, PIN_ACCEPTED);
    }
}

static void nobody_types_again_what_is_stored_or_locked(void **state)
{
    (void)state;
    struct scene scene;
    struct person person = {.says_yes = true};
    struct token_info locked = token;
    locked.pin_locked = true;
    begin(&scene, NULL, &person);
    assert_false(scene.giver.retype(scene.giver.context, &locked));
    end(&scene, &token, PIN_NOT_TRIED);
    begin(&scene, file_source("1234"), &person);
    assert_false(scene.giver.retype(scene.giver.context, &token));
    assert_int_equal(person.confirmed, 0);
    end(&scene, &token, PIN_NOT_TRIED);
}

static void nobody_to_ask_is_told_with_the_way_out(void **state)
{
    (void)state;
    struct scene scene;
    struct ssa_error err;
    begin(&scene, NULL, NULL);
    FAILS(give(&scene, &token, &err), SSA_PIN, "nobody to ask");
    assert_int_equal(err.reason, SSA_REASON_NOBODY_FOR_PIN);
    end(&scene, &token, PIN_NOT_TRIED);
}

static void the_last_try_needs_a_person_s_yes(void **state)
{
    (void)state;
    struct token_info last = token;
    last.pin_final_try = true;
    for (int yes = 0; yes < 2; yes++) {
        struct scene scene;
        struct person person = {.says_yes = yes == 1};
        struct ssa_error err;
        begin(&scene, NULL, &person);
        if (yes == 1)
            SUCCEEDS(give(&scene, &last, &err));
        else
            FAILS(give(&scene, &last, &err), SSA_DECLINED, "CKF_USER_PIN_FINAL_TRY");
        assert_int_equal(person.confirmed, 1);
        assert_int_equal(person.asked, yes);
        end(&scene, &last, PIN_NOT_TRIED);
    }
    // Unattended there is none, whoever sits there.
    struct scene scene;
    struct person person = {.says_yes = true};
    struct ssa_error err;
    begin(&scene, file_source("1234\n"), &person);
    FAILS(give(&scene, &last, &err), SSA_PIN, "CKF_USER_PIN_FINAL_TRY");
    assert_int_equal(person.confirmed, 0);
    end(&scene, &last, PIN_NOT_TRIED);
}

static void a_person_hears_of_a_wrong_pin_before(void **state)
{
    (void)state;
    struct token_info low = token;
    low.pin_count_low = true;
    struct scene scene;
    struct person person = {0};
    struct ssa_error err;
    begin(&scene, NULL, &person);
    SUCCEEDS(give(&scene, &low, &err));
    assert_int_equal(person.heard.level, SSA_WARNING);
    assert_non_null(strstr(person.heard.line, "wrong PIN"));
    end(&scene, &low, PIN_ACCEPTED);
}

static void tries_once(const char *source, enum pin_outcome outcome)
{
    struct scene scene;
    struct ssa_error err;
    begin(&scene, source, NULL);
    SUCCEEDS(give(&scene, &token, &err));
    assert_string_equal(secret_text(&scene.pin), "1234");
    end(&scene, &token, outcome);
}

static void is_blocked(const char *source)
{
    struct scene scene;
    struct ssa_error err;
    begin(&scene, source, NULL);
    FAILS(give(&scene, &token, &err), SSA_PIN, "earlier try");
    assert_int_equal(err.reason, SSA_REASON_PIN_WAS_TRIED);
    end(&scene, &token, PIN_NOT_TRIED);
}

static void a_service_with_a_wrong_pin_file_spends_one_try(void **state)
{
    (void)state;
    const char *source = file_source("1234\n");
    tries_once(source, PIN_REFUSED);
    is_blocked(source);
    is_blocked(source);
    // Corrected.
    source = file_source("1234\n");
    tries_once(source, PIN_ACCEPTED);
    tries_once(source, PIN_ACCEPTED);
}

static void a_person_s_login_unblocks_the_service(void **state)
{
    (void)state;
    const char *source = file_source("1234\n");
    tries_once(source, PIN_REFUSED);
    struct scene scene;
    struct person person = {0};
    struct ssa_error err;
    begin(&scene, NULL, &person);
    SUCCEEDS(give(&scene, &token, &err));
    end(&scene, &token, PIN_ACCEPTED);
    tries_once(source, PIN_ACCEPTED);
}

static void a_variable_says_nothing_of_a_change(void **state)
{
    (void)state;
    assert_int_equal(setenv("UNIT_PIN", "1234", 1), 0);
    tries_once("env:UNIT_PIN", PIN_REFUSED);
    assert_int_equal(setenv("UNIT_PIN", "5678", 1), 0);
    is_blocked("env:UNIT_PIN");
}

static void a_reader_s_pad_asks_a_person_even_with_a_source(void **state)
{
    (void)state;
    struct token_info pad = token;
    pad.pin_pad = true;
    struct scene scene;
    struct person person = {0};
    struct ssa_error err;
    begin(&scene, file_source("1234\n"), &person);
    assert_true(pin_attended(&scene.policy, &pad));
    assert_false(pin_attended(&scene.policy, &token));
    SUCCEEDS(give(&scene, &pad, &err));
    assert_non_null(strstr(person.heard.line, "at its reader"));
    assert_int_equal(person.asked, 0);
    end(&scene, &pad, PIN_ACCEPTED);
}

static void an_interruption_comes_before_the_try(void **state)
{
    (void)state;
    struct scene scene;
    struct person person = {.interrupts = true};
    struct ssa_error err;
    const char *source = file_source("1234\n");
    begin(&scene, source, &person);
    FAILS(give(&scene, &token, &err), SSA_UNEXPECTED, "interrupted");
    end(&scene, &token, PIN_NOT_TRIED);
    tries_once(source, PIN_ACCEPTED);
}

static bool init(const char *source, const char *text, struct ssa_error *err)
{
    struct pin_policy policy = {0};
    struct uri *uri = NULL;
    struct ssa_settings *settings = ssa_settings_new();
    const struct ssa_run run = {.settings = settings};
    bool ok = (source == NULL || ssa_settings_option(settings, "SSA_HSM_PIN_SOURCE", source, err)) &&
              uri_parse(text, &uri, err) && pin_policy_init(&policy, &run, uri, err);
    if (ok && source != NULL)
        ok = strcmp(policy.source, source) == 0;
    uri_free(&uri);
    ssa_settings_free(settings);
    return ok;
}

static void a_pin_in_a_source_s_place_is_refused_and_not_shown(void **state)
{
    (void)state;
    struct ssa_error err;
    char text[4096];
    SUCCEEDS(init("env:X", "pkcs11:token=t?pin-source=file:/a", &err));
    SUCCEEDS(init(NULL, "pkcs11:token=t?pin-source=file:/a", &err));
    SUCCEEDS(init(NULL, "pkcs11:token=t", &err));
    FAILS(init("hunter2", "pkcs11:token=t", &err), SSA_CONFIG, "SSA_HSM_PIN_SOURCE: is not one of");
    ssa_error_text(&err, text, sizeof text);
    assert_null(strstr(text, "hunter2"));
    FAILS(init(NULL, "pkcs11:token=t?pin-source=hunter2", &err), SSA_CONFIG, "pin-source is not one of");
    ssa_error_text(&err, text, sizeof text);
    assert_null(strstr(text, "hunter2"));
}

// Somebody who follows the tries.
struct watcher {
    bool may_ask, recorded;
    unsigned begun, ended;
    enum pin_outcome last;
};

static bool watcher_may_ask(void *context)
{
    return ((struct watcher *)context)->may_ask;
}

static void watcher_begins(void *context, bool recorded)
{
    struct watcher *watcher = context;
    watcher->recorded = recorded;
    watcher->begun++;
}

static void watcher_ended(void *context, enum pin_outcome outcome)
{
    struct watcher *watcher = context;
    watcher->ended++;
    watcher->last = outcome;
}

static void watch(struct scene *scene, struct pin_watch *watch, struct watcher *watcher)
{
    *watch = (struct pin_watch){
        .context = watcher, .may_ask = watcher_may_ask, .begins = watcher_begins, .ended = watcher_ended};
    scene->policy.watch = watch;
}

static void who_follows_the_tries_hears_of_each(void **state)
{
    (void)state;
    struct scene scene;
    struct watcher watcher = {0};
    struct pin_watch followed;
    struct ssa_error err;
    begin(&scene, file_source("1234"), NULL);
    watch(&scene, &followed, &watcher);
    SUCCEEDS(give(&scene, &token, &err));
    assert_int_equal(watcher.begun, 1);
    assert_true(watcher.recorded);
    assert_int_equal(watcher.ended, 0);
    scene.giver.outcome(scene.giver.context, &token, PIN_UNKNOWN);
    assert_int_equal(watcher.ended, 1);
    assert_int_equal(watcher.last, PIN_UNKNOWN);
    // The PIN is sent once more.
    assert_true(scene.giver.again(scene.giver.context, &token));
    assert_int_equal(watcher.begun, 2);
    end(&scene, &token, PIN_ACCEPTED);
    assert_int_equal(watcher.last, PIN_ACCEPTED);
}

static void nobody_is_asked_while_nobody_is_there(void **state)
{
    (void)state;
    static const char *const sources[] = {NULL, "pinentry"};
    struct token_info pad = token;
    pad.pin_pad = true;
    struct scene scene;
    struct person person = {0};
    struct watcher watcher = {0};
    struct pin_watch followed;
    struct ssa_error err;
    for (size_t i = 0; i < COUNT(sources); i++) {
        begin(&scene, sources[i], &person);
        watch(&scene, &followed, &watcher);
        FAILS(give(&scene, &token, &err), SSA_PIN, "a person must give the PIN");
        FAILS(give(&scene, &pad, &err), SSA_PIN, "a person must give the PIN");
        assert_int_equal(err.reason, SSA_REASON_NOBODY_FOR_PIN);
        end(&scene, &token, PIN_NOT_TRIED);
    }
    assert_int_equal(person.asked + person.heard.count + watcher.begun, 0);
    begin(&scene, NULL, &person);
    watch(&scene, &followed, &watcher);
    watcher.may_ask = true;
    SUCCEEDS(give(&scene, &token, &err));
    assert_int_equal(person.asked, 1);
    // There is no record of a PIN that a person gave.
    assert_int_equal(watcher.begun, 1);
    assert_false(watcher.recorded);
    end(&scene, &token, PIN_ACCEPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_person_is_asked_for_this_token_s_pin, fresh),
        cmocka_unit_test_setup(a_person_who_says_yes_may_type_it_again, fresh),
        cmocka_unit_test_setup(nobody_types_again_what_is_stored_or_locked, fresh),
        cmocka_unit_test_setup(nobody_to_ask_is_told_with_the_way_out, fresh),
        cmocka_unit_test_setup(the_last_try_needs_a_person_s_yes, fresh),
        cmocka_unit_test_setup(a_person_hears_of_a_wrong_pin_before, fresh),
        cmocka_unit_test_setup(a_service_with_a_wrong_pin_file_spends_one_try, fresh),
        cmocka_unit_test_setup(a_person_s_login_unblocks_the_service, fresh),
        cmocka_unit_test_setup(a_variable_says_nothing_of_a_change, fresh),
        cmocka_unit_test_setup(a_reader_s_pad_asks_a_person_even_with_a_source, fresh),
        cmocka_unit_test_setup(an_interruption_comes_before_the_try, fresh),
        cmocka_unit_test_setup(a_pin_in_a_source_s_place_is_refused_and_not_shown, fresh),
        cmocka_unit_test_setup(who_follows_the_tries_hears_of_each, fresh),
        cmocka_unit_test_setup(nobody_is_asked_while_nobody_is_there, fresh),
    };
    return cmocka_run_group_tests(tests, unit_folder, unit_folder_gone);
}
