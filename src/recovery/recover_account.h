// The recovery of an account that an operation asked the API for. It is found by its name or id, and deleted where the
// operation has made it.
#pragma once

#include "recovery/recovery.h"

// Settles an operation that asked for an account whose id is not known. The account is found by its name, and deleted
// only if it was made while the operation waited for it, and has no keys.
bool account_settle_asked(struct recovery *r, struct journal *j, struct ssa_error *err) MUST_CHECK;

// Deletes the entry's account with the operation's key, where both may be deleted and the account has no other key.
// fresh are the account's keys. Where the account must stay, only the key is deleted.
bool account_undo(struct recovery *r, struct journal *j, const struct aps_keys *fresh,
                  struct ssa_error *err) MUST_CHECK;
