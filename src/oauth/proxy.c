#include "oauth/proxy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/text.h"
#include "oauth/url_part.h"

// In libcurl's order.
static const char *const variables[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

static const char *find(const char **variable)
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

void proxy_read(struct proxy *proxy)
{
    *proxy = (struct proxy){.variable = variables[0]};
    const char *value = find(&proxy->variable);
    if (value == NULL)
        return;
    URL_HANDLE_AUTO handle = libcurl.url();
    const unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
    if (handle == NULL || libcurl.url_set(handle, CURLUPART_URL, value, flags) != CURLUE_OK)
        proxy->fault = "is not a valid URL of a proxy";
    else
        read_parts(handle, value, proxy);
    proxy->misread = proxy->misread || proxy->fault != NULL;
}
