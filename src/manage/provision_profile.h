// The profile of what a provisioning has made.
#pragma once

#include "manage/provision.h"

// Writes the profile, fills *created and ends the journal's entry; a rotation's stays open, since its old key
// is there. What fails before the profile is in place is undone.
bool provision_profile(struct provision *p, const struct profile_block *block, struct ssa_created *created,
                       struct ssa_error *err) MUST_CHECK;
