// Whether an operation made something, and whether that may be deleted again. A failed operation that undoes itself,
// and a recovery, both decide by this.
#pragma once

#include "aps/aps.h"
#include "hsm/key/key.h"
#include "journal/entry.h"

// Something that may be deleted, unless something on this host still names it and so may need it.
struct use {
    const struct ssa_run *run;
    const struct entry *entry; // the operation's profile is also read, its draft is not
    const char *id;            // of a key or an account
    const char *thing;         // "key"
    bool on_token;             // of a key on a PKCS#11 token: a profile that has the key as PEM does not need that
    bool by_environment;       // the environment's names count, too
};

// Whether nothing names the id: no file that may be a profile (in KEY_ID, in the key's URI or in any other way), and
// not the environment. Fails with SSA_CONFIG where something names it, or where a file cannot be read: that file may
// name it.
bool uses_none(const struct use *use, struct ssa_error *err) MUST_CHECK;

// Whether the key may be deleted at the API (on_token is NULL), or destroyed on the PKCS#11 token (on_token was found
// there). A key that was there before the operation is not its own, and a key that something on this host names is in
// use. Fails with SSA_CONFIG; for a key that is not its own, the reason is SSA_REASON_ANOTHERS.
bool ownership_key_may_go(const struct ssa_run *run, const struct entry *entry, const char *kid,
                          const struct key *on_token, struct ssa_error *err) MUST_CHECK;

// The same for an account whose id the API answered. The API is asked when it was made. *gone: there is no such
// account.
bool ownership_account_may_go(const struct ssa_run *run, struct oauth_client *client, const struct entry *entry,
                              const char *id, bool *gone, struct ssa_error *err) MUST_CHECK;

// Whether something made at that time can be what the operation asked for: it was not made before the request, nor
// after the wait for the answer, nor later than a server needs.
bool ownership_window_has(const struct window *window, bool known, time_t made_at);

// Whether a key can have been made in that time, and nobody has its private half: a key that was used since then is in
// somebody's hands.
bool ownership_made_within(const struct window *window, const struct aps_key *key);

// Whether nothing on this host names the account.
bool ownership_account_is_unused(const struct ssa_run *run, const struct entry *entry, const char *id,
                                 struct ssa_error *err) MUST_CHECK;

// Whether the id that the API answered can be new. Fails with SSA_NETWORK where the account had this key before, or
// something on this host names the id.
bool ownership_is_new(const struct ssa_run *run, const struct entry *entry, const char *thing, const char *id,
                      struct ssa_error *err) MUST_CHECK;

// The API's lists are believed only where they have everything that profiles here name.
//
// Whether the list of an account's keys has those that profiles of this client id and server name. Where the list from
// before is given, only its keys count. Fails with SSA_CONFIG.
bool believed_keys(const struct ssa_run *run, const char *account, const struct api_ids *before,
                   const struct aps_keys *keys, struct ssa_error *err) MUST_CHECK;

// The same for the list of accounts. The profile that the operation was to replace may name an account that is gone.
bool believed_accounts(const struct ssa_run *run, const struct entry *entry, const struct aps_accounts *accounts,
                       struct ssa_error *err) MUST_CHECK;

// Asks for the account's keys, and gives those that are not in the list from before. Fails also where the list is not
// believed.
bool believed_keys_since(struct oauth_client *client, const struct ssa_run *run, const char *account,
                         const struct api_ids *before, struct aps_keys *fresh, struct ssa_error *err) MUST_CHECK;
