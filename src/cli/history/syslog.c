// One datagram for each entry, in the form of RFC 3164 section 4.1. syslog(3) is not used, because it does not report
// failures.
#include "cli/history/syslog.h"

#include <errno.h>
#include <paths.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "cli/output/document.h"
#include "cli/output/print.h"
#include "core/text.h"

static const char setting[] = "SSA_HSM_AUDIT", word[] = "syslog";

enum { MESSAGE_MAX = 32 * 1024, HEAD_MAX = 64, SECONDS = 2 };

// The socket; NULL for none, and for a value that syslog_check does not accept.
static const char *socket_path(const struct ssa_settings *settings)
{
    const size_t len = sizeof word - 1;
    const char *value = ssa_settings_value(settings, setting);
    if (value == NULL || strncmp(value, word, len) != 0)
        return NULL;
    return value[len] == '\0' ? _PATH_LOG : value[len] == ':' && value[len + 1] == '/' ? value + len + 1 : NULL;
}

bool syslog_check(const struct ssa_settings *settings, struct ssa_error *err)
{
    const char *path = socket_path(settings);
    if (path != NULL ? strlen(path) < sizeof((struct sockaddr_un *)0)->sun_path
                     : ssa_settings_value(settings, setting) == NULL)
        return true;
    error_set(err, SSA_CONFIG, NULL, setting,
              "must be \"syslog\" or \"syslog:SOCKET\", with a path of at most 107 bytes");
    return error_hint(err, "\"syslog\" means the socket %s.", _PATH_LOG);
}

// Sends by a socket of this type. It waits for a short time only: the program does not hang when the logger does. On
// failure errno says why.
static bool send_by(int type, const char *path, struct span message)
{
    static const struct timeval limit = {.tv_sec = SECONDS};
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    ssize_t sent = -1;
    const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    if (text_format(to.sun_path, sizeof to.sun_path, "%s", path) &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        TEMP_FAILURE_RETRY(connect(fd, (const struct sockaddr *)&to, sizeof to)) == 0)
        sent = TEMP_FAILURE_RETRY(send(fd, message.data, message.len, MSG_NOSIGNAL));
    const int number = sent < 0 ? errno : EMSGSIZE;
    (void)close(fd);
    errno = number;
    return sent >= 0 && (size_t)sent == message.len;
}

static bool send_to(const char *path, const struct secret *message)
{
    if (send_by(SOCK_DGRAM, path, secret_span(message)))
        return true;
    // On a stream socket, a NUL ends the message.
    return errno == EPROTOTYPE && send_by(SOCK_STREAM, path, span_of(message->data, message->len + 1));
}

void event_members(struct json_writer *w, const struct ssa_event *e)
{
    member_text(w, "id", e->id);
    member_text(w, "previous", e->previous);
    member_text(w, "sha256", e->sha256);
    member_text(w, "operation", e->operation);
    member_text(w, "outcome", e->outcome);
    member_text(w, "import", e->import);
    member_text(w, "clientId", e->client_id);
    member_text(w, "baseUrl", e->base_url);
    member_text(w, "serviceAccountId", e->account);
    member_text(w, "email", e->email);
    member_text(w, "projectId", e->project);
    member_text(w, "keyId", e->key_id);
    member_text(w, "oldKeyId", e->old_key_id);
    member_text(w, "token", e->token);
    member_text(w, "keyUri", e->key_uri);
    member_text(w, "profile", e->profile);
    member_text(w, "note", e->note);
    when_json(w, "startedAt", e->started);
    when_json(w, "endedAt", e->ended);
    json_name(w, "sequence");
    json_integer(w, e->sequence);
    json_name(w, "uid");
    json_integer(w, e->uid);
}

static bool is_bad(const struct ssa_event *event)
{
    return strcmp(event->outcome, "done") != 0 && strcmp(event->outcome, "undone") != 0;
}

static bool write_message(const struct ssa_event *event, struct secret *message, struct ssa_error *err)
{
    char head[HEAD_MAX], when[HEAD_MAX];
    struct json_writer w;
    struct tm tm;
    const time_t now = time(NULL);
    const int priority = LOG_AUTHPRIV | (is_bad(event) ? LOG_WARNING : LOG_NOTICE);
    if (localtime_r(&now, &tm) == NULL || strftime(when, sizeof when, "%b %e %T", &tm) == 0 ||
        !text_format(head, sizeof head, "<%d>%s ssa-hsm[%ld]: ", priority, when, (long)getpid()) ||
        !secret_append_text(message, head) || !json_begin(&w, message, false))
        return error_set(err, SSA_UNEXPECTED, NULL, NULL, "the message cannot be written");
    json_open(&w, JSON_OBJECT);
    event_members(&w, event);
    json_close(&w, JSON_OBJECT);
    return json_end(&w, err);
}

static void lost(const struct ssa_event *event, const char *subject, const char *why)
{
    print_note("warning: entry %lld of the history is not in the system's log: %s (%s)", event->sequence, subject, why);
}

void syslog_recorded(void *context, const struct ssa_event *event)
{
    SECRET_AUTO message = {0};
    struct ssa_error err = {0};
    const char *path = socket_path(context);
    if (path == NULL)
        return;
    if (!secret_new(&message, MESSAGE_MAX, &err) || !write_message(event, &message, &err))
        lost(event, err.what, err.cause);
    else if (!send_to(path, &message))
        lost(event, path, strerrordesc_np(errno));
}
