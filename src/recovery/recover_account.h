// An account that an operation asked the API for: found by its name or id, and deleted where it is ours.
#pragma once

#include "recovery/recovery.h"

// Settles an operation that asked for an account whose id is not known. It is found by its name, and deleted
// only if it was made while the operation waited for it and has no keys.
bool account_settle_asked(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;

// Deletes the entry's account with the key that the operation made, where both may go and nobody else has a
// key there. fresh are the account's keys. Where it must stay, its key goes alone.
bool account_undo(struct recovery *r, struct journal *j, const struct aps_keys *fresh,
                  struct ssa_error *err) MUST_CHECK;
