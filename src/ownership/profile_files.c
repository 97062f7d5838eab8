#include "ownership/profile_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/dotenv.h"
#include "config/settings.h"
#include "core/callback.h"
#include "core/read.h"
#include "core/text.h"

enum { PROFILE_TEXT_MAX = 64 * 1024 }; // what is longer is refused as a profile

static bool unreadable(struct ssa_error *err, int number, const char *path)
{
    return error_errno(err, SSA_CONFIG, number, path, "cannot be read, so which key it names is not known");
}

// Opens a file that can be a profile; *fd is -1 for what is none. No FIFO is waited for.
static bool open_file(const char *path, int *fd, struct ssa_error *err)
{
    struct stat about;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const int number = errno;
    // A link that leads nowhere, a socket, a device without a driver: nobody reads a profile from those.
    if (*fd < 0)
        return number == ENOENT || number == ENXIO || number == ENODEV || number == ELOOP ||
               unreadable(err, number, path);
    if (fstat(*fd, &about) != 0) {
        const int why = errno;
        (void)close(*fd);
        *fd = -1;
        return unreadable(err, why, path);
    }
    if (S_ISREG(about.st_mode) && about.st_size <= PROFILE_TEXT_MAX)
        return true;
    (void)close(*fd);
    *fd = -1;
    return true;
}

struct walk {
    const struct ssa_run *run;
    const struct entry *entry;
    profile_file_visit *visit;
    void *context;
};

static bool show(const struct walk *walk, const char *path, struct ssa_error *err)
{
    int fd = -1;
    SECRET_AUTO text = {0};
    if (walk->entry != NULL && strcmp(path, walk->entry->draft) == 0)
        return true;
    if (!open_file(path, &fd, err))
        return false;
    if (fd < 0)
        return true;
    const bool read =
        secret_new(&text, PROFILE_TEXT_MAX, err) && read_secret(&text, fd, path, &walk->run->callbacks, err);
    (void)close(fd);
    return read && walk->visit(walk->context, path, &text, err);
}

// What cannot be opened as a profile, and is none that could not be read.
static bool tell_stray(const struct walk *walk, const char *path, struct ssa_error *err)
{
    int fd = -1;
    (void)err;
    if (open_file(path, &fd, ERROR_IGNORED) && fd < 0)
        tell(&walk->run->callbacks, SSA_NOTICE, "%s cannot be a profile: it is passed over", path);
    if (fd >= 0)
        (void)close(fd);
    return true;
}

typedef bool show_file(const struct walk *walk, const char *path, struct ssa_error *err);

static bool each_in_folder(const struct walk *walk, const char *folder, show_file *each, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        const int number = errno;
        return number == ENOENT || number == ENOTDIR || unreadable(err, number, folder);
    }
    bool ok = true;
    while (ok) {
        errno = 0;
        const struct dirent *d = readdir(dir);
        const int number = errno;
        if (d == NULL) {
            ok = number == 0 || unreadable(err, number, folder);
            break;
        }
        // What is too long for a path of ours is no profile of ours.
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
    // Without a home there is no folder.
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
    for (size_t i = 0; !pem && i < sizeof wanted / sizeof wanted[0]; i++)
        if (strcmp(a->name, setting_name(wanted[i].id)) == 0)
            (void)text_format(wanted[i].to, wanted[i].size, "%s", a->value);
    return true;
}

bool profile_say(const struct secret *text, struct profile_said *said)
{
    // It is read in place.
    SECRET_AUTO copy = {0};
    *said = (struct profile_said){0};
    return secret_new(&copy, PROFILE_TEXT_MAX, ERROR_IGNORED) && secret_append(&copy, secret_span(text)) &&
           dotenv_read(&copy, "", take, said, ERROR_IGNORED);
}

bool profile_read_said(const char *path, struct profile_said *said, bool *there, struct ssa_error *err)
{
    struct stat about;
    int fd = -1;
    SECRET_AUTO text = {0};
    *said = (struct profile_said){0};
    *there = lstat(path, &about) == 0;
    const int number = errno;
    if (!*there)
        return number == ENOENT || unreadable(err, number, path);
    if (!open_file(path, &fd, err))
        return false;
    if (fd < 0)
        return error_set(err, SSA_CONFIG, NULL, path, "is not a profile");
    const bool read = secret_new(&text, PROFILE_TEXT_MAX, err) && read_secret(&text, fd, path, NULL, err);
    (void)close(fd);
    return read && (profile_say(&text, said) || error_set(err, SSA_CONFIG, NULL, path, "is not a profile"));
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
    // The client secret is not among them.
    const char *const parts[] = {said.client_id, said.base_url, said.account,
                                 said.key_id,    said.email,    said.private_key};
    bool fits = secret_new(&text, sizeof said + 8, err);
    for (size_t i = 0; fits && i < COUNT(parts); i++)
        fits = secret_append_text(&text, parts[i]) && secret_append_text(&text, "\n");
    if (!fits || !secret_append_text(&text, said.key_is_pem ? "1" : "0"))
        return error_set(err, SSA_UNEXPECTED, NULL, path, "no memory for the profile");
    fingerprint(secret_span(&text), mark);
    return true;
}
