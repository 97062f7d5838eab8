#include "oauth/proxy.h"

#include <stdlib.h>
#include <strings.h>

#include "core/text.h"

// In libcurl's order.
static const char *const variables[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

static const char *find_proxy(const char **variable)
{
    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *value = getenv(variables[i]);
        if (text_present(value)) {
            *variable = variables[i];
            return value;
        }
    }
    return NULL;
}

static bool known_scheme(const char *scheme)
{
    static const char *const schemes[] = {"http", "https", "socks", "socks4", "socks4a", "socks5", "socks5h"};
    for (size_t i = 0; i < COUNT(schemes); i++)
        if (strcasecmp(scheme, schemes[i]) == 0)
            return true;
    return false;
}

static void read_parts(CURLU *handle, const char *value, struct proxy *proxy)
{
    URL_PART_AUTO scheme = NULL;
    URL_PART_AUTO host = NULL;
    URL_PART_AUTO port = NULL;
    URL_PART_AUTO user = NULL;
    if (libcurl.url_get(handle, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK || !known_scheme(scheme))
        proxy->fault = "does not name a known kind of proxy (http, https, socks4, socks5)";
    proxy->socks = scheme != NULL && strncasecmp(scheme, "socks", strlen("socks")) == 0;
    proxy->has_user = libcurl.url_get(handle, CURLUPART_USER, &user, 0) == CURLUE_OK;
    // If libcurl finds no user before an "@", it takes the "@" for a part of the path, and the user for the host.
    const char *at = strchr(value, '@');
    proxy->misread = at != NULL && (!proxy->has_user || strchr(at + 1, '@') != NULL);
    if (libcurl.url_get(handle, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return;
    // In libcurl's messages such a host has no port.
    const bool has_port = !proxy->misread && libcurl.url_get(handle, CURLUPART_PORT, &port, 0) == CURLUE_OK;
    if (!text_format(proxy->host, sizeof proxy->host, "%s%s%s", host, has_port ? ":" : "", has_port ? port : ""))
        proxy->host[0] = '\0';
}

struct proxy proxy_of(const struct oauth_client *client)
{
    struct proxy proxy = {.variable = client->url.plain ? NULL : variables[0]};
    const char *value = client->url.plain ? NULL : find_proxy(&proxy.variable);
    if (value == NULL)
        return proxy;
    proxy.named = true;
    URL_HANDLE_AUTO handle = libcurl.url();
    const unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
    if (handle == NULL || libcurl.url_set(handle, CURLUPART_URL, value, flags) != CURLUE_OK)
        proxy.fault = "is not a valid URL of a proxy";
    else
        read_parts(handle, value, &proxy);
    proxy.misread = proxy.misread || proxy.fault != NULL;
    return proxy;
}

// Whether a name in the list is the host's, or that of a domain above it.
static bool names_host(struct span name, const char *host)
{
    if (name.len > 0 && name.data[0] == '.')
        name = span_of(name.data + 1, name.len - 1);
    const size_t len = strlen(host);
    if (name.len == 0 || name.len > len || strncasecmp(host + len - name.len, (const char *)name.data, name.len) != 0)
        return false;
    return name.len == len || host[len - name.len - 1] == '.';
}

const char *proxy_exception(const struct oauth_client *client)
{
    static const char *const exceptions[] = {"no_proxy", "NO_PROXY"};
    char host[sizeof client->url.host];
    const char *variable = exceptions[0], *list = getenv(variable);
    if (!text_present(list))
        list = getenv(variable = exceptions[1]);
    if (!text_present(list))
        return NULL;
    if (strcmp(list, "*") == 0)
        return variable;
    // The list has no ports, and no brackets around an address.
    const char *whole = client->url.host, *colon = strrchr(whole, ':');
    const size_t len = colon != NULL && strchr(colon, ']') == NULL ? (size_t)(colon - whole) : strlen(whole);
    if (!text_format(host, sizeof host, "%.*s", (int)len, whole))
        return NULL;
    for (const char *at = list + strspn(list, ", "); *at != '\0'; at += strspn(at, ", ")) {
        const size_t name = strcspn(at, ", ");
        if (names_host(span_of(at, name), host))
            return variable;
        at += name;
    }
    return NULL;
}
