// The agent's HTTP server before a service that is made up: `http_player SOCKET [allow=UID:SCOPE] [audit=KIND:PATH]
// [own=UID] [limit=BYTES] [callers=FILE] [facade] [broker=CERT,KEY,CA]`. Says "ready" and the ports of facade and
// broker, and stops at the end of its standard input; "reopen" there reopens the audit. With own=UID it takes itself
// for that user.
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/http/audit.h"
#include "agent/http/server.h"
#include "core/text.h"
#include "fake_service.h"

enum { ALLOWED_MAX = 4, BACKLOG = 1024 };

static struct allowed_user allowed[ALLOWED_MAX];
static size_t allowed_count;
static struct audit *audit;
static bool is_another;
static uid_t own;
static struct listener listeners[4];
static void tell_line(void *context, enum ssa_level level, const char *line);
static struct server_config config = {.listeners = listeners, .allowed = allowed};
static char ports[128];

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
    return is_another ? own : __real_geteuid();
}

static void die(const char *what)
{
    (void)fprintf(stderr, "http_player: %s\n", what);
    exit(1);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !text_format(address.sun_path, sizeof address.sun_path, "%s", path) ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || chmod(path, 0666) != 0 ||
        listen(fd, BACKLOG) != 0)
        die("cannot listen");
    return fd;
}

static void allow(const char *text)
{
    const char *scope = strchr(text, ':');
    if (scope == NULL || allowed_count == ALLOWED_MAX)
        die("allow=UID:SCOPE");
    allowed[allowed_count].user = (unsigned)strtoul(text, NULL, 10);
    if (!text_format(allowed[allowed_count].scope, ACCESS_SCOPE_MAX, "%s", scope + 1))
        die("the scope is too long");
    allowed_count++;
}

static void open_audit(const char *text)
{
    static const char *const kinds[] = {[AUDIT_JOURNAL] = "journal", [AUDIT_SYSLOG] = "syslog", [AUDIT_FILE] = "file"};
    const char *path = strchr(text, ':');
    struct ssa_error err;
    for (size_t i = 0; path != NULL && i < COUNT(kinds); i++)
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0) {
            if (!audit_open((enum audit_sink)i, path[1] == '\0' ? NULL : path + 1, &audit, &err))
                die(err.what);
            return;
        }
    die("audit=KIND:PATH");
}

// What is written beyond it fails, as on a full disk.
static void limit_files(const char *text)
{
    const struct rlimit limit = {.rlim_cur = strtoul(text, NULL, 10), .rlim_max = RLIM_INFINITY};
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        die("cannot limit files");
}

static int listen_on_loopback(const char *name)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        !text_format(ports + strlen(ports), sizeof ports - strlen(ports), " %s=%u", name, ntohs(address.sin_port)))
        die("cannot listen");
    return fd;
}

static void add_listener(enum listener_kind kind, int fd)
{
    if (config.listener_count == COUNT(listeners))
        die("too many sockets");
    if (kind != LISTENER_UNIX)
        config.tell = tell_line;
    listeners[config.listener_count++] = (struct listener){.kind = kind, .fd = fd};
}

static void add_broker(const char *text)
{
    static char files[4096];
    if (!text_format(files, sizeof files, "%s", text))
        die("too long");
    char *rest = files;
    config.tls_cert = strsep(&rest, ",");
    config.tls_key = strsep(&rest, ",");
    config.client_ca = rest;
    add_listener(LISTENER_BROKER, listen_on_loopback("broker"));
}

static void tell_line(void *context, enum ssa_level level, const char *line)
{
    (void)context;
    (void)level;
    (void)fprintf(stderr, "told: %s\n", line);
}

static void read_option(const char *text)
{
    if (strncmp(text, "allow=", 6) == 0)
        allow(text + 6);
    else if (strncmp(text, "audit=", 6) == 0)
        open_audit(text + 6);
    else if (strncmp(text, "limit=", 6) == 0)
        limit_files(text + 6);
    else if (strncmp(text, "own=", 4) == 0)
        own = (uid_t)strtoul(text + 4, NULL, 10);
    else if (strncmp(text, "callers=", 8) == 0)
        config.callers = text + 8;
    else if (strcmp(text, "facade") == 0)
        add_listener(LISTENER_FACADE, listen_on_loopback("facade"));
    else if (strncmp(text, "broker=", 7) == 0)
        add_broker(text + 7);
    else
        die("what?");
}

int main(int argc, char **argv)
{
    struct ssa_error err;
    struct http_server *server;
    char line[64];
    if (argc < 2)
        die("which socket?");
    (void)prctl(PR_SET_DUMPABLE, 1);
    add_listener(LISTENER_UNIX, listen_at(argv[1]));
    for (int i = 2; i < argc; i++)
        read_option(argv[i]);
    is_another = own != 0;
    config.allowed_count = allowed_count;
    config.audit = audit;
    fake_start();
    if (!server_start(&config, &server, &err))
        die(err.what);
    (void)printf("ready%s\n", ports);
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL)
        if (strcmp(line, "reopen\n") == 0)
            audit_reopen(audit);
    server_quiet(server);
    fake_stop();
    server_stop(server);
    audit_close(audit);
    return 0;
}
