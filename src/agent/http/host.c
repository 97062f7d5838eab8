#include "agent/http/host.h"

#include <arpa/inet.h>
#include <strings.h>

#include "core/text.h"

enum { HTTP_PORT = 80, HOST_MAX = 64 };

static bool is_loopback_name(const char *name)
{
    struct in_addr four;
    struct in6_addr six;
    if (strcasecmp(name, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, name, &four) == 1)
        return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
    return inet_pton(AF_INET6, name, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool host_is_loopback(const char *host, unsigned port)
{
    char name[HOST_MAX], expected[16];
    const bool brackets = host[0] == '[';
    const char *begin = brackets ? host + 1 : host;
    const size_t len = strcspn(begin, brackets ? "]" : ":");
    const char *rest = begin + len + (brackets && begin[len] == ']' ? 1 : 0);
    if (!text_format(name, sizeof name, "%.*s", (int)(len < HOST_MAX ? len : HOST_MAX), begin) ||
        brackets != (strchr(name, ':') != NULL) || !is_loopback_name(name) ||
        !text_format(expected, sizeof expected, ":%u", port))
        return false;
    return strcmp(rest, expected) == 0 || (rest[0] == '\0' && port == HTTP_PORT);
}
