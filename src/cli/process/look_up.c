#include "cli/process/look_up.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

static int look_at(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return errno == ENOENT || errno == EACCES ? errno : 0;
    if (!S_ISREG(about.st_mode))
        return EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0 && errno == EACCES ? EACCES : 0;
}

static int look_in(const char *folder, size_t len, const char *program)
{
    char path[PATH_MAX];
    struct stat about;
    // Of a path that is too long nothing is known.
    if (!text_format(path, sizeof path, "%.*s%s%s", (int)len, folder, len > 0 ? "/" : "", program))
        return 0;
    // A file in PATH, where a folder is wanted, is passed over.
    return stat(path, &about) != 0 && errno == ENOTDIR ? ENOENT : look_at(path);
}

int program_look_up(const char *program)
{
    const char *folders = getenv("PATH");
    int found = ENOENT;
    if (program[0] == '\0')
        return ENOENT;
    if (strchr(program, '/') != NULL)
        return look_at(program);
    // execvp has folders of its own then.
    if (folders == NULL)
        return 0;
    for (;; folders++) {
        const size_t len = strcspn(folders, ":");
        const int why = look_in(folders, len, program);
        if (why == 0)
            return 0;
        // One that may not be run is passed over for one that may.
        if (why == EACCES)
            found = why;
        folders += len;
        if (*folders == '\0')
            return found;
    }
}
