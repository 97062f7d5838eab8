// How processes of one user take turns with what bears only one at a time.
#include "pin/turn.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/record_folder.h"
#include "core/file_lock.h"
#include "core/monotonic.h"
#include "core/tell.h"

// A login where turns are taken at logins takes milliseconds. One that hangs holds nobody up for long, since
// two at once do no harm that another look would not mend. A turn that changes hands does not hang.
enum { USUAL_TIMEOUT_S = 90, LOGIN_MS = 5000, TOLD_AFTER_MS = 1000, STEP_MAX_MS = 16 };

// Folders: they hold nothing that could be taken for a record, and a file system on another host locks them
// here, where the tokens are.
static const char *const names[] = {[TURN_OPEN] = "turn-open", [TURN_LOGIN] = "turn-login"};
enum { TURNS = sizeof names / sizeof names[0] };

// What this process has, for all its tokens together: a lock is a process's, not a token's.
static struct {
    unsigned users;
    int fd; // -1: nobody else can be kept out (no folder, no locks)
} had[TURNS];

static bool too_long(const struct ssa_run *run, unsigned seconds, struct ssa_error *err)
{
    if (!go_on(&run->callbacks, err))
        return false;
    error_set(err, SSA_TOKEN, NULL, NULL,
              "another process has used the PKCS#11 token, or one of its kind, for the %u seconds that were "
              "waited",
              seconds);
    return error_hint(err,
                      "Two at once disturb each other there. Look for another ssa-hsm that waits or hangs; "
                      "--timeout waits longer.");
}

// Who takes a turn leaves the time of it on the folder.
static void sign_turn(int fd)
{
    (void)futimens(fd, NULL);
}

static struct timespec signed_at(int fd)
{
    struct stat at;
    return fstat(fd, &at) == 0 ? at.st_mtim : (struct timespec){0};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

// Waiting for one turn, in milliseconds of monotonic_ms.
struct wait {
    long long began, most_ms;
    long long holder_began, holder_most_ms; // for who has it at the time
    struct timespec holder;
};

static bool is_over(struct wait *wait, int fd, long long now)
{
    const struct timespec holder = signed_at(fd);
    if (!same_time(holder, wait->holder)) {
        wait->holder = holder;
        wait->holder_began = now;
    }
    return now - wait->began >= wait->most_ms || now - wait->holder_began >= wait->holder_most_ms;
}

// What came of waiting: LOCK_BUSY where it took too long, or the person wants to stop. Short steps first:
// most turns are short.
static enum lock_outcome wait_for(int fd, struct wait *wait, bool tells, const struct ssa_run *run)
{
    bool told = !tells;
    for (long step = 1;; step = step < STEP_MAX_MS ? 2 * step : step) {
        const enum lock_outcome outcome = file_try_lock(fd);
        const long long now = monotonic_ms();
        if (outcome != LOCK_BUSY || is_over(wait, fd, now) || interrupted(&run->callbacks))
            return outcome;
        if (!told && now - wait->began >= TOLD_AFTER_MS) {
            told = true;
            tell(&run->callbacks, SSA_PROGRESS,
                 "waiting for another process that uses the PKCS#11 token, or one of its kind");
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = step * 1000000L}, NULL);
    }
}

static bool wait_for_turn(enum turn which, bool impatient, const struct ssa_run *run, struct ssa_error *err)
{
    const unsigned seconds = run->timeout == 0 ? USUAL_TIMEOUT_S : run->timeout;
    const bool is_open = which == TURN_OPEN;
    const long long now = monotonic_ms(), most_ms = impatient ? 0 : 1000LL * seconds;
    struct wait wait = {.began = now,
                        .most_ms = most_ms,
                        .holder_began = now,
                        .holder_most_ms = is_open ? most_ms : LOGIN_MS,
                        .holder = signed_at(had[which].fd)};
    const enum lock_outcome outcome = wait_for(had[which].fd, &wait, is_open, run);
    if (outcome == LOCK_TAKEN)
        sign_turn(had[which].fd);
    if (outcome == LOCK_IMPOSSIBLE)
        tell(&run->callbacks, SSA_DETAIL, "the state folder has no locks: no turns are taken");
    return outcome != LOCK_BUSY || (!is_open && !interrupted(&run->callbacks)) || too_long(run, seconds, err);
}

static bool take(void *context, enum turn which, bool impatient, struct ssa_error *err)
{
    const struct ssa_run *run = context;
    if (had[which].users > 0) {
        had[which].users++;
        return true;
    }
    had[which].fd = record_make_folder(names[which]);
    if (had[which].fd < 0) {
        tell(&run->callbacks, SSA_DETAIL, "no folder can be written for the turns of several processes");
    } else if (!wait_for_turn(which, impatient, run, err)) {
        (void)close(had[which].fd);
        return false;
    }
    had[which].users = 1;
    return true;
}

static void leave(void *context, enum turn which)
{
    (void)context;
    if (had[which].users == 0 || --had[which].users > 0 || had[which].fd < 0)
        return;
    (void)close(had[which].fd);
}

struct turns turns_of(const struct ssa_run *run)
{
    return (struct turns){.context = (void *)(uintptr_t)run, .take = take, .leave = leave};
}

void turns_pause(void)
{
    if (had[TURN_OPEN].users > 0 && had[TURN_OPEN].fd >= 0)
        file_unlock(had[TURN_OPEN].fd);
}

bool turns_resume(const struct ssa_run *run, struct ssa_error *err)
{
    return had[TURN_OPEN].users == 0 || had[TURN_OPEN].fd < 0 || wait_for_turn(TURN_OPEN, false, run, err);
}
