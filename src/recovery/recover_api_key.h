// The recovery of a key that an operation asked the API for. It is found among the account's keys, and deleted where
// the operation has made it.
#pragma once

#include "recovery/recovery.h"

// The account's keys that were not there before the operation. The operation's own process does not ask where it had
// the answer, since a new account has no other key. *gone: the API has no such account.
bool api_key_list_fresh(struct recovery *r, const struct entry *entry, struct aps_keys *fresh, bool *gone,
                        struct ssa_error *err) MUST_CHECK;

// Asks once more whether the API has the entry's key. Fails where it has: one list without the key is not enough.
bool api_key_confirm_missing(const struct recovery *r, const struct entry *entry, struct ssa_error *err) MUST_CHECK;

// Finds the operation's key among the fresh ones and writes its id into the entry, which may have it already from the
// answer. *found: whether it is one of them. Asks a person where it may be one of several. Fails where it is not known
// which one it is.
bool api_key_choose(const struct recovery *r, struct entry *entry, const struct aps_keys *fresh, bool *found,
                    struct ssa_error *err) MUST_CHECK;

// Deletes the entry's key, where it may be deleted. *unknown: the API had answered with this id, but has no such key.
bool api_key_drop(const struct recovery *r, struct journal *j, bool *unknown, struct ssa_error *err) MUST_CHECK;
