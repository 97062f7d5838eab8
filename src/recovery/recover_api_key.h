// A key that an operation asked the API for: found among the account's keys, and deleted where it is ours.
#pragma once

#include "recovery/recovery.h"

// The account's keys that were not there before the operation. The operation's own process need not ask where
// the answer told it: a new account has no other key. *gone: the API has no such account.
bool api_key_list_fresh(struct recovery *r, const struct entry *entry, struct aps_keys *fresh, bool *gone,
                        struct ssa_error *err) MUST_CHECK;

// Whether the API has the entry's key no more: that is not believed on one list. Fails where it has.
bool api_key_confirm_missing(const struct recovery *r, const struct entry *entry, struct ssa_error *err) MUST_CHECK;

// Puts into the entry the id of the key that the operation made, where the fresh ones tell it; else it stays
// empty, or what the answer had told. *found: whether it is one of them. A person is asked where several may
// be it. Fails where it cannot be told.
bool api_key_choose(const struct recovery *r, struct entry *entry, const struct aps_keys *fresh, bool *found,
                    struct ssa_error *err) MUST_CHECK;

// Deletes the entry's key, where it may go. *unknown: the answer had told this id, and the API has no such
// key.
bool api_key_drop(const struct recovery *r, struct journal *j, bool *unknown, struct ssa_error *err) MUST_CHECK;
