#include "agent/http/connections.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
    DESCRIPTORS_OTHER = 256, // of this process that are no connections
    BREATHS_MAX = 250,       // milliseconds for which a new connection waits until one that ends is closed
    BREATHLESS_MS = 1000     // for which none waits after one that waited for nothing
};

// As many descriptors as are wanted, or as there may be.
static size_t raise_limit(size_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_cur < wanted) {
        const rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = before;
    }
    return limit.rlim_cur < wanted ? limit.rlim_cur : wanted;
}

static size_t least_numbers(size_t shares)
{
    return DESCRIPTORS_OTHER + 2 * shares;
}

static bool are_enough(size_t numbers, size_t shares)
{
    return shares <= SHARES_MAX && numbers >= least_numbers(shares);
}

static bool too_few(size_t numbers, size_t shares, struct ssa_error *err)
{
    error_set(err, SSA_UNEXPECTED, NULL, NULL, "only %zu files can be open at the same time", numbers);
    return error_hint(err, "An agent needs at least %zu: raise the limit (ulimit -n, or LimitNOFILE= of a unit).",
                      least_numbers(shares));
}

bool connections_have_room(size_t shares, struct ssa_error *err)
{
    const size_t numbers = raise_limit(least_numbers(shares));
    return are_enough(numbers, shares) || too_few(numbers, shares, err);
}

bool connections_open(struct connections *c, const size_t *share_max, size_t shares, struct ssa_error *err)
{
    size_t sum = 0;
    *c = (struct connections){.shares = shares};
    for (size_t i = 0; i < shares; i++)
        sum += share_max[i];
    // Each share may have as many connections that are ending, and not closed yet, as it may have open ones.
    c->numbers = raise_limit(2 * sum + DESCRIPTORS_OTHER);
    if (!are_enough(c->numbers, shares))
        return too_few(c->numbers, shares, err);
    const size_t room = (c->numbers - DESCRIPTORS_OTHER) / 2;
    for (size_t i = 0; i < shares; i++) {
        c->share_max[i] = share_max[i] * room / sum;
        if (c->share_max[i] == 0)
            c->share_max[i] = 1;
    }
    c->by_fd = calloc(c->numbers, sizeof(struct connection *));
    if (c->by_fd == NULL || pthread_mutex_init(&c->mutex, NULL) != 0) {
        free(c->by_fd);
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "there is no memory for connections");
    }
    return true;
}

static void forget(struct connections *c, struct connection *connection)
{
    size_t *const among = connection->ending ? c->ending : c->share;
    c->by_fd[connection->fd] = NULL;
    c->total--;
    among[connection->caller.share]--;
    request_free(&connection->request);
    if (c->drop != NULL)
        c->drop(connection);
    free(connection);
}

void connections_close(struct connections *c)
{
    for (size_t i = 0; i < c->numbers; i++)
        if (c->by_fd[i] != NULL)
            forget(c, c->by_fd[i]);
    free(c->by_fd);
    (void)pthread_mutex_destroy(&c->mutex);
}

// libmicrohttpd sees that nothing more will come, and closes it.
static void end(struct connections *c, struct connection *connection)
{
    connection->ending = true;
    c->share[connection->caller.share]--;
    c->ending[connection->caller.share]++;
    (void)shutdown(connection->fd, SHUT_RDWR);
}

static bool is_from(const struct connection *one, const uint8_t *address)
{
    return address == NULL || memcmp(one->caller.address, address, CALLER_ADDRESS_BYTES) == 0;
}

// Whom nothing was served yet goes before whom something was.
static bool goes_before(const struct connection *a, const struct connection *b)
{
    return a->served == b->served ? a->since < b->since : !a->served;
}

static ino_t inode_of(int fd)
{
    struct stat there;
    return fstat(fd, &there) == 0 ? there.st_ino : 0;
}

// Where libmicrohttpd has no memory, it closes a socket without a word, and its number may be another one's by now.
static bool is_there(struct connections *c, size_t fd)
{
    struct connection *connection = c->by_fd[fd];
    if (connection == NULL || inode_of(connection->fd) == connection->inode)
        return connection != NULL;
    forget(c, connection);
    return false;
}

static bool has_sent(const struct connection *connection)
{
    int unread = 0;
    return ioctl(connection->fd, FIONREAD, &unread) == 0 && unread > 0;
}

// Ends the one of the share, or of one address in it, that was idle for longest. False where all have requests.
static bool shed(struct connections *c, size_t share, const uint8_t *address)
{
    struct connection *oldest = NULL;
    if (c->ending[share] >= c->share_max[share])
        return false;
    for (size_t i = 0; i < c->numbers; i++) {
        struct connection *one = c->by_fd[i];
        if (one != NULL && one->caller.share == share && !one->ending && one->stage == STAGE_IDLE &&
            is_from(one, address) && (oldest == NULL || goes_before(one, oldest)) && !has_sent(one))
            oldest = one;
    }
    if (oldest == NULL)
        return false;
    if (!is_there(c, (size_t)oldest->fd))
        return true;
    end(c, oldest);
    c->shed++;
    return true;
}

// Whether there is room for one more from this address.
static bool has_room(struct connections *c, const struct caller *caller)
{
    size_t count = 0;
    if (c->host_max[caller->share] == 0)
        return true;
    for (size_t i = 0; i < c->numbers; i++)
        count += c->by_fd[i] != NULL && !c->by_fd[i]->ending && c->by_fd[i]->caller.share == caller->share &&
                 is_from(c->by_fd[i], caller->address);
    return count < c->host_max[caller->share] || shed(c, caller->share, caller->address);
}

static struct connection *admit(struct connections *c, int fd, const struct caller *caller, long long now)
{
    // The earlier one was closed without a word.
    if (c->by_fd[fd] != NULL)
        forget(c, c->by_fd[fd]);
    if (!has_room(c, caller) ||
        (c->share[caller->share] >= c->share_max[caller->share] && !shed(c, caller->share, NULL)))
        return NULL;
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->fd = fd;
    connection->number = ++c->admitted;
    connection->inode = inode_of(fd);
    connection->caller = *caller;
    connection->since = now;
    c->by_fd[fd] = connection;
    c->share[caller->share]++;
    c->total++;
    return connection;
}

// In a flood, connections come faster than libmicrohttpd closes those that make room. Waits until one of them is
// closed.
static bool breathe(struct connections *c, size_t share, long long now)
{
    const size_t before = c->ending[share];
    if (before < c->share_max[share] || now < c->breathless_until)
        return false;
    for (unsigned i = 0; i < BREATHS_MAX && c->ending[share] >= before; i++) {
        (void)pthread_mutex_unlock(&c->mutex);
        pause_ms(1);
        (void)pthread_mutex_lock(&c->mutex);
    }
    if (c->ending[share] >= before)
        c->breathless_until = now + BREATHLESS_MS;
    return c->ending[share] < before;
}

struct connection *connections_admit(struct connections *c, int fd, const struct caller *caller, long long now)
{
    if (fd < 0 || (size_t)fd >= c->numbers || caller->share >= c->shares)
        return NULL;
    (void)pthread_mutex_lock(&c->mutex);
    struct connection *connection = admit(c, fd, caller, now);
    if (connection == NULL && breathe(c, caller->share, now))
        connection = admit(c, fd, caller, now);
    if (connection == NULL)
        c->refused++;
    (void)pthread_mutex_unlock(&c->mutex);
    return connection;
}

struct connection *connections_at(struct connections *c, int fd)
{
    struct connection *connection = NULL;
    (void)pthread_mutex_lock(&c->mutex);
    if (fd >= 0 && (size_t)fd < c->numbers)
        connection = c->by_fd[fd];
    (void)pthread_mutex_unlock(&c->mutex);
    return connection;
}

void connections_leave(struct connections *c, struct connection *connection)
{
    (void)pthread_mutex_lock(&c->mutex);
    forget(c, connection);
    (void)pthread_mutex_unlock(&c->mutex);
}

static bool is_overdue(const struct connection *one, long long now)
{
    const enum stage stage = one->stage;
    const long long age = now - one->since;
    const bool greets = one->caller.kind != LISTENER_UNIX && !one->served;
    return !one->ending &&
           ((stage == STAGE_IDLE && age > (greets ? GREET_MS : IDLE_MS)) ||
            (stage == STAGE_READING && age > GREET_MS) || (stage == STAGE_ANSWERING && age > ANSWER_MS));
}

size_t connections_sweep(struct connections *c, long long now)
{
    (void)pthread_mutex_lock(&c->mutex);
    for (size_t i = 0; i < c->numbers && c->total > 0; i++)
        if (c->by_fd[i] != NULL && is_overdue(c->by_fd[i], now) && is_there(c, i))
            end(c, c->by_fd[i]);
    const size_t total = c->total;
    (void)pthread_mutex_unlock(&c->mutex);
    return total;
}

unsigned long long connections_refused(struct connections *c)
{
    (void)pthread_mutex_lock(&c->mutex);
    const unsigned long long refused = c->refused;
    (void)pthread_mutex_unlock(&c->mutex);
    return refused;
}

size_t connections_busy(struct connections *c)
{
    size_t busy = 0;
    (void)pthread_mutex_lock(&c->mutex);
    for (size_t i = 0; i < c->numbers && c->total > 0; i++)
        busy += c->by_fd[i] != NULL && !c->by_fd[i]->ending && c->by_fd[i]->stage > STAGE_READING;
    (void)pthread_mutex_unlock(&c->mutex);
    return busy;
}
