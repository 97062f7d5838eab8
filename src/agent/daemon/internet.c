#include "agent/daemon/internet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/descriptor.h"
#include "core/text.h"

enum { WAITING_MAX = 1024, NUMBER_BASE = 10, PORT_MAX = 65535, ADDRESS_MAX = 64 };

struct place {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address;
    socklen_t len;
};

static bool read_port(const char *text, in_port_t *port)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    const unsigned long number = strtoul(text, &end, NUMBER_BASE);
    *port = htons((uint16_t)number);
    return errno == 0 && *end == '\0' && number >= 1 && number <= PORT_MAX;
}

static bool read_place(const char *text, struct place *place)
{
    char host[ADDRESS_MAX] = "127.0.0.1";
    const char *colon = strrchr(text, ':'), *port = colon != NULL ? colon + 1 : text;
    const bool brackets = text[0] == '[' && colon != NULL && colon > text + 1 && colon[-1] == ']';
    *place = (struct place){0};
    if (brackets && !text_format(host, sizeof host, "%.*s", (int)(colon - text - 2), text + 1))
        return false;
    if (!brackets && colon != NULL && !text_format(host, sizeof host, "%.*s", (int)(colon - text), text))
        return false;
    place->address.four.sin_family = AF_INET;
    place->len = sizeof place->address.four;
    if (!brackets && inet_pton(AF_INET, host, &place->address.four.sin_addr) == 1)
        return read_port(port, &place->address.four.sin_port);
    place->address.six.sin6_family = AF_INET6;
    place->len = sizeof place->address.six;
    return brackets && inet_pton(AF_INET6, host, &place->address.six.sin6_addr) == 1 &&
           read_port(port, &place->address.six.sin6_port);
}

static bool is_loopback(const struct place *place)
{
    if (place->address.any.sa_family == AF_INET)
        return ntohl(place->address.four.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&place->address.six.sin6_addr);
}

bool internet_listen(const char *text, bool loopback, int *fd, struct ssa_error *err)
{
    static const int yes = 1;
    struct place place;
    if (!read_place(text, &place))
        return error_set(err, SSA_CONFIG, NULL, text,
                         "is not an address with a port, like 127.0.0.1:8080 or [::1]:8080");
    if (loopback && !is_loopback(&place))
        return error_set(err, SSA_CONFIG, NULL, text,
                         "is not an address of the loopback interface, so other hosts could ask");
    DESCRIPTOR_AUTO opened = socket(place.address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0 || setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        return error_errno(err, SSA_CONFIG, errno, text, "no socket can be made");
    // IPv4 has a socket of its own.
    if (place.address.any.sa_family == AF_INET6 && setsockopt(opened, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0)
        return error_errno(err, SSA_CONFIG, errno, text, "a socket for IPv6 alone cannot be made");
    if (bind(opened, &place.address.any, place.len) != 0 || listen(opened, WAITING_MAX) != 0)
        return error_errno(err, errno == EADDRINUSE ? SSA_IN_USE : SSA_CONFIG, errno, text, "cannot be listened at");
    *fd = descriptor_keep(&opened);
    return true;
}
