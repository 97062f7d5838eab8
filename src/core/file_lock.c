#include "core/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/monotonic.h"

enum { TOLD_AFTER_MS = 1000, STEP_MAX_MS = 16 };

static enum lock_outcome by_flock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return LOCK_TAKEN;
    return errno == EWOULDBLOCK || errno == EINTR ? LOCK_BUSY : LOCK_IMPOSSIBLE;
}

static enum lock_outcome by_description(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        return LOCK_TAKEN;
    return errno == EAGAIN || errno == EACCES || errno == EINTR ? LOCK_BUSY : LOCK_IMPOSSIBLE;
}

enum lock_outcome file_try_lock(int fd)
{
    const enum lock_outcome outcome = by_flock(fd);
    return outcome == LOCK_IMPOSSIBLE ? by_description(fd) : outcome;
}

// The process that has the lock, known by the time that it left on the file, and since when we wait for it.
struct holder {
    struct timespec mark;
    long long since_ms;
};

static void look_at_holder(struct holder *holder, int fd, long long now)
{
    struct stat about;
    if (fstat(fd, &about) != 0)
        return;
    if (about.st_mtim.tv_sec != holder->mark.tv_sec || about.st_mtim.tv_nsec != holder->mark.tv_nsec)
        *holder = (struct holder){.mark = about.st_mtim, .since_ms = now};
}

// Short steps first: most locks are held for a moment.
static enum lock_outcome wait_for(int fd, const struct lock_patience *patience)
{
    const long long began = monotonic_ms();
    struct holder holder = {.since_ms = began};
    bool told = patience->told == NULL || patience->callbacks->waiting != NULL;
    for (unsigned step = 1;; step = step < STEP_MAX_MS ? 2 * step : step) {
        const enum lock_outcome outcome = patience->flock_alone ? by_flock(fd) : file_try_lock(fd);
        const long long now = monotonic_ms();
        look_at_holder(&holder, fd, now);
        if (outcome != LOCK_BUSY || now - began >= patience->most_ms || callback_interrupted(patience->callbacks))
            return outcome;
        if (patience->holder_ms > 0 && now - holder.since_ms >= patience->holder_ms)
            return outcome;
        if (patience->turn)
            callback_waiting(patience->callbacks, SSA_WAIT_TURN, NULL, -1);
        if (!told && now - began >= TOLD_AFTER_MS) {
            told = true;
            tell(patience->callbacks, SSA_PROGRESS, "%s", patience->told);
        }
        pause_ms(step);
    }
}

enum lock_outcome file_lock(int fd, const struct lock_patience *patience)
{
    const enum lock_outcome outcome = wait_for(fd, patience);
    const int number = errno;
    if (outcome == LOCK_TAKEN && patience->holder_ms > 0)
        (void)futimens(fd, NULL);
    errno = number;
    return outcome;
}

void file_unlock(int fd)
{
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    if (flock(fd, LOCK_UN) != 0)
        (void)fcntl(fd, F_OFD_SETLK, &whole);
}
