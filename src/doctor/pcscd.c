// pcscd, through which modules reach cards: whether its socket is there and answers.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/descriptor.h"
#include "core/monotonic.h"
#include "core/text.h"
#include "doctor/examination.h"
#include "hsm/module/registry.h"

static const char check[] = "pcscd";
static const char usual_socket[] = "/run/pcscd/pcscd.comm";

enum { ANSWER_MS = 2000 };

// The first message of a client of pcscd (winscard_msg.h): a header, and the version of the protocol that it speaks.
// The answer is the body alone, with the daemon's version and its opinion.
enum { CMD_VERSION = 0x11, PROTOCOL_MAJOR = 4, PROTOCOL_MINOR = 4 };
struct version_body {
    int32_t major, minor;
    uint32_t result;
};
struct version_message {
    uint32_t size, command;
    struct version_body body;
};

static bool fail(struct ssa_error *err, int number, const char *path, const char *what)
{
    error_errno(err, SSA_ABSENT, number, path, "%s", what);
    return error_hint(err, "Start it: `systemctl start pcscd.socket` (Debian has it in the package pcscd).");
}

static bool wait_for(int fd, short events, long long until)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    for (;;) {
        const long long left = until - monotonic_ms();
        const int ready = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR) {
            errno = ready == 0 ? ETIMEDOUT : errno;
            return false;
        }
    }
}

static bool exchange(int fd, long long until)
{
    const struct version_message message = {.size = sizeof(struct version_body),
                                            .command = CMD_VERSION,
                                            .body = {.major = PROTOCOL_MAJOR, .minor = PROTOCOL_MINOR}};
    struct version_body answer;
    if (!wait_for(fd, POLLOUT, until))
        return false;
    if (send(fd, &message, sizeof message, MSG_NOSIGNAL) != (ssize_t)sizeof message || !wait_for(fd, POLLIN, until))
        return false;
    const ssize_t got = recv(fd, &answer, sizeof answer, 0);
    if (got == 0)
        errno = ECONNRESET;
    return got > 0;
}

static bool answers(const char *path, struct ssa_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const long long until = monotonic_ms() + ANSWER_MS;
    if (!text_format(address.sun_path, sizeof address.sun_path, "%s", path))
        return fail(err, ENAMETOOLONG, path, "is not the path of a socket");
    DESCRIPTOR_AUTO fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(err, errno, path, "no socket can be made");
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return fail(err, errno, path, "pcscd cannot be reached, so cards are not seen");
    return exchange(fd, until) || fail(err, errno, path, "pcscd does not answer, so cards are not seen");
}

// Which module for cards is used, or may be found by a search.
static bool is_needed(const struct examination *x, const char **module, struct module_entry *entry)
{
    const struct token_wanted wanted = open_token_wanted(&x->run, x->at.uri);
    *module = search_module(&wanted);
    if (*module != NULL)
        return registry_resolve(*module, entry, ERROR_IGNORED) && module_entry_reads_cards(entry);
    REGISTRY_AUTO *registry = registry_new();
    for (size_t i = 0; registry != NULL && i < registry->count; i++)
        if (module_entry_reads_cards(&registry->entries[i]))
            return true;
    return false;
}

void check_pcscd(struct examination *x)
{
    const char *named = secure_getenv("PCSCLITE_CSOCK_NAME"), *module = NULL;
    const char *path = text_present(named) ? named : usual_socket;
    struct module_entry entry;
    struct ssa_error why = {0};
    if (!x->has_settings)
        finding_skipped(&x->found, check, CHECK_SETTINGS);
    else if (!is_needed(x, &module, &entry))
        finding_left_out(&x->found, check, SSA_REASON_NONE, NULL, "not needed: no module for cards is used");
    else if (answers(path, &why))
        finding_ok(&x->found, check, path, "answers");
    else if (module != NULL)
        finding_failure(&x->found, check, &why);
    else
        finding_warning(&x->found, check, &why);
}
