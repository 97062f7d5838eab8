// Undoing what a creation has made at the API. Only what can be shown to be ours is deleted.
#include "manage/undo.h"

#include <string.h>

#include "core/tell.h"
#include "core/text.h"
#include "manage/ownership.h"
#include "manage/profile_files.h"
#include "manage/uses.h"

// What became of what had been made at the API; then what is left on the token.
static void conclude(struct ssa_ending *ending, const struct made *made, bool clean, enum ssa_reason reason,
                     const char *subject, const char *text)
{
    const bool left = made->left_on_token[0] != '\0';
    (void)ending_add(ending, clean && !left && !made->unsure ? SSA_END_UNDONE : SSA_END_LEFT, reason, subject,
                     made->account.id, "%s", text);
    if (left)
        (void)ending_add(ending, SSA_END_LEFT, SSA_REASON_ON_TOKEN_LEFT, NULL, made->left_on_token,
                         "The key is left on the PKCS#11 token, as far as can be seen.");
}

// The answer to the creation was no, or none, and nothing of it is there: where the server said no, nothing
// was changed.
static void conclude_nothing(struct ssa_ending *ending, const struct made *made, const char *text,
                             const struct ssa_error *err)
{
    const bool no = err->code == SSA_REFUSED || err->code == SSA_CREDENTIALS;
    if (no && made->key != APS_DONE && !made->new_account && !made->unsure && made->left_on_token[0] == '\0')
        (void)ending_add(ending, SSA_END_PLAIN, SSA_REASON_NONE, NULL, NULL, "%s", text);
    else
        conclude(ending, made, true, SSA_REASON_NONE, NULL, text);
}

static void conclude_deletion(struct ssa_ending *ending, const struct made *made, bool deleted,
                              const struct ssa_error *why, const char *thing, const char *id,
                              enum ssa_reason reason)
{
    char text[SSA_ERROR_TEXT_MAX];
    if (deleted)
        (void)text_format(text, sizeof text, "The %s that had been made (%s) is deleted again at the API.",
                          thing, id);
    else
        (void)text_format(text, sizeof text, "The %s %s is left at the API: it could not be deleted (%s).",
                          thing, id, why->what);
    conclude(ending, made, deleted, deleted ? SSA_REASON_NONE : reason, id, text);
}

static void conclude_account(struct aps *client, const struct made *made, bool may, struct ssa_error *why,
                             struct ssa_ending *ending)
{
    const char *id = made->account.id;
    const bool deleted = may && (aps_account_delete(client, id, why) || aps_is_gone(why));
    conclude_deletion(ending, made, deleted, why, "account", id, SSA_REASON_ACCOUNT_LEFT);
}

// In an account that stays, its key goes alone.
static void drop_own_key(struct aps *client, const struct ssa_run *run, const struct made *made)
{
    struct ssa_error why = {0};
    if (made->kid[0] != '\0' && may_go(run, made->entry, made->kid, NULL, &why) &&
        aps_key_delete(client, made->account.id, made->kid, &why))
        tell(&run->callbacks, SSA_NOTICE, "the key %s that had been made is deleted again at the API",
             made->kid);
}

// False where the API says that there is no such account: then the id that was told is not that of the one
// that was made.
static bool undo_account(struct aps *client, const struct ssa_run *run, const struct made *made,
                         struct ssa_ending *ending)
{
    struct ssa_error why = {0};
    bool gone = false;
    const bool may = account_may_go(run, client, made->entry, made->account.id, &gone, &why);
    if (gone)
        return false;
    if (!may)
        drop_own_key(client, run, made);
    conclude_account(client, made, may, &why, ending);
    return true;
}

// Clocks' seconds are whole.
enum { GRAIN_S = 1 };

bool made_within(const struct window *window, const struct aps_key *key)
{
    const bool used =
        key->has_created_at && key->has_accessed_at && key->accessed_at > key->created_at + GRAIN_S;
    return !used && window_has(window, key->has_created_at, key->created_at);
}

bool keys_have(const struct aps_keys *keys, const char *kid)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->list[i].kid, kid) == 0)
            return true;
    return false;
}

bool keys_since(struct aps *client, const struct ssa_run *run, const char *account,
                const struct api_ids *before, struct aps_keys *fresh, struct ssa_error *err)
{
    struct aps_keys now = {0};
    *fresh = (struct aps_keys){0};
    if (!aps_key_list(client, account, &now, err) || !use_believes_keys(run, account, before, &now, err))
        return false;
    for (size_t i = 0; i < now.count; i++)
        if (!api_ids_have(before, now.list[i].kid))
            fresh->list[fresh->count++] = now.list[i];
    return true;
}

// False where the API says that there is no such key: then the id that was told is not that of the key that
// was made.
static bool delete_key(struct aps *client, const struct ssa_run *run, const struct made *made,
                       const char *kid, struct ssa_ending *ending)
{
    struct ssa_error why = {0};
    const bool deleted =
        may_go(run, made->entry, kid, NULL, &why) && aps_key_delete(client, made->account.id, kid, &why);
    if (!deleted && aps_is_gone(&why))
        return false;
    conclude_deletion(ending, made, deleted, &why, "key", kid, SSA_REASON_KEY_LEFT);
    return true;
}

// The answer was lost: which key is ours shows in what has come since.
static void undo_unknown_key(struct aps *client, const struct ssa_run *run, const struct made *made,
                             struct ssa_ending *ending, const struct ssa_error *err)
{
    struct aps_keys fresh;
    struct ssa_error why = {0};
    char text[SSA_ERROR_TEXT_MAX];
    if (!keys_since(client, run, made->account.id, &made->entry->before, &fresh, &why)) {
        (void)text_format(
            text, sizeof text,
            "A key may have been made, and the account's keys could not be listed (%s). Before, account %s "
            "had %zu; one more is the lost one.",
            why.what, made->account.id, made->before.count);
        conclude(ending, made, false, SSA_REASON_SOME_KEY_LEFT, NULL, text);
    } else if (fresh.count == 0) {
        conclude_nothing(ending, made, "No key was made: the account has the keys it had before.", err);
    } else if (fresh.count == 1 && !made_within(&made->asked, &fresh.list[0])) {
        (void)text_format(
            text, sizeof text,
            "Account %s has a key that was not there before, %s, but it was not made while this command "
            "waited, or is in use: it may be another host's, and is left.",
            made->account.id, fresh.list[0].kid);
        conclude(ending, made, false, SSA_REASON_KEY_LEFT, fresh.list[0].kid, text);
    } else if (fresh.count == 1) {
        // Gone since it was listed: then it is gone.
        if (!delete_key(client, run, made, fresh.list[0].kid, ending))
            conclude(ending, made, true, SSA_REASON_NONE, NULL,
                     "The key that had been made is gone already.");
    } else {
        (void)text_format(
            text, sizeof text,
            "Account %s has %zu keys that were not there before, the last two %s and %s; which one is lost "
            "cannot be told from here, so none was deleted.",
            made->account.id, fresh.count, fresh.list[fresh.count - 2].kid, fresh.list[fresh.count - 1].kid);
        conclude(ending, made, false, SSA_REASON_SOME_KEY_LEFT, NULL, text);
    }
}

void undo(struct aps *client, const struct ssa_run *run, struct made *made, struct ssa_ending *ending,
          const struct ssa_error *err)
{
    if (!made->new_account && made->key == APS_NOT_DONE)
        return;
    tell(&run->callbacks, SSA_DETAIL, "undoing: %s", err->what);
    aps_undoing(client);
    profile_files_tell_strays(run);
    const bool not_that_one = made->new_account && !undo_account(client, run, made, ending);
    if (not_that_one)
        made->asked = (struct window){.from = made->entry->account_asked};
    if (not_that_one)
        undo_lost_account(client, run, made->entry->name, made, ending, err);
    else if (!made->new_account && (made->kid[0] == '\0' || keys_have(&made->before, made->kid) ||
                                    !delete_key(client, run, made, made->kid, ending)))
        undo_unknown_key(client, run, made, ending, err);
}

static bool has_local_part(const char *email, const char *name)
{
    const size_t len = strlen(name);
    return strncasecmp(email, name, len) == 0 && email[len] == '@';
}

static void leave(struct ssa_ending *ending, const struct made *made, const struct aps_account *found,
                  const char *why)
{
    char text[SSA_ERROR_TEXT_MAX];
    (void)text_format(text, sizeof text, "There is an account of this name, %s (%s), which is left: %s.",
                      found->email, found->id, why);
    conclude(ending, made, false, SSA_REASON_ACCOUNT_LEFT, found->id, text);
}

void undo_lost_account(struct aps *client, const struct ssa_run *run, const char *name, struct made *made,
                       struct ssa_ending *ending, const struct ssa_error *err)
{
    struct aps_accounts accounts = {0};
    struct aps_keys keys = {0};
    struct ssa_error why = {0};
    char text[SSA_ERROR_TEXT_MAX];
    tell(&run->callbacks, SSA_DETAIL, "undoing: %s", err->what);
    aps_undoing(client);
    if (!aps_account_list(client, &accounts, &why) ||
        !use_believes_accounts(run, made->entry, &accounts, &why)) {
        (void)text_format(
            text, sizeof text,
            "The account %s may have been made, and the accounts could not be listed (%s). Run the "
            "command again: the API refuses the name where it was made.",
            name, why.what);
        conclude(ending, made, false, SSA_REASON_NONE, NULL, text);
        return;
    }
    const struct aps_account *found = NULL;
    for (size_t i = 0; i < accounts.count && found == NULL; i++)
        if (has_local_part(accounts.list[i].email, name))
            found = &accounts.list[i];
    if (found == NULL) {
        conclude_nothing(ending, made, "No account was made.", err);
    } else if (!account_is_unused(run, made->entry, found->id, &why)) {
        leave(ending, made, found, why.what);
    } else if (!window_has(&made->asked, found->has_created_at, found->created_at)) {
        made->not_ours = true;
        leave(ending, made, found, "it was not made while this command waited, or does not say when it was");
    } else if (!aps_admin(client, APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_KEY_READ, &why) ||
               !aps_key_list(client, found->id, &keys, &why)) {
        leave(ending, made, found, "whether it has keys could not be seen");
    } else if (keys.count > 0) {
        made->not_ours = true;
        leave(ending, made, found, "it has keys, so somebody uses it");
    } else {
        made->account = *found;
        conclude_account(client, made, true, &why, ending);
    }
}
