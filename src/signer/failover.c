// From a token that is absent, locked or broken to the next profile's.
#include "signer/failover.h"

#include <errno.h>

#include "config/identity.h"
#include "config/profiles.h"
#include "core/tell.h"

static bool no_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
}

// What is wrong with a spare is not to be found on the day when it is needed.
static bool check(const struct ssa_settings *settings, struct ssa_error *err)
{
    struct identity identity;
    URI_AUTO *uri = NULL;
    return identity_read(settings, true, &identity, err) && uri_parse(identity.private_key, &uri, err);
}

static bool check_all(const struct ssa_settings *settings, struct ssa_error *err)
{
    for (size_t i = 0; i < settings_profile_count(settings); i++) {
        SETTINGS_VIEW_AUTO *view = settings_with_profile(settings, i);
        if (view == NULL)
            return no_memory(err);
        if (!check(view, err))
            return false;
    }
    return true;
}

// The key that the environment names goes before that of each profile: then there is no other.
static bool has_key_of_its_own(const struct ssa_settings *settings)
{
    struct identity identity;
    return identity_read(settings, true, &identity, NULL) && identity.source == FROM_PROFILE;
}

// A wrong PIN, or one that could not be had, is no reason: it would be as wrong the next time, and somebody
// has to hear of it.
static bool is_the_tokens(const struct ssa_error *err, const struct pin_tries *pins)
{
    switch (err->code) {
    case SSA_ABSENT:
    case SSA_KEY_MISSING:
    case SSA_TOKEN:
        return true;
    case SSA_PIN:
        return pins->unanswered || strcmp(err->cause, "CKR_PIN_LOCKED") == 0 ||
               strcmp(err->cause, "CKF_USER_PIN_LOCKED") == 0;
    default:
        return false;
    }
}

static void tell_next(const struct ssa_run *run, const struct ssa_settings *failed,
                      const struct ssa_settings *next, const struct ssa_error *err)
{
    char why[2 * SSA_ERROR_TEXT_MAX];
    struct ssa_error brief = *err;
    brief.hint[0] = '\0';
    ssa_error_text(&brief, why, sizeof why);
    tell(&run->callbacks, SSA_WARNING, "profile %s is used now, since the token of profile %s failed: %s",
         settings_profile_name(next), settings_profile_name(failed), why);
}

// The others' failures were told.
static void say_all_failed(const struct ssa_settings *last, struct ssa_error *err)
{
    struct ssa_error all;
    error_set(&all, err->code, err->cause, err->subject, "%s; all %zu profiles failed, %s is the last",
              err->what, settings_profile_count(last), settings_profile_name(last));
    error_hint(&all, "%s", err->hint);
    *err = all;
}

// True when there is a next one, which has been told.
static bool go_to_next(const struct ssa_run *run, const struct ssa_settings *failed, size_t next,
                       struct ssa_error *err)
{
    SETTINGS_VIEW_AUTO *view = settings_with_profile(run->settings, next);
    if (view == NULL)
        return false;
    if (!has_key_of_its_own(view)) {
        tell(&run->callbacks, SSA_WARNING,
             "the key is the environment's, which goes before all profiles: there is none to fall back to");
        return false;
    }
    tell_next(run, failed, view, err);
    return true;
}

static bool try_each(const struct ssa_run *run, size_t count, profile_try *try, void *context,
                     struct ssa_error *err)
{
    struct pin_tries pins = {0};
    for (size_t i = 0;; i++) {
        SETTINGS_VIEW_AUTO *view = settings_with_profile(run->settings, i);
        struct ssa_run one = *run;
        one.settings = view;
        pins.unanswered = false;
        if (view == NULL)
            return no_memory(err);
        if (try(context, &one, &pins, err))
            return true;
        if (interrupted(&run->callbacks))
            return false;
        if (i + 1 == count) {
            if (err->code == SSA_PIN || is_the_tokens(err, &pins))
                say_all_failed(view, err);
            return false;
        }
        if (!is_the_tokens(err, &pins) || !go_to_next(run, view, i + 1, err))
            return false;
    }
}

bool with_failover(const struct ssa_run *run, profile_try *try, void *context, struct ssa_error *err)
{
    const size_t count = settings_profile_count(run->settings);
    struct pin_tries pins = {0};
    struct ssa_error why = {0};
    const bool done = count < 2 ? try(context, run, &pins, &why)
                                : check_all(run->settings, &why) && try_each(run, count, try, context, &why);
    if (!done && err != NULL)
        *err = why;
    return done;
}
