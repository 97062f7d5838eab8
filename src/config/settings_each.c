// Each setting, its value as it can be shown, and where that comes from.
#include <stdio.h>
#include <stdlib.h>

#include "config/identity.h"
#include "config/profiles.h"
#include "config/reference.h"
#include "config/settings_own.h"
#include "core/text.h"
#include "hsm/uri/uri.h"

// Variables of other programs, which libcurl and OpenSSL read. The first ones are addresses.
static const char *const foreign[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",     "ALL_PROXY",
                                      "no_proxy",    "NO_PROXY",    "SSL_CERT_FILE", "SSL_CERT_DIR"};

enum { PROXIES = 4 };

// What stands before the last "@" of an address may be a user and a password, also where a password is written wrongly.
static void without_user(const char *address, char out[static URI_TEXT_MAX])
{
    const char *at = strrchr(address, '@'), *scheme = strstr(address, "://");
    const int before = at != NULL && scheme != NULL && scheme < at ? (int)(scheme + 3 - address) : 0;
    char *joined = NULL;
    if (at != NULL && asprintf(&joined, "%.*s***%s", before, address, at) < 0)
        joined = NULL;
    text_harmless(out, URI_TEXT_MAX, at == NULL ? span_text(address) : span_text(joined != NULL ? joined : "***"));
    free(joined);
}

// Whether the URI contains a PIN, or may do so.
static bool has_pin(const char *text)
{
    char *tidy = NULL;
    URI_AUTO *uri = NULL;
    if (!uri_text_tidy(text, &tidy))
        return true;
    const bool named = strcasestr(tidy, "pin-value") != NULL, referred = strcasestr(tidy, "pin-source") != NULL;
    free(tidy);
    if (named || !referred)
        return named;
    if (!uri_parse(text, &uri, ERROR_IGNORED))
        return true;
    const char *source = uri_pin_source(uri);
    return source != NULL && source[0] != '/' && reference_kind(source) == REFERENCE_NONE;
}

static bool is_hidden(enum setting id, const char *value)
{
    if (uri_text_is_uri(value))
        return has_pin(value);
    switch (id) {
    case SET_CLIENT_SECRET:
    case SET_SECRET_ALIAS:
    case SET_PIN_SOURCE:
    case SET_SO_PIN_SOURCE:
        // Where a reference must be, there may be the secret itself.
        return reference_kind(value) == REFERENCE_NONE;
    case SET_PRIVATE_KEY:
        return true;
    default:
        return false;
    }
}

static bool is_address(enum setting id)
{
    return id == SET_BASE_URL || id == SET_AUDIENCE;
}

static const enum ssa_source shown_source[SOURCE_COUNT] = {
    [FROM_OPTION] = SSA_FROM_OPTION, [FROM_ENVIRONMENT] = SSA_FROM_ENVIRONMENT, [FROM_PROFILE] = SSA_FROM_PROFILE};

static struct ssa_origin origin_of(const struct ssa_settings *s, enum setting_source source, enum setting id)
{
    struct ssa_origin origin = {.source = shown_source[source], .name = setting_name(id)};
    if (source == FROM_PROFILE) {
        origin.path = settings_profile_path(s);
        origin.line = settings_profile_line(s, id);
    }
    return origin;
}

// One setting, while its sources are looked at in their order.
struct looking {
    const struct ssa_settings *settings;
    struct ssa_setting setting;
    enum setting id;
    char text[URI_TEXT_MAX];
};

static void take(struct looking *l, enum setting id, const char *value, struct ssa_origin origin)
{
    l->setting.origin = origin;
    l->setting.hidden = is_hidden(id, value);
    if (l->setting.hidden)
        return;
    if (is_address(id))
        without_user(value, l->text);
    else
        text_harmless(l->text, sizeof l->text, span_text(value));
    l->setting.value = l->text;
}

static void look_at(struct looking *l, enum setting_source source, enum setting id, bool counts)
{
    const char *value = settings_from(l->settings, source, id);
    struct ssa_setting *setting = &l->setting;
    if (!text_present(value))
        return;
    if (counts && setting->origin.source == SSA_FROM_NOWHERE)
        take(l, id, value, origin_of(l->settings, source, id));
    else if (setting->passed_over_count < SSA_PASSED_OVER_MAX)
        setting->passed_over[setting->passed_over_count++] = origin_of(l->settings, source, id);
}

static void look(struct looking *l)
{
    enum setting_source order[SOURCE_COUNT];
    const enum setting_source of_account = identity_source(l->settings);
    settings_order(l->settings, order);
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        look_at(l, order[i], l->id, !l->setting.of_account || order[i] == of_account);
        if (l->id == SET_CLIENT_SECRET)
            look_at(l, order[i], SET_SECRET_ALIAS, true);
    }
    const char *otherwise = setting_default(l->id);
    if (l->setting.origin.source == SSA_FROM_NOWHERE && otherwise != NULL)
        take(l, l->id, otherwise, (struct ssa_origin){.source = SSA_FROM_DEFAULT});
}

// Profiles are not settings like others: which ones are read was decided before, and a profile cannot name another.
static void look_at_profiles(struct looking *l)
{
    const char *variable = settings_from(l->settings, FROM_ENVIRONMENT, SET_PROFILE);
    const bool by_variable = text_present(variable), by_option = settings_profile_first(l->settings);
    const struct ssa_origin environment = {.source = SSA_FROM_ENVIRONMENT, .name = setting_name(SET_PROFILE)};
    const char *value = by_option || !by_variable ? settings_profile_name(l->settings) : variable;
    struct ssa_origin origin = {.source = by_option ? SSA_FROM_OPTION : SSA_FROM_DEFAULT};
    if (value[0] == '\0')
        return;
    if (by_option && by_variable)
        l->setting.passed_over[l->setting.passed_over_count++] = environment;
    take(l, SET_PROFILE, value, by_variable && !by_option ? environment : origin);
}

static void show_foreign(void (*show)(void *context, const struct ssa_setting *setting), void *context)
{
    char text[URI_TEXT_MAX];
    for (size_t i = 0; i < COUNT(foreign); i++) {
        const char *value = getenv(foreign[i]);
        if (!text_present(value))
            continue;
        if (i < PROXIES)
            without_user(value, text);
        else
            text_harmless(text, sizeof text, span_text(value));
        const struct ssa_setting setting = {
            .name = foreign[i], .value = text, .origin = {.source = SSA_FROM_ENVIRONMENT, .name = foreign[i]}};
        show(context, &setting);
    }
}

void ssa_settings_each(const struct ssa_settings *s, void (*show)(void *context, const struct ssa_setting *setting),
                       void *context)
{
    for (enum setting id = 0; id < SETTING_COUNT; id++) {
        struct looking l = {.settings = s, .id = id};
        // It is another name of the client secret, and is shown there.
        if (id == SET_SECRET_ALIAS)
            continue;
        l.setting.name = setting_name(id);
        l.setting.of_account = identity_has(id);
        if (id == SET_PROFILE)
            look_at_profiles(&l);
        else
            look(&l);
        show(context, &l.setting);
    }
    show_foreign(show, context);
}

// They are no settings: programs of ours, which are read where these are started, and the agent's process.
static const char *const other_variables[] = {"SSA_HSM_HOST", "SSA_HSM_SIGNER", "SSA_HSM_AGENT_PID"};

static bool is_read_elsewhere(const char *name)
{
    for (size_t i = 0; i < COUNT(other_variables); i++)
        if (strcmp(name, other_variables[i]) == 0)
            return true;
    return false;
}

static const char *nearest_setting(const char *name)
{
    const char *names[SETTING_COUNT];
    for (enum setting id = 0; id < SETTING_COUNT; id++)
        names[id] = setting_name(id);
    return text_nearest(name, names, SETTING_COUNT);
}

typedef void show_unknown(void *context, const struct ssa_origin *origin, const char *near);

static void show_variable(const char *entry, show_unknown *show, void *context)
{
    const size_t len = strcspn(entry, "=");
    char name[URI_TEXT_MAX];
    if (strncmp(entry, OWN_PREFIX, strlen(OWN_PREFIX)) != 0 || setting_find(entry, len) != SETTING_COUNT)
        return;
    text_harmless(name, sizeof name, span_of(entry, len));
    const struct ssa_origin origin = {.source = SSA_FROM_ENVIRONMENT, .name = name};
    if (!is_read_elsewhere(name))
        show(context, &origin, nearest_setting(name));
}

void ssa_settings_unknown(const struct ssa_settings *s, show_unknown *show, void *context)
{
    for (char **entry = s->entries; entry != NULL && *entry != NULL; entry++)
        show_variable(*entry, show, context);
    if (s->current >= s->profile_count)
        return;
    const struct profile_read *profile = &s->profiles[s->current];
    for (size_t i = 0; i < profile->unknown_count; i++) {
        // The profile's reader takes letters, digits, dots, dashes and underscores for a name.
        const struct ssa_origin origin = {.source = SSA_FROM_PROFILE,
                                          .name = profile->unknown[i].name,
                                          .path = profile->path,
                                          .line = profile->unknown[i].line};
        show(context, &origin, nearest_setting(origin.name));
    }
}
