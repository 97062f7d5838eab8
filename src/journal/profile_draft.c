#include "journal/profile_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

// As profile_reserve makes it: a file of our own with one name.
static bool is_a_draft(int folder, const char *name)
{
    struct stat about;
    return fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode) &&
           about.st_uid == geteuid() && about.st_nlink == 1;
}

static bool remove_in(int folder, const char *name)
{
    return !is_a_draft(folder, name) || unlinkat(folder, name, 0) == 0 || errno == ENOENT;
}

bool profile_draft_remove(const struct entry *entry, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    const char *slash = strrchr(entry->draft, '/');
    if (slash == NULL)
        return true;
    // The entry's reader has seen to it that it is the profile's path and the entry's own name.
    const char *name = slash + 1;
    (void)text_format(path, sizeof path, "%s", entry->draft);
    const int folder = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == ENOENT || errno == ENOTDIR ||
               error_errno(err, SSA_CONFIG, errno, entry->draft, "the profile's draft cannot be looked for");
    const bool removed = remove_in(folder, name);
    const int number = errno;
    (void)close(folder);
    return removed || error_errno(err, SSA_CONFIG, number, entry->draft, "the profile's draft cannot be removed");
}
