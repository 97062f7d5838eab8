#include "recovery/recover_account.h"

#include "core/text.h"
#include "ownership/ownership.h"
#include "recovery/recover_api_key.h"

static bool delete_account(const struct recovery *r, const char *id, struct ssa_error *err)
{
    return aps_account_delete(r->open->client, id, err) || aps_is_gone(err);
}

static bool close_deleted(const struct recovery *r, struct journal *j, const char *id, struct ssa_error *err)
{
    char line[PATH_TEXT_MAX];
    if (!text_format(line, sizeof line, "the account %s, which it had made, is deleted again at the API", id))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "an account's id is too long");
    return recovery_close(r, j, OUTCOME_UNDONE, line);
}

static bool is_left(const struct recovery *r, const char *id, const struct ssa_error *err)
{
    return ending_add(r->ending, SSA_END_LEFT, SSA_REASON_ACCOUNT_LEFT, id, NULL,
                      "the account %s is left at the API: it could not be deleted (%s)", id, err->what);
}

// The name of an account is the local part of its email.
static const struct aps_account *with_name(const struct aps_accounts *accounts, const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < accounts->count; i++)
        if (strncasecmp(accounts->list[i].email, name, len) == 0 && accounts->list[i].email[len] == '@')
            return &accounts->list[i];
    return NULL;
}

// Says that an account has this name and is not deleted.
static bool leave(const struct recovery *r, const struct aps_account *found, const char *why)
{
    return ending_add(r->ending, SSA_END_LEFT, SSA_REASON_ACCOUNT_LEFT, found->id, NULL,
                      "there is an account with this name, %s (%s), which was not deleted: %s", found->email, found->id,
                      why);
}

// The API gives a name only once: where somebody else has made the account, this operation has made none.
static bool is_anothers(const struct recovery *r, struct journal *j, const struct aps_account *found, const char *why,
                        struct ssa_error *err)
{
    char line[SSA_ERROR_TEXT_MAX / 2];
    if (r->known != NULL) {
        error_set(err, SSA_CONFIG, NULL, found->id, "%s", why);
        return leave(r, found, why);
    }
    return (text_format(line, sizeof line, "there is an account with this name, %.200s (%s), which was not deleted: %s",
                        found->email, found->id, why) ||
            error_set(err, SSA_UNEXPECTED, NULL, NULL, "an account's names are too long")) &&
           recovery_close(r, j, OUTCOME_UNDONE, line);
}

// A recovery's access token already has these scopes.
static bool list_its_keys(const struct recovery *r, const char *id, struct aps_keys *keys, struct ssa_error *err)
{
    return (r->known == NULL || aps_admin(r->open->client, APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_KEY_READ, err)) &&
           aps_key_list(r->open->client, id, keys, err);
}

// Without a list of the account's keys it is not known whether somebody uses it.
static bool settle_found(const struct recovery *r, struct journal *j, const struct aps_account *found,
                         struct ssa_error *err)
{
    struct entry *e = j->entry;
    struct aps_keys keys = {0};
    if (!ownership_account_is_unused(r->open->run, e, found->id, err))
        return leave(r, found, err->what);
    if (!ownership_window_has(&e->asked, found->has_created_at, found->created_at))
        return is_anothers(r, j, found, "it was not made while this command waited, or its time is not known", err);
    if (!list_its_keys(r, found->id, &keys, err))
        return leave(r, found, "it is not known whether it has keys");
    if (keys.count > 0)
        return is_anothers(r, j, found, "it has keys, so somebody uses it", err);
    memcpy(e->account, found->id, sizeof e->account);
    return delete_account(r, found->id, err) ? close_deleted(r, j, found->id, err) : is_left(r, found->id, err);
}

bool account_settle_asked(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    ACCOUNTS_AUTO *accounts = NULL;
    const struct entry *e = j->entry;
    if (!aps_accounts_new(r->open->client, &accounts, err) || !believed_accounts(r->open->run, e, accounts, err))
        return ending_add(r->ending, SSA_END_LEFT, SSA_REASON_NONE, NULL, NULL,
                          "the account %s may have been made, and the accounts could not be listed (%s). Run "
                          "the command again: the API refuses the name where it was made",
                          e->name, err->what);
    const struct aps_account *found = with_name(accounts, e->name);
    if (found != NULL)
        return settle_found(r, j, found, err);
    return recovery_close(r, j, r->known != NULL && r->known->refused ? OUTCOME_FAILED : OUTCOME_UNDONE,
                          "no account was made");
}

static bool has_others(const struct aps_keys *fresh, const char *own, const char **other)
{
    for (size_t i = 0; i < fresh->count; i++)
        if (strcmp(*other = fresh->list[i].kid, own) != 0)
            return true;
    return false;
}

// Deletes only the key, and says whether that succeeded. The account stays.
static void drop_key_alone(const struct recovery *r, struct journal *j, const struct aps_keys *fresh)
{
    struct ssa_error why = {0};
    bool unknown = false;
    if (j->entry->kid[0] != '\0' && aps_key_in(fresh, j->entry->kid) != NULL)
        (void)!api_key_drop(r, j, &unknown, &why);
}

static bool undo_used(const struct recovery *r, struct journal *j, const struct aps_keys *fresh, const char *other,
                      struct ssa_error *err)
{
    char line[PATH_TEXT_MAX];
    drop_key_alone(r, j, fresh);
    return (text_format(line, sizeof line,
                        "the account has a key that this operation did not make (%s), so somebody uses it: it "
                        "was not deleted",
                        other) ||
            error_set(err, SSA_UNEXPECTED, NULL, NULL, "a key's id is too long")) &&
           recovery_close(r, j, OUTCOME_LEFT, line);
}

// The API does not have an account with the id that it answered. So the account that it made is searched for by its
// name.
static bool search(struct recovery *r, struct journal *j, struct ssa_error *err)
{
    j->entry->account[0] = '\0';
    j->entry->asked = (struct window){.from = j->entry->account_asked};
    return account_settle_asked(r, j, err);
}

bool account_undo(struct recovery *r, struct journal *j, const struct aps_keys *fresh, struct ssa_error *err)
{
    const struct entry *e = j->entry;
    const struct ssa_run *run = r->open->run;
    const char *other = NULL;
    bool gone = false;
    if (has_others(fresh, e->kid, &other))
        return undo_used(r, j, fresh, other, err);
    const bool may = (e->kid[0] == '\0' || ownership_key_may_go(run, e, e->kid, NULL, err)) &&
                     ownership_account_may_go(run, r->open->client, e, e->account, &gone, err);
    if (gone && r->known != NULL)
        return search(r, j, err);
    if (may && (gone || delete_account(r, e->account, err)))
        return close_deleted(r, j, e->account, err);
    const struct ssa_error why = *err;
    drop_key_alone(r, j, fresh);
    if (r->known == NULL && why.reason == SSA_REASON_ANOTHERS)
        return recovery_close(r, j, OUTCOME_LEFT, why.what);
    *err = why;
    return is_left(r, e->account, &why);
}
