#include "pin/attempts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/record_folder.h"
#include "core/descriptor.h"
#include "core/file_lock.h"
#include "core/text.h"
#include "core/write.h"

unsigned pin_level(const struct token_info *info)
{
    return info->pin_locked ? 3 : info->pin_final_try ? 2 : info->pin_count_low ? 1 : 0;
}

// Whether the flags show that no unanswered try of the record had a wrong PIN: this kind of token sets a flag after the
// first wrong PIN, and none is set.
static bool is_settled(const struct pin_record *record, const struct token_info *info)
{
    return info->pin_low_at_once && record->level == 0 && pin_level(info) == 0;
}

static int find(const struct token_info *info, enum pin_file_kind kind, char path[static PATH_TEXT_MAX])
{
    char name[PIN_FILE_NAME_MAX];
    bool unreadable = false;
    pin_file_name(info, kind, name);
    return record_find(name, path, &unreadable);
}

unsigned pin_attempts_unanswered(const struct token_info *info)
{
    char path[PATH_TEXT_MAX];
    struct pin_record record = {0};
    DESCRIPTOR_AUTO fd = find(info, PIN_FILE_ATTEMPT, path);
    // A locked record is of a try that has not ended: it does not count.
    if (fd >= 0 && file_try_lock(fd) != LOCK_BUSY)
        pin_record_read(fd, &record);
    return is_settled(&record, info) ? 0 : record.unanswered;
}

unsigned pin_attempts_count(const struct token_info *info)
{
    char path[PATH_TEXT_MAX];
    struct stat about;
    // The file has one byte for each wrong PIN.
    DESCRIPTOR_AUTO fd = find(info, PIN_FILE_COUNT, path);
    const bool known = fd >= 0 && fstat(fd, &about) == 0 && about.st_size <= UINT16_MAX;
    return (known ? (unsigned)about.st_size : 0) + pin_attempts_unanswered(info);
}

bool pin_is_last_try(const struct token_info *info)
{
    return info->pin_final_try || (info->pin_tries > 0 && pin_attempts_count(info) + 1 >= info->pin_tries);
}

// Where nothing can be written, only the token's own flags count, as for every other program.
void pin_attempts_add(const struct token_info *info, unsigned tries)
{
    char name[PIN_FILE_NAME_MAX], path[PATH_TEXT_MAX];
    if (info->pin_tries == 0)
        return;
    DESCRIPTOR_AUTO fd = find(info, PIN_FILE_COUNT, path);
    pin_file_name(info, PIN_FILE_COUNT, name);
    if (fd < 0)
        fd = record_make_anywhere(name, path);
    if (fd < 0)
        return;
    (void)fcntl(fd, F_SETFL, O_APPEND);
    while (tries > 0 && write(fd, "x", 1) == 1)
        tries--;
    (void)fsync(fd);
}

// A file that another process has locked is of a try that has not ended.
static void forget_in(unsigned folder, const char *name)
{
    char path[PATH_TEXT_MAX];
    bool unreadable = false;
    DESCRIPTOR_AUTO fd = record_find_in(folder, name, path, &unreadable);
    if (fd >= 0 && file_try_lock(fd) != LOCK_BUSY)
        (void)unlink(path);
}

void pin_attempts_forget(const struct token_info *info, bool keep_record)
{
    char name[PIN_FILE_NAME_MAX];
    for (enum pin_file_kind kind = keep_record ? PIN_FILE_COUNT : PIN_FILE_ATTEMPT; kind <= PIN_FILE_COUNT; kind++) {
        pin_file_name(info, kind, name);
        for (unsigned folder = 0; folder < RECORD_FOLDERS; folder++)
            forget_in(folder, name);
    }
}

static const char was_refused[] = "was refused";

static bool refuse(const struct pin_attempt *attempt, const struct token_info *info, const char *why,
                   struct ssa_error *err)
{
    const char *path = attempt->file.path;
    error_set(err, SSA_PIN, info->pin_count_low ? "CKF_USER_PIN_COUNT_LOW" : NULL, info->uri,
              "an earlier try with this PIN %s, so it is not tried again unattended", why);
    const bool unanswered = attempt->before.unanswered > 0 && why != was_refused;
    return error_reason(err, unanswered ? SSA_REASON_PIN_UNANSWERED : SSA_REASON_PIN_WAS_TRIED, "%s%s", path,
                        record_is_in(RECORD_IN_STATE, path) ? "" : ", since $XDG_STATE_HOME/ssa-hsm cannot be written");
}

static bool busy(const struct token_info *info, struct ssa_error *err)
{
    return error_because(err, SSA_PIN, SSA_REASON_TURN_TOO_LONG, info->uri,
                         "another process is logging in to this PKCS#11 token");
}

// Without a record, only the token's flag can tell. A kind of token that does not show the first wrong PIN gets no try.
static bool may_try_unrecorded(const struct token_info *info, struct ssa_error *err)
{
    const bool silent = info->pin_tries > 0 && !info->pin_low_at_once;
    if (!info->pin_count_low && !silent)
        return true;
    error_set(err, SSA_PIN, info->pin_count_low ? "CKF_USER_PIN_COUNT_LOW" : NULL, info->uri,
              info->pin_count_low
                  ? "a wrong PIN was tried before, and there is no folder in which another could be recorded"
                  : "there is no folder in which a wrong PIN could be recorded, and this token does not show one");
    return error_hint(err, "Make $XDG_STATE_HOME/ssa-hsm or $XDG_RUNTIME_DIR writable (for a service: "
                           "StateDirectory=), or log in once at a terminal.");
}

// The reason why the PIN of this record must not be tried again, or NULL.
static const char *why_not(const struct pin_record *record, const struct token_info *info)
{
    if (!record->there || (record->unanswered > 0 && is_settled(record, info)))
        return NULL;
    if (record->unanswered == 0)
        return was_refused;
    if (pin_level(info) > record->level)
        return "was not answered, and the token has counted a wrong PIN since";
    return record->unanswered < PIN_UNANSWERED_MAX ? NULL : "was not answered, nor was the one before it";
}

// Only the PINs of files can be told apart: a variable may hold another PIN, or the same one.
static bool is_of_another_pin(const struct pin_record *record, const char *identity)
{
    return record->identity[0] != '\0' && identity[0] != '\0' && strcmp(record->identity, identity) != 0;
}

static bool record_counts(const struct pin_record *record, const char *identity, bool retry)
{
    return !retry && !is_of_another_pin(record, identity);
}

// The reason why this PIN must not be tried, or NULL.
static const char *why_not_this(const struct pin_record *record, const struct token_info *info, const char *identity,
                                bool retry)
{
    if (record_counts(record, identity, retry))
        return why_not(record, info);
    return !retry && pin_record_has_other(record, identity) ? was_refused : NULL;
}

// Each of several files may have a wrong PIN: then they must not be tried in turn for ever.
static void note_others(struct pin_record *now, const struct pin_record *before, const char *identity)
{
    memcpy(now->others, before->others, sizeof now->others);
    if (before->there && before->unanswered == 0 && is_of_another_pin(before, identity))
        pin_record_add_other(now, before->identity);
    pin_record_drop_file(now, identity);
}

// Decides by the record that was read. Prepares the record of this try, which says that it was not answered.
static bool may_try(struct pin_attempt *attempt, const struct token_info *info, const char *identity, bool retry,
                    struct ssa_error *err)
{
    const struct pin_record *before = &attempt->before;
    const bool counts = record_counts(before, identity, retry);
    const char *why = why_not_this(before, info, identity, retry);
    if (why != NULL)
        return refuse(attempt, info, why, err);
    const bool unsettled = before->unanswered > 0 && !is_settled(before, info);
    attempt->follows = counts && unsettled;
    // Unanswered tries with another PIN are counted, too.
    if (!counts && unsettled)
        pin_attempts_add(info, before->unanswered);
    attempt->now = (struct pin_record){.there = true,
                                       .unanswered = attempt->follows ? before->unanswered + 1 : 1,
                                       .level = attempt->follows ? before->level : pin_level(info)};
    note_others(&attempt->now, before, identity);
    return text_format(attempt->now.identity, sizeof attempt->now.identity, "%s", identity) ||
           error_set(err, SSA_UNEXPECTED, NULL, info->uri, "the PIN file's name is too long");
}

// The record is synced where it is the second one: it must not be lost when the machine stops.
static bool write_now(struct pin_attempt *attempt)
{
    return pin_record_write(attempt->file.fd, &attempt->now) &&
           (!attempt->follows || write_sync_file(attempt->file.fd));
}

// On a full disk, the new file may stay empty. It is removed, since it would be read as a failed try.
static enum pin_file_found make_in(unsigned folder, const char *name, const struct ssa_callbacks *callbacks,
                                   struct pin_attempt *attempt)
{
    const enum pin_file_found made = pin_file_make(&attempt->file, folder, name, callbacks);
    if (made != PIN_FILE_OPEN || write_now(attempt))
        return made;
    (void)unlink(attempt->file.path);
    pin_file_close(&attempt->file);
    return PIN_FILE_NONE;
}

// Makes the record in the first folder where it can be written. former is the path of one that cannot.
static enum pin_file_found make_record(const char *name, const char *former, const struct ssa_callbacks *callbacks,
                                       struct pin_attempt *attempt)
{
    for (unsigned folder = 0; folder < RECORD_FOLDERS; folder++) {
        if (record_is_in(folder, former))
            continue;
        const enum pin_file_found made = make_in(folder, name, callbacks, attempt);
        if (made != PIN_FILE_NONE)
            return made;
    }
    return PIN_FILE_NONE;
}

// Overwrites the existing record, or else makes one in another folder.
static enum pin_file_found write_record(const char *name, const struct ssa_callbacks *callbacks,
                                        struct pin_attempt *attempt)
{
    char former[PATH_TEXT_MAX] = "";
    if (attempt->file.fd >= 0) {
        if (write_now(attempt))
            return PIN_FILE_OPEN;
        if (attempt->follows)
            return PIN_FILE_UNREADABLE;
        if (attempt->before.there)
            memcpy(former, attempt->file.path, sizeof former);
        else
            (void)unlink(attempt->file.path);
        pin_file_close(&attempt->file);
    }
    return make_record(name, former, callbacks, attempt);
}

// Finds and reads the record, if there is one.
static bool read_record(const char *name, const struct token_info *info, bool retry,
                        const struct ssa_callbacks *callbacks, struct pin_attempt *attempt, struct ssa_error *err)
{
    *attempt = (struct pin_attempt){.file = {.fd = -1}};
    const enum pin_file_found found = pin_file_find(&attempt->file, name, callbacks);
    if (found == PIN_FILE_BUSY)
        return busy(info, err);
    if (found == PIN_FILE_UNREADABLE && !retry)
        return refuse(attempt, info, "left a record that cannot be read", err);
    if (found == PIN_FILE_OPEN)
        pin_record_read(attempt->file.fd, &attempt->before);
    return true;
}

bool pin_attempt_is_allowed(const struct token_info *info, const char *identity, bool retry,
                            const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    char name[PIN_FILE_NAME_MAX];
    struct pin_attempt attempt;
    pin_file_name(info, PIN_FILE_ATTEMPT, name);
    if (!read_record(name, info, retry, callbacks, &attempt, err))
        return false;
    const char *why = why_not_this(&attempt.before, info, identity, retry);
    const bool allowed = why == NULL || refuse(&attempt, info, why, err);
    pin_file_close(&attempt.file);
    return allowed;
}

bool pin_attempt_begin(struct pin_attempt *attempt, const struct token_info *info, const char *identity, bool retry,
                       const struct ssa_callbacks *callbacks, struct ssa_error *err)
{
    char name[PIN_FILE_NAME_MAX];
    enum pin_file_found written = PIN_FILE_ANOTHERS;
    pin_file_name(info, PIN_FILE_ATTEMPT, name);
    while (written == PIN_FILE_ANOTHERS) {
        if (!read_record(name, info, retry, callbacks, attempt, err))
            return false;
        if (!may_try(attempt, info, identity, retry, err)) {
            pin_file_close(&attempt->file);
            return false;
        }
        written = write_record(name, callbacks, attempt);
    }
    if (written == PIN_FILE_OPEN)
        return true;
    pin_file_close(&attempt->file);
    if (written == PIN_FILE_UNREADABLE)
        return refuse(attempt, info, "was not answered, and another cannot be recorded", err);
    return written == PIN_FILE_BUSY ? busy(info, err) : may_try_unrecorded(info, err);
}

void pin_attempt_end(struct pin_attempt *attempt, enum pin_outcome outcome)
{
    struct pin_file *file = &attempt->file;
    if (file->fd < 0)
        return;
    // Where nothing is written, the record still says that the try was not answered.
    if (outcome == PIN_REFUSED)
        attempt->now.unanswered = 0;
    if (outcome == PIN_NOT_TRIED && attempt->before.there)
        attempt->now = attempt->before;
    attempt->kept = outcome == PIN_ACCEPTED && attempt->now.others[0] != '\0';
    if (attempt->kept)
        pin_record_take_other(&attempt->now);
    if ((outcome == PIN_ACCEPTED && !attempt->kept) || (outcome == PIN_NOT_TRIED && !attempt->before.there))
        (void)unlink(file->path);
    else if (outcome != PIN_UNKNOWN)
        (void)pin_record_write(file->fd, &attempt->now);
    if (outcome == PIN_REFUSED || outcome == PIN_UNKNOWN)
        (void)fsync(file->fd);
    pin_file_close(file);
}

bool pin_attempt_record(const struct token_info *info, const char *identity, enum pin_outcome outcome,
                        unsigned unanswered)
{
    struct pin_attempt attempt;
    const struct ssa_callbacks nobody = {0};
    if (!pin_attempt_begin(&attempt, info, identity, true, &nobody, ERROR_IGNORED))
        return false;
    const bool recorded = attempt.file.fd >= 0;
    attempt.now.unanswered += unanswered;
    if (recorded && unanswered > 0)
        (void)pin_record_write(attempt.file.fd, &attempt.now);
    pin_attempt_end(&attempt, outcome);
    return recorded;
}
