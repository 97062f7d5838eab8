#include "ownership/believed_list.h"

#include <string.h>

#include "config/settings.h"
#include "core/text.h"
#include "ownership/profile_files.h"

// The list that profiles are compared with: of an account's keys, or of accounts.
struct belief {
    const struct ssa_run *run;
    const char *account, *replaced;
    const struct api_ids *before;
    const struct aps_keys *keys;
    const struct aps_accounts *accounts;
};

// A profile without a client id or a server is used with those of the environment.
static bool is_of_this_client(const struct ssa_run *run, const struct profile_said *said)
{
    const char *client = settings_get(run->settings, SET_CLIENT_ID, NULL);
    const char *base = settings_from(run->settings, FROM_OPTION, SET_BASE_URL);
    if (!text_present(base))
        base = settings_from(run->settings, FROM_ENVIRONMENT, SET_BASE_URL);
    if (said->base_url[0] != '\0')
        base = said->base_url;
    return (said->client_id[0] == '\0' || (client != NULL && strcmp(said->client_id, client) == 0)) &&
           strcmp(text_present(base) ? base : APS_BASE_URL, settings_base_url(run->settings)) == 0;
}

static bool lacks_key(const struct belief *belief, const struct profile_said *said)
{
    return said->key_id[0] != '\0' && strcmp(said->account, belief->account) == 0 &&
           (belief->before == NULL || api_ids_have(belief->before, said->key_id)) &&
           aps_key_in(belief->keys, said->key_id) == NULL;
}

static bool lacks_account(const struct belief *belief, const struct profile_said *said, const char *path)
{
    if (said->account[0] == '\0' || strcmp(path, belief->replaced) == 0)
        return false;
    for (size_t i = 0; i < belief->accounts->count; i++)
        if (strcmp(belief->accounts->list[i].id, said->account) == 0)
            return false;
    return true;
}

static bool compare(void *context, const char *path, const struct secret *text, struct ssa_error *err)
{
    const struct belief *belief = context;
    struct profile_said said;
    const bool of_keys = belief->keys != NULL;
    if (!profile_say(text, &said) || !is_of_this_client(belief->run, &said) ||
        !(of_keys ? lacks_key(belief, &said) : lacks_account(belief, &said, path)))
        return true;
    error_set(err, SSA_CONFIG, NULL, path,
              "names the %s %s, which is not in the API's list: so that list is not believed",
              of_keys ? "key" : "account", of_keys ? said.key_id : said.account);
    return error_reason(err, SSA_REASON_LIST_NOT_BELIEVED, NULL);
}

bool believed_keys(const struct ssa_run *run, const char *account, const struct api_ids *before,
                   const struct aps_keys *keys, struct ssa_error *err)
{
    struct belief belief = {.run = run, .account = account, .before = before, .keys = keys};
    return profile_files_each(run, NULL, compare, &belief, err);
}

bool believed_accounts(const struct ssa_run *run, const struct entry *entry, const struct aps_accounts *accounts,
                       struct ssa_error *err)
{
    struct belief belief = {.run = run, .replaced = entry->profile, .accounts = accounts};
    return profile_files_each(run, NULL, compare, &belief, err);
}

bool believed_keys_since(struct oauth_client *client, const struct ssa_run *run, const char *account,
                         const struct api_ids *before, struct aps_keys *fresh, struct ssa_error *err)
{
    struct aps_keys now = {0};
    *fresh = (struct aps_keys){0};
    if (!aps_key_list(client, account, &now, err) || !believed_keys(run, account, before, &now, err))
        return false;
    for (size_t i = 0; i < now.count; i++)
        if (!api_ids_have(before, now.list[i].kid))
            fresh->list[fresh->count++] = now.list[i];
    return true;
}
