#include "agent/http/peers.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/peer.h"
#include "core/text.h"

void peers_init(struct peers *peers, const struct server_config *config)
{
    *peers = (struct peers){.own = geteuid(), .allowed = config->allowed, .allowed_count = config->allowed_count};
}

void peers_know(const struct peers *peers, unsigned uid, struct caller *caller)
{
    caller->rights = RIGHTS_ALL;
    caller->scope = NULL;
    if (uid == peers->own) {
        caller->share = SHARE_OWN;
        return;
    }
    // Root can read the agent's memory anyway. To refuse it would protect nothing.
    if (uid == 0) {
        caller->share = SHARE_ROOT;
        return;
    }
    for (size_t i = 0; i < peers->allowed_count; i++)
        if (peers->allowed[i].user == uid) {
            caller->rights = RIGHTS_TOKENS;
            caller->scope = peers->allowed[i].scope;
            caller->share = SHARE_ALLOWED + i;
            return;
        }
    caller->rights = RIGHTS_NONE;
    caller->scope = "";
    caller->share = SHARE_STRANGERS;
}

// For the audit alone: the process may have ended, and another one may have its number by now.
static void find_executable(struct caller *caller)
{
    char link[32], path[CALLER_EXECUTABLE_MAX];
    if (!text_format(link, sizeof link, "/proc/%d/exe", caller->pid))
        return;
    const ssize_t len = readlink(link, path, sizeof path);
    if (len > 0)
        text_harmless(caller->executable, sizeof caller->executable, span_of(path, (size_t)len));
}

bool peers_ask(const struct peers *peers, int fd, struct caller *caller)
{
    struct ucred peer;
    *caller = (struct caller){.kind = LISTENER_UNIX};
    if (!peer_of(fd, &peer))
        return false;
    caller->has_peer = true;
    caller->uid = peer.uid;
    caller->pid = peer.pid;
    peers_know(peers, peer.uid, caller);
    find_executable(caller);
    return true;
}

union place {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

// An address of IPv4 is written as IPv6 has it. False for anything else.
static bool read_place(const union place *place, struct in6_addr *address, unsigned *port)
{
    if (place->any.sa_family == AF_INET6) {
        *address = place->six.sin6_addr;
        *port = ntohs(place->six.sin6_port);
        return true;
    }
    *address = (struct in6_addr){0};
    address->s6_addr[10] = address->s6_addr[11] = 0xff;
    memcpy(address->s6_addr + 12, &place->four.sin_addr, sizeof place->four.sin_addr);
    *port = ntohs(place->four.sin_port);
    return place->any.sa_family == AF_INET;
}

static bool is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) || (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

// A host has a whole network of IPv6 to itself.
static void take_host(const struct in6_addr *address, struct caller *caller)
{
    const size_t len = IN6_IS_ADDR_V4MAPPED(address) ? sizeof *address : sizeof *address / 2;
    memcpy(caller->address, address->s6_addr, len);
}

static bool ask_internet(int fd, enum listener_kind kind, struct caller *caller)
{
    union place theirs = {0}, ours = {0};
    socklen_t theirs_len = sizeof theirs, ours_len = sizeof ours;
    struct in6_addr from, to;
    unsigned port;
    *caller = (struct caller){.kind = kind,
                              .rights = RIGHTS_NONE,
                              .scope = "",
                              .share = kind == LISTENER_FACADE ? SHARE_FACADE : SHARE_BROKER};
    if (getpeername(fd, &theirs.any, &theirs_len) != 0 || getsockname(fd, &ours.any, &ours_len) != 0 ||
        !read_place(&theirs, &from, &port) || !read_place(&ours, &to, &caller->port))
        return false;
    take_host(&from, caller);
    return kind != LISTENER_FACADE || (is_loopback(&from) && is_loopback(&to));
}

bool peers_ask_facade(const struct peers *peers, int fd, struct caller *caller)
{
    (void)peers;
    return ask_internet(fd, LISTENER_FACADE, caller);
}

bool peers_ask_broker(const struct peers *peers, int fd, struct caller *caller)
{
    (void)peers;
    return ask_internet(fd, LISTENER_BROKER, caller);
}
