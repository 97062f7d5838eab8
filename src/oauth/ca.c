// Which certification authorities are trusted. A hashed directory is preferred to a bundle: of a directory
// OpenSSL reads only the root that is needed, but parsing Debian's bundle of 140 roots takes 29 ms of every
// start.
#include "oauth/ca.h"

#include <ctype.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

// A system's store has over a hundred roots. A directory with a few holds roots that somebody added to the
// bundle; to trust only those would refuse all other servers.
enum { ROOTS_OF_A_SYSTEM = 20 };

static void directory_close(DIR **directory)
{
    if (*directory != NULL)
        (void)closedir(*directory);
}

struct ca_default ca_default_of_curl(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    struct ca_default found = {NULL, NULL};
    if (info != NULL && info->age >= CURLVERSION_SEVENTH) {
        found.file = info->cainfo;
        found.path = info->capath;
    }
    if (found.file == NULL)
        found.file = X509_get_default_cert_file();
    if (found.path == NULL)
        found.path = X509_get_default_cert_dir();
    return found;
}

// "9b5697b0.0": what X509_LOOKUP_hash_dir opens (openssl-rehash(1)).
static bool hash_name(const char *name)
{
    size_t i = 0;
    while (i < 8 && isxdigit((unsigned char)name[i]))
        i++;
    return i == 8 && strcmp(name + 8, ".0") == 0;
}

bool ca_directory_is_hashed(const char *path, unsigned least)
{
    __attribute__((cleanup(directory_close))) DIR *directory = opendir(path);
    if (directory == NULL)
        return false;
    unsigned found = 0;
    const struct dirent *entry;
    while (found < least && (entry = readdir(directory)) != NULL) {
        // The link may dangle.
        if (hash_name(entry->d_name) && faccessat(dirfd(directory), entry->d_name, R_OK, 0) == 0)
            found++;
    }
    return found >= least;
}

static bool readable(const char *path, int flags)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
    if (fd < 0)
        return false;
    uint8_t byte;
    struct stat about;
    // libcurl opens it again, and would wait at a pipe for ever.
    const bool pipe = fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode);
    const bool ok = !pipe && ((flags & O_DIRECTORY) != 0 || read(fd, &byte, 1) >= 0);
    const int number = pipe ? ESPIPE : errno;
    (void)close(fd);
    errno = number;
    return ok;
}

// Who named a file or a directory: a reason of ours, or a name that is no setting of ours.
struct source {
    const char *name;
    enum ssa_reason reason;
};

static bool not_readable(struct source source, struct ssa_error *err)
{
    if (source.name != NULL)
        error_hint(err, "It was named by %s; nothing was sent.", source.name);
    return error_reason(err, source.reason, NULL);
}

static bool use_file(struct source source, const char *file, struct ca *ca, struct ssa_error *err)
{
    if (!readable(file, 0)) {
        error_errno(err, SSA_CONFIG, errno, file, "the CA bundle cannot be read");
        return not_readable(source, err);
    }
    return text_format(ca->file, sizeof ca->file, "%s", file) ||
           error_errno(err, SSA_CONFIG, ENAMETOOLONG, file, "the CA bundle's name is too long");
}

// OpenSSL takes several directories, separated by colons. Each must be there.
static bool use_path(struct source source, const char *path, struct ca *ca, struct ssa_error *err)
{
    if (!text_format(ca->path, sizeof ca->path, "%s", path))
        return error_errno(err, SSA_CONFIG, ENAMETOOLONG, path, "the CA directory's name is too long");
    char copy[CA_PATH_MAX];
    memcpy(copy, ca->path, sizeof copy);
    char *rest = copy;
    for (const char *one = strsep(&rest, ":"); one != NULL; one = strsep(&rest, ":")) {
        if (one[0] == '\0' || readable(one, O_DIRECTORY))
            continue;
        error_errno(err, SSA_CONFIG, errno, one, "the CA directory cannot be read");
        return not_readable(source, err);
    }
    return true;
}

static bool use_both(const struct source sources[2], const char *file, const char *path, struct ca *ca,
                     struct ssa_error *err)
{
    return (file == NULL || use_file(sources[0], file, ca, err)) &&
           (path == NULL || use_path(sources[1], path, ca, err));
}

// Drops the directories that cannot be read from a list of them. False when none is left.
static bool keep_readable(char *path)
{
    char *rest = path, *used = path;
    for (const char *one = strsep(&rest, ":"); one != NULL; one = strsep(&rest, ":")) {
        const size_t len = strlen(one);
        if (len == 0 || !readable(one, O_DIRECTORY))
            continue;
        if (used > path)
            *used++ = ':';
        memmove(used, one, len);
        used += len;
    }
    *used = '\0';
    return used > path;
}

static void close_file(FILE **file)
{
    if (*file != NULL)
        (void)fclose(*file);
}

static bool holds_certificates(const char *file)
{
    if (!readable(file, 0))
        return false;
    __attribute__((cleanup(close_file))) FILE *in = fopen(file, "re");
    char line[256];
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, "-----BEGIN ", strlen("-----BEGIN ")) == 0)
            return true;
    }
    return false;
}

// OpenSSL, too, takes what is of use among SSL_CERT_FILE and the directories in SSL_CERT_DIR.
static bool use_variables(const struct source sources[2], const char *file, const char *path, struct ca *ca,
                          struct ssa_error *err)
{
    char usable[CA_PATH_MAX] = "";
    if (path == NULL)
        return use_file(sources[0], file, ca, err);
    const bool folder = text_format(usable, sizeof usable, "%s", path) && keep_readable(usable);
    if (file == NULL)
        return use_path(sources[1], folder ? usable : path, ca, err);
    const bool bundle = holds_certificates(file);
    if (folder || bundle)
        return use_both(sources, bundle ? file : NULL, folder ? usable : NULL, ca, err);
    error_set(err, SSA_CONFIG, NULL, file, "contains no readable certificates, and no directory of %s can be read",
              path);
    return error_hint(err, "They were named by %s and %s; nothing was sent.", sources[0].name, sources[1].name);
}

static const char *not_empty(const char *text)
{
    return text_present(text) ? text : NULL;
}

bool ca_choose(const char *cacert, const char *capath, const struct ca_default *fallback, struct ca *ca,
               struct ssa_error *err)
{
    static const struct source settings[2] = {{NULL, SSA_REASON_CA_FILE}, {NULL, SSA_REASON_CA_FOLDER}};
    static const struct source variables[2] = {{"SSL_CERT_FILE", SSA_REASON_NONE}, {"SSL_CERT_DIR", SSA_REASON_NONE}};
    static const struct source by_default = {"libcurl's default", SSA_REASON_NONE};
    *ca = (struct ca){0};
    const char *file = not_empty(cacert), *path = not_empty(capath);
    if (file != NULL || path != NULL)
        return use_both(settings, file, path, ca, err);
    file = not_empty(secure_getenv(variables[0].name));
    path = not_empty(secure_getenv(variables[1].name));
    if (file != NULL || path != NULL)
        return use_variables(variables, file, path, ca, err);

    const bool bundle = fallback->file != NULL && readable(fallback->file, 0);
    if (fallback->path != NULL && ca_directory_is_hashed(fallback->path, bundle ? ROOTS_OF_A_SYSTEM : 1))
        return use_path(by_default, fallback->path, ca, err);
    if (bundle)
        return use_file(by_default, fallback->file, ca, err);
    error_set(err, SSA_CONFIG, NULL, NULL, "no certification authorities were found on this system");
    return error_reason(err, SSA_REASON_NO_CA, NULL);
}
