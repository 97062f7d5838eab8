#include "agent/daemon/agent.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/daemon/allow.h"
#include "agent/daemon/internet.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/socket.h"
#include "agent/daemon/systemd.h"
#include "core/callback.h"
#include "core/owner.h"
#include "core/secret.h"
#include "core/text.h"

struct agent {
    const struct agent_options *options;
    struct listener listeners[SERVER_LISTENERS_MAX];
    size_t listener_count;
    struct agent_socket own; // its descriptor is among the listeners
    char path[AGENT_PATH_MAX], folder[AGENT_PATH_MAX], kept[PATH_MAX];
    struct allowed_user *allowed;
    struct audit *audit;
    struct service_config service_config;
    struct service *service;
    struct server_config server_config;
    struct http_server *server;
    int signals;
};

static void tell_line(void *context, enum ssa_level level, const char *line)
{
    const struct agent *agent = context;
    tell(&agent->options->run.callbacks, level, "%s", line);
}

static void audit_signature(void *context, const char *profile, const char *scope, bool done, long long took_ms)
{
    const struct agent *agent = context;
    audit_write(agent->audit, &(struct audit_event){.what = "signature",
                                                    .profile = profile,
                                                    .scope = scope,
                                                    .outcome = done ? "ok" : "failed",
                                                    .took_us = took_ms * 1000});
}

// The path of the first Unix socket that was handed over.
static void find_path(struct agent *agent)
{
    for (size_t i = 0; i < agent->listener_count; i++) {
        struct sockaddr_un address = {0};
        socklen_t len = sizeof address;
        if (agent->listeners[i].kind == LISTENER_UNIX &&
            getsockname(agent->listeners[i].fd, (struct sockaddr *)&address, &len) == 0 && address.sun_path[0] == '/' &&
            text_format(agent->path, sizeof agent->path, "%.*s", (int)sizeof address.sun_path, address.sun_path))
            return;
    }
}

static bool add_internet(struct agent *agent, const char *at, enum listener_kind kind, struct ssa_error *err)
{
    struct listener *next = &agent->listeners[agent->listener_count];
    if (at == NULL)
        return true;
    if (agent->listener_count == SERVER_LISTENERS_MAX)
        return error_set(err, SSA_CONFIG, NULL, at, "there are too many sockets");
    next->kind = kind;
    if (!internet_listen(at, kind == LISTENER_FACADE, &next->fd, err))
        return false;
    agent->listener_count++;
    return true;
}

static bool open_sockets(struct agent *agent, struct ssa_error *err)
{
    const struct agent_options *options = agent->options;
    if (!systemd_listeners(agent->listeners, &agent->listener_count, err))
        return false;
    if (agent->listener_count == 0) {
        if (!agent_socket_open(options->socket, options->allow_count > 0, &options->run.callbacks, &agent->own, err))
            return false;
        agent->listeners[agent->listener_count++] = (struct listener){.kind = LISTENER_UNIX, .fd = agent->own.fd};
    }
    find_path(agent);
    return add_internet(agent, options->facade, LISTENER_FACADE, err) &&
           add_internet(agent, options->listen, LISTENER_BROKER, err);
}

// The first folder that the service manager names in this variable.
static bool service_folder(const char *variable, char *folder, size_t size)
{
    const char *folders = secure_getenv(variable);
    return text_present(folders) && text_format(folder, size, "%.*s", (int)strcspn(folders, ":"), folders);
}

// A service manager removes the other folder whenever the service ends.
static void choose_kept(struct agent *agent)
{
    if (agent->own.fd >= 0 || !service_folder("STATE_DIRECTORY", agent->kept, sizeof agent->kept))
        memcpy(agent->kept, agent->folder, sizeof agent->folder);
}

// Where the signers listen for a person's PIN: a folder to which nobody else can write. A service manager that has made
// the socket has also made a folder for the service, which is its own.
static bool choose_folder(struct agent *agent, struct ssa_error *err)
{
    const char *runtime = secure_getenv("RUNTIME_DIRECTORY");
    if (agent->own.fd < 0 && text_present(runtime)) {
        if (!service_folder("RUNTIME_DIRECTORY", agent->folder, sizeof agent->folder))
            return error_set(err, SSA_CONFIG, NULL, runtime, "the path of the service's folder is too long");
    } else {
        agent_socket_folder(agent->path[0] != '\0' ? agent->path : agent->options->socket, agent->folder);
    }
    const int fd = owner_open_folder(agent->folder, err);
    if (fd < 0)
        return false;
    (void)close(fd);
    choose_kept(agent);
    return true;
}

static bool open_audit(struct agent *agent, struct ssa_error *err)
{
    const struct agent_options *options = agent->options;
    switch (options->audit) {
    case AGENT_AUDIT_JOURNAL:
        return audit_open(AUDIT_JOURNAL, NULL, &agent->audit, err);
    case AGENT_AUDIT_SYSLOG:
        return audit_open(AUDIT_SYSLOG, NULL, &agent->audit, err);
    case AGENT_AUDIT_FILE:
        return audit_open(AUDIT_FILE, options->audit_file, &agent->audit, err);
    case AGENT_AUDIT_NONE:
    default:
        return true;
    }
}

// Of several agents with sockets in one folder, all but the one at the usual place say by their PIN sockets whose they
// are.
static const char *pin_prefix(const struct agent *agent)
{
    const char *slash = strrchr(agent->path, '/');
    return agent->own.fd < 0 || slash == NULL || strcmp(slash + 1, "agent.sock") == 0 ? NULL : slash + 1;
}

static bool start_service(struct agent *agent, struct ssa_error *err)
{
    const struct agent_options *options = agent->options;
    agent->service_config = (struct service_config){.profiles = options->profiles,
                                                    .profile_count = options->profile_count,
                                                    .folder = agent->folder,
                                                    .prefix = pin_prefix(agent),
                                                    .kept = options->once ? NULL : agent->kept,
                                                    .locked = options->locked,
                                                    .lock_after = options->lock_after,
                                                    .run = options->run,
                                                    .signed_one = agent->audit != NULL ? audit_signature : NULL,
                                                    .tell = tell_line,
                                                    .context = agent};
    return service_start(&agent->service_config, &agent->service, err);
}

// Without that, it works all the same.
static void warn_of_swap(const struct agent *agent)
{
    enum { ENOUGH = 1024 * 1024 };
    SECRET_AUTO probe = {0};
    if (secret_new(&probe, ENOUGH, ERROR_IGNORED) && !probe.locked)
        tell_reason(&agent->options->run.callbacks, SSA_WARNING, SSA_REASON_LOCKS_TOO_FEW, "",
                    "memory cannot be locked, so access tokens could be written to swap");
}

static bool start_server(struct agent *agent, struct ssa_error *err)
{
    const struct agent_options *options = agent->options;
    agent->server_config = (struct server_config){.service = agent->service,
                                                  .listeners = agent->listeners,
                                                  .listener_count = agent->listener_count,
                                                  .allowed = agent->allowed,
                                                  .allowed_count = options->allow_count,
                                                  .callers = options->callers,
                                                  .tls_cert = options->tls_cert,
                                                  .tls_key = options->tls_key,
                                                  .client_ca = options->client_ca,
                                                  .audit = agent->audit,
                                                  .tell = tell_line,
                                                  .context = agent};
    if (!server_start(&agent->server_config, &agent->server, err))
        return false;
    // They are the server's now.
    agent->listener_count = 0;
    return true;
}

// A person who interrupts a question for a client secret ends the agent by that: the signals are held back only after
// the last question, and before the first thread that serves.
static bool start(struct agent *agent, struct ssa_error *err)
{
    const struct agent_options *options = agent->options;
    if (!server_has_room(options->allow_count, err) || !allow_read(options, &agent->allowed, err))
        return false;
    if (!open_sockets(agent, err) || !choose_folder(agent, err) || !open_audit(agent, err) ||
        !start_service(agent, err))
        return false;
    agent->signals = loop_signals();
    if (agent->signals < 0)
        return error_errno(err, SSA_UNEXPECTED, errno, NULL, "signals cannot be received");
    warn_of_swap(agent);
    return callback_go_on(&options->run.callbacks, err) && start_server(agent, err);
}

static void serve(struct agent *agent)
{
    const struct agent_options *options = agent->options;
    const struct agent_loop loop = {.options = options,
                                    .service = agent->service,
                                    .audit = agent->audit,
                                    .path = agent->path,
                                    .signals = agent->signals};
    if (options->ready != NULL)
        options->ready(options->context, agent->path);
    systemd_notify("READY=1\nMAINPID=%ld", (long)getpid());
    loop_run(&loop);
    systemd_notify("STOPPING=1");
}

// The file goes first: from then on nobody new comes. Then those who wait are answered, and the server has nobody left.
static void stop(struct agent *agent)
{
    agent_socket_remove(&agent->own);
    if (agent->server != NULL)
        server_quiet(agent->server);
    if (agent->service != NULL)
        service_stop(agent->service);
    server_stop(agent->server);
    for (size_t i = 0; i < agent->listener_count; i++)
        (void)close(agent->listeners[i].fd);
    service_free(agent->service);
    audit_close(agent->audit);
    free(agent->allowed);
    if (agent->signals >= 0)
        (void)close(agent->signals);
}

bool agent_run(const struct agent_options *options, struct ssa_error *err)
{
    struct agent agent = {.options = options, .own.fd = -1, .signals = -1};
    const bool started = start(&agent, err);
    if (started)
        serve(&agent);
    stop(&agent);
    return started;
}
