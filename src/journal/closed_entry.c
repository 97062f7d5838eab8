#include "journal/closed_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/owner.h"
#include "core/read.h"
#include "core/text.h"
#include "core/write.h"
#include "journal/journal_lines.h"

enum { NUMBER_DIGITS = 8 }; // at least

// Reads the file of a closed entry into *text.
static bool read_whole_closed(const char *name, struct secret *text, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    DESCRIPTOR_AUTO fd =
        journal_path(JOURNAL_CLOSED, name, path, err) ? journal_file_open(JOURNAL_CLOSED, name, O_RDONLY, err) : -1;
    return fd >= 0 && owner_check_file(fd, path, err) && journal_file_room(fd, text, err) &&
           read_secret(text, fd, path, NULL, err);
}

bool journal_read_closed(const char *name, struct entry *entry, struct ssa_error *err)
{
    char path[PATH_TEXT_MAX];
    struct ssa_error why = {0};
    SECRET_AUTO text = {0};
    if (!journal_path(JOURNAL_CLOSED, name, path, err) || !read_whole_closed(name, &text, err))
        return false;
    return (text.len > 0 && lines_read_closed(secret_span(&text), entry, &why)) ||
           error_set(err, SSA_CONFIG, NULL, path, "is not an entry of the history: %s",
                     text.len > 0 ? why.what : "it is empty");
}

bool journal_name(const struct entry *entry, char out[static JOURNAL_NAME_MAX])
{
    return text_format(out, JOURNAL_NAME_MAX, "%0*lld-%s", NUMBER_DIGITS, entry->sequence, entry->id);
}

bool journal_hash_closed(const char *name, char hash[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    if (!read_whole_closed(name, &text, err))
        return false;
    fingerprint(secret_span(&text), hash);
    return true;
}

static bool is_file(int folder, const char *name)
{
    struct stat about;
    return fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode);
}

// Finds the highest number in the folder, and the name with it. Only files count. This runs at the end of each
// operation, so the names are not sorted.
static bool find_last(DIR *dir, char last[static NAME_MAX + 1], long long *highest)
{
    errno = 0;
    for (const struct dirent *d; (d = readdir(dir)) != NULL; errno = 0) {
        const long long number = journal_number(d->d_name);
        if (number > *highest && is_file(dirfd(dir), d->d_name) && text_format(last, NAME_MAX + 1, "%s", d->d_name))
            *highest = number;
    }
    return errno == 0;
}

bool journal_next(long long *sequence, char previous[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    char path[PATH_TEXT_MAX], last[NAME_MAX + 1] = "";
    long long highest = 0;
    const int folder = journal_path(JOURNAL_CLOSED, "", path, err) ? journal_folder(JOURNAL_CLOSED, err) : -1;
    if (folder < 0)
        return false;
    DIR *dir = fdopendir(folder);
    const bool read = dir != NULL && find_last(dir, last, &highest);
    const int number = errno;
    (void)(dir != NULL ? closedir(dir) : close(folder));
    if (!read)
        return error_errno(err, SSA_CONFIG, number, path, "the history cannot be read");
    *sequence = highest + 1;
    previous[0] = '\0';
    return highest == 0 || journal_hash_closed(last, previous, err);
}

bool journal_seal(int fd, const struct entry *entry, size_t length, char name[static JOURNAL_NAME_MAX],
                  char hash[static FINGERPRINT_TEXT], struct ssa_error *err)
{
    SECRET_AUTO text = {0};
    if (!secret_new(&text, JOURNAL_FILE_MAX, err))
        return false;
    // The new length is synced: after a power loss, the file must still have the hash that the chain has.
    if (!journal_name(entry, name) || ftruncate(fd, (off_t)length) != 0 || !write_sync_file(fd) ||
        !journal_file_read(fd, &text))
        return journal_unwritable(err, errno, entry->id);
    fingerprint(secret_span(&text), hash);
    return true;
}

// The chain vouches for an entry without a checksum where the next entry has its hash.
static bool is_chained(const struct journal_names *names, size_t i)
{
    char hash[FINGERPRINT_TEXT];
    ENTRY_AUTO *next = entry_new(ERROR_IGNORED);
    return next != NULL && i + 1 < names->count && journal_hash_closed(names->list[i]->d_name, hash, ERROR_IGNORED) &&
           journal_read_closed(names->list[i + 1]->d_name, next, ERROR_IGNORED) && strcmp(next->previous, hash) == 0;
}

bool journal_each_closed(const struct ssa_run *run, journal_visit_closed *visit, void *context, struct ssa_error *err)
{
    struct journal_names names;
    ENTRY_AUTO *entry = entry_new(err);
    if (entry == NULL)
        return false;
    bool ok = journal_list(JOURNAL_CLOSED, &names, err);
    for (size_t i = 0; ok && i < names.count; i++) {
        struct ssa_error why = {0};
        if (journal_read_closed(names.list[i]->d_name, entry, &why)) {
            entry->vouched = entry->vouched || is_chained(&names, i);
            ok = visit(context, names.list[i]->d_name, entry, err);
        } else {
            tell(&run->callbacks, SSA_WARNING, "%s: %s", why.subject, why.what);
        }
    }
    journal_names_free(&names);
    return ok;
}
