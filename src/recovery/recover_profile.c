#include "recovery/recover_profile.h"

#include <errno.h>

#include "config/old_names.h"
#include "config/profile_block.h"
#include "config/profile_write.h"
#include "core/callback.h"
#include "core/text.h"
#include "ownership/profile_files.h"

// An old block names the key, too, which is in it and not on the token.
static bool has_key(const char *path, const struct entry *e)
{
    struct profile_said said;
    bool there = false;
    return profile_read_said(path, &said, &there, ERROR_IGNORED) && there && strcmp(said.key_id, e->kid) == 0 &&
           (!e->replaces_block || (!said.key_is_pem && said.private_key[0] != '\0'));
}

// Where the profile goes: to its place, where that is as it was before the operation or empty, else beside
// it.
static bool choose_place(const struct entry *e, char where[static PATH_TEXT_MAX], bool *beside, struct ssa_error *err)
{
    char mark[FINGERPRINT_TEXT];
    *beside = false;
    if (!has_key(e->profile, e)) {
        // What cannot be read as a profile is not replaced by one.
        *beside = !profile_mark(e->profile, mark, ERROR_IGNORED) ||
                  (strcmp(mark, profile_absent) != 0 && (!e->replaces_profile || strcmp(mark, e->profile_before) != 0));
    }
    return text_format(where, PATH_TEXT_MAX, "%s%s%s", e->profile, *beside ? "." : "", *beside ? e->kid : "") ||
           error_errno(err, SSA_CONFIG, ENAMETOOLONG, e->profile, "the path is too long");
}

// What others keep in the profile. Of the block that the key comes from the old names go, and the key with
// them.
static bool append_rest(const char *path, const struct entry *e, bool with_secret, struct secret *text,
                        struct ssa_error *err)
{
    return e->replaces_block ? profile_others_append(path, old_name_is_replaced, with_secret, text, err)
                             : profile_others_append(path, profile_block_has, with_secret, text, err);
}

// The file that is replaced held the key as text.
static bool tell_blocks(const struct recovery *r, const struct entry *e, bool beside)
{
    if (e->replaces_block)
        tell(&r->open->run->callbacks, SSA_WARNING,
             beside ? "%s still holds the key that was imported from it"
                    : "%s is replaced, but the blocks that held its key are not overwritten",
             e->profile);
    return true;
}

bool recover_profile(const struct recovery *r, const struct journal *j, char where[static PATH_TEXT_MAX], bool *beside,
                     struct ssa_error *err)
{
    const struct entry *e = j->entry;
    if (!choose_place(e, where, beside, err))
        return false;
    if (has_key(where, e))
        return true;
    PROFILE_AUTO target = {.fd = -1};
    SECRET_AUTO text = {0};
    const struct ssa_output output = {.file = where, .replace = e->replaces_profile && !*beside};
    const struct profile_block block = opened_block(r->open, e);
    return profile_choose(&target, r->open->run, &output, j->id, err) && profile_reserve(&target, err) &&
           secret_new(&text, PROFILE_MAX, err) && profile_block_write(&block, r->open->run, &text, err) &&
           (*beside || append_rest(target.path, e, block.secret != NULL, &text, err)) &&
           profile_commit(&target, secret_span(&text), err) && tell_blocks(r, e, *beside);
}
