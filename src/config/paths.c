#include "config/paths.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool path_format(char out[static PATH_TEXT_MAX], struct ssa_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(out, PATH_TEXT_MAX, format, arguments);
    va_end(arguments);
    return (len >= 0 && (size_t)len < PATH_TEXT_MAX) ||
           error_errno(err, SSA_CONFIG, ENAMETOOLONG, out, "the path is longer than %u bytes", PATH_TEXT_MAX - 1);
}

static bool base(const char *variable, const char *under_home, const char *why, char *out, struct ssa_error *err)
{
    const char *own = secure_getenv(variable), *home = secure_getenv("HOME");
    if (own != NULL && own[0] == '/')
        return path_format(out, err, "%s/ssa-hsm", own);
    if (home != NULL && home[0] == '/')
        return path_format(out, err, "%s/%s/ssa-hsm", home, under_home);
    error_set(err, SSA_CONFIG, NULL, NULL, "neither HOME nor %s is set to an absolute path", variable);
    return error_hint(err, "Set %s%s", variable, why);
}

bool path_config(char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    return base("XDG_CONFIG_HOME", ".config", ", or give profiles as paths.", out, err);
}

bool path_state(char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    return base("XDG_STATE_HOME", ".local/state", ": the journal and the history are in a folder there.", out, err);
}

static bool profile_name_is_plain(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return name[0] != '\0' && name[0] != '.' && name[0] != '-' && name[strspn(name, allowed)] == '\0';
}

bool path_profile(const char *name, char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    if (strchr(name, '/') != NULL)
        return path_format(out, err, "%s", name);
    if (!profile_name_is_plain(name)) {
        error_set(err, SSA_USAGE, NULL, name, "is not a valid profile name");
        return error_hint(err, "A name has letters, digits, dots, dashes and underscores. A path has a slash in it.");
    }
    char folder[PATH_TEXT_MAX];
    return path_config(folder, err) && path_format(out, err, "%s/%s.env", folder, name);
}

bool path_make(const char *folder, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    if (!path_format(path, err, "%s", folder))
        return false;
    for (char *slash = path + 1;; slash++) {
        slash = strchr(slash, '/');
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
            return error_errno(err, SSA_CONFIG, errno, path, "the folder cannot be made");
        if (slash == NULL)
            break;
        *slash = '/';
    }
    struct stat about;
    return (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) ||
           error_errno(err, SSA_CONFIG, ENOTDIR, path, "is not a folder");
}

bool path_absolute(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char *folder = path[0] != '/' ? getcwd(NULL, 0) : NULL;
    const bool fits = folder != NULL ? path_format(out, err, "%s/%s", folder, path) : path_format(out, err, "%s", path);
    free(folder);
    return fits;
}

bool path_of_name(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char whole[PATH_TEXT_MAX];
    if (!path_absolute(path, whole, err))
        return false;
    char *slash = strrchr(whole, '/');
    const char *name = slash == NULL ? "" : slash + 1;
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return path_format(out, err, "%s", whole);
    *slash = '\0';
    char *folder = realpath(slash == whole ? "/" : whole, NULL);
    const char *before = folder == NULL ? whole : strcmp(folder, "/") == 0 ? "" : folder;
    const bool fits = path_format(out, err, "%s/%s", before, name);
    free(folder);
    return fits;
}

bool path_resolved(const char *path, char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char *whole = realpath(path, NULL);
    const bool done = whole == NULL ? path_of_name(path, out, err) : path_format(out, err, "%s", whole);
    free(whole);
    return done;
}

bool path_is_config(const char *folder)
{
    char ours[PATH_TEXT_MAX], real[PATH_TEXT_MAX];
    return path_config(ours, ERROR_IGNORED) &&
           (strcmp(ours, folder) == 0 || (path_resolved(ours, real, ERROR_IGNORED) && strcmp(real, folder) == 0));
}
