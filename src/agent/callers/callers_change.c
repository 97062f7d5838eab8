// Changing the file of the callers: under a lock, and by a file that takes the place of the old one.
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/callers/callers.h"
#include "agent/callers/callers_file.h"
#include "core/base64.h"
#include "core/descriptor.h"
#include "core/file_lock.h"
#include "core/owner.h"
#include "core/text.h"
#include "core/write.h"
#include "oauth/scope.h"

enum { PATH_ROOM = 1024, SECRET_BYTES = 32, ID_BYTES = 8, LOCK_MS = 10000 };

struct change {
    char draft[PATH_ROOM];
    struct callers callers;
    int lock;
};

static void change_end(struct change *change)
{
    callers_free(&change->callers);
    // The lock's file stays: who waits for it has it open.
    if (change->lock >= 0)
        (void)close(change->lock);
}

static bool cannot_write(const char *path, struct ssa_error *err)
{
    return error_errno(err, SSA_CONFIG, errno, path, "the file of the callers cannot be written");
}

static bool change_begin(struct change *change, const char *path, struct ssa_error *err)
{
    char lock[PATH_ROOM];
    const struct lock_patience patience = {.most_ms = LOCK_MS};
    if (!text_format(lock, sizeof lock, "%s.lock", path) ||
        !text_format(change->draft, sizeof change->draft, "%s.new", path))
        return error_errno(err, SSA_CONFIG, ENAMETOOLONG, path, "the path is too long");
    change->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (change->lock < 0)
        return cannot_write(path, err);
    if (!owner_check_file(change->lock, lock, err))
        return false;
    if (file_lock(change->lock, &patience) == LOCK_BUSY)
        return error_set(err, SSA_CONFIG, NULL, path, "another process changes the callers");
    return callers_read(path, &change->callers, err);
}

// An agent that runs as another user must still be able to read a file that was made readable for it.
static bool keep_readers(int fd, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return errno == ENOENT;
    return fchmod(fd, S_IRUSR | S_IWUSR | (about.st_mode & (S_IRGRP | S_IROTH))) == 0;
}

static bool write_draft(const struct change *change, const char *path, struct span text, struct ssa_error *err)
{
    // What an interrupted change has left: under the lock, it is nobody's.
    (void)unlink(change->draft);
    DESCRIPTOR_AUTO fd = open(change->draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0 || !keep_readers(fd, path) || !write_all(fd, text) || !write_sync_file(fd))
        return cannot_write(path, err);
    return true;
}

static bool change_commit(const struct change *change, const char *path, struct ssa_error *err)
{
    char folder[PATH_ROOM];
    SECRET_AUTO text = {0};
    if (!secret_new(&text, CALLERS_FILE_MAX, err) || !callers_write(&change->callers, &text, err))
        return false;
    if (!write_draft(change, path, secret_span(&text), err)) {
        (void)unlink(change->draft);
        return false;
    }
    if (rename(change->draft, path) != 0) {
        (void)cannot_write(path, err);
        (void)unlink(change->draft);
        return false;
    }
    (void)text_format(folder, sizeof folder, "%s", path);
    return write_sync_folder(dirname(folder)) || cannot_write(path, err);
}

bool caller_set_scope(struct caller_entry *caller, const char *scope, const struct ssa_callbacks *callbacks,
                      struct ssa_error *err)
{
    char normal[SCOPE_MAX];
    if (!scope_normalise(scope, normal, callbacks, err))
        return false;
    return text_format(caller->scope, sizeof caller->scope, "%s", normal) ||
           error_set(err, SSA_USAGE, NULL, NULL, "the scopes are longer than %d characters", CALLER_SCOPE_MAX - 1);
}

// Appends random bytes as text.
static bool random_text(size_t bytes, struct secret *out, struct ssa_error *err)
{
    uint8_t made[SECRET_BYTES];
    const ssize_t got = getrandom(made, bytes, 0);
    const bool done = got == (ssize_t)bytes && base64url_append(out, span_of(made, bytes));
    secret_wipe(made, sizeof made);
    return done || error_errno(err, SSA_UNEXPECTED, errno, NULL, "the system gives no random bytes");
}

static bool make_secret(struct caller_entry *caller, struct secret *secret, struct ssa_error *err)
{
    SECRET_AUTO suffix = {0};
    if (!secret_new(&suffix, BASE64URL_LENGTH(ID_BYTES), err) || !random_text(ID_BYTES, &suffix, err) ||
        !random_text(SECRET_BYTES, secret, err))
        return false;
    if (!text_format(caller->id, sizeof caller->id, "%s-%s", caller->name, secret_text(&suffix)))
        return error_set(err, SSA_USAGE, NULL, caller->name, "the name is too long");
    // The secret is random and long, so a plain hash gives nothing away.
    fingerprint(secret_span(secret), caller->hash);
    return caller->hash[0] != '\0' || error_set(err, SSA_UNEXPECTED, NULL, NULL, "OpenSSL cannot compute SHA-256");
}

static bool check_free(const struct callers *callers, const struct caller_entry *wanted, const char *path,
                       struct ssa_error *err)
{
    if (callers_by_name(callers, wanted->name) != NULL)
        return error_set(err, SSA_IN_USE, NULL, wanted->name, "there is a caller of this name");
    const struct caller_entry *other = callers_by_san(callers, span_text(wanted->san));
    if (other != NULL)
        return error_set(err, SSA_IN_USE, NULL, wanted->san, "belongs to the caller %s already", other->name);
    if (callers->count == CALLERS_MAX)
        return error_set(err, SSA_CONFIG, NULL, path, "there are %d callers already", CALLERS_MAX);
    return true;
}

bool callers_add(const char *path, const struct caller_entry *wanted, struct caller_entry *made, struct secret *secret,
                 struct ssa_error *err)
{
    __attribute__((cleanup(change_end))) struct change change = {.lock = -1};
    *made = *wanted;
    made->created = time(NULL);
    if (!caller_check(wanted, err) || !change_begin(&change, path, err) ||
        !check_free(&change.callers, wanted, path, err))
        return false;
    if (secret != NULL && !make_secret(made, secret, err))
        return false;
    struct callers *callers = &change.callers;
    struct caller_entry *list = reallocarray(callers->list, callers->count + 1, sizeof *list);
    if (list == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for the callers");
    callers->list = list;
    list[callers->count++] = *made;
    return change_commit(&change, path, err);
}

bool callers_remove(const char *path, const char *name, struct ssa_error *err)
{
    __attribute__((cleanup(change_end))) struct change change = {.lock = -1};
    if (!change_begin(&change, path, err))
        return false;
    struct callers *callers = &change.callers;
    const struct caller_entry *found = callers_by_name(callers, name);
    if (found == NULL)
        return error_set(err, SSA_USAGE, NULL, name, "there is no caller of this name");
    const size_t at = (size_t)(found - callers->list);
    for (size_t i = at + 1; i < callers->count; i++)
        callers->list[i - 1] = callers->list[i];
    callers->count--;
    return change_commit(&change, path, err);
}
