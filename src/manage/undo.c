// Undoing what a creation has made at the API. Only what can be shown to be ours is deleted.
#include "manage/undo.h"

#include <string.h>

#include "core/tell.h"
#include "core/text.h"
#include "manage/ownership.h"
#include "manage/profile_files.h"
#include "manage/uses.h"

// The reason stays; class and hint say what became of what had been made.
static void conclude(struct ssa_error *err, const struct made *made, bool clean, const char *hint)
{
    const bool left = made->left_on_token[0] != '\0';
    err->code = clean && !left && !made->unsure ? SSA_IMPORT_CLEAN : SSA_IMPORT_LEFT;
    // What the reason itself calls for is still to be done.
    char reason[sizeof err->hint];
    (void)text_format(reason, sizeof reason, "%s", err->hint);
    const char *stop = hint[strlen(hint) - 1] == '`' ? "." : "";
    error_hint(err, "%s%s%s%s%s%s%s", hint, left ? stop : "",
               left ? " Left on the token, as far as can be seen; remove it: `" : "", made->left_on_token,
               left ? "`" : "",
               reason[0] == '\0'         ? ""
               : left || stop[0] != '\0' ? ". "
                                         : " ",
               reason);
}

// The answer to the creation was no, or none, and nothing of it is there: a no that the server gave keeps its
// class.
static void conclude_nothing(struct ssa_error *err, const struct made *made, const char *hint)
{
    const enum ssa_class class = err->code;
    const bool no = class == SSA_REFUSED || class == SSA_CREDENTIALS;
    conclude(err, made, true, hint);
    if (no && made->key != APS_DONE && !made->new_account && err->code == SSA_IMPORT_CLEAN)
        err->code = class;
}

static void conclude_deletion(struct ssa_error *err, const struct made *made, bool deleted,
                              const struct ssa_error *why, const char *thing, const char *id,
                              const char *command)
{
    char hint[SSA_ERROR_TEXT_MAX];
    if (deleted)
        (void)text_format(hint, sizeof hint, "The %s that had been made (%s) is deleted again at the API.",
                          thing, id);
    else
        (void)text_format(hint, sizeof hint,
                          "Left at the API: the %s %s, which could not be deleted (%s). Remove it: `%s`",
                          thing, id, why->what, command);
    conclude(err, made, deleted, hint);
}

static void conclude_account(struct aps *client, const struct made *made, bool may, struct ssa_error *why,
                             struct ssa_error *err)
{
    char command[256];
    const char *id = made->account.id;
    const bool deleted = may && (aps_account_delete(client, id, why) || aps_is_gone(why));
    (void)text_format(command, sizeof command, "ssa-hsm account delete %s", id);
    conclude_deletion(err, made, deleted, why, "account", id, command);
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
                         struct ssa_error *err)
{
    struct ssa_error why = {0};
    bool gone = false;
    const bool may = account_may_go(run, client, made->entry, made->account.id, &gone, &why);
    if (gone)
        return false;
    if (!may)
        drop_own_key(client, run, made);
    conclude_account(client, made, may, &why, err);
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
                       const char *kid, struct ssa_error *err)
{
    char command[SSA_ERROR_TEXT_MAX / 2];
    struct ssa_error why = {0};
    const bool deleted =
        may_go(run, made->entry, kid, NULL, &why) && aps_key_delete(client, made->account.id, kid, &why);
    if (!deleted && aps_is_gone(&why))
        return false;
    (void)text_format(command, sizeof command, "ssa-hsm key delete %s --account %s", kid, made->account.id);
    conclude_deletion(err, made, deleted, &why, "key", kid, command);
    return true;
}

// The answer was lost: which key is ours shows in what has come since.
static void undo_unknown_key(struct aps *client, const struct ssa_run *run, const struct made *made,
                             struct ssa_error *err)
{
    struct aps_keys fresh;
    struct ssa_error why = {0};
    char hint[SSA_ERROR_TEXT_MAX];
    if (!keys_since(client, run, made->account.id, &made->entry->before, &fresh, &why)) {
        (void)text_format(
            hint, sizeof hint,
            "A key may have been made, and the account's keys could not be listed (%s). Before, account %s "
            "had %zu; one more is the lost one: remove it with `ssa-hsm key delete KEY_ID --account %s`.",
            why.what, made->account.id, made->before.count, made->account.id);
        conclude(err, made, false, hint);
    } else if (fresh.count == 0) {
        conclude_nothing(err, made, "No key was made: the account has the keys it had before.");
    } else if (fresh.count == 1 && !made_within(&made->asked, &fresh.list[0])) {
        (void)text_format(
            hint, sizeof hint,
            "Account %s has a key that was not there before, %s, but it was not made while this command "
            "waited, or is in use: "
            "it may be another host's, and is left. If it is not: `ssa-hsm key delete %s --account %s`.",
            made->account.id, fresh.list[0].kid, fresh.list[0].kid, made->account.id);
        conclude(err, made, false, hint);
    } else if (fresh.count == 1) {
        // Gone since it was listed: then it is gone.
        if (!delete_key(client, run, made, fresh.list[0].kid, err))
            conclude(err, made, true, "The key that had been made is gone already.");
    } else {
        (void)text_format(
            hint, sizeof hint,
            "Account %s has %zu keys that were not there before, the last two %s and %s; which one is lost "
            "cannot be told from here, so none was deleted: `ssa-hsm key delete KEY_ID --account %s`.",
            made->account.id, fresh.count, fresh.list[fresh.count - 2].kid, fresh.list[fresh.count - 1].kid,
            made->account.id);
        conclude(err, made, false, hint);
    }
}

void undo(struct aps *client, const struct ssa_run *run, struct made *made, struct ssa_error *err)
{
    if (!made->new_account && made->key == APS_NOT_DONE)
        return;
    tell(&run->callbacks, SSA_DETAIL, "undoing: %s", err->what);
    aps_undoing(client);
    profile_files_tell_strays(run);
    const bool not_that_one = made->new_account && !undo_account(client, run, made, err);
    if (not_that_one)
        made->asked = (struct window){.from = made->entry->account_asked};
    if (not_that_one)
        undo_lost_account(client, run, made->entry->name, made, err);
    else if (!made->new_account && (made->kid[0] == '\0' || keys_have(&made->before, made->kid) ||
                                    !delete_key(client, run, made, made->kid, err)))
        undo_unknown_key(client, run, made, err);
}

static bool has_local_part(const char *email, const char *name)
{
    const size_t len = strlen(name);
    return strncasecmp(email, name, len) == 0 && email[len] == '@';
}

static void leave(struct ssa_error *err, const struct made *made, const struct aps_account *found,
                  const char *why)
{
    char hint[SSA_ERROR_TEXT_MAX];
    (void)text_format(
        hint, sizeof hint,
        "There is an account of this name, %s (%s), which is left: %s. If it is not wanted: `ssa-hsm account "
        "delete %s`",
        found->email, found->id, why, found->id);
    conclude(err, made, false, hint);
}

void undo_lost_account(struct aps *client, const struct ssa_run *run, const char *name, struct made *made,
                       struct ssa_error *err)
{
    struct aps_accounts accounts = {0};
    struct aps_keys keys = {0};
    struct ssa_error why = {0};
    char hint[SSA_ERROR_TEXT_MAX];
    tell(&run->callbacks, SSA_DETAIL, "undoing: %s", err->what);
    aps_undoing(client);
    if (!aps_account_list(client, &accounts, &why) ||
        !use_believes_accounts(run, made->entry, &accounts, &why)) {
        (void)text_format(
            hint, sizeof hint,
            "The account %s may have been made, and the accounts could not be listed (%s). Run the "
            "command again: the API refuses the name where it was made.",
            name, why.what);
        conclude(err, made, false, hint);
        return;
    }
    const struct aps_account *found = NULL;
    for (size_t i = 0; i < accounts.count && found == NULL; i++)
        if (has_local_part(accounts.list[i].email, name))
            found = &accounts.list[i];
    if (found == NULL) {
        conclude_nothing(err, made, "No account was made.");
    } else if (!account_is_unused(run, made->entry, found->id, &why)) {
        leave(err, made, found, why.what);
    } else if (!window_has(&made->asked, found->has_created_at, found->created_at)) {
        made->not_ours = true;
        leave(err, made, found, "it was not made while this command waited, or does not say when it was");
    } else if (!aps_admin(client, APS_SCOPE_ACCOUNT_WRITE " " APS_SCOPE_KEY_READ, &why) ||
               !aps_key_list(client, found->id, &keys, &why)) {
        leave(err, made, found, "whether it has keys could not be seen");
    } else if (keys.count > 0) {
        made->not_ours = true;
        leave(err, made, found, "it has keys, so somebody uses it");
    } else {
        made->account = *found;
        conclude_account(client, made, true, &why, err);
    }
}
