// The thread that accepts connections, and looks after those that are open.
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/http/inside.h"
#include "core/boot_clock.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "core/thread.h"

enum {
    EVENTS_AT_ONCE = 64,
    ACCEPTS_AT_ONCE = 64, // of one listener, before the others have their turn
    SWEEP_MS = 1000,
    TELL_MS = 60000,
    BREATH_MS = 50, // after which it is tried again to accept, where there are no descriptors or no memory
    ACCEPTOR_STACK = 128 * 1024
};
#define WAKE (WATCHED - 1)

struct told {
    unsigned long long refused;
    long long at;
};

// Who comes by which kind of socket.
typedef bool ask(const struct peers *peers, int fd, struct caller *caller);
static ask *const asks[LISTENER_KINDS] = {
    [LISTENER_UNIX] = peers_ask, [LISTENER_FACADE] = peers_ask_facade, [LISTENER_BROKER] = peers_ask_broker};

static void admit(struct http_server *server, enum listener_kind kind, int fd)
{
    // libmicrohttpd wants an address, and has no use for this one.
    static const struct sockaddr_un nowhere = {.sun_family = AF_UNIX};
    struct connection *connection = NULL;
    struct caller caller;
    if (asks[kind](&server->peers, fd, &caller))
        connection = connections_admit(&server->connections, fd, &caller, monotonic_ms());
    if (connection == NULL) {
        (void)close(fd);
        return;
    }
    // It closes the socket, also where it fails.
    struct MHD_Daemon *http = kind == LISTENER_BROKER ? server->https : server->http;
    if (microhttpd.add_connection(http, fd, (const struct sockaddr *)&nowhere, sizeof nowhere.sun_family) != MHD_YES)
        connections_leave(&server->connections, connection);
}

static bool is_of_one_caller(int number)
{
    // The caller was gone already, or a signal came.
    return number == ECONNABORTED || number == EINTR || number == EPROTO || number == EPERM;
}

static void accept_some(struct http_server *server, const struct listener *listener)
{
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        const int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(server, listener->kind, fd);
        } else if (!is_of_one_caller(errno)) {
            if (errno != EAGAIN)
                pause_ms(BREATH_MS);
            return;
        }
    }
}

static void serve(struct http_server *server, const struct epoll_event *event)
{
    if (event->data.u64 < server->config.listener_count)
        accept_some(server, &server->listeners[event->data.u64]);
    else if (event->data.u64 != WAKE)
        wait_hang_up(server->waits, &server->connections, event->data.u64);
}

// Says at times that there was no room for somebody.
static void tell_refused(struct http_server *server, struct told *told, long long now)
{
    const unsigned long long refused = connections_refused(&server->connections);
    char line[128];
    if (refused == told->refused || now - told->at < TELL_MS || server->config.tell == NULL)
        return;
    if (text_format(line, sizeof line, "there was no room for %llu connections", refused - told->refused))
        server->config.tell(server->config.context, SSA_WARNING, line);
    *told = (struct told){.refused = refused, .at = now};
}

static void *run(void *context)
{
    struct http_server *server = context;
    struct epoll_event events[EVENTS_AT_ONCE];
    long long swept = monotonic_ms();
    struct told told = {.at = swept - TELL_MS};
    size_t there = 0;
    while (!atomic_load(&server->closing)) {
        // With nothing to look after, it sleeps until somebody comes.
        const int count = epoll_wait(server->epoll, events, EVENTS_AT_ONCE, there > 0 ? SWEEP_MS : -1);
        for (int i = 0; i < count; i++)
            serve(server, &events[i]);
        const long long now = monotonic_ms();
        if (there > 0 && now - swept < SWEEP_MS)
            continue;
        swept = now;
        // In this order: where nobody is connected, nobody prepares another answer.
        there = connections_sweep(&server->connections, now);
        there += prepared_sweep(&server->prepared, boot_ms());
        tell_refused(server, &told, now);
    }
    return NULL;
}

static bool watch(struct http_server *server, int fd, uint64_t what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = what};
    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool watch_all(struct http_server *server)
{
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = server->epoll >= 0 && server->wake >= 0 && watch(server, server->wake, WAKE);
    // A caller that is gone again must not leave the thread waiting for the next one.
    for (size_t i = 0; i < server->config.listener_count && ok; i++)
        ok = fcntl(server->listeners[i].fd, F_SETFL, O_NONBLOCK) == 0 && watch(server, server->listeners[i].fd, i);
    server->waits->epoll = server->epoll;
    return ok;
}

bool acceptor_start(struct http_server *server, struct ssa_error *err)
{
    if (!watch_all(server))
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "the sockets cannot be watched");
    server->accepts = thread_start(&server->acceptor, ACCEPTOR_STACK, run, server);
    return server->accepts || error_set(err, SSA_UNEXPECTED, NULL, NULL, "no thread can be started");
}

void acceptor_stop(struct http_server *server)
{
    const uint64_t one = 1;
    if (server->accepts) {
        atomic_store(&server->closing, true);
        // It can only fail where the thread is told to wake already.
        (void)!write(server->wake, &one, sizeof one);
        (void)pthread_join(server->acceptor, NULL);
        server->accepts = false;
    }
    for (size_t i = 0; i < server->config.listener_count; i++) {
        if (server->listeners[i].fd >= 0)
            (void)close(server->listeners[i].fd);
        server->listeners[i].fd = -1;
    }
}
