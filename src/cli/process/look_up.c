#include "cli/process/look_up.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/text.h"

bool program_is_there(const char *program)
{
    char path[PATH_MAX];
    const char *folders = getenv("PATH");
    if (strchr(program, '/') != NULL || folders == NULL)
        return access(program, F_OK) == 0 || errno != ENOENT || folders == NULL;
    for (;; folders++) {
        const size_t len = strcspn(folders, ":");
        const char *between = len > 0 ? "/" : "";
        // Of a path that is too long nothing is known.
        if (!text_format(path, sizeof path, "%.*s%s%s", (int)len, folders, between, program) || access(path, F_OK) == 0)
            return true;
        folders += len;
        if (*folders == '\0')
            return false;
    }
}
