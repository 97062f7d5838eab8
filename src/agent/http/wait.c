#include "agent/http/wait.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "agent/http/microhttpd.h"

enum wait_state {
    WAIT_READY,  // the service is being asked
    WAIT_ASLEEP, // the connection sleeps
    WAIT_ENDED,  // the answer is there
    WAIT_LEFT    // nobody waits any more
};

enum { FD_BITS = 20 };

struct wait {
    struct waits *waits;
    enum wait_state state;
    struct connection *connection;
    struct result result;
};

struct waits *waits_open(struct service *service, struct ssa_error *err)
{
    struct waits *waits = calloc(1, sizeof *waits);
    if (waits == NULL || pthread_mutex_init(&waits->mutex, NULL) != 0) {
        (void)error_set(err, SSA_UNEXPECTED, NULL, NULL, "there is no memory for those who wait");
        free(waits);
        return NULL;
    }
    waits->service = service;
    waits->epoll = -1;
    return waits;
}

static void unlock(struct waits *waits)
{
    const bool last = waits->closed && waits->open == 0;
    (void)pthread_mutex_unlock(&waits->mutex);
    if (last) {
        (void)pthread_mutex_destroy(&waits->mutex);
        free(waits);
    }
}

void waits_close(struct waits *waits)
{
    if (waits == NULL)
        return;
    (void)pthread_mutex_lock(&waits->mutex);
    waits->closed = true;
    unlock(waits);
}

void result_free(struct result *result)
{
    if (result->outcome.access != NULL)
        access_drop(result->outcome.access);
    result->outcome.access = NULL;
    secret_free(&result->text);
}

void wait_free(struct wait *wait)
{
    if (wait == NULL)
        return;
    result_free(&wait->result);
    free(wait);
}

struct wait *wait_ready(struct waits *waits, struct connection *connection)
{
    if (connection->wait == NULL)
        connection->wait = calloc(1, sizeof *connection->wait);
    if (connection->wait == NULL)
        return NULL;
    connection->wait->waits = waits;
    connection->wait->connection = connection;
    connection->wait->state = WAIT_READY;
    return connection->wait;
}

// The number tells it from a later connection with the same socket.
static uint64_t watched_as(const struct connection *connection)
{
    return WATCHED | (uint64_t)connection->number << FD_BITS | (unsigned)connection->fd;
}

// Over the internet, one that closes its connection and one that only has nothing more to send look the same. Where
// this fails, a caller that hangs up is noticed when its answer is there.
static void watch(const struct waits *waits, const struct connection *connection, int operation)
{
    const uint32_t end = connection->caller.kind == LISTENER_UNIX ? 0 : EPOLLRDHUP;
    struct epoll_event event = {.events = EPOLLONESHOT | end, .data.u64 = watched_as(connection)};
    (void)epoll_ctl(waits->epoll, operation, connection->fd, &event);
}

bool wait_sleep(struct wait *wait)
{
    struct waits *waits = wait->waits;
    (void)pthread_mutex_lock(&waits->mutex);
    waits->open++;
    const bool sleeps = wait->state == WAIT_READY;
    if (sleeps) {
        wait->state = WAIT_ASLEEP;
        microhttpd.suspend_connection(wait->connection->http);
        watch(waits, wait->connection, EPOLL_CTL_ADD);
    }
    unlock(waits);
    return sleeps;
}

static void wake(struct waits *waits, struct wait *wait, enum wait_state state)
{
    watch(waits, wait->connection, EPOLL_CTL_DEL);
    wait->state = state;
    microhttpd.resume_connection(wait->connection->http);
}

void wait_end(struct wait *wait, struct result *result)
{
    struct waits *waits = wait->waits;
    (void)pthread_mutex_lock(&waits->mutex);
    const enum wait_state before = wait->state;
    wait->result = *result;
    *result = (struct result){0};
    if (before == WAIT_ASLEEP)
        wake(waits, wait, WAIT_ENDED);
    else if (before == WAIT_READY)
        wait->state = WAIT_ENDED;
    waits->open--;
    unlock(waits);
    if (before == WAIT_LEFT)
        wait_free(wait);
}

static void leave(struct waits *waits, struct connection *connection)
{
    bool given_up = false;
    (void)pthread_mutex_lock(&waits->mutex);
    struct wait *wait = connection->wait;
    if (wait != NULL && wait->state == WAIT_ASLEEP) {
        // Once it is woken, it goes on at once.
        connection->wait = NULL;
        wake(waits, wait, WAIT_LEFT);
        // While the lock is held, wait_end does not free it.
        given_up = service_give_up(waits->service, wait);
        waits->open -= given_up;
    }
    (void)pthread_mutex_unlock(&waits->mutex);
    if (given_up)
        wait_free(wait);
}

void wait_hang_up(struct waits *waits, struct connections *connections, uint64_t watched)
{
    const size_t fd = watched & ((1U << FD_BITS) - 1);
    // While the lock is held, no connection is forgotten.
    (void)pthread_mutex_lock(&connections->mutex);
    struct connection *connection = fd < connections->numbers ? connections->by_fd[fd] : NULL;
    if (connection != NULL && watched_as(connection) == watched)
        leave(waits, connection);
    (void)pthread_mutex_unlock(&connections->mutex);
}

void waits_wake(struct waits *waits, struct connections *connections)
{
    (void)pthread_mutex_lock(&connections->mutex);
    for (size_t i = 0; i < connections->numbers; i++)
        if (connections->by_fd[i] != NULL)
            leave(waits, connections->by_fd[i]);
    (void)pthread_mutex_unlock(&connections->mutex);
}

bool wait_take(struct connection *connection, struct result *result)
{
    struct wait *wait = connection->wait;
    if (wait == NULL)
        return false;
    *result = wait->result;
    wait->result = (struct result){0};
    return true;
}
