#include "config/setting_names.h"

#include <string.h>

#include "core/api.h"

static const struct {
    const char *name;
    bool secret; // copied to locked memory, and overwritten where it stood
} table[SETTING_COUNT] = {
    [SET_CLIENT_ID] = {"APS_CLIENT_ID", false},
    [SET_CLIENT_SECRET] = {"APS_SECRET_ID", true},
    [SET_ACCOUNT_ID] = {"SERVICE_ACCOUNT_ID", false},
    [SET_KEY_ID] = {"KEY_ID", false},
    [SET_EMAIL] = {"SSA_EMAIL", false},
    // It is a URI, but old blocks have a PEM here.
    [SET_PRIVATE_KEY] = {"PRIVATE_KEY", true},
    [SET_MODULE] = {"SSA_HSM_MODULE", false},
    [SET_TOKEN] = {"SSA_HSM_TOKEN", false},
    [SET_PIN_SOURCE] = {"SSA_HSM_PIN_SOURCE", false},
    [SET_SO_PIN_SOURCE] = {"SSA_HSM_SO_PIN_SOURCE", false},
    [SET_SCOPE] = {"SSA_HSM_SCOPE", false},
    [SET_PROFILE] = {"SSA_HSM_PROFILE", false},
    [SET_BASE_URL] = {"SSA_HSM_BASE_URL", false},
    [SET_AUDIENCE] = {"SSA_HSM_AUDIENCE", false},
    [SET_CACERT] = {"SSA_HSM_CACERT", false},
    [SET_CAPATH] = {"SSA_HSM_CAPATH", false},
    [SET_AUDIT] = {"SSA_HSM_AUDIT", false},
    [SET_AGENT] = {"SSA_HSM_AGENT", false},
    [SET_AGENT_CERT] = {"SSA_HSM_AGENT_CERT", false},
    [SET_AGENT_KEY] = {"SSA_HSM_AGENT_KEY", false},
    [SET_AGENT_CACERT] = {"SSA_HSM_AGENT_CACERT", false},
    [SET_SECRET_ALIAS] = {"APS_CLIENT_SECRET", true},
};

static const char *const defaults[SETTING_COUNT] = {
    [SET_SCOPE] = APS_SCOPE_DEFAULT, [SET_BASE_URL] = APS_BASE_URL, [SET_AUDIENCE] = APS_AUDIENCE};

const char *setting_name(enum setting id)
{
    return table[id].name;
}

enum setting setting_find(const char *name, size_t len)
{
    for (enum setting id = 0; id < SETTING_COUNT; id++)
        if (strlen(table[id].name) == len && memcmp(table[id].name, name, len) == 0)
            return id;
    return SETTING_COUNT;
}

const char *setting_default(enum setting id)
{
    return defaults[id];
}

bool setting_is_secret(enum setting id)
{
    return table[id].secret;
}
