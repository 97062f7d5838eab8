#include "config/identity.h"

#include "config/paths.h"
#include "core/api.h"
#include "core/text.h"
#include "hsm/uri/uri_text.h"

static const enum setting names[] = {SET_ACCOUNT_ID, SET_KEY_ID, SET_EMAIL, SET_PRIVATE_KEY};
enum { NAMES = sizeof names / sizeof names[0] };

// The email may be empty: a person who imports a bare PEM need not know it.
static bool has(const struct ssa_settings *s, enum setting_source source, enum setting id)
{
    const char *value = settings_from(s, source, id);
    return id == SET_EMAIL ? value != NULL : text_present(value);
}

static bool has_any(const struct ssa_settings *s, enum setting_source source)
{
    for (size_t i = 0; i < NAMES; i++)
        if (text_present(settings_from(s, source, names[i])))
            return true;
    return false;
}

static const char *where(const struct ssa_settings *s, enum setting_source source)
{
    return source == FROM_PROFILE ? settings_profile_path(s) : "the environment";
}

// A profile that was written for an account without a key.
static bool has_account_alone(const struct ssa_settings *s)
{
    return has(s, FROM_PROFILE, SET_ACCOUNT_ID) && !has(s, FROM_PROFILE, SET_KEY_ID) &&
           !has(s, FROM_PROFILE, SET_PRIVATE_KEY);
}

// Names what the source lacks.
static bool check_complete(const struct ssa_settings *s, enum setting_source source, bool with_key,
                           struct ssa_error *err)
{
    char missing[128] = "";
    for (size_t i = 0; i < NAMES; i++) {
        const size_t used = strlen(missing);
        if ((!with_key && names[i] != SET_ACCOUNT_ID) || has(s, source, names[i]))
            continue;
        if (!text_format(missing + used, sizeof missing - used, "%s%s", used > 0 ? ", " : "", setting_name(names[i])))
            break;
    }
    if (missing[0] == '\0')
        return true;
    if (source == FROM_PROFILE && has_account_alone(s))
        return error_because(err, SSA_CONFIG, SSA_REASON_ACCOUNT_WITHOUT_KEY, where(s, source),
                             "the profile has an account, but no key yet");
    return error_because(err, SSA_CONFIG, SSA_REASON_PART_OF_BLOCK, where(s, source), "lacks %s", missing);
}

// The ids go into the assertion, and from there into messages.
static bool check_id(const struct ssa_settings *s, enum setting_source source, enum setting id, struct ssa_error *err)
{
    return api_is_id(settings_from(s, source, id)) ||
           error_set(err, SSA_CONFIG, NULL, where(s, source), "%s is not a valid id", setting_name(id));
}

static bool check_private_key(const struct ssa_settings *s, enum setting_source source, struct ssa_error *err)
{
    const char *key = settings_from(s, source, SET_PRIVATE_KEY), *name = setting_name(SET_PRIVATE_KEY);
    if (strstr(key, "-----BEGIN") != NULL)
        return error_because(err, SSA_CONFIG, SSA_REASON_KEY_AS_TEXT, where(s, source),
                             "%s holds a private key as text (PEM)", name);
    if (uri_text_is_uri(key))
        return true;
    return error_because(err, SSA_CONFIG, SSA_REASON_NO_KEY_URI, where(s, source), "%s is not a PKCS#11 URI", name);
}

bool identity_has(enum setting id)
{
    for (size_t i = 0; i < NAMES; i++)
        if (names[i] == id)
            return true;
    return false;
}

enum setting_source identity_source(const struct ssa_settings *s)
{
    enum setting_source order[SOURCE_COUNT];
    settings_order(s, order);
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        if (has_any(s, order[i]))
            return order[i];
    return FROM_NOWHERE;
}

static bool find_source(const struct ssa_settings *s, enum setting_source *source, struct ssa_error *err)
{
    *source = identity_source(s);
    if (*source != FROM_NOWHERE)
        return true;
    char folder[PATH_TEXT_MAX];
    const char *path = settings_profile_path(s);
    if (text_present(path))
        return error_because(err, SSA_CONFIG, SSA_REASON_ACCOUNT_NOT_SET, path,
                             "no account is set up: the profile names none, and neither does the environment");
    // Without these a profile that is there is not found.
    if (!path_config(folder, err))
        return false;
    return error_because(err, SSA_CONFIG, SSA_REASON_ACCOUNT_NOT_SET, NULL,
                         "no account is set up: there is no profile, and the environment names no account");
}

bool identity_read(const struct ssa_settings *s, bool with_key, struct identity *identity, struct ssa_error *err)
{
    enum setting_source source;
    if (!find_source(s, &source, err) || !check_complete(s, source, with_key, err))
        return false;
    if (!check_id(s, source, SET_ACCOUNT_ID, err) || (with_key && !check_id(s, source, SET_KEY_ID, err)))
        return false;
    if (with_key && !check_private_key(s, source, err))
        return false;
    *identity = (struct identity){.account_id = settings_from(s, source, SET_ACCOUNT_ID),
                                  .key_id = settings_from(s, source, SET_KEY_ID),
                                  .email = settings_from(s, source, SET_EMAIL),
                                  .private_key = settings_from(s, source, SET_PRIVATE_KEY),
                                  .source = source};
    return true;
}

const char *identity_shadowed_key_id(const struct ssa_settings *s)
{
    const char *used = settings_from(s, FROM_ENVIRONMENT, SET_KEY_ID),
               *other = settings_from(s, FROM_PROFILE, SET_KEY_ID);
    if (settings_profile_first(s) || !text_present(used) || !text_present(other) || strcmp(used, other) == 0)
        return NULL;
    return other;
}
