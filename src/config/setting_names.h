// The settings, and their names in environment and profile.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum setting {
    SET_CLIENT_ID,
    SET_CLIENT_SECRET,
    SET_ACCOUNT_ID,
    SET_KEY_ID,
    SET_EMAIL,
    SET_PRIVATE_KEY,
    SET_MODULE,
    SET_TOKEN,
    SET_PIN_SOURCE,
    SET_SO_PIN_SOURCE,
    SET_SCOPE,
    SET_PROFILE,
    SET_BASE_URL,
    SET_AUDIENCE,
    SET_CACERT,
    SET_CAPATH,
    SET_AUDIT,
    SET_AGENT,
    SET_AGENT_CERT,
    SET_AGENT_KEY,
    SET_AGENT_CACERT,
    SET_SECRET_ALIAS, // the name that other APS tools use for the client secret: read where APS_SECRET_ID is not set
    SETTING_COUNT
};

// The name of a setting in environment and profile.
const char *setting_name(enum setting id);

// The setting with this name; SETTING_COUNT where there is none.
enum setting setting_find(const char *name, size_t len);

// The value that counts where no source has one; NULL for none.
const char *setting_default(enum setting id);

// Whether the value may be a secret, so that it is moved out of the environment.
bool setting_is_secret(enum setting id);
