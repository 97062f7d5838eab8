#include "config/reference.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/text.h"
#include "hsm/uri/uri_text.h"

static const struct {
    const char *prefix;
    enum reference_kind kind;
} kinds[] = {
    {"file:", REFERENCE_FILE},
    {"env:", REFERENCE_ENV},
    {"fd:", REFERENCE_FD},
    {"credential:", REFERENCE_CREDENTIAL},
};

const char *reference_name(const char *text)
{
    return strchr(text, ':') + 1;
}

enum reference_kind reference_kind(const char *text)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(text, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return kinds[i].kind;
    if (strcmp(text, "pinentry") == 0 || strncmp(text, "pinentry:", strlen("pinentry:")) == 0)
        return REFERENCE_PINENTRY;
    return REFERENCE_NONE;
}

bool reference_text_is_reference(const char *text)
{
    return reference_kind(text) != REFERENCE_NONE || uri_text_is_uri(text);
}

bool reference_path(const char *text, char path[static PATH_TEXT_MAX], struct ssa_error *err)
{
    const char *name = reference_name(text);
    bool fits = false;
    if (reference_kind(text) == REFERENCE_CREDENTIAL) {
        const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
        if (folder == NULL) {
            error_set(err, SSA_CONFIG, NULL, text, "CREDENTIALS_DIRECTORY is not set");
            return error_hint(err, "systemd sets it for a unit with LoadCredential= or LoadCredentialEncrypted=.");
        }
        if (strchr(name, '/') != NULL || name[0] == '\0')
            return error_set(err, SSA_CONFIG, NULL, text, "the name of a credential must have no slash");
        fits = text_format(path, PATH_TEXT_MAX, "%s/%s", folder, name);
    } else {
        // file:///path, as RFC 8089 writes it.
        if (strncmp(name, "///", 3) == 0)
            name += 2;
        fits = text_format(path, PATH_TEXT_MAX, "%s", name);
    }
    return (fits && path[0] != '\0') || error_set(err, SSA_CONFIG, NULL, text, "names no file");
}

int reference_descriptor(const char *text)
{
    enum { NUMBER_BASE = 10 };
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    const enum reference_kind kind = reference_kind(text);
    char path[PATH_TEXT_MAX], *end = NULL;
    const char *number = kind == REFERENCE_FD ? reference_name(text) : "";
    if (kind == REFERENCE_FILE && reference_path(text, path, ERROR_IGNORED)) {
        if (strcmp(path, "/dev/stdin") == 0)
            return STDIN_FILENO;
        for (size_t i = 0; i < COUNT(folders); i++)
            if (strncmp(path, folders[i], strlen(folders[i])) == 0)
                number = path + strlen(folders[i]);
    }
    const long read = strtol(number, &end, NUMBER_BASE);
    return end != number && *end == '\0' && read >= 0 && read <= INT16_MAX ? (int)read : -1;
}

const char *reference_lasting(const char *text, char out[static PATH_TEXT_MAX], struct ssa_error *err)
{
    char path[PATH_TEXT_MAX], whole[PATH_TEXT_MAX];
    if (reference_kind(text) != REFERENCE_FILE)
        return text;
    const bool done =
        reference_path(text, path, err) && path_absolute(path, whole, err) && path_format(out, err, "file:%s", whole);
    return done ? out : NULL;
}

void reference_warn_if_others_read(int fd, const char *path, const struct ssa_callbacks *warn)
{
    struct stat about;
    char word[SHELL_WORD_ROOM(PATH_TEXT_MAX)];
    if (!text_shell_word(word, sizeof word, path))
        word[0] = '\0';
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        tell(warn, SSA_WARNING, "%s can be read by others: `chmod 600 %s`", path, word);
}

bool reference_unreadable(struct ssa_error *err, int number, const char *path)
{
    error_errno(err, SSA_CONFIG, number, path, "cannot be read");
    if (path[0] != '~')
        return false;
    return error_hint(
        err, "A shell puts the home in the place of ~ only where a word begins with it: write the whole path.");
}
