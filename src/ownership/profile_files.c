#include "ownership/profile_files.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "config/dotenv.h"
#include "config/settings.h"
#include "core/callback.h"
#include "core/descriptor.h"
#include "core/read.h"
#include "core/text.h"

enum { PROFILE_TEXT_MAX = 64 * 1024 }; // a longer file cannot be a profile

static bool unreadable(struct ssa_error *err, int number, const char *path)
{
    return error_errno(err, SSA_CONFIG, number, path, "cannot be read, so it is not known which key it names");
}

// Opens a file that may be a profile; *fd is -1 where it cannot be one. It does not wait for a FIFO.
static bool open_file(const char *path, int *fd, struct ssa_error *err)
{
    struct stat about;
    *fd = read_open(path);
    // A broken link, a socket and a device without a driver are not profiles.
    if (*fd < 0)
        return errno == ENOENT || errno == ENXIO || errno == ENODEV || errno == ELOOP || unreadable(err, errno, path);
    const bool known = fstat(*fd, &about) == 0 || unreadable(err, errno, path);
    if (!known || !S_ISREG(about.st_mode) || about.st_size > PROFILE_TEXT_MAX)
        (void)close(descriptor_keep(fd));
    return known;
}

static bool read_file(int fd, const char *path, const struct ssa_callbacks *callbacks, struct secret *text,
                      struct ssa_error *err)
{
    return secret_new(text, PROFILE_TEXT_MAX, err) && read_secret(text, fd, path, callbacks, err);
}

struct walk {
    const struct ssa_run *run;
    const struct entry *entry;
    profile_file_visit *visit;
    void *context;
};

static bool show(const struct walk *walk, const char *path, struct ssa_error *err)
{
    DESCRIPTOR_AUTO fd = -1;
    SECRET_AUTO text = {0};
    if (walk->entry != NULL && strcmp(path, walk->entry->draft) == 0)
        return true;
    if (!open_file(path, &fd, err))
        return false;
    if (fd < 0)
        return true;
    return read_file(fd, path, &walk->run->callbacks, &text, err) && walk->visit(walk->context, path, &text, err);
}

// A file that only cannot be read may be a profile: that is not a stray.
static bool tell_stray(const struct walk *walk, const char *path, struct ssa_error *err)
{
    DESCRIPTOR_AUTO fd = -1;
    (void)err;
    if (open_file(path, &fd, ERROR_IGNORED) && fd < 0)
        tell(&walk->run->callbacks, SSA_NOTICE, "%s cannot be a profile, and is skipped", path);
    return true;
}

typedef bool show_file(const struct walk *walk, const char *path, struct ssa_error *err);

static bool each_in_folder(const struct walk *walk, const char *folder, show_file *each, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return errno == ENOENT || errno == ENOTDIR || unreadable(err, errno, folder);
    bool ok = true;
    while (ok) {
        errno = 0;
        const struct dirent *d = readdir(dir);
        if (d == NULL) {
            ok = errno == 0 || unreadable(err, errno, folder);
            break;
        }
        // A file whose path is too long for this program cannot be its profile.
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
            text_format(path, sizeof path, "%s/%s", folder, d->d_name))
            ok = each(walk, path, err);
    }
    (void)closedir(dir);
    return ok;
}

bool profile_files_each(const struct ssa_run *run, const struct entry *entry, profile_file_visit *visit, void *context,
                        struct ssa_error *err)
{
    char folder[PATH_TEXT_MAX];
    const struct walk walk = {.run = run, .entry = entry, .visit = visit, .context = context};
    const char *used = settings_profile_path(run->settings);
    // Without a home directory there is no folder.
    if (path_config(folder, ERROR_IGNORED) && !each_in_folder(&walk, folder, show, err))
        return false;
    return (entry == NULL || entry->profile[0] == '\0' || show(&walk, entry->profile, err)) &&
           (used[0] == '\0' || show(&walk, used, err));
}

void profile_files_tell_strays(const struct ssa_run *run)
{
    char folder[PATH_TEXT_MAX];
    const struct walk walk = {.run = run};
    if (path_config(folder, ERROR_IGNORED))
        (void)each_in_folder(&walk, folder, tell_stray, ERROR_IGNORED);
}

static void copy_cut(char *to, size_t size, const char *text)
{
    const size_t len = strnlen(text, size - 1);
    memcpy(to, text, len);
    to[len] = '\0';
}

static bool take(void *context, const struct assignment *a, struct ssa_error *err)
{
    struct profile_said *said = context;
    const struct {
        enum setting id;
        char *to;
        size_t size;
    } wanted[] = {{SET_CLIENT_ID, said->client_id, sizeof said->client_id},
                  {SET_BASE_URL, said->base_url, sizeof said->base_url},
                  {SET_ACCOUNT_ID, said->account, sizeof said->account},
                  {SET_KEY_ID, said->key_id, sizeof said->key_id},
                  {SET_EMAIL, said->email, sizeof said->email},
                  {SET_PRIVATE_KEY, said->private_key, sizeof said->private_key}};
    (void)err;
    const bool pem = strcmp(a->name, setting_name(SET_PRIVATE_KEY)) == 0 && strstr(a->value, "-----BEGIN") != NULL;
    said->key_is_pem |= pem;
    for (size_t i = 0; !pem && i < COUNT(wanted); i++)
        if (strcmp(a->name, setting_name(wanted[i].id)) == 0)
            copy_cut(wanted[i].to, wanted[i].size, a->value);
    return true;
}

bool profile_say(const struct secret *text, struct profile_said *said)
{
    // dotenv_read changes the text that it reads.
    SECRET_AUTO copy = {0};
    *said = (struct profile_said){0};
    return secret_new(&copy, PROFILE_TEXT_MAX, ERROR_IGNORED) && secret_append(&copy, secret_span(text)) &&
           dotenv_read(&copy, "", take, said, ERROR_IGNORED);
}

bool profile_read_said(const char *path, struct profile_said *said, bool *there, struct ssa_error *err)
{
    struct stat about;
    DESCRIPTOR_AUTO fd = -1;
    SECRET_AUTO text = {0};
    *said = (struct profile_said){0};
    *there = lstat(path, &about) == 0;
    if (!*there)
        return errno == ENOENT || unreadable(err, errno, path);
    if (!open_file(path, &fd, err) || (fd >= 0 && !read_file(fd, path, NULL, &text, err)))
        return false;
    return (fd >= 0 && profile_say(&text, said)) || error_set(err, SSA_CONFIG, NULL, path, "is not a profile");
}

const char profile_absent[] = "absent";

bool profile_mark(const char *path, char mark[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    struct profile_said said;
    SECRET_AUTO text = {0};
    bool there = false;
    if (!profile_read_said(path, &said, &there, err))
        return false;
    if (!there)
        return text_format(mark, FINGERPRINT_TEXT, "%s", profile_absent);
    // The client secret is not part of the fingerprint.
    const char *const parts[] = {said.client_id, said.base_url, said.account,
                                 said.key_id,    said.email,    said.private_key};
    bool fits = secret_new(&text, sizeof said + 8, err);
    for (size_t i = 0; fits && i < COUNT(parts); i++)
        fits = secret_append_text(&text, parts[i]) && secret_append_text(&text, "\n");
    if (!fits || !secret_append_text(&text, said.key_is_pem ? "1" : "0"))
        return error_set(err, SSA_UNEXPECTED, NULL, path, "the profile's names are too long");
    fingerprint(secret_span(&text), mark);
    return true;
}
