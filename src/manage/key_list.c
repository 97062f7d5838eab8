// key list: the API's keys and those on the PKCS#11 tokens of this machine, side by side.
#include <errno.h>
#include <stdlib.h>

#include "core/callback.h"
#include "core/text.h"
#include "manage/account_reference.h"
#include "manage/admin_client.h"
#include "manage/key_list.h"
#include "manage/key_match.h"

static const char scopes[] = APS_SCOPE_KEY_READ " " APS_SCOPE_ACCOUNT_READ;

void ssa_keys_free(struct ssa_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        key_free_places(&keys->list[i]);
    free(keys->list);
    *keys = (struct ssa_keys){0};
}

static bool no_memory(struct ssa_error *err)
{
    return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the list of keys");
}

// A list under way.
struct listing {
    const struct ssa_run *run;
    const struct ssa_keys_wanted *wanted;
    struct oauth_client *client;
    struct aps_accounts *accounts;
    struct token_keys on_tokens;
    struct ssa_keys *keys;
    struct oauth_loading loading;
};

static void listing_end(struct listing *listing)
{
    oauth_client_free(listing->client);
    aps_accounts_free(&listing->accounts);
    token_keys_free(&listing->on_tokens);
    oauth_load_end(&listing->loading);
}
#define LISTING_AUTO __attribute__((cleanup(listing_end))) struct listing

static struct ssa_key *add_row(struct listing *l, const struct aps_account *account, const char *key_id,
                               struct ssa_error *err)
{
    struct ssa_keys *keys = l->keys;
    struct ssa_key *grown = reallocarray(keys->list, keys->count + 1, sizeof *grown);
    if (grown == NULL) {
        (void)no_memory(err);
        return NULL;
    }
    keys->list = grown;
    struct ssa_key *key = &keys->list[keys->count];
    *key = (struct ssa_key){.own = key_is_own(l->run, account->id, key_id)};
    if (!text_format(key->id, sizeof key->id, "%s", key_id) ||
        !text_format(key->account, sizeof key->account, "%s", account->id) ||
        !text_format(key->email, sizeof key->email, "%s", account->email)) {
        (void)error_set(err, SSA_UNEXPECTED, NULL, key_id, "the key's id or account is too long");
        return NULL;
    }
    keys->count++;
    return key;
}

static bool add_api_keys(struct listing *l, const struct aps_account *account, struct ssa_error *err)
{
    struct aps_keys found;
    if (!aps_key_list(l->client, account->id, &found, err)) {
        aps_explain_keys(l->client, account->id, false, err);
        return false;
    }
    for (size_t i = 0; i < found.count; i++) {
        const struct aps_key *from = &found.list[i];
        struct ssa_key *key = add_row(l, account, from->kid, err);
        if (key == NULL)
            return false;
        key->at_api = true;
        memcpy(key->status, from->status, sizeof key->status);
        key->created = (struct ssa_time){from->has_created_at, (long long)from->created_at};
        key->accessed = (struct ssa_time){from->has_accessed_at, (long long)from->accessed_at};
    }
    return true;
}

static bool match(struct listing *l, struct ssa_key *key, struct ssa_error *err)
{
    if (!key_match(key, &l->on_tokens))
        return no_memory(err);
    if (key->conflict)
        tell_reason(&l->run->callbacks, SSA_WARNING, SSA_REASON_KEYS_DIFFER, key->id,
                    "tokens hold different keys under the id %s", key->id);
    return true;
}

// Tokens may have the account's email, which the settings may not have.
static bool learn_email(struct listing *l, struct aps_account *account, struct ssa_error *err)
{
    bool needed = false;
    char id[API_ID_MAX];
    for (size_t i = 0; i < l->on_tokens.count; i++)
        needed = needed || token_key_is_alone(&l->on_tokens.list[i]);
    if (!needed || account->email[0] != '\0')
        return true;
    memcpy(id, account->id, sizeof id);
    return aps_account_get(l->client, id, account, err);
}

static bool add_token_keys(struct listing *l, const struct aps_account *account, struct ssa_error *err)
{
    for (size_t i = 0; i < l->on_tokens.count; i++) {
        const struct token_key *found = &l->on_tokens.list[i];
        if (!token_key_is_alone(found) || !token_key_is_of(found, account))
            continue;
        struct ssa_key *key = add_row(l, account, found->kid, err);
        if (key == NULL || !match(l, key, err))
            return false;
    }
    return true;
}

static bool find_accounts(struct listing *l, const struct account_reference *reference, struct ssa_error *err)
{
    if (l->wanted->all)
        return aps_accounts_new(l->client, &l->accounts, err);
    l->accounts = calloc(1, sizeof *l->accounts);
    if (l->accounts == NULL)
        return no_memory(err);
    l->accounts->count = 1;
    return account_find(l->client, reference, &l->accounts->list[0], err);
}

// Where one account is not enabled, the others are listed all the same.
static bool may_leave_out(const struct listing *l, const struct aps_account *account, const struct ssa_error *why)
{
    return l->wanted->all && why->code == SSA_REFUSED && strcmp(account->status, APS_ENABLED) != 0;
}

static bool list_at_api(struct listing *l, struct ssa_error *err)
{
    struct aps_accounts *accounts = l->accounts;
    for (size_t i = 0; i < accounts->count; i++) {
        struct aps_account *account = &accounts->list[i];
        if (accounts->count > 1)
            tell(&l->run->callbacks, SSA_PROGRESS, "account %zu of %zu", i + 1, accounts->count);
        if (add_api_keys(l, account, err))
            continue;
        if (!may_leave_out(l, account, err))
            return false;
        tell(&l->run->callbacks, SSA_WARNING, "the keys of account %s, which is %s, are left out: %s", account->id,
             account->status, err->what);
        // It is not known whether the API has a token's key of this account. So the account is taken off the list.
        *account = (struct aps_account){0};
    }
    return true;
}

static bool list_on_tokens(struct listing *l, struct ssa_error *err)
{
    for (size_t i = 0; i < l->keys->count; i++)
        if (!match(l, &l->keys->list[i], err))
            return false;
    for (size_t i = 0; i < l->accounts->count; i++) {
        struct aps_account *account = &l->accounts->list[i];
        if (account->id[0] == '\0')
            continue;
        if (!learn_email(l, account, err) || !add_token_keys(l, account, err))
            return false;
    }
    return true;
}

static bool list(struct listing *l, struct ssa_error *err)
{
    const struct ssa_keys_wanted *wanted = l->wanted;
    struct account_reference reference = {0};
    CLIENT_SECRET_AUTO secret = {0};
    if (wanted->all && wanted->account != NULL)
        return error_set(err, SSA_USAGE, NULL, NULL, "either all accounts or one account can be listed, not both");
    if (!wanted->all && !account_choose(l->run, wanted->account, &reference, err))
        return false;
    oauth_load_begin(&l->loading);
    // The tokens come first: the API is not asked for somebody who stops while a module hangs.
    if (!token_keys_look(l->run, &l->on_tokens, err))
        return false;
    if (wanted->login && !token_keys_login(l->run, &l->on_tokens, &secret, err))
        return false;
    const enum other_token other = wanted->login ? OTHER_TOKEN_OPEN : OTHER_TOKEN_NONE;
    if (!client_secret_read(l->run, &secret, other, NULL, err))
        return false;
    if (!admin_client_open_with(l->run, scopes, &secret, &l->client, err))
        return false;
    if (!find_accounts(l, &reference, err))
        return false;
    return list_at_api(l, err) && list_on_tokens(l, err);
}

// Whether a key was not found on any token. It may be on one of a module that could not be looked at.
static bool misses(const struct ssa_keys *keys, const char *key_id)
{
    bool there = false;
    for (size_t i = 0; i < keys->count; i++) {
        const bool meant = key_id == NULL || strcmp(keys->list[i].id, key_id) == 0;
        there = there || meant;
        if (meant && keys->list[i].place_count == 0)
            return true;
    }
    return !there;
}

bool key_list_about(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, const char *key_id,
                    struct ssa_keys *keys, struct ssa_error *err)
{
    LISTING_AUTO listing = {.run = run, .wanted = wanted, .keys = keys};
    *keys = (struct ssa_keys){0};
    const bool done = list(&listing, err);
    token_keys_tell_failures(run, &listing.on_tokens, !done || misses(keys, key_id) ? SSA_NOTICE : SSA_DETAIL);
    if (!done)
        ssa_keys_free(keys);
    return done;
}

bool ssa_key_list(const struct ssa_run *run, const struct ssa_keys_wanted *wanted, struct ssa_keys *keys,
                  struct ssa_error *err)
{
    return key_list_about(run, wanted, NULL, keys, ERROR_OR_IGNORED(err));
}
