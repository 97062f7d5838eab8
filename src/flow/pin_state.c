// The record of failed unattended PIN tries.
#include "flow/pin_state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/tell.h"
#include "core/text.h"

enum { LOCK_POLL_MS = 50, LOCK_WAIT_MS = 30000 };

// Appends text, its other characters than letters and digits as '_'. Should two tokens meet in one file, one
// of them waits for a person, and no try is lost.
static void append_plain(char *name, size_t capacity, const char *text)
{
    size_t used = strlen(name);
    for (; *text != '\0' && used + 1 < capacity; text++)
        name[used++] = isalnum((unsigned char)*text) ? *text : '_';
    name[used] = '\0';
}

// One file a token: by its serial number, and its label, since some modules give all of theirs the same
// number.
static bool record_path(const struct token_info *info, const char *kind, char out[static PATH_TEXT_MAX])
{
    char folder[PATH_TEXT_MAX], name[sizeof info->serial + sizeof info->label + 1] = "";
    append_plain(name, sizeof name, info->serial);
    append_plain(name, sizeof name, "-");
    append_plain(name, sizeof name, info->label);
    return path_state(folder, NULL) && text_format(out, PATH_TEXT_MAX, "%s/%s-%s", folder, kind, name);
}

// Waits for another process's try. Gives up when the person wants to stop, or it takes too long (a module
// that hangs).
static bool lock(int fd, const struct ssa_callbacks *callbacks)
{
    static const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_POLL_MS) {
        const bool busy = errno == EWOULDBLOCK || errno == EINTR;
        if (!busy || waited >= LOCK_WAIT_MS || interrupted(callbacks))
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

// Opens and locks the record. It may be removed by the one we waited for: then it is made anew. *busy says
// that another process holds it.
static int open_locked(const char *path, const struct ssa_callbacks *callbacks, bool *busy)
{
    for (;;) {
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
        if (fd < 0)
            return -1;
        struct stat held, named;
        *busy = !lock(fd, callbacks);
        if (!*busy && fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino)
            return fd;
        (void)close(fd);
        if (*busy)
            return -1;
    }
}

static int open_record(const struct token_info *info, const struct ssa_callbacks *callbacks,
                       struct pin_state *state, bool *busy)
{
    char folder[PATH_TEXT_MAX];
    *busy = false;
    if (!record_path(info, "pin", state->path))
        return -1;
    const int fd = open_locked(state->path, callbacks, busy);
    if (fd >= 0 || *busy || errno != ENOENT)
        return fd;
    return path_state(folder, NULL) && path_make(folder, NULL) ? open_locked(state->path, callbacks, busy)
                                                               : -1;
}

// Written over what is there, and cut off only then: on a full disk the former record stays one.
static bool write_record(int fd, const char *identity)
{
    char line[PIN_RECORD_MAX + 1];
    if (!text_format(line, sizeof line, "%s\n", identity))
        return false;
    const size_t len = strlen(line);
    return pwrite(fd, line, len, 0) == (ssize_t)len && ftruncate(fd, (off_t)len) == 0;
}

static const char unanswered_mark[] = "unanswered\n";

// A second line says that it may be the token, and not the PIN, which is at fault.
static void mark_unanswered(int fd)
{
    const size_t len = sizeof unanswered_mark - 1;
    struct stat about;
    if (fstat(fd, &about) == 0 && pwrite(fd, unanswered_mark, len, about.st_size) != (ssize_t)len)
        (void)!ftruncate(fd, about.st_size);
}

static bool refuse(const struct pin_state *state, const struct token_info *info, struct ssa_error *err)
{
    error_set(
        err, SSA_PIN, NULL, info->uri,
        "an earlier try with this PIN failed or was not answered, so no further one is made unattended");
    return error_hint(
        err,
        "Correct the PIN file, log in once at a terminal, or allow one more try with --pin-retry (the "
        "record is %s).",
        state->path);
}

// Without a record, the token's own flag is all there is to go by.
static bool without_record(const struct token_info *info, struct ssa_error *err)
{
    if (!info->pin_count_low)
        return true;
    error_set(err, SSA_PIN, "CKF_USER_PIN_COUNT_LOW", info->uri,
              "a wrong PIN was tried before, and the state folder cannot be written to remember another");
    return error_hint(err, "Make $XDG_STATE_HOME/ssa-hsm writable, or log in once at a terminal.");
}

// What an earlier try left: false for none.
static bool read_record(struct pin_state *state)
{
    const ssize_t got = pread(state->fd, state->before, sizeof state->before - 1, 0);
    state->before[got > 0 ? got : 0] = '\0';
    const bool recorded = state->before[0] != '\0';
    const size_t len = strcspn(state->before, "\n");
    state->unanswered = state->before[len] != '\0' && strcmp(state->before + len + 1, unanswered_mark) == 0;
    state->before[len] = '\0';
    return recorded;
}

static void give_up(struct pin_state *state)
{
    (void)close(state->fd);
    state->fd = -1;
}

bool pin_state_begin(struct pin_state *state, const struct token_info *info, const char *identity, bool retry,
                     const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    bool busy = false;
    state->unanswered = false;
    state->fd = open_record(info, callbacks, state, &busy);
    if (busy)
        return error_set(err, SSA_PIN, NULL, info->uri, "another process is logging in with this token");
    if (state->fd < 0)
        return without_record(info, err);
    state->recorded = read_record(state);
    // Only two files can be told apart: the same variable may hold another PIN, or the same one again.
    const bool changed =
        state->before[0] != '\0' && identity[0] != '\0' && strcmp(state->before, identity) != 0;
    if (state->recorded && !changed && !retry) {
        give_up(state);
        return refuse(state, info, err);
    }
    if (write_record(state->fd, identity))
        return true;
    // The disk is full: an empty file, or half a line of ours, must not be read as a failed try.
    if (!state->recorded)
        (void)unlink(state->path);
    give_up(state);
    return without_record(info, err);
}

void pin_state_end(struct pin_state *state, enum pin_outcome outcome)
{
    if (state->fd < 0)
        return;
    if (outcome == PIN_UNKNOWN)
        mark_unanswered(state->fd);
    if (outcome == PIN_REFUSED || outcome == PIN_UNKNOWN) {
        (void)fsync(state->fd);
    } else if (outcome == PIN_NOT_TRIED && state->recorded) {
        (void)write_record(state->fd, state->before);
        if (state->unanswered)
            mark_unanswered(state->fd);
    } else
        (void)unlink(state->path);
    give_up(state);
}

void pin_state_spent(const struct token_info *info, const char *identity, enum pin_outcome outcome)
{
    struct pin_state state = {.fd = -1};
    const struct ssa_callbacks nobody = {0};
    if (pin_state_begin(&state, info, identity, true, &nobody, NULL))
        pin_state_end(&state, outcome);
}

unsigned pin_state_count(const struct token_info *info)
{
    char path[PATH_TEXT_MAX];
    struct stat about;
    // A byte a mistake.
    if (!record_path(info, "mistyped", path) || stat(path, &about) != 0)
        return 0;
    return about.st_size > 0 && about.st_size <= UINT16_MAX ? (unsigned)about.st_size : 0;
}

void pin_state_mistyped(const struct token_info *info)
{
    char path[PATH_TEXT_MAX], folder[PATH_TEXT_MAX];
    if (!record_path(info, "mistyped", path) || !path_state(folder, NULL) || !path_make(folder, NULL))
        return;
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return;
    // Where it cannot be written the token's own flags are all there is, as for everybody else.
    if (write(fd, "x", 1) == 1)
        (void)fsync(fd);
    (void)close(fd);
}

void pin_state_forget(const struct token_info *info)
{
    static const char *const kinds[] = {"pin", "mistyped"};
    char path[PATH_TEXT_MAX];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const int fd = record_path(info, kinds[i], path) ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
        if (fd < 0)
            continue;
        // One that another process holds is of a try that is under way.
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            (void)unlink(path);
        (void)close(fd);
    }
}
