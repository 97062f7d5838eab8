// The folders of profiles, of the journal and of records: whose they are, and whether they can be written.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "config/paths.h"
#include "core/descriptor.h"
#include "core/owner.h"
#include "core/text.h"
#include "doctor/examination.h"

static const char check[] = "folders";

// The first folder above a path that exists.
static bool existing_above(const char *path, char out[static PATH_TEXT_MAX])
{
    struct stat about;
    if (!text_format(out, PATH_TEXT_MAX, "%s", path))
        return false;
    for (char *slash = strrchr(out, '/'); slash != NULL && slash != out; slash = strrchr(out, '/')) {
        *slash = '\0';
        if (stat(out, &about) == 0)
            return true;
    }
    return text_format(out, PATH_TEXT_MAX, "/");
}

// Whether a small file could be written. A part of the disk is root's alone.
static bool has_room(const char *folder)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return true;
    const bool root = geteuid() == 0;
    const bool counts_files = disk.f_files > 0;
    return (root ? disk.f_bfree : disk.f_bavail) > 0 && (!counts_files || (root ? disk.f_ffree : disk.f_favail) > 0);
}

// Nothing is begun where the journal cannot be written, so this is no failure of what is there.
static void full(struct examination *x, const char *folder, const char *needed_for)
{
    struct ssa_error why = {0};
    error_errno(&why, SSA_CONFIG, ENOSPC, folder, "its disk is full, %s", needed_for);
    error_hint(&why, "Make room on that disk.");
    finding_warning(&x->found, check, &why);
}

static void absent(struct examination *x, const char *folder, const char *needed_for)
{
    char above[PATH_TEXT_MAX];
    struct ssa_error why = {0};
    if (!existing_above(folder, above))
        return;
    if (faccessat(AT_FDCWD, above, W_OK | X_OK, AT_EACCESS) == 0) {
        if (has_room(above))
            finding_ok(&x->found, check, folder, "is made when it is needed");
        else
            full(x, folder, needed_for);
        return;
    }
    error_errno(&why, SSA_CONFIG, errno, folder, "cannot be made, since %s cannot be written", above);
    error_hint(&why, "Make that folder writable for this user (for a service: StateDirectory=).");
    finding_warning(&x->found, check, &why);
}

static void look(struct examination *x, const char *folder, const char *needed_for)
{
    struct ssa_error why = {0};
    DESCRIPTOR_AUTO fd = owner_open_folder(folder, &why);
    struct stat about;
    if (fd < 0 && errno == ENOENT) {
        absent(x, folder, needed_for);
        return;
    }
    if (fd < 0 || fstat(fd, &about) != 0) {
        if (fd >= 0)
            error_errno(&why, SSA_CONFIG, errno, folder, "cannot be examined");
        finding_failure(&x->found, check, &why);
        return;
    }
    if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0) {
        error_errno(&why, SSA_CONFIG, errno, folder, "cannot be written, and %s", needed_for);
        (void)owner_hint_denied(folder, &why);
        finding_warning(&x->found, check, &why);
        return;
    }
    if (!has_room(folder)) {
        full(x, folder, needed_for);
        return;
    }
    finding_ok(&x->found, check, folder, "is yours (mode %04o)", (unsigned)about.st_mode & 07777U);
}

void check_folders(struct examination *x)
{
    char path[PATH_TEXT_MAX];
    struct ssa_error why = {0};
    if (path_config(path, &why))
        look(x, path, "so no profile can be written there");
    else
        finding_warning(&x->found, check, &why);
    if (path_state(path, &why))
        look(x, path, "so no key can be made, and failed PIN tries are recorded elsewhere");
    else
        finding_warning(&x->found, check, &why);
}
