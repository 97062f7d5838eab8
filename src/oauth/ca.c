// A hashed directory is preferred to a bundle. From a directory, OpenSSL reads only the root that is needed. Debian's
// bundle has 140 roots, and to parse it takes 29 ms of every start.
#include "oauth/ca.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "oauth/libcurl.h"

// A system's store has over a hundred roots. A directory with a few of them only adds to the bundle. If it were used
// alone, all other servers would be refused.
enum { ROOTS_OF_A_SYSTEM = 20 };

struct ca_default ca_default_of_system(void)
{
    struct ca_default found = {.path = X509_get_default_cert_dir()};
    if (ca_directory_is_hashed(found.path, ROOTS_OF_A_SYSTEM) || !libcurl_load(ERROR_IGNORED))
        return found;
    const curl_version_info_data *info = libcurl.version_info(CURLVERSION_NOW);
    found = (struct ca_default){.file = info->cainfo, .path = info->capath};
    if (found.file == NULL)
        found.file = X509_get_default_cert_file();
    if (found.path == NULL)
        found.path = X509_get_default_cert_dir();
    return found;
}

// "9b5697b0.0": what X509_LOOKUP_hash_dir opens (openssl-rehash(1)).
static bool hash_name(const char *name)
{
    return strspn(name, "0123456789abcdefABCDEF") == 8 && strcmp(name + 8, ".0") == 0;
}

bool ca_directory_is_hashed(const char *path, unsigned least)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return false;
    unsigned found = 0;
    const struct dirent *entry;
    while (found < least && (entry = readdir(directory)) != NULL) {
        // The name may be a link to a file that is not there.
        if (hash_name(entry->d_name) && faccessat(dirfd(directory), entry->d_name, R_OK, 0) == 0)
            found++;
    }
    (void)closedir(directory);
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

// The reasons for which a bundle and a directory cannot be used tell who named them.
struct reasons {
    enum ssa_reason file, path;
};

static bool use_file(struct reasons reasons, const char *file, struct ca *ca, struct ssa_error *err)
{
    if (!readable(file, 0)) {
        error_errno(err, SSA_CONFIG, errno, file, "the CA bundle cannot be read");
        return error_reason(err, reasons.file, NULL);
    }
    return text_format(ca->file, sizeof ca->file, "%s", file) ||
           error_errno(err, SSA_CONFIG, ENAMETOOLONG, file, "the CA bundle's name is too long");
}

// OpenSSL takes several directories, separated by colons. Each must be there.
static bool use_path(struct reasons reasons, const char *path, struct ca *ca, struct ssa_error *err)
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
        return error_reason(err, reasons.path, NULL);
    }
    return true;
}

static bool use_both(struct reasons reasons, const char *file, const char *path, struct ca *ca, struct ssa_error *err)
{
    return (file == NULL || use_file(reasons, file, ca, err)) && (path == NULL || use_path(reasons, path, ca, err));
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

static bool holds_certificates(const char *file)
{
    FILE *in = readable(file, 0) ? fopen(file, "re") : NULL;
    if (in == NULL)
        return false;
    char line[256];
    bool found = false;
    while (!found && fgets(line, sizeof line, in) != NULL)
        found = strncmp(line, "-----BEGIN ", strlen("-----BEGIN ")) == 0;
    (void)fclose(in);
    return found;
}

// Takes what can be used among SSL_CERT_FILE and the directories in SSL_CERT_DIR, as OpenSSL does.
static bool use_variables(const char *file, const char *path, struct ca *ca, struct ssa_error *err)
{
    static const struct reasons variables = {SSA_REASON_CA_FILE_ENV, SSA_REASON_CA_FOLDER_ENV};
    char usable[CA_PATH_MAX] = "";
    if (path == NULL)
        return use_file(variables, file, ca, err);
    const bool folder = text_format(usable, sizeof usable, "%s", path) && keep_readable(usable);
    if (file == NULL)
        return use_path(variables, folder ? usable : path, ca, err);
    const bool bundle = holds_certificates(file);
    if (folder || bundle)
        return use_both(variables, bundle ? file : NULL, folder ? usable : NULL, ca, err);
    return error_because(err, SSA_CONFIG, SSA_REASON_CA_ENV, file,
                         "contains no readable certificates, and no directory of %s can be read", path);
}

static const char *not_empty(const char *text)
{
    return text_present(text) ? text : NULL;
}

bool ca_needs_default(const char *cacert, const char *capath)
{
    return not_empty(cacert) == NULL && not_empty(capath) == NULL &&
           not_empty(secure_getenv("SSL_CERT_FILE")) == NULL && not_empty(secure_getenv("SSL_CERT_DIR")) == NULL;
}

bool ca_choose(const char *cacert, const char *capath, const struct ca_default *fallback, struct ca *ca,
               struct ssa_error *err)
{
    static const struct reasons settings = {SSA_REASON_CA_FILE, SSA_REASON_CA_FOLDER};
    static const struct reasons by_default = {SSA_REASON_NO_CA, SSA_REASON_NO_CA};
    *ca = (struct ca){0};
    const char *file = not_empty(cacert), *path = not_empty(capath);
    if (file != NULL || path != NULL)
        return use_both(settings, file, path, ca, err);
    file = not_empty(secure_getenv("SSL_CERT_FILE"));
    path = not_empty(secure_getenv("SSL_CERT_DIR"));
    if (file != NULL || path != NULL)
        return use_variables(file, path, ca, err);

    const bool bundle = fallback->file != NULL && readable(fallback->file, 0);
    if (fallback->path != NULL && ca_directory_is_hashed(fallback->path, bundle ? ROOTS_OF_A_SYSTEM : 1))
        return use_path(by_default, fallback->path, ca, err);
    if (bundle)
        return use_file(by_default, fallback->file, ca, err);
    return error_because(err, SSA_CONFIG, SSA_REASON_NO_CA, NULL,
                         "no certification authorities were found on this system");
}
