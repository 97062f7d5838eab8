// The API's lists of accounts and keys. A list is believed only where it has everything that profiles here name.
#pragma once

#include "aps/aps.h"
#include "journal/entry.h"

// Whether the API's list of an account's keys has those that profiles of this client id and server name. Where the list
// from before is given, only its keys count. Fails with SSA_CONFIG.
bool believed_keys(const struct ssa_run *run, const char *account, const struct api_ids *before,
                   const struct aps_keys *keys, struct ssa_error *err) MUST_CHECK;

// The same for the list of accounts. The profile that the operation was to replace may name an account that is gone.
bool believed_accounts(const struct ssa_run *run, const struct entry *entry, const struct aps_accounts *accounts,
                       struct ssa_error *err) MUST_CHECK;

// Asks for the account's keys, and gives those that are not in the list from before. Fails also where the list is not
// believed.
bool believed_keys_since(struct oauth_client *client, const struct ssa_run *run, const char *account,
                         const struct api_ids *before, struct aps_keys *fresh, struct ssa_error *err) MUST_CHECK;
