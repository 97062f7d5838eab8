// PKCS#11 tokens.
#pragma once

#include "ssa-hsm/settings.h"

// One line of a listing.
struct ssa_listing {
    unsigned depth;     // 0 for a module, 1 for a PKCS#11 token, 2 for a key
    const char *uri;    // ready to paste; for a module its path
    const char *label;  // the description of a module; the label of a PKCS#11 token or key
    const char *detail; // further facts, or the cause of the failure
    const char *unfit;  // of a PKCS#11 token: why no new key can go there now; NULL if nothing is known against it
    bool failed;
};

// Shows every configured module, or the one that the settings name, and its PKCS#11 tokens. With login, also shows the
// keys on the PKCS#11 token that SSA_HSM_TOKEN names. If none is named, there must be only one.
bool ssa_hsm_list(const struct ssa_run *run, bool login, void (*show)(void *context, const struct ssa_listing *line),
                  void *context, struct ssa_error *err);
