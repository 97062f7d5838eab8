// The API's fake.
#include "recovery/fakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "signer/client_secret.h"

enum { NOT_FOUND = 404 };

char fake_asked[1024];
struct fake_api fake_api;

void fake_note(const char *what, const char *subject)
{
    const size_t used = strlen(fake_asked);
    (void)snprintf(fake_asked + used, sizeof fake_asked - used, "%s%s%s%s", used > 0 ? ", " : "", what,
                   subject[0] != '\0' ? " " : "", subject);
}

struct oauth_client *fake_client(void)
{
    static char handle;
    return (struct oauth_client *)&handle;
}

void fake_add_account(const char *id, const char *email, time_t made)
{
    struct aps_account *account = &fake_api.accounts.list[fake_api.accounts.count++];
    (void)text_format(account->id, sizeof account->id, "%s", id);
    (void)text_format(account->email, sizeof account->email, "%s", email);
    account->has_created_at = true;
    account->created_at = made;
}

void fake_add_key(const char *kid, time_t made, time_t used)
{
    struct aps_key *key = &fake_api.keys.list[fake_api.keys.count++];
    (void)text_format(key->kid, sizeof key->kid, "%s", kid);
    key->has_created_at = true;
    key->created_at = made;
    key->has_accessed_at = used != 0;
    key->accessed_at = used;
}

static bool fails(struct ssa_error *err, unsigned long number)
{
    error_set(err, SSA_NETWORK, NULL, NULL, "the API fails");
    return error_number(err, SSA_DOMAIN_HTTP, number);
}

bool api_client_open(const struct ssa_run *run, const struct client_secret *secret, struct oauth_client **client,
                     struct ssa_error *err)
{
    (void)run;
    (void)secret;
    (void)err;
    *client = fake_client();
    return true;
}

void oauth_client_free(struct oauth_client *client)
{
    (void)client;
}

void oauth_client_undoing(struct oauth_client *client)
{
    (void)client;
}

bool aps_is_gone(const struct ssa_error *err)
{
    return err->number == NOT_FOUND;
}

bool aps_admin(struct oauth_client *client, const char *scopes, struct ssa_error *err)
{
    (void)client;
    (void)scopes;
    (void)err;
    fake_note("admin", "");
    return true;
}

bool aps_accounts_new(struct oauth_client *client, struct aps_accounts **accounts, struct ssa_error *err)
{
    (void)client;
    fake_note("accounts", "");
    *accounts = malloc(sizeof **accounts);
    if (*accounts == NULL)
        return fails(err, 0);
    **accounts = fake_api.accounts;
    return !fake_api.no_lists || fails(err, 0);
}

bool aps_account_get(struct oauth_client *client, const char *id, struct aps_account *account, struct ssa_error *err)
{
    (void)client;
    fake_note("get-account", id);
    for (size_t i = 0; i < fake_api.accounts.count; i++)
        if (strcmp(fake_api.accounts.list[i].id, id) == 0) {
            *account = fake_api.accounts.list[i];
            return true;
        }
    return fails(err, NOT_FOUND);
}

static bool deletes(const char *what, const char *id, struct ssa_error *err)
{
    fake_note(what, id);
    if (fake_api.kept != NULL && strcmp(fake_api.kept, id) == 0)
        return fails(err, NOT_FOUND);
    return !fake_api.no_deletions || fails(err, 0);
}

bool aps_account_delete(struct oauth_client *client, const char *id, struct ssa_error *err)
{
    (void)client;
    return deletes("delete-account", id, err);
}

bool aps_key_list(struct oauth_client *client, const char *account, struct aps_keys *keys, struct ssa_error *err)
{
    (void)client;
    (void)account;
    fake_note("keys", "");
    *keys = fake_api.keys;
    return !fake_api.no_lists || fails(err, 0);
}

bool aps_key_delete(struct oauth_client *client, const char *account, const char *kid, struct ssa_error *err)
{
    (void)client;
    (void)account;
    return deletes("delete-key", kid, err);
}
