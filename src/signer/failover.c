#include "signer/failover.h"

#include <errno.h>

#include "config/identity.h"
#include "config/profiles.h"
#include "core/callback.h"
#include "hsm/login/login.h"
#include "hsm/uri/uri.h"

static bool no_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for settings");
}

// An error in a spare profile must be found now, and not on the day when that profile is needed.
static bool check_all(const struct ssa_settings *settings, struct ssa_error *err)
{
    for (size_t i = 0; i < settings_profile_count(settings); i++) {
        SETTINGS_VIEW_AUTO *view = settings_with_profile(settings, i);
        URI_AUTO *uri = NULL;
        struct identity identity;
        if (view == NULL)
            return no_memory(err);
        if (!identity_read(view, true, &identity, err) || !uri_parse(identity.private_key, &uri, err))
            return false;
    }
    return true;
}

// A key in the environment comes before the key of each profile. Then no other profile has another key.
static bool has_key_of_its_own(const struct ssa_settings *settings)
{
    struct identity identity;
    return identity_read(settings, true, &identity, ERROR_IGNORED) && identity.source == FROM_PROFILE;
}

// Whether the token is the reason. After a wrong PIN, or without a PIN, no other profile is tried: a person must hear
// of it.
static bool is_of_token(const struct ssa_error *err)
{
    switch (err->code) {
    case SSA_ABSENT:
    case SSA_KEY_MISSING:
    case SSA_TOKEN:
        return true;
    case SSA_PIN:
        return err->reason == SSA_REASON_PIN_UNANSWERED || err->reason == SSA_REASON_PIN_LAST_UNANSWERED ||
               login_says_locked(err);
    default:
        return false;
    }
}

static void tell_next(const struct ssa_run *run, const struct ssa_settings *failed, const struct ssa_settings *next,
                      const struct ssa_error *err)
{
    char why[ERROR_LINE_MAX];
    tell(&run->callbacks, SSA_WARNING, "profile %s is used now, since the token of profile %s failed: %s",
         settings_profile_name(next), settings_profile_name(failed), error_line(err, why));
}

// Tells of the next profile. False where there is none.
static bool go_to_next(const struct ssa_run *run, const struct ssa_settings *failed, size_t next, struct ssa_error *err)
{
    SETTINGS_VIEW_AUTO *view = settings_with_profile(run->settings, next);
    if (view == NULL)
        return false;
    if (!has_key_of_its_own(view)) {
        tell(&run->callbacks, SSA_WARNING,
             "the key of the environment is used in place of each profile's key, so no other profile is tried");
        return false;
    }
    tell_next(run, failed, view, err);
    return true;
}

static bool try_one(const struct ssa_run *run, size_t profile, profile_try *try, void *context, struct pin_tries *pins,
                    bool *next, struct ssa_error *err)
{
    SETTINGS_VIEW_AUTO *view = settings_with_profile(run->settings, profile);
    struct ssa_run one = *run;
    one.settings = view;
    *next = false;
    if (view == NULL)
        return no_memory(err);
    if (try(context, &one, pins, err))
        return true;
    if (callback_interrupted(&run->callbacks))
        return false;
    const size_t count = settings_profile_count(run->settings);
    if (profile + 1 < count)
        *next = is_of_token(err) && go_to_next(run, view, profile + 1, err);
    else if (err->code == SSA_PIN || is_of_token(err))
        // The failures of the other profiles were reported before.
        tell(&run->callbacks, SSA_WARNING, "all %zu profiles failed; %s is the last of them", count,
             settings_profile_name(view));
    return false;
}

bool with_failover(const struct ssa_run *run, profile_try *try, void *context, struct ssa_error *err)
{
    struct pin_tries pins = {0};
    if (settings_profile_count(run->settings) < 2)
        return try(context, run, &pins, err);
    if (!check_all(run->settings, err))
        return false;
    bool next = true;
    for (size_t i = 0; next; i++)
        if (try_one(run, i, try, context, &pins, &next, err))
            return true;
    return false;
}
