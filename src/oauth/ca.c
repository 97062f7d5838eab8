// Which certification authorities are trusted. A hashed directory is preferred to a bundle: OpenSSL then
// reads the one root that is asked for, where parsing Debian's bundle of 140 takes 29 ms of every start.
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

// A system's store has more roots than a hundred. A directory with a handful is where somebody put his own
// beside the bundle, and trusting it alone would refuse the rest of the world.
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
        // Opened through the link: it may dangle.
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
    // libcurl opens it anew, and would wait at a pipe for ever.
    const bool pipe = fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode);
    const bool ok = !pipe && ((flags & O_DIRECTORY) != 0 || read(fd, &byte, 1) >= 0);
    const int number = pipe ? ESPIPE : errno;
    (void)close(fd);
    errno = number;
    return ok;
}

static bool use_file(const char *name, const char *file, struct ca *ca, struct ssa_error *err)
{
    if (!readable(file, 0)) {
        error_errno(err, SSA_CONFIG, errno, file, "the CA bundle cannot be read");
        return error_hint(err, "It was named by %s; nothing was sent.", name);
    }
    return text_format(ca->file, sizeof ca->file, "%s", file) ||
           error_errno(err, SSA_CONFIG, ENAMETOOLONG, file, "the CA bundle's name is too long");
}

// OpenSSL takes several directories with colons between them; each must be there.
static bool use_path(const char *name, const char *path, struct ca *ca, struct ssa_error *err)
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
        return error_hint(err, "It was named by %s; nothing was sent.", name);
    }
    return true;
}

static bool use_both(const char *const names[2], const char *file, const char *path, struct ca *ca,
                     struct ssa_error *err)
{
    return (file == NULL || use_file(names[0], file, ca, err)) &&
           (path == NULL || use_path(names[1], path, ca, err));
}

static bool any_readable(const char *path, char *usable, size_t capacity)
{
    char copy[CA_PATH_MAX];
    usable[0] = '\0';
    if (!text_format(copy, sizeof copy, "%s", path))
        return false;
    char *rest = copy;
    for (const char *one = strsep(&rest, ":"); one != NULL; one = strsep(&rest, ":")) {
        const size_t used = strlen(usable);
        // What fits in the whole list fits in a part of it.
        if (one[0] != '\0' && readable(one, O_DIRECTORY))
            (void)text_format(usable + used, capacity - used, "%s%s", used == 0 ? "" : ":", one);
    }
    return usable[0] != '\0';
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

// As OpenSSL does it: of SSL_CERT_FILE and SSL_CERT_DIR, and of the directories in that, one may be of no use
// where another is of use.
static bool use_variables(const char *const names[2], const char *file, const char *path, struct ca *ca,
                          struct ssa_error *err)
{
    char usable[CA_PATH_MAX] = "";
    const bool dir = path != NULL && any_readable(path, usable, sizeof usable);
    if (path == NULL)
        return use_file(names[0], file, ca, err);
    if (file == NULL)
        return use_path(names[1], dir ? usable : path, ca, err);
    const bool bundle = holds_certificates(file);
    if (!dir && !bundle) {
        error_set(err, SSA_CONFIG, NULL, file,
                  "holds no certificates that can be read, and no directory of %s can be read", path);
        return error_hint(err, "They were named by %s and %s; nothing was sent.", names[0], names[1]);
    }
    return use_both(names, bundle ? file : NULL, dir ? usable : NULL, ca, err);
}

static const char *not_empty(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

bool ca_choose(const char *cacert, const char *capath, const struct ca_default *fallback, struct ca *ca,
               struct ssa_error *err)
{
    static const char *const settings[2] = {"--cacert or SSA_HSM_CACERT", "--capath or SSA_HSM_CAPATH"};
    static const char *const variables[2] = {"SSL_CERT_FILE", "SSL_CERT_DIR"};
    *ca = (struct ca){0};
    const char *file = not_empty(cacert), *path = not_empty(capath);
    if (file != NULL || path != NULL)
        return use_both(settings, file, path, ca, err);
    file = not_empty(secure_getenv(variables[0]));
    path = not_empty(secure_getenv(variables[1]));
    if (file != NULL || path != NULL)
        return use_variables(variables, file, path, ca, err);

    const bool bundle = fallback->file != NULL && readable(fallback->file, 0);
    if (fallback->path != NULL && ca_directory_is_hashed(fallback->path, bundle ? ROOTS_OF_A_SYSTEM : 1))
        return use_path("libcurl's default", fallback->path, ca, err);
    if (bundle)
        return use_file("libcurl's default", fallback->file, ca, err);
    error_set(err, SSA_CONFIG, NULL, NULL, "no certification authorities were found on this system");
    return error_hint(err, "Install them (Debian: ca-certificates), or name a bundle: --cacert FILE.");
}
