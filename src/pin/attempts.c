// The record of failed unattended PIN tries.
#include "pin/attempts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/record_folder.h"
#include "core/file_lock.h"
#include "core/tell.h"
#include "core/text.h"

enum {
    LOCK_POLL_MS = 20,
    LOCK_WAIT_MS = 30000,
    NAME_BYTES = 80,
    // With the first, two tries that nobody answered may have been wrong: a card that locks after three is
    // still open.
    UNANSWERED_MAX = 2
};

// Appends text, its other characters than letters and digits as '_'. Should two tokens meet in one file, one
// of them waits for a person, and no try is lost.
static void append_plain(char *name, size_t capacity, const char *text)
{
    size_t used = strlen(name);
    for (; *text != '\0' && used + 1 < capacity; text++)
        name[used++] = isalnum((unsigned char)*text) ? *text : '_';
    name[used] = '\0';
}

static const char pin_kind[] = "pin-", mistyped_kind[] = "mistyped-";

// One file a token: by its serial number, and its label, since some modules give all of theirs the same
// number.
static void record_name(const struct token_info *info, const char *kind, char out[static NAME_BYTES])
{
    (void)text_format(out, NAME_BYTES, "%s", kind);
    append_plain(out, NAME_BYTES, info->serial);
    append_plain(out, NAME_BYTES, "-");
    append_plain(out, NAME_BYTES, info->label);
}

unsigned pin_level(const struct token_info *info)
{
    return info->pin_locked ? 3 : info->pin_final_try ? 2 : info->pin_count_low ? 1 : 0;
}

// Waits for another process's try. Gives up when the person wants to stop, or it takes too long (a module
// that hangs). Where the file system has no locks the record counts all the same.
static bool lock(int fd, const struct ssa_callbacks *callbacks)
{
    static const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    for (unsigned waited = 0;; waited += LOCK_POLL_MS) {
        const enum lock_outcome outcome = file_try_lock(fd);
        if (outcome != LOCK_BUSY)
            return true;
        if (waited >= LOCK_WAIT_MS || interrupted(callbacks))
            return false;
        (void)nanosleep(&pause, NULL);
    }
}

static bool is_named(int fd, const char *path)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
}

enum opened { RECORD_OPEN, RECORD_NONE, RECORD_BUSY, RECORD_UNREADABLE };

static enum opened locked(struct pin_attempt *state, const struct ssa_callbacks *callbacks, bool *gone)
{
    const bool held = lock(state->fd, callbacks);
    // It may be removed by the one we waited for.
    *gone = held && !is_named(state->fd, state->path);
    if (held && !*gone)
        return RECORD_OPEN;
    (void)close(state->fd);
    state->fd = -1;
    return held ? RECORD_NONE : RECORD_BUSY;
}

// Opens and locks the record that there is.
static enum opened find_record(const char *name, const struct ssa_callbacks *callbacks,
                               struct pin_attempt *state)
{
    for (bool gone = true; gone;) {
        bool unreadable = false;
        state->fd = record_find(name, state->path, &unreadable);
        if (state->fd < 0)
            return unreadable ? RECORD_UNREADABLE : RECORD_NONE;
        const enum opened opened = locked(state, callbacks, &gone);
        if (!gone)
            return opened;
    }
    return RECORD_NONE;
}

static bool refuse(const struct pin_attempt *state, const struct token_info *info, const char *why,
                   struct ssa_error *err)
{
    error_set(err, SSA_PIN, info->pin_count_low ? "CKF_USER_PIN_COUNT_LOW" : NULL, info->uri,
              "an earlier try with this PIN %s, so no further one is made unattended", why);
    return error_hint(
        err,
        "Correct the PIN file, log in once at a terminal, or allow one more try with --pin-retry (the "
        "record is %s%s).",
        state->path,
        record_is_in(RECORD_IN_STATE, state->path) ? ""
                                                   : ", since $XDG_STATE_HOME/ssa-hsm cannot be written");
}

// Without a record, the token's own flag is all there is to go by; one that is known not to show the first
// wrong tries gets none.
static bool without_record(const struct token_info *info, struct ssa_error *err)
{
    const bool silent = info->pin_tries > 0 && !info->pin_low_at_once;
    if (!info->pin_count_low && !silent)
        return true;
    error_set(err, SSA_PIN, info->pin_count_low ? "CKF_USER_PIN_COUNT_LOW" : NULL, info->uri,
              info->pin_count_low
                  ? "a wrong PIN was tried before, and no folder can be written to remember another"
                  : "no folder can be written to remember a wrong PIN, and this token does not show one");
    return error_hint(err, "Make $XDG_STATE_HOME/ssa-hsm or $XDG_RUNTIME_DIR writable (for a service: "
                           "StateDirectory=), or log in once at a terminal.");
}

// Whether the token's flags show that no wrong PIN was among the unanswered tries: it sets one after the
// first wrong PIN, and none is set.
static bool is_settled(const struct pin_record *record, const struct token_info *info)
{
    return info->pin_low_at_once && record->level == 0 && pin_level(info) == 0;
}

// What speaks against another try with the PIN of this record, or NULL.
static const char *why_not(const struct pin_record *record, const struct token_info *info)
{
    if (!record->there || (record->unanswered > 0 && is_settled(record, info)))
        return NULL;
    if (record->unanswered == 0)
        return "was refused";
    if (pin_level(info) > record->level)
        return "was not answered, and the token has counted a wrong PIN since";
    return record->unanswered < UNANSWERED_MAX ? NULL : "was not answered, nor was the one before it";
}

// Only two files can be told apart: the same variable may hold another PIN, or the same one again.
static bool is_another(const struct pin_record *record, const char *identity)
{
    return record->identity[0] != '\0' && identity[0] != '\0' && strcmp(record->identity, identity) != 0;
}

static void give_up(struct pin_attempt *state)
{
    if (state->fd >= 0)
        (void)close(state->fd);
    state->fd = -1;
}

// Decides by the record that was read, and plans the one of this try: that it was not answered.
static bool may_try(struct pin_attempt *state, const struct token_info *info, const char *identity,
                    bool retry, struct ssa_error *err)
{
    const struct pin_record *before = &state->before;
    const bool counts = !retry && !is_another(before, identity);
    const char *why = counts ? why_not(before, info) : NULL;
    state->unanswered = before->unanswered > 0;
    if (why != NULL)
        return refuse(state, info, why, err);
    const bool unsettled = before->unanswered > 0 && !is_settled(before, info);
    state->follows = counts && unsettled;
    // Those with another PIN count on, too.
    if (!counts && unsettled)
        pin_attempts_add(info, before->unanswered);
    state->now = (struct pin_record){.there = true,
                                     .unanswered = state->follows ? before->unanswered + 1 : 1,
                                     .level = state->follows ? before->level : pin_level(info)};
    return text_format(state->now.identity, sizeof state->now.identity, "%s", identity) ||
           error_set(err, SSA_UNEXPECTED, NULL, info->uri, "the PIN file's name is too long");
}

// A record that lets a further try pass must not be forgotten when the machine goes down.
static bool write_down(struct pin_attempt *state)
{
    return pin_record_write(state->fd, &state->now) &&
           (!state->follows || fsync(state->fd) == 0 || errno == EINVAL || errno == EOPNOTSUPP ||
            errno == ENOSYS);
}

// Makes the record at a place. A file that was made and cannot be filled, on a full disk, must not be read as
// a failed try. RECORD_UNREADABLE: another process has left one there since we looked.
static enum opened make_at(unsigned place, const char *name, const struct ssa_callbacks *callbacks,
                           struct pin_attempt *state)
{
    bool gone = true;
    struct stat about;
    while (gone) {
        state->fd = record_make(place, name, state->path);
        if (state->fd < 0)
            return RECORD_NONE;
        if (locked(state, callbacks, &gone) == RECORD_BUSY)
            return RECORD_BUSY;
    }
    if (fstat(state->fd, &about) == 0 && about.st_size > 0) {
        give_up(state);
        return RECORD_UNREADABLE;
    }
    if (write_down(state))
        return RECORD_OPEN;
    (void)unlink(state->path);
    give_up(state);
    return RECORD_NONE;
}

// Makes the record at the first place where it can be written, behind the one where there is one that cannot.
static enum opened make_record(const char *name, const char *former, const struct ssa_callbacks *callbacks,
                               struct pin_attempt *state)
{
    for (unsigned place = 0; place < RECORD_FOLDERS; place++) {
        if (record_is_in(place, former))
            continue;
        const enum opened made = make_at(place, name, callbacks, state);
        if (made != RECORD_NONE)
            return made;
    }
    return RECORD_NONE;
}

// Records the try over the record that there is, else beside it.
static enum opened record_try(const char *name, const struct token_info *info,
                              const struct ssa_callbacks *callbacks, struct pin_attempt *state,
                              struct ssa_error *err)
{
    char former[PATH_TEXT_MAX] = "";
    if (state->fd >= 0) {
        if (write_down(state))
            return RECORD_OPEN;
        if (state->follows) {
            give_up(state);
            refuse(state, info, "was not answered, and another cannot be recorded", err);
            return RECORD_BUSY;
        }
        if (state->before.there)
            memcpy(former, state->path, sizeof former);
        else
            (void)unlink(state->path);
        give_up(state);
    }
    const enum opened made = make_record(name, former, callbacks, state);
    if (made == RECORD_BUSY)
        error_set(err, SSA_PIN, NULL, info->uri, "another process is logging in with this token");
    return made;
}

bool pin_attempt_begin(struct pin_attempt *state, const struct token_info *info, const char *identity,
                       bool retry, const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    char name[NAME_BYTES];
    record_name(info, pin_kind, name);
    for (enum opened made = RECORD_UNREADABLE; made == RECORD_UNREADABLE;) {
        *state = (struct pin_attempt){.fd = -1};
        const enum opened found = find_record(name, callbacks, state);
        if (found == RECORD_BUSY)
            return error_set(err, SSA_PIN, NULL, info->uri, "another process is logging in with this token");
        if (found == RECORD_UNREADABLE && !retry)
            return refuse(state, info, "left a record that cannot be read", err);
        if (found == RECORD_OPEN)
            pin_record_read(state->fd, &state->before);
        if (!may_try(state, info, identity, retry, err)) {
            give_up(state);
            return false;
        }
        made = record_try(name, info, callbacks, state, err);
        if (made == RECORD_BUSY)
            return false;
    }
    return state->fd >= 0 || without_record(info, err);
}

void pin_attempt_end(struct pin_attempt *state, enum pin_outcome outcome)
{
    if (state->fd < 0)
        return;
    // What is not written now says that the try was not answered.
    if (outcome == PIN_REFUSED)
        state->now.unanswered = 0;
    if (outcome == PIN_NOT_TRIED && state->before.there)
        state->now = state->before;
    if (outcome == PIN_ACCEPTED || (outcome == PIN_NOT_TRIED && !state->before.there))
        (void)unlink(state->path);
    else if (outcome != PIN_UNKNOWN)
        (void)pin_record_write(state->fd, &state->now);
    if (outcome == PIN_REFUSED || outcome == PIN_UNKNOWN)
        (void)fsync(state->fd);
    give_up(state);
}

bool pin_attempt_record(const struct token_info *info, const char *identity, enum pin_outcome outcome)
{
    struct pin_attempt state = {.fd = -1};
    const struct ssa_callbacks nobody = {0};
    if (!pin_attempt_begin(&state, info, identity, true, &nobody, NULL))
        return false;
    const bool recorded = state.fd >= 0;
    pin_attempt_end(&state, outcome);
    return recorded;
}

// Those of a try that is under way in another process are not over.
unsigned pin_attempts_unanswered(const struct token_info *info)
{
    char name[NAME_BYTES], path[PATH_TEXT_MAX];
    bool unreadable = false;
    struct pin_record record = {0};
    record_name(info, pin_kind, name);
    const int fd = record_find(name, path, &unreadable);
    if (fd < 0)
        return 0;
    if (file_try_lock(fd) != LOCK_BUSY)
        pin_record_read(fd, &record);
    (void)close(fd);
    return is_settled(&record, info) ? 0 : record.unanswered;
}

unsigned pin_attempts_count(const struct token_info *info)
{
    char name[NAME_BYTES], path[PATH_TEXT_MAX];
    struct stat about;
    bool unreadable = false;
    record_name(info, mistyped_kind, name);
    const int fd = record_find(name, path, &unreadable);
    // A byte a mistake.
    const bool counted =
        fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0 && about.st_size <= UINT16_MAX;
    if (fd >= 0)
        (void)close(fd);
    return (counted ? (unsigned)about.st_size : 0) + pin_attempts_unanswered(info);
}

// Where it cannot be written the token's own flags are all there is, as for everybody else.
void pin_attempts_add(const struct token_info *info, unsigned tries)
{
    char name[NAME_BYTES], path[PATH_TEXT_MAX];
    bool unreadable = false;
    if (info->pin_tries == 0)
        return;
    record_name(info, mistyped_kind, name);
    int fd = record_find(name, path, &unreadable);
    if (fd < 0)
        fd = record_make_anywhere(name, path);
    if (fd < 0)
        return;
    (void)fcntl(fd, F_SETFL, O_APPEND);
    while (tries > 0 && write(fd, "x", 1) == 1)
        tries--;
    (void)fsync(fd);
    (void)close(fd);
}

// One that another process holds is of a try that is under way.
static void forget_at(unsigned place, const char *name)
{
    char path[PATH_TEXT_MAX];
    const int fd = record_open(place, name, path);
    if (fd < 0)
        return;
    if (file_try_lock(fd) != LOCK_BUSY)
        (void)unlink(path);
    (void)close(fd);
}

void pin_attempts_forget(const struct token_info *info)
{
    static const char *const kinds[] = {pin_kind, mistyped_kind};
    char name[NAME_BYTES];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        record_name(info, kinds[i], name);
        for (unsigned place = 0; place < RECORD_FOLDERS; place++)
            forget_at(place, name);
    }
}
