#include "agent/http/audit_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/text.h"
#include "core/write.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SYSLOG_SOCKET  "/dev/log"
// The facility is authpriv (10), the severity informational (6).
#define SYSLOG_HEAD  "<86>ssa-hsm-agent: "
#define JOURNAL_HEAD "PRIORITY=6\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=ssa-hsm-agent\nMESSAGE="

enum { SEND_TIMEOUT_US = 200000 };

static int open_file(const char *path, struct ssa_error *err)
{
    struct stat there;
    // A FIFO that nobody reads must not hold us up.
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        (void)error_errno(err, SSA_CONFIG, errno, path, "the audit's file cannot be opened");
        return -1;
    }
    if (fstat(fd, &there) != 0 || !S_ISREG(there.st_mode)) {
        (void)error_set(err, SSA_CONFIG, NULL, path, "the audit's file is not a regular file");
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool address_of(const struct sink *sink, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    return text_format(address->sun_path, sizeof address->sun_path, "%s", sink->path);
}

// The socket is not connected: whoever listens there may be started anew.
static int open_socket(const struct sink *sink, struct ssa_error *err)
{
    const struct timeval patience = {.tv_usec = SEND_TIMEOUT_US};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0)
        return fd;
    (void)error_errno(err, SSA_UNEXPECTED, errno, sink->path, "no socket can be made");
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

bool sink_open(struct sink *sink, enum audit_sink kind, const char *path, struct ssa_error *err)
{
    struct sockaddr_un address;
    *sink = (struct sink){.kind = kind, .fd = -1};
    if (path == NULL)
        path = kind == AUDIT_JOURNAL ? JOURNAL_SOCKET : kind == AUDIT_SYSLOG ? SYSLOG_SOCKET : "";
    if (!text_format(sink->path, sizeof sink->path, "%s", path) || (kind != AUDIT_FILE && !address_of(sink, &address)))
        return error_set(err, SSA_CONFIG, NULL, path, "the path is too long");
    sink->fd = kind == AUDIT_FILE ? open_file(path, err) : open_socket(sink, err);
    return sink->fd >= 0;
}

void sink_close(struct sink *sink)
{
    if (sink->fd >= 0)
        (void)close(sink->fd);
    sink->fd = -1;
}

void sink_reopen(struct sink *sink)
{
    if (sink->kind != AUDIT_FILE)
        return;
    const int fd = open_file(sink->path, ERROR_IGNORED);
    if (fd < 0)
        return;
    (void)close(sink->fd);
    sink->fd = fd;
    sink->cut = false;
}

static size_t count_lines(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == '\n';
    return count;
}

// Of what is written in part, the lines that are whole are counted as written.
static size_t write_file(struct sink *sink, struct span lines)
{
    if (sink->cut && write(sink->fd, "\n", 1) != 1)
        return count_lines(lines);
    sink->cut = false;
    while (lines.len > 0) {
        const ssize_t written = write(sink->fd, lines.data, lines.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return count_lines(lines);
        sink->cut = lines.data[written - 1] != '\n';
        lines = span_of(lines.data + written, lines.len - (size_t)written);
    }
    return 0;
}

static bool send_line(const struct sink *sink, struct span line)
{
    const char *head = sink->kind == AUDIT_JOURNAL ? JOURNAL_HEAD : SYSLOG_HEAD;
    struct sockaddr_un address;
    // The journal wants the line break after each of its fields, syslog none.
    struct iovec parts[] = {
        {.iov_base = (void *)head, .iov_len = strlen(head)},
        {.iov_base = (void *)line.data, .iov_len = line.len - (sink->kind == AUDIT_SYSLOG ? 1 : 0)},
    };
    const struct msghdr message = {
        .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = parts, .msg_iovlen = COUNT(parts)};
    if (!address_of(sink, &address))
        return false;
    for (;;) {
        if (sendmsg(sink->fd, &message, MSG_NOSIGNAL) >= 0)
            return true;
        if (errno == ENOENT || errno == ECONNREFUSED)
            return write_all(STDERR_FILENO, line);
        if (errno != EINTR)
            return false;
    }
}

static size_t send_lines(const struct sink *sink, struct span lines)
{
    size_t lost = 0;
    while (lines.len > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.len);
        const size_t len = end == NULL ? lines.len : (size_t)(end - lines.data) + 1;
        if (!send_line(sink, span_of(lines.data, len)))
            lost++;
        lines = span_of(lines.data + len, lines.len - len);
    }
    return lost;
}

size_t sink_write(struct sink *sink, struct span lines)
{
    return sink->kind == AUDIT_FILE ? write_file(sink, lines) : send_lines(sink, lines);
}
