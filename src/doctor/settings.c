// Settings: which are in force, where each comes from, and whether they have the right form.
#include <errno.h>
#include <sys/stat.h>

#include "config/profiles.h"
#include "config/reference.h"
#include "core/text.h"
#include "doctor/examination.h"
#include "signer/client_secret.h"

static void show_setting(void *context, const struct ssa_setting *setting)
{
    struct examination *x = context;
    const struct ssa_origin *origin = &setting->origin;
    const char *where = "default";
    char text[sizeof x->found.list->found.subject];
    if (origin->source == SSA_FROM_NOWHERE)
        return;
    if (origin->source == SSA_FROM_OPTION)
        where = "option";
    else if (origin->source == SSA_FROM_ENVIRONMENT)
        where = "environment";
    else if (origin->source == SSA_FROM_PROFILE)
        where = "profile";
    if (origin->source == SSA_FROM_PROFILE &&
        text_format(text, sizeof text, "profile %s", settings_profile_name(x->run.settings)))
        where = text;
    finding_row(&x->found, ROW_SETTING, setting->name, setting->hidden ? "set" : setting->value, where);
}

static bool has_literal_secret(const struct ssa_settings *view)
{
    const char *value = settings_secret_from(view, FROM_PROFILE);
    return value != NULL && !reference_text_is_reference(value);
}

// The settings have read it. Its mode matters where it has a secret.
static void check_mode(struct examination *x, const struct ssa_settings *view)
{
    static const char check[] = "profile";
    const char *path = settings_profile_path(view);
    struct ssa_error why = {0};
    struct stat about;
    if (stat(path, &about) != 0) {
        error_errno(&why, SSA_CONFIG, errno, path, "the profile was read, and cannot be examined now");
        finding_failure(&x->found, check, &why);
        return;
    }
    const unsigned mode = about.st_mode & 07777U;
    const bool has_secret = has_literal_secret(view);
    if (!has_secret || !S_ISREG(about.st_mode) || (mode & 077U) == 0) {
        finding_ok(&x->found, check, path, "mode %04o, %s", mode,
                   has_secret ? "holds the client secret itself" : "holds no secret");
        return;
    }
    error_set(&why, SSA_CONFIG, NULL, path, "holds the client secret itself, and can be read by others (mode %04o)",
              mode);
    error_hint_path(&why, "`chmod 600", path, " keeps others out. If others could read it, make a new client secret.");
    finding_warning(&x->found, check, &why);
}

// An error in a spare profile is found now, and not on the day when it is needed.
static void check_spare(struct examination *x, size_t profile)
{
    SETTINGS_VIEW_AUTO *view = settings_with_profile(x->run.settings, profile);
    URI_AUTO *uri = NULL;
    struct identity identity;
    struct ssa_error why = {0};
    if (view == NULL) {
        x->found.lost = true;
        return;
    }
    if (!identity_read(view, true, &identity, &why) || !uri_parse(identity.private_key, &uri, &why))
        finding_failure(&x->found, CHECK_IDENTITY, &why);
    else
        finding_left_out(&x->found, CHECK_IDENTITY, SSA_REASON_OTHER_PROFILES, settings_profile_name(view),
                         "profile %s is complete; the checks below are about %s", settings_profile_name(view),
                         settings_profile_name(x->run.settings));
}

static void check_profiles(struct examination *x)
{
    const size_t count = settings_profile_count(x->run.settings);
    if (count == 0)
        finding_ok(&x->found, "profile", NULL, "there is none: options and environment have all settings");
    for (size_t i = 0; i < count; i++) {
        SETTINGS_VIEW_AUTO *view = settings_with_profile(x->run.settings, i);
        if (view != NULL)
            check_mode(x, view);
        x->found.lost = x->found.lost || view == NULL;
    }
}

static void check_identity(struct examination *x, const struct ssa_error *fault)
{
    const char *shadowed = identity_shadowed_key_id(x->run.settings);
    URI_AUTO *uri = NULL;
    struct ssa_error why = *fault;
    if (!x->has_identity || !uri_parse(x->identity.private_key, &uri, &why)) {
        finding_failure(&x->found, CHECK_IDENTITY, &why);
        x->has_identity = false;
    } else if (shadowed != NULL && x->identity.source == FROM_ENVIRONMENT) {
        error_because(&why, SSA_CONFIG, SSA_REASON_OLD_BLOCK, x->identity.key_id,
                      "the key of the environment is used, and not the profile's, which is %s", shadowed);
        finding_warning(&x->found, CHECK_IDENTITY, &why);
    } else {
        finding_ok(&x->found, CHECK_IDENTITY, NULL, "account %s, key %s", x->identity.account_id, x->identity.key_id);
    }
    for (size_t i = 1; i < settings_profile_count(x->run.settings); i++)
        check_spare(x, i);
}

static void check_client_id(struct examination *x)
{
    struct ssa_error why = {0};
    const char *client_id = NULL;
    if (client_id_read(&x->run, &client_id, &why))
        finding_ok(&x->found, CHECK_CLIENT_ID, NULL, "%s", client_id);
    else
        finding_failure(&x->found, CHECK_CLIENT_ID, &why);
}

static void skip_all(struct examination *x)
{
    static const char *const checks[] = {"profile", CHECK_IDENTITY, CHECK_CLIENT_ID};
    for (size_t i = 0; i < COUNT(checks); i++)
        finding_skipped(&x->found, checks[i], CHECK_SETTINGS);
}

void check_settings(struct examination *x)
{
    const struct ssa_error *fault = x->wanted->settings_fault;
    struct ssa_error why = {0};
    if (!x->has_settings) {
        finding_failure(&x->found, CHECK_SETTINGS, fault);
        skip_all(x);
        return;
    }
    const size_t before = x->found.count;
    x->has_identity = identity_read(x->run.settings, true, &x->identity, &why);
    ssa_settings_each(x->run.settings, show_setting, x);
    finding_ok(&x->found, CHECK_SETTINGS, NULL, "%zu are in force", x->found.count - before);
    check_profiles(x);
    check_identity(x, &why);
    check_client_id(x);
}

void check_settings_alone(struct examination *x)
{
    const struct ssa_error *fault = x->wanted->settings_fault;
    const size_t before = x->found.count;
    ssa_settings_each(x->run.settings, show_setting, x);
    finding_ok(&x->found, CHECK_SETTINGS, NULL, "%zu are in force", x->found.count - before);
    if (x->has_settings)
        finding_left_out(
            &x->found, CHECK_IDENTITY, SSA_REASON_NONE, NULL,
            "none is set up here: access tokens come from an agent, which has account, key and PKCS#11 token");
    else
        finding_left_out(&x->found, "profile", SSA_REASON_NONE, NULL, "%s: %s; an agent is asked for it",
                         fault->subject, fault->what);
}
