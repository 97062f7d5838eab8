// Writing the profile at the end of a provisioning.
#pragma once

#include "manage/provision.h"

// Writes the profile with this block (NULL: opened_block's), fills *created and ends the journal's entry. A rotation's
// entry stays open, since the old key is still there. A failure before the profile is in place is undone.
bool provision_profile(struct provision *p, const struct profile_block *block, struct ssa_created *created,
                       struct ssa_error *err) MUST_CHECK;
