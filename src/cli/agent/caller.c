#include "cli/agent/caller.h"

bool caller_path(char path[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    return path_config(folder, err) && path_format(path, err, "%s/callers.json", folder);
}
