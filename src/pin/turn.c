#include "pin/turn.h"

#include <unistd.h>

#include "config/record_folder.h"
#include "core/callback.h"
#include "core/file_lock.h"
#include "hsm/module/scope.h"

// A login for which a turn is taken needs milliseconds. Where a login hangs, the other processes wait only LOGIN_MS:
// two logins at once do no harm, since the token is looked at again. While processes do take turns, the wait goes on.
enum { USUAL_TIMEOUT_S = 90, LOGIN_MS = 5000 };

// These are folders, so nothing takes them for a record. On a network file system, flock(2) locks a folder only on this
// host, where the tokens are.
static const char *const names[] = {[TURN_OPEN] = "turn-open", [TURN_LOGIN] = "turn-login"};

// Threads, and handles, wait for each other as processes do.
#define HELD(which) module_scope()->turns[which]

static bool too_long(const struct ssa_run *run, unsigned seconds, struct ssa_error *err)
{
    if (!callback_go_on(&run->callbacks, err))
        return false;
    return error_because(err, SSA_TOKEN, SSA_REASON_TURN_TOO_LONG, NULL,
                         "another process used this PKCS#11 token, or one of the same kind, for %u seconds", seconds);
}

static bool wait_for_turn(enum turn which, bool impatient, const struct ssa_run *run, struct ssa_error *err)
{
    const unsigned seconds = run->timeout == 0 ? USUAL_TIMEOUT_S : run->timeout;
    const bool is_open = which == TURN_OPEN;
    const struct lock_patience patience = {
        .callbacks = &run->callbacks,
        .most_ms = impatient ? 0 : 1000LL * seconds,
        .holder_ms = is_open ? 0 : LOGIN_MS,
        .turn = true,
        .told = is_open ? "waiting for another process that uses this PKCS#11 token, or one of the same kind" : NULL};
    const enum lock_outcome outcome = file_lock(HELD(which).fd, &patience);
    if (outcome == LOCK_IMPOSSIBLE)
        tell(&run->callbacks, SSA_DETAIL, "the state folder's file system has no locks: processes do not take turns");
    if (outcome != LOCK_BUSY)
        return true;
    return (!is_open && !callback_interrupted(&run->callbacks)) || too_long(run, seconds, err);
}

static bool take(void *context, enum turn which, bool impatient, struct ssa_error *err)
{
    const struct ssa_run *run = context;
    if (HELD(which).users > 0) {
        HELD(which).users++;
        return true;
    }
    HELD(which).fd = record_make_folder(names[which]);
    if (HELD(which).fd < 0) {
        tell(&run->callbacks, SSA_DETAIL, "no state folder can be written: processes do not take turns");
    } else if (!wait_for_turn(which, impatient, run, err)) {
        (void)close(HELD(which).fd);
        return false;
    }
    HELD(which).users = 1;
    return true;
}

static void leave(void *context, enum turn which)
{
    (void)context;
    if (HELD(which).users == 0 || --HELD(which).users > 0 || HELD(which).fd < 0)
        return;
    // A child that the caller has forked has the descriptor, too: the lock would stay with it.
    file_unlock(HELD(which).fd);
    (void)close(HELD(which).fd);
}

struct turns turns_of(const struct ssa_run *run)
{
    return (struct turns){.context = (void *)(uintptr_t)run, .take = take, .leave = leave};
}

void turns_pause(void)
{
    if (HELD(TURN_OPEN).users > 0 && HELD(TURN_OPEN).fd >= 0)
        file_unlock(HELD(TURN_OPEN).fd);
}

bool turns_resume(const struct ssa_run *run, struct ssa_error *err)
{
    return HELD(TURN_OPEN).users == 0 || HELD(TURN_OPEN).fd < 0 || wait_for_turn(TURN_OPEN, false, run, err);
}
