// A client for managing, and the account that a command is about.
#include "manage/account_reference.h"
#include "signer/api_client.h"

#include "journal/journal.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/text.h"
#include "manage/undo.h"

bool subject_choose(const struct ssa_run *run, const char *named, struct subject *subject,
                    struct ssa_error *err)
{
    struct identity own = {0};
    const bool has = identity_read(run->settings, false, &own, named == NULL ? err : NULL);
    *subject = (struct subject){.wanted = named};
    if (named == NULL && !has)
        return false;
    const bool same = has && (named == NULL || strcmp(named, own.account_id) == 0 ||
                              (text_present(own.email) && strcasecmp(named, own.email) == 0));
    if (same) {
        *subject =
            (struct subject){.wanted = own.account_id, .email = text_present(own.email) ? own.email : NULL};
        return true;
    }
    subject->by_email = strchr(named, '@') != NULL;
    // Known before a request is spent.
    return subject->by_email || aps_is_id(named) ||
           error_set(err, SSA_USAGE, NULL, named, "can be no account's id or email");
}

bool subject_find(struct aps *client, const struct subject *subject, struct aps_account *account,
                  struct ssa_error *err)
{
    *account = (struct aps_account){0};
    if (subject->by_email)
        return find_account(client, subject->wanted, account, err);
    return (text_format(account->id, sizeof account->id, "%s", subject->wanted) &&
            text_format(account->email, sizeof account->email, "%s",
                        subject->email != NULL ? subject->email : "")) ||
           error_set(err, SSA_CONFIG, NULL, subject->wanted, "is too long for an account's id or email");
}

bool settings_own_account(const struct ssa_run *run, const char *id)
{
    struct identity own = {0};
    return identity_read(run->settings, false, &own, NULL) && strcmp(own.account_id, id) == 0;
}

bool settings_own_key(const struct ssa_run *run, const char *account, const char *key_id)
{
    struct identity own = {0};
    return identity_read(run->settings, false, &own, NULL) && text_present(own.key_id) &&
           strcmp(own.account_id, account) == 0 && strcmp(own.key_id, key_id) == 0;
}

bool manage_begin_with(const struct ssa_run *run, const char *scopes, const struct client_secret *secret,
                       struct aps **client, struct ssa_error *err)
{
    if (!api_client_open(run, secret, client, err) || !aps_admin(*client, scopes, err))
        return false;
    journal_warn(run);
    return true;
}

bool manage_begin(const struct ssa_run *run, const char *scopes, struct aps **client, struct ssa_error *err)
{
    CLIENT_SECRET_AUTO secret = {0};
    return client_secret_read(run, &secret, OTHER_TOKEN_NONE, NULL, err) &&
           manage_begin_with(run, scopes, &secret, client, err);
}

static struct ssa_time time_of(bool known, time_t at)
{
    return (struct ssa_time){.known = known, .seconds = known ? (long long)at : 0};
}

void account_take(const struct ssa_run *run, const struct aps_account *from, struct ssa_account *to)
{
    *to = (struct ssa_account){.created = time_of(from->has_created_at, from->created_at),
                               .accessed = time_of(from->has_accessed_at, from->accessed_at),
                               .expires = time_of(from->has_expires_at, from->expires_at),
                               .own = settings_own_account(run, from->id)};
    static_assert(sizeof to->id == sizeof from->id && sizeof to->email == sizeof from->email &&
                      sizeof to->created_by == sizeof from->created_by &&
                      sizeof to->status == sizeof from->status,
                  "the header's rooms are the API's");
    memcpy(to->id, from->id, sizeof to->id);
    memcpy(to->email, from->email, sizeof to->email);
    memcpy(to->created_by, from->created_by, sizeof to->created_by);
    memcpy(to->status, from->status, sizeof to->status);
}
