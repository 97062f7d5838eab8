// Whether an operation made something, and whether that may go again: the one judgement for whoever undoes,
// at once or in a recovery.
#pragma once

#include "aps/aps.h"
#include "hsm/key/key.h"
#include "journal/entry.h"

// Whether the key may be deleted at the API (on_token NULL), or what was found of it on the token destroyed:
// what was there before the operation is not its own, and what something on this host names is in use. Fails
// with SSA_CONFIG; the reason is SSA_REASON_ANOTHERS for what is another's.
bool ownership_key_may_go(const struct ssa_run *run, const struct entry *entry, const char *kid,
                          const struct key *on_token, struct ssa_error *err) MUST_CHECK;

// The same of an account that the API's answer named: the API is asked when it was made. *gone: there is
// none.
bool ownership_account_may_go(const struct ssa_run *run, struct oauth_client *client, const struct entry *entry,
                              const char *id, bool *gone, struct ssa_error *err) MUST_CHECK;

// Whether something made at that time can be what was asked for: not before, not after the answer was given
// up, and no later than a server takes.
bool ownership_window_has(const struct window *window, bool known, time_t made_at);

// Whether a key can have been made in that time, and nobody has its private half: one that was used since it
// was made is somebody's.
bool ownership_made_within(const struct window *window, const struct aps_key *key);

// Whether nothing on this host names the account.
bool ownership_account_is_unused(const struct ssa_run *run, const struct entry *entry, const char *id,
                                 struct ssa_error *err) MUST_CHECK;

// What the API has just made cannot have been there: fails with SSA_NETWORK where the id that it told is one
// of before, or something on this host names it.
bool ownership_is_new(const struct ssa_run *run, const struct entry *entry, const char *thing, const char *id,
                      struct ssa_error *err) MUST_CHECK;
