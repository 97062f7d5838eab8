// The client secret on a PKCS#11 token.
#pragma once

#include "program/ending.h"
#include "ssa-hsm/signer.h"

struct ssa_secret {
    const char *label; // of the data object; NULL means "APS client secret CLIENT_ID"
    bool replace;      // an object of that label with another secret is destroyed after the new one was checked
    bool keep_profile; // changes no profile
};

struct ssa_secret_stored {
    struct ssa_text uri;            // of the object: pkcs11:…;type=data…
    struct ssa_text line;           // the setting that refers to it: APS_SECRET_ID="URI"
    char profile[512];              // the profile that has the line now; empty where none was changed
    bool was_literal;               // that profile had the secret itself, which was overwritten on the disk
    struct ssa_error profile_error; // why the profile could not be changed, although the secret is stored
};
void ssa_secret_stored_free(struct ssa_secret_stored *stored);

// Stores the client secret as a private data object on the PKCS#11 token that SSA_HSM_TOKEN, else PRIVATE_KEY, names.
// Then reads it back to compare. The secret comes from the settings, or a person is asked. If it comes from the profile
// in use, or from a person while that profile has none, the profile then refers to the object. It is replaced
// atomically, and keeps everything else that is in it. If an object of that label has another secret, the call fails
// (SSA_CONFIG), unless replace is set. An earlier call that was interrupted is first completed or undone. Fails with
// SSA_TOKEN if the PKCS#11 token fails or takes no such object, and nothing was written. Ends with SSA_END_LEFT if
// something is left, or may be; ssa_recover then completes or undoes it.
bool ssa_secret_import(const struct ssa_run *run, const struct ssa_secret *wanted, struct ssa_secret_stored *stored,
                       struct ssa_ending *ending, struct ssa_error *err);

// Destroys the data object that APS_SECRET_ID names, if yes is set or the person confirms. Fails with SSA_KEY_MISSING
// if the PKCS#11 token does not hold it. Ends with SSA_END_LEFT if the object may still be there.
bool ssa_secret_remove(const struct ssa_run *run, bool yes, struct ssa_ending *ending, struct ssa_error *err);
