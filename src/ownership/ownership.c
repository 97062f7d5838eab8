#include "ownership/ownership.h"

#include "core/text.h"
#include "ownership/uses.h"

static bool is_anothers(struct ssa_error *err, const char *subject, const char *what)
{
    error_set(err, SSA_CONFIG, NULL, subject, "%s", what);
    return error_reason(err, SSA_REASON_ANOTHERS, NULL);
}

// The journal must say that no object had this id, and which key was imported with it. A completed operation has made
// the key for sure.
static bool is_what_came_in(const struct entry *entry, const struct key *key, struct ssa_error *err)
{
    char hash[FINGERPRINT_TEXT];
    if (!entry->id_was_free && entry->outcome != OUTCOME_DONE)
        return is_anothers(err, entry->key_uri,
                           "the journal does not say that the token had no object with this id before");
    // An incomplete object has no modulus. Entries of earlier versions have none either.
    if (key->modulus_len == 0 || (entry->modulus[0] == '\0' && entry->outcome == OUTCOME_DONE))
        return true;
    fingerprint(span_of(key->modulus, key->modulus_len), hash);
    return strcmp(hash, entry->modulus) == 0 ||
           is_anothers(err, entry->key_uri, "the token holds another key with this id");
}

bool ownership_key_may_go(const struct ssa_run *run, const struct entry *entry, const char *kid,
                          const struct key *on_token, struct ssa_error *err)
{
    const struct use use = {.run = run,
                            .entry = entry,
                            .id = kid,
                            .thing = "key",
                            .on_token = entry->operation == OP_KEY_IMPORT,
                            .by_environment = true};
    if (api_ids_have(&entry->before, kid) || strcmp(kid, entry->old_kid) == 0)
        return is_anothers(err, kid, "the account had this key before");
    return (on_token == NULL || is_what_came_in(entry, on_token, err)) && uses_none(&use, err);
}

// Times are whole seconds, and a server makes a key while the request waits: a key that appears later is somebody
// else's.
enum { GRAIN_S = 1, SERVER_TAKES_S = 10 };

bool ownership_window_has(const struct window *window, bool known, time_t made_at)
{
    return known && window->from != 0 && made_at >= window->from && made_at <= window->from + SERVER_TAKES_S &&
           (window->until == 0 || made_at <= window->until + GRAIN_S);
}

bool ownership_made_within(const struct window *window, const struct aps_key *key)
{
    const bool used = key->has_created_at && key->has_accessed_at && key->accessed_at > key->created_at + GRAIN_S;
    return !used && ownership_window_has(window, key->has_created_at, key->created_at);
}

bool ownership_account_is_unused(const struct ssa_run *run, const struct entry *entry, const char *id,
                                 struct ssa_error *err)
{
    const struct use use = {.run = run, .entry = entry, .id = id, .thing = "account", .by_environment = true};
    return uses_none(&use, err);
}

// Both times are by the server's clock.
static bool is_younger(const struct entry *entry, const struct aps_account *account, struct ssa_error *err)
{
    if (account->has_created_at && entry->account_asked != 0 && account->created_at >= entry->account_asked)
        return true;
    return is_anothers(err, account->id,
                       account->has_created_at && entry->account_asked != 0
                           ? "the account is older than the request for one"
                           : "it is not known whether the account is older than the request for one");
}

bool ownership_account_may_go(const struct ssa_run *run, struct oauth_client *client, const struct entry *entry,
                              const char *id, bool *gone, struct ssa_error *err)
{
    struct aps_account account;
    *gone = false;
    if (!ownership_account_is_unused(run, entry, id, err))
        return false;
    if (aps_account_get(client, id, &account, err))
        return is_younger(entry, &account, err);
    *gone = aps_is_gone(err);
    return *gone;
}

bool ownership_is_new(const struct ssa_run *run, const struct entry *entry, const char *thing, const char *id,
                      struct ssa_error *err)
{
    struct ssa_error why = {0};
    const struct use use = {.run = run, .entry = entry, .id = id, .thing = thing, .by_environment = true};
    if (api_ids_have(&entry->before, id)) {
        error_set(err, SSA_NETWORK, NULL, id, "the API has answered with the id of a key that the account had before");
        return error_reason(err, SSA_REASON_ANSWERED_BY_ANOTHER, NULL);
    }
    // A file that cannot be read is not a reason to stop here.
    if (uses_none(&use, &why) || why.domain == SSA_DOMAIN_ERRNO)
        return true;
    error_set(err, SSA_NETWORK, NULL, why.subject,
              "names the %s %s, but the API has answered with that id for a new one", thing, id);
    return error_reason(err, SSA_REASON_ANSWERED_BY_ANOTHER, NULL);
}
