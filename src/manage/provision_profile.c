#include "manage/provision_profile.h"

#include <string.h>

#include "core/result.h"
#include "core/text.h"
#include "ownership/profile_files.h"

static bool append_rest(const struct provision *p, struct secret *profile, struct ssa_error *err)
{
    return secret_append(profile, secret_span(&p->rest)) ||
           error_set(err, SSA_CONFIG, NULL, p->target.path, "would be longer than %u bytes", PROFILE_MAX);
}

// A profile that somebody has changed since is not overwritten.
static bool is_as_before(const struct provision *p, struct ssa_error *err)
{
    char mark[FINGERPRINT_TEXT];
    if (!p->target.replace)
        return true;
    return profile_mark(p->target.path, mark, err) &&
           (strcmp(mark, p->journal.entry->profile_before) == 0 ||
            error_set(err, SSA_CONFIG, NULL, p->target.path,
                      "the profile was changed meanwhile, so it was not overwritten"));
}

// The block to be shown is made first: once the profile is in place, nothing can fail any more.
static bool show(const struct provision *p, const struct profile_block *block, struct ssa_created *created,
                 struct ssa_error *err)
{
    SECRET_AUTO shown = {0};
    return secret_new(&shown, PROFILE_MAX, err) &&
           profile_block_show(block, p->target.path, p->output->show_secret, &shown, err) &&
           result_take(&created->block, &shown, err) &&
           ((text_format(created->email, sizeof created->email, "%s", block->email) &&
             text_format(created->path, sizeof created->path, "%s", p->target.path)) ||
            error_set(err, SSA_UNEXPECTED, NULL, p->target.path, "the path is too long"));
}

static bool commit(struct provision *p, const struct profile_block *block, struct ssa_error *err)
{
    SECRET_AUTO profile = {0};
    if (!secret_new(&profile, PROFILE_MAX, err) || !profile_block_write(block, p->open.run, &profile, err))
        return false;
    if (!append_rest(p, &profile, err) || !is_as_before(p, err))
        return false;
    const bool done = profile_commit(&p->target, secret_span(&profile), err);
    // Only the folder's sync comes after the rename: where that fails, the profile is in place all the same.
    p->in_place = done || p->target.draft[0] == '\0';
    return done;
}

bool provision_profile(struct provision *p, const struct profile_block *block, struct ssa_created *created,
                       struct ssa_error *err)
{
    const struct profile_block own = opened_block(&p->open, p->journal.entry);
    if (block == NULL)
        block = &own;
    const bool shown = show(p, block, created, err);
    const bool with_profile = p->target.path[0] != '\0';
    p->in_place = shown && !with_profile;
    const bool done = shown && (!with_profile || commit(p, block, err));
    if (!p->in_place)
        return provision_undo(p, err);
    if (p->journal.entry->operation != OP_KEY_ROTATE)
        journal_close(&p->journal, OUTCOME_DONE);
    return done;
}
