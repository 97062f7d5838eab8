// What the agent's signer has of the settings: all but the client secret. A client secret that is on a PKCS#11 token is
// read by the signer, so a URI stays.
#pragma once

#include "config/settings.h"

// The environment for a signer.
struct signer_environment {
    char **list; // ends with NULL
    struct secret text;
};

// Makes it of the one that the settings were read from. What was moved to locked memory there, a PIN perhaps, is put
// back. The settings, and the variables that they were read from, must live as long.
bool signer_environment_new(const struct ssa_settings *s, struct signer_environment *e,
                            struct ssa_error *err) MUST_CHECK;
void signer_environment_free(struct signer_environment *e);

// Wipes the client secret in the settings and in the environment that they were read from, and all of the profiles'
// text that is no value. For settings without options, whose values are not theirs.
bool settings_drop_client_secret(struct ssa_settings *s, struct ssa_error *err) MUST_CHECK;
