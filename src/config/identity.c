// The four names that belong together.
#include "config/identity.h"

#include "config/reference.h"
#include "core/api.h"
#include "core/text.h"

static const enum setting unit[] = {SET_ACCOUNT_ID, SET_KEY_ID, SET_EMAIL, SET_PRIVATE_KEY};
enum { UNIT_SIZE = sizeof unit / sizeof unit[0] };

// An email may be empty: a key that was imported from a bare PEM need not know it.
static bool unit_has(const struct ssa_settings *s, enum setting_source source, enum setting id)
{
    const char *value = settings_from(s, source, id);
    return id == SET_EMAIL ? value != NULL : text_present(value);
}

static bool has_any(const struct ssa_settings *s, enum setting_source source)
{
    for (size_t i = 0; i < UNIT_SIZE; i++)
        if (text_present(settings_from(s, source, unit[i])))
            return true;
    return false;
}

static bool incomplete(const struct ssa_settings *s, enum setting_source source, const char *missing,
                       struct ssa_error *err)
{
    const bool profile = source == FROM_PROFILE;
    if (profile && !unit_has(s, source, SET_KEY_ID) && !unit_has(s, source, SET_PRIVATE_KEY) &&
        unit_has(s, source, SET_ACCOUNT_ID)) {
        error_set(err, SSA_CONFIG, NULL, settings_profile_path(s),
                  "the profile has an account, but no key yet");
        return error_hint(err, "`ssa-hsm key create --force` makes one and writes the profile again.");
    }
    error_set(err, SSA_CONFIG, NULL, profile ? settings_profile_path(s) : "the environment", "lacks %s",
              missing);
    return error_hint(
        err, "SERVICE_ACCOUNT_ID, KEY_ID, SSA_EMAIL and PRIVATE_KEY belong together and come from one "
             "source: set all four or none, or choose a profile with --profile.");
}

// They go into the assertion, and from there back into messages.
static bool check_ids(const struct ssa_settings *s, const struct identity *identity, bool with_key,
                      struct ssa_error *err)
{
    const char *subject = identity->source == FROM_PROFILE ? settings_profile_path(s) : "the environment";
    if (!aps_is_id(identity->account_id))
        return error_set(err, SSA_CONFIG, NULL, subject, "SERVICE_ACCOUNT_ID can be no account's id");
    return !with_key || aps_is_id(identity->key_id) ||
           error_set(err, SSA_CONFIG, NULL, subject, "KEY_ID can be no key's id");
}

static bool check_private_key(const struct ssa_settings *s, const struct identity *identity,
                              struct ssa_error *err)
{
    const char *subject = identity->source == FROM_PROFILE ? settings_profile_path(s) : "PRIVATE_KEY";
    if (strstr(identity->private_key, "-----BEGIN") != NULL) {
        error_set(err, SSA_CONFIG, NULL, subject,
                  "holds a private key as text (PEM), which is not used from there");
        return error_hint(err, "Put it into a token: `ssa-hsm key import FILE`, then destroy the file.");
    }
    if (!text_is_uri(identity->private_key)) {
        error_set(err, SSA_CONFIG, NULL, subject, "PRIVATE_KEY is no PKCS#11 URI");
        return error_hint(err, "`ssa-hsm hsm list --login` prints the URIs of a token's keys.");
    }
    return true;
}

bool identity_read(const struct ssa_settings *s, bool with_key, struct identity *identity,
                   struct ssa_error *err)
{
    enum setting_source order[SOURCE_COUNT];
    settings_order(s, order);
    size_t at = 0;
    while (at < SOURCE_COUNT && !has_any(s, order[at]))
        at++;
    if (at == SOURCE_COUNT) {
        error_set(err, SSA_CONFIG, NULL, NULL,
                  "no account is set up: there is no profile, and the environment has none");
        return error_hint(
            err, "`ssa-hsm account create FIRST LAST` makes an account and its profile; --profile names "
                 "another.");
    }
    const enum setting_source source = order[at];
    char missing[128] = "";
    for (size_t i = 0; i < UNIT_SIZE; i++) {
        const bool needed = with_key || unit[i] == SET_ACCOUNT_ID;
        const size_t used = strlen(missing);
        if (needed && !unit_has(s, source, unit[i]))
            (void)text_format(missing + used, sizeof missing - used, "%s%s", used > 0 ? ", " : "",
                              setting_name(unit[i]));
    }
    if (missing[0] != '\0')
        return incomplete(s, source, missing, err);
    *identity = (struct identity){.account_id = settings_from(s, source, SET_ACCOUNT_ID),
                                  .key_id = settings_from(s, source, SET_KEY_ID),
                                  .email = settings_from(s, source, SET_EMAIL),
                                  .private_key = settings_from(s, source, SET_PRIVATE_KEY),
                                  .source = source};
    return check_ids(s, identity, with_key, err) && (!with_key || check_private_key(s, identity, err));
}

const char *identity_shadowed_key_id(const struct ssa_settings *s)
{
    const char *used = settings_from(s, FROM_ENVIRONMENT, SET_KEY_ID),
               *other = settings_from(s, FROM_PROFILE, SET_KEY_ID);
    if (settings_profile_first(s) || !text_present(used) || !text_present(other) || strcmp(used, other) == 0)
        return NULL;
    return other;
}
