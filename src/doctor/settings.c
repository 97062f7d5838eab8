// Settings: which are in force, where each comes from, and whether they have the right form.
#include <errno.h>
#include <sys/stat.h>

#include "config/profiles.h"
#include "config/reference.h"
#include "core/text.h"
#include "doctor/examination.h"
#include "oauth/scope.h"
#include "signer/client_secret.h"

static bool has_pin(const char *uri)
{
    return strcasestr(uri, "pin-value") != NULL;
}

// Whether a value is surely no secret, whatever a person has put there.
static bool may_be_shown(enum setting id, const char *value)
{
    switch (id) {
    case SET_CLIENT_SECRET:
        return reference_text_is_reference(value) && !has_pin(value);
    case SET_PRIVATE_KEY:
        return uri_text_is_uri(value) && !has_pin(value);
    case SET_TOKEN:
        return !has_pin(value);
    case SET_PIN_SOURCE:
    case SET_SO_PIN_SOURCE:
        return reference_kind(value) != REFERENCE_NONE;
    case SET_BASE_URL:
    case SET_AUDIENCE:
        return strchr(value, '@') == NULL;
    default:
        return true;
    }
}

static const char *default_of(enum setting id)
{
    switch (id) {
    case SET_BASE_URL:
        return APS_BASE_URL;
    case SET_AUDIENCE:
        return APS_AUDIENCE;
    case SET_SCOPE:
        return SCOPE_DEFAULT;
    default:
        return NULL;
    }
}

static bool is_of_identity(enum setting id)
{
    return id == SET_ACCOUNT_ID || id == SET_KEY_ID || id == SET_EMAIL || id == SET_PRIVATE_KEY;
}

static void show_setting(struct examination *x, enum setting id)
{
    const struct ssa_settings *s = x->run.settings;
    enum setting_source source = FROM_NOWHERE;
    const char *value = settings_get(s, id, &source), *where = "default";
    char text[sizeof x->found.list->found.subject];
    // These four come from one source.
    if (is_of_identity(id) && x->has_identity) {
        source = x->identity.source;
        value = settings_from(s, source, id);
    }
    if (!text_present(value))
        value = default_of(id);
    if (value == NULL)
        return;
    if (source == FROM_OPTION)
        where = "option";
    else if (source == FROM_ENVIRONMENT)
        where = "environment";
    else if (source == FROM_PROFILE)
        where = "profile";
    if (source == FROM_PROFILE && text_format(text, sizeof text, "profile %s", settings_profile_name(s)))
        where = text;
    finding_row(&x->found, ROW_SETTING, setting_name(id), may_be_shown(id, value) ? value : "set", where);
}

static const char *literal_secret(const struct ssa_settings *s, size_t profile)
{
    const char *value = settings_of_profile(s, profile, SET_CLIENT_SECRET);
    if (!text_present(value))
        value = settings_of_profile(s, profile, SET_SECRET_ALIAS);
    return text_present(value) && !reference_text_is_reference(value) ? value : NULL;
}

// The settings have read it. Its mode matters where it has a secret.
static void check_mode(struct examination *x, size_t profile, const char *path)
{
    static const char check[] = "profile";
    struct ssa_error why = {0};
    struct stat about;
    if (stat(path, &about) != 0) {
        error_errno(&why, SSA_CONFIG, errno, path, "the profile was read, and cannot be examined now");
        finding_failure(&x->found, check, &why);
        return;
    }
    const unsigned mode = about.st_mode & 07777U;
    const bool has_secret = literal_secret(x->run.settings, profile) != NULL;
    if (!has_secret || !S_ISREG(about.st_mode) || (mode & 077U) == 0) {
        finding_ok(&x->found, check, path, "mode %04o, %s", mode,
                   has_secret ? "holds the client secret itself" : "holds no secret");
        return;
    }
    error_set(&why, SSA_CONFIG, NULL, path, "holds the client secret itself, and can be read by others (mode %04o)",
              mode);
    error_hint(&why, "`chmod 600 \"%s\"` keeps others out. If others could read it, make a new client secret.", path);
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
            check_mode(x, i, settings_profile_path(view));
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
    for (enum setting id = 0; id < SET_SECRET_ALIAS; id++)
        show_setting(x, id);
    finding_ok(&x->found, CHECK_SETTINGS, NULL, "%zu are in force", x->found.count - before);
    check_profiles(x);
    check_identity(x, &why);
    check_client_id(x);
}
