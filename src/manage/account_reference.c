#include "manage/account_reference.h"

#include <assert.h>
#include <strings.h>

#include "config/identity.h"
#include "core/text.h"

bool account_named(const char *named, struct account_reference *reference, struct ssa_error *err)
{
    *reference = (struct account_reference){.wanted = named, .by_email = strchr(named, '@') != NULL};
    return reference->by_email || api_is_id(named) ||
           error_set(err, SSA_USAGE, NULL, named, "is not a valid account id or email");
}

static bool is_named(const struct identity *own, const char *named)
{
    return strcmp(named, own->account_id) == 0 || (text_present(own->email) && strcasecmp(named, own->email) == 0);
}

bool account_choose(const struct ssa_run *run, const char *named, struct account_reference *reference,
                    struct ssa_error *err)
{
    struct identity own = {0};
    if (!identity_read(run->settings, false, &own, named == NULL ? err : ERROR_IGNORED))
        return named != NULL && account_named(named, reference, err);
    if (named != NULL && !is_named(&own, named))
        return account_named(named, reference, err);
    *reference = (struct account_reference){
        .wanted = own.account_id, .email = text_present(own.email) ? own.email : NULL, .own = true};
    return true;
}

bool account_find(struct oauth_client *client, const struct account_reference *reference, struct aps_account *account,
                  struct ssa_error *err)
{
    *account = (struct aps_account){0};
    if (reference->by_email)
        return aps_account_look_up(client, reference->wanted, account, err);
    const char *email = reference->email != NULL ? reference->email : "";
    if (!text_format(account->id, sizeof account->id, "%s", reference->wanted))
        return error_set(err, SSA_CONFIG, NULL, reference->wanted, "is too long for an account id");
    return text_format(account->email, sizeof account->email, "%s", email) ||
           error_set(err, SSA_CONFIG, NULL, email, "is too long for an account's email");
}

// Whether an id is that of the settings' own account.
static bool account_is_own(const struct ssa_run *run, const char *id)
{
    struct identity own = {0};
    return identity_read(run->settings, false, &own, ERROR_IGNORED) && strcmp(own.account_id, id) == 0;
}

static struct ssa_time time_of(bool known, time_t at)
{
    return (struct ssa_time){.known = known, .seconds = known ? (long long)at : 0};
}

void account_to_public(const struct ssa_run *run, const struct aps_account *from, struct ssa_account *to)
{
    *to = (struct ssa_account){.created = time_of(from->has_created_at, from->created_at),
                               .accessed = time_of(from->has_accessed_at, from->accessed_at),
                               .expires = time_of(from->has_expires_at, from->expires_at),
                               .own = account_is_own(run, from->id)};
    static_assert(sizeof to->id == sizeof from->id && sizeof to->email == sizeof from->email &&
                      sizeof to->created_by == sizeof from->created_by && sizeof to->status == sizeof from->status,
                  "the public fields have the sizes of these");
    memcpy(to->id, from->id, sizeof to->id);
    memcpy(to->email, from->email, sizeof to->email);
    memcpy(to->created_by, from->created_by, sizeof to->created_by);
    memcpy(to->status, from->status, sizeof to->status);
}

bool key_check_id(const char *key_id, struct ssa_error *err)
{
    return api_is_id(key_id) || error_set(err, SSA_USAGE, NULL, key_id, "is not a valid key id");
}

bool key_is_own(const struct ssa_run *run, const char *account, const char *key_id)
{
    struct identity own = {0};
    return identity_read(run->settings, false, &own, ERROR_IGNORED) && text_present(own.key_id) &&
           strcmp(own.account_id, account) == 0 && strcmp(own.key_id, key_id) == 0;
}
