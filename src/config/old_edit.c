#include "config/old_edit.h"

#include <errno.h>
#include <unistd.h>

#include "config/old_names.h"

enum { FILE_MAX = 64 * 1024 };

static const char draft_suffix[] = "ssa-hsm-new";

static bool is_the_file(const struct old_file *old, const struct profile_target *target, struct ssa_error *err)
{
    return old_file_is(old, target->path) || error_set(err, SSA_CONFIG, NULL, target->path,
                                                       "was replaced by another file meanwhile, and was not changed");
}

// Others may need to read or to own what is left of the file.
static bool keep_mode(const struct old_file *old, const struct profile_target *target, struct ssa_error *err)
{
    const struct stat *about = &old->about;
    const bool owned = about->st_uid == geteuid() && about->st_gid == getegid();
    return ((owned || fchown(target->fd, about->st_uid, about->st_gid) == 0) &&
            fchmod(target->fd, about->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == 0) ||
           error_errno(err, SSA_CONFIG, errno, target->path, "owner and mode cannot be kept");
}

static bool write_rest(const struct old_file *old, struct profile_target *target, const char *instead,
                       struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    if (!secret_new(&text, FILE_MAX, err) ||
        !profile_others_append(target->path, old_name_is_of_block, true, &text, err))
        return false;
    if (!secret_append_text(&text, instead))
        return error_set(err, SSA_CONFIG, NULL, target->path, "would be longer than %d bytes", FILE_MAX);
    // A draft that is there was left when this was interrupted.
    return profile_draft_remove(target->draft, err) && profile_reserve(target, err) && keep_mode(old, target, err) &&
           is_the_file(old, target, err) && profile_commit(target, secret_span(&text), err);
}

bool old_block_replace(const struct old_file *old, const struct ssa_run *run, const char *instead,
                       struct ssa_error *err)
{
    const struct ssa_output output = {.file = old->name, .replace = true};
    PROFILE_AUTO target = {.fd = -1};
    return profile_choose(&target, run, &output, draft_suffix, err) && is_the_file(old, &target, err) &&
           write_rest(old, &target, instead, err) && old_file_destroy(old, err);
}
