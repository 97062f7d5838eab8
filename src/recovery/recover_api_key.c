#include "recovery/recover_api_key.h"

#include "core/callback.h"
#include "core/text.h"
#include "ownership/ownership.h"

// Whether this process is the one that had the API's answer.
static bool is_heard(const struct recovery *r, const struct entry *e)
{
    return r->known != NULL && (e->operation == OP_ACCOUNT_CREATE || e->kid[0] != '\0');
}

bool api_key_list_fresh(struct recovery *r, const struct entry *e, struct aps_keys *fresh, bool *gone,
                        struct ssa_error *err)
{
    *gone = false;
    *fresh = (struct aps_keys){0};
    if (e->operation == OP_KEY_IMPORT)
        return true;
    if (is_heard(r, e)) {
        memcpy(fresh->list[0].kid, e->kid, sizeof fresh->list[0].kid);
        fresh->count = e->kid[0] != '\0' ? 1 : 0;
        return true;
    }
    r->listed = true;
    if (believed_keys_since(r->open->client, r->open->run, e->account, &e->before, fresh, err))
        return true;
    *gone = aps_is_gone(err);
    return *gone || ending_add(r->ending, SSA_END_LEFT, SSA_REASON_SOME_KEY_LEFT, NULL, e->account,
                               "a key may have been made, and the account's keys could not be listed (%s); "
                               "before, account %s had %zu, and one more is the lost one",
                               err->what, e->account, e->before.count);
}

bool api_key_confirm_missing(const struct recovery *r, const struct entry *e, struct ssa_error *err)
{
    struct aps_keys again;
    if (!believed_keys_since(r->open->client, r->open->run, e->account, &e->before, &again, err))
        return aps_is_gone(err);
    return aps_key_in(&again, e->kid) == NULL ||
           error_set(err, SSA_NETWORK, NULL, e->account, "the API has listed the key %s once, and once not", e->kid);
}

// The keys that may be the one that was lost.
struct candidates {
    size_t count;
    const struct aps_key *last;
    char ids[SSA_ERROR_TEXT_MAX / 4];
};

// The keys that were made while the operation waited for one. For the operation's own process, which asks at once, all
// of several keys count.
static struct candidates candidates_of(const struct recovery *r, const struct entry *e, const struct aps_keys *fresh)
{
    struct candidates found = {0};
    const bool all = r->known != NULL && fresh->count > 1;
    for (size_t i = 0; i < fresh->count; i++) {
        const size_t used = strlen(found.ids);
        if (!all && !ownership_made_within(&e->asked, &fresh->list[i]))
            continue;
        found.count++;
        found.last = &fresh->list[i];
        if (!text_format(found.ids + used, sizeof found.ids - used, "%s%s", used > 0 ? ", " : "", found.last->kid))
            found.ids[used] = '\0';
    }
    return found;
}

// Asks a person which of several keys is the lost one; NULL for none of them.
static const struct aps_key *ask(const struct recovery *r, const struct aps_keys *fresh, const char *ids)
{
    // A command that is about to fail does not ask.
    for (size_t i = 0; r->known == NULL && i < fresh->count; i++)
        if (callback_confirms(&r->open->run->callbacks,
                              "It is not known which of these keys was lost: %s. Delete %s? Nobody must have its "
                              "private half.",
                              ids, fresh->list[i].kid))
            return &fresh->list[i];
    return NULL;
}

static bool several(const struct recovery *r, const struct entry *e, const struct candidates *those,
                    struct ssa_error *err)
{
    (void)ending_add(r->ending, SSA_END_LEFT, SSA_REASON_SOME_KEY_LEFT, NULL, e->account,
                     "account %s has %zu keys that were not there before, %s; it is not known which one is "
                     "lost, so none was deleted",
                     e->account, those->count, those->ids);
    return error_because(err, SSA_CONFIG, SSA_REASON_LOST_KEY, e->account,
                         "%zu keys were made in the seconds in which this operation asked for one: %s; it is not known "
                         "which one is lost",
                         those->count, those->ids);
}

// Another host may have made the key at the same time, or somebody already uses it.
static bool may_be_anothers(const struct recovery *r, const struct entry *e, const struct aps_key *key,
                            struct ssa_error *err)
{
    error_set(err, SSA_CONFIG, NULL, key->kid, "the key was not made by this operation, or is in use");
    return ending_add(r->ending, SSA_END_LEFT, SSA_REASON_KEY_LEFT, key->kid, e->account,
                      "account %s has a key that was not there before, %s, but it was not made while this "
                      "command waited, or is in use: it may be another host's, and was not deleted",
                      e->account, key->kid);
}

bool api_key_choose(const struct recovery *r, struct entry *e, const struct aps_keys *fresh, bool *found,
                    struct ssa_error *err)
{
    const struct aps_key *chosen = aps_key_in(fresh, r->key_id != NULL ? r->key_id : e->kid);
    const struct candidates those = candidates_of(r, e, fresh);
    // Where the answer had the id, no other key of the same seconds is taken for it.
    const bool told = r->key_id == NULL && e->kid[0] != '\0';
    if (chosen == NULL && !told && those.count == 1)
        chosen = those.last;
    if (chosen == NULL && !told && those.count > 1 && (chosen = ask(r, fresh, those.ids)) == NULL)
        return several(r, e, &those, err);
    if (chosen == NULL && !told && r->known != NULL && fresh->count > 0)
        return may_be_anothers(r, e, &fresh->list[0], err);
    *found = chosen != NULL;
    if (*found)
        memcpy(e->kid, chosen->kid, sizeof e->kid);
    return true;
}

bool api_key_drop(const struct recovery *r, struct journal *j, bool *unknown, struct ssa_error *err)
{
    const struct entry *e = j->entry;
    char line[PATH_TEXT_MAX];
    const bool deleted = ownership_key_may_go(r->open->run, e, e->kid, NULL, err) &&
                         aps_key_delete(r->open->client, e->account, e->kid, err);
    const bool gone = !deleted && aps_is_gone(err);
    *unknown = gone && is_heard(r, e) && !r->listed;
    if (*unknown)
        return true;
    if (!deleted && !gone)
        return ending_add(r->ending, SSA_END_LEFT, SSA_REASON_KEY_LEFT, e->kid, e->account,
                          "the key %s is left at the API: it could not be deleted (%s)", e->kid, err->what);
    if (text_format(line, sizeof line, "the key %s, which it had made, is deleted again at the API", e->kid))
        recovery_note(r, j, SSA_REASON_NONE, line);
    return true;
}
