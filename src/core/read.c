#include "core/read.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/callback.h"
#include "core/monotonic.h"

enum { PATIENCE_S = 30, SLICE_MS = 200 };

struct reading {
    struct secret *secret;
    int fd;
    const char *subject;
    const struct ssa_callbacks *callbacks;
    unsigned patience; // seconds
    long long until;   // by the monotonic clock; 0 for as long as it takes
    bool never_waits;  // read(2) does not wait: the descriptor is O_NONBLOCK
    bool named_pipe;
};

int read_open(const char *path)
{
    return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

// A FIFO may be opened before its writer comes. A pipe without a name, such as a shell's <(…), has or had a writer.
static bool has_a_name(int fd)
{
    struct statfs system;
    return fstatfs(fd, &system) == 0 && system.f_type != PIPEFS_MAGIC;
}

static struct reading begin(struct secret *secret, int fd, const char *subject, const struct ssa_callbacks *callbacks)
{
    struct stat about;
    struct reading r = {.secret = secret, .fd = fd, .subject = subject, .callbacks = callbacks};
    r.patience = callbacks != NULL && callbacks->patience != 0 ? callbacks->patience : PATIENCE_S;
    const int flags = fcntl(fd, F_GETFL);
    r.never_waits = flags >= 0 && (flags & O_NONBLOCK) != 0;
    const bool known = fstat(fd, &about) == 0;
    r.named_pipe = known && S_ISFIFO(about.st_mode) && has_a_name(fd);
    if (known && !S_ISREG(about.st_mode) && isatty(fd) == 0)
        r.until = monotonic_ms() + 1000LL * r.patience;
    // The program that writes may be asking a person at the same terminal: nothing is shown there meanwhile.
    if (callbacks != NULL && r.until != 0)
        callback_waiting(callbacks, SSA_WAIT_OVER, NULL, -1);
    return r;
}

static bool too_late(const struct reading *r, struct ssa_error *err)
{
    return error_because(err, SSA_CONFIG, SSA_REASON_PIPE, r->subject, "%s within %u seconds",
                         r->secret->len == 0 ? "nothing came" : "it was not closed", r->patience);
}

// Waits until there is something to read, or the end.
static bool wait_for_more(const struct reading *r, struct ssa_error *err)
{
    for (;;) {
        struct pollfd input = {.fd = r->fd, .events = POLLIN};
        if (r->callbacks != NULL && callback_interrupted(r->callbacks))
            return error_set(err, SSA_UNEXPECTED, NULL, r->subject, "interrupted: nothing was done");
        const long long left = r->until == 0 ? SLICE_MS : r->until - monotonic_ms();
        if (left <= 0)
            return too_late(r, err);
        const int ready = poll(&input, 1, left < SLICE_MS ? (int)left : SLICE_MS);
        // Where poll(2) cannot wait, read(2) tells the failure.
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true;
    }
}

// Reads a part. The byte for the NUL is also filled, to tell "full" from "too long". errno tells why it failed.
static ssize_t read_part(const struct reading *r, struct ssa_error *err)
{
    struct secret *s = r->secret;
    const ssize_t got = read(r->fd, s->data + s->len, s->capacity + 1 - s->len);
    if (got < 0) {
        (void)error_errno(err, SSA_CONFIG, errno, r->subject, "cannot be read");
        return -1;
    }
    s->len += (size_t)got;
    if (s->len > s->capacity) {
        secret_clear(s);
        (void)error_set(err, SSA_CONFIG, NULL, r->subject, "is longer than %zu bytes", s->capacity);
        errno = EFBIG;
        return -1;
    }
    s->data[s->len] = 0;
    return got;
}

bool read_secret(struct secret *secret, int fd, const char *subject, const struct ssa_callbacks *callbacks,
                 struct ssa_error *err)
{
    const struct reading r = begin(secret, fd, subject, callbacks);
    // poll(2) does not show the end of a pipe that was opened after its writer had gone. So read(2) comes first.
    bool waited = false, ready = r.never_waits;
    for (;;) {
        struct ssa_error why = {0};
        if (!ready && !wait_for_more(&r, err))
            return false;
        waited = waited || !ready;
        const ssize_t got = read_part(&r, &why);
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            *err = why;
            return false;
        }
        // A FIFO whose writer has not come yet looks as if it were at its end.
        const bool too_early = got == 0 && secret->len == 0 && r.named_pipe && !waited;
        if (got == 0 && !too_early)
            return true;
        ready = got > 0 && r.never_waits;
    }
}
