// The profile that the client secret comes from: once the secret is on the PKCS#11 token, the profile refers to it.
#pragma once

#include "config/old_file.h"
#include "config/profile_write.h"
#include "journal/journal.h"

// Its descriptors are -1 before.
struct secret_profile {
    const struct ssa_run *run;
    bool edits;   // there is a profile to be edited
    bool literal; // it has the secret itself
    struct profile_target target;
    struct old_file before; // as it was; held open so that its text can be overwritten
};
void secret_profile_end(struct secret_profile *profile);

// Chooses the profile in use, where the client secret comes from it, or from a person while the profile has none. Says
// why where that profile is not the user's own to change.
bool secret_profile_choose(struct secret_profile *profile, const struct ssa_run *run, struct ssa_error *err) MUST_CHECK;

// Leaves it alone where it has this reference already.
void secret_profile_refers(struct secret_profile *profile, const char *uri);

// Makes the new profile's draft, which the journal's entry has before: so a full disk is found before the token is
// used. Fails with SSA_CONFIG.
bool secret_profile_reserve(struct secret_profile *profile, struct journal *j, struct ssa_error *err) MUST_CHECK;

// Replaces the client secret in the profile by this line, and keeps everything else in it. Then overwrites what was
// there. Fails with SSA_CONFIG, also where the profile has another client secret by now: it is left as it is then.
bool secret_profile_write(struct secret_profile *profile, const char *line, struct ssa_error *err) MUST_CHECK;
