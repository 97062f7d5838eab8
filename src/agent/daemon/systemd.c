#include "agent/daemon/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/descriptor.h"
#include "core/text.h"

enum { FIRST = 3, NUMBER_BASE = 10, MESSAGE_MAX = 1024 };

// A positive number in a variable; 0 where there is none.
static unsigned long long number_in(const char *variable)
{
    const char *text = secure_getenv(variable);
    char *end = NULL;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return 0;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, NUMBER_BASE);
    return errno == 0 && *end == '\0' ? number : 0;
}

static bool wrong(int fd, const char *what, struct ssa_error *err)
{
    char subject[32];
    (void)text_format(subject, sizeof subject, "descriptor %d", fd);
    return error_set(err, SSA_CONFIG, NULL, subject, "%s", what);
}

static bool take(int fd, struct span name, struct listener *listener, struct ssa_error *err)
{
    int listens = 0, type = 0;
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof listens;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0)
        return wrong(fd, "was handed over as a socket, but is not one", err);
    len = sizeof type;
    if (listens == 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM)
        return wrong(fd, "was handed over, but is not a stream socket that listens", err);
    len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return wrong(fd, "was handed over, but its address is not known", err);
    listener->fd = fd;
    listener->kind = LISTENER_UNIX;
    if (address.ss_family == AF_UNIX)
        return true;
    listener->kind = span_is(name, "facade") ? LISTENER_FACADE : LISTENER_BROKER;
    if ((address.ss_family == AF_INET || address.ss_family == AF_INET6) &&
        (listener->kind == LISTENER_FACADE || span_is(name, "broker")))
        return true;
    return wrong(fd, "was handed over, but its name is neither facade nor broker", err);
}

bool systemd_listeners(struct listener listeners[static SERVER_LISTENERS_MAX], size_t *count, struct ssa_error *err)
{
    const unsigned long long given = number_in("LISTEN_FDS");
    const char *names = secure_getenv("LISTEN_FDNAMES");
    bool done = true;
    *count = 0;
    // They may be meant for a process that has started this one.
    if (given == 0 || number_in("LISTEN_PID") != (unsigned long long)getpid())
        return true;
    if (given > SERVER_LISTENERS_MAX)
        return error_set(err, SSA_CONFIG, NULL, NULL, "%llu sockets were handed over, and at most %d can be used",
                         given, SERVER_LISTENERS_MAX);
    for (; done && *count < given; ++*count) {
        const size_t len = names == NULL ? 0 : strcspn(names, ":");
        done = take(FIRST + (int)*count, span_of(names, len), &listeners[*count], err);
        names = names == NULL || names[len] == '\0' ? NULL : names + len + 1;
    }
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDNAMES");
    return done;
}

// A path, or a name in the abstract namespace, which is written with "@".
static bool read_address(struct sockaddr_un *address, socklen_t *len)
{
    const char *path = secure_getenv("NOTIFY_SOCKET");
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') ||
        !text_format(address->sun_path, sizeof address->sun_path, "%s", path))
        return false;
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@')
        address->sun_path[0] = '\0';
    return true;
}

bool systemd_listens(void)
{
    struct sockaddr_un address;
    socklen_t len = 0;
    return read_address(&address, &len);
}

void systemd_notify(const char *format, ...)
{
    struct sockaddr_un address;
    socklen_t len = 0;
    char message[MESSAGE_MAX];
    va_list args;
    if (!read_address(&address, &len))
        return;
    va_start(args, format);
    const int used = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    DESCRIPTOR_AUTO fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    // It does not wait: a manager that hangs must not hold up the agent.
    if (fd >= 0 && used > 0 && (size_t)used < sizeof message)
        (void)sendto(fd, message, (size_t)used, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address, len);
}

unsigned systemd_watchdog_ms(void)
{
    const char *pid = secure_getenv("WATCHDOG_PID");
    const unsigned long long ms = number_in("WATCHDOG_USEC") / 1000;
    if (pid != NULL && number_in("WATCHDOG_PID") != (unsigned long long)getpid())
        return 0;
    return ms > INT_MAX ? INT_MAX : (unsigned)ms;
}
