// libcurl's own parser is used for all but the simplest URLs, so that the URL that is checked is the one that libcurl
// connects to.
#include "oauth/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "core/mask.h"
#include "core/text.h"

#define API "/authentication/v2"

// The text in the port's place may be a password, if its "@" was forgotten.
static void hide_port(char *shown)
{
    char *authority = strstr(shown, "://");
    authority = authority == NULL ? shown : authority + 3;
    char *colon = memchr(authority, ':', strcspn(authority, "/[?#"));
    if (colon == NULL || strspn(colon + 1, "0123456789") == strcspn(colon + 1, "/?#"))
        return;
    // The caller left room for this, because it may be longer than the port.
    memcpy(colon + 1, "***", sizeof "***");
}

// text may contain a password that no parser finds.
static bool refuse_for(enum ssa_reason reason, const char *text, struct ssa_error *err, const char *why)
{
    char shown[URL_MAX + 4];
    mask_text(NULL, span_text(text), shown, URL_MAX);
    hide_port(shown);
    return error_because(err, SSA_CONFIG, reason, shown, "%s", why);
}

static bool refuse(const char *text, struct ssa_error *err, const char *why)
{
    return refuse_for(SSA_REASON_BASE_URL, text, err, why);
}

bool url_host_is_loopback(const char *host)
{
    if (strcasecmp(host, "localhost") == 0)
        return true;
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    char bare[INET6_ADDRSTRLEN + 1];
    const size_t len = strlen(host);
    if (len < 3 || len - 2 >= sizeof bare || host[0] != '[' || host[len - 1] != ']')
        return false;
    memcpy(bare, host + 1, len - 2);
    bare[len - 2] = '\0';
    struct in6_addr v6;
    return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool check_scheme(const char *text, const char *scheme, const char *host, bool insecure_http, struct url *url,
                         struct ssa_error *err)
{
    url->plain = strcasecmp(scheme, "http") == 0;
    if (!url->plain)
        return strcasecmp(scheme, "https") == 0 || refuse(text, err, "is not an https URL");
    if (!insecure_http)
        return refuse_for(SSA_REASON_PLAIN_HTTP, text, err,
                          "is plain http, which would show the client secret to the network");
    return url_host_is_loopback(host) ||
           refuse_for(SSA_REASON_PLAIN_HTTP, text, err, "is plain http to another machine");
}

static bool keep(const char *scheme, const char *host, const char *port, const char *path, struct url *url)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    return text_format(url->host, sizeof url->host, "%s%s%s", host, port == NULL ? "" : ":",
                       port == NULL ? "" : port) &&
           text_format(url->base, sizeof url->base, "%s://%s%.*s", scheme, url->host, (int)len, path);
}

// A name, or an IPv4 address in its usual form: one of another form ends with a number, too.
static bool is_usual_host(const char *host)
{
    struct in_addr v4;
    const size_t len = strlen(host);
    if (len == 0 || host[0] == '.' || strstr(host, "..") != NULL)
        return false;
    return strchr("abcdefghijklmnopqrstuvwxyz", host[len - 1]) != NULL || inet_pton(AF_INET, host, &v4) == 1;
}

static bool is_usual_port(const char *port)
{
    return port[0] != '\0' && port[0] != '0' && strtoul(port, NULL, 10) <= UINT16_MAX && strcmp(port, "443") != 0;
}

// Takes the usual kind of URL, https://host[:port][/prefix] in plain characters, which no two parsers read differently.
static bool read_usual(const char *text, struct url *url)
{
    static const char https[] = "https://";
    char host[sizeof url->host], port[sizeof "65535"];
    if (strncmp(text, https, sizeof https - 1) != 0)
        return false;
    const char *at = text + sizeof https - 1;
    const size_t host_len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    if (!text_format(host, sizeof host, "%.*s", (int)host_len, at) || !is_usual_host(host))
        return false;
    at += host_len;
    const bool has_port = *at == ':';
    if (has_port) {
        const size_t port_len = strspn(++at, "0123456789");
        if (!text_format(port, sizeof port, "%.*s", (int)port_len, at) || !is_usual_port(port))
            return false;
        at += port_len;
    }
    static const char prefix[] = "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const bool plain = (*at == '\0' || *at == '/') && at[strspn(at, prefix)] == '\0' && strstr(at, "//") == NULL;
    return plain && strstr(at, API) == NULL && keep("https", host, has_port ? port : NULL, at, url);
}

bool url_read(const char *text, bool insecure_http, struct url *url, struct ssa_error *err)
{
    *url = (struct url){0};
    if (strlen(text) >= URL_MAX)
        return refuse("base URL", err, "is too long");
    if (read_usual(text, url))
        return true;
    if (!libcurl_load(err))
        return false;
    URL_HANDLE_AUTO handle = libcurl.url();
    if (handle == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a URL");
    // The user part comes first, because it may contain a password, which must not be quoted.
    CURLUcode code = libcurl.url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    if (code == CURLUE_USER_NOT_ALLOWED || strchr(text, '@') != NULL)
        return refuse("base URL", err, "contains a user or password, or another \"@\"");
    // A query may contain an access token.
    if (strpbrk(text, "?#") != NULL)
        return refuse("base URL", err, "contains a query or a fragment");
    // libcurl reads https:///x as https://x, with a host that nobody meant.
    if (code != CURLUE_OK || strstr(text, ":///") != NULL)
        return refuse(text, err, "is not a valid URL");

    URL_PART_AUTO scheme = NULL;
    URL_PART_AUTO host = NULL;
    URL_PART_AUTO path = NULL;
    URL_PART_AUTO port = NULL;
    if (libcurl.url_get(handle, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        libcurl.url_get(handle, CURLUPART_HOST, &host, 0) != CURLUE_OK || host[0] == '\0' ||
        libcurl.url_get(handle, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return refuse(text, err, "is not a valid URL");
    code = libcurl.url_get(handle, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
    if (code != CURLUE_OK && code != CURLUE_NO_PORT)
        return refuse(text, err, "has no valid port");
    if (!check_scheme(text, scheme, host, insecure_http, url, err))
        return false;
    // A whole endpoint would become …/authentication/v2/token/authentication/v2/token. The API answers that with a 404,
    // which explains nothing.
    if (strstr(path, API) != NULL)
        return refuse(text, err, "already contains " API);
    return keep(scheme, host, port, path, url) || refuse(text, err, "is too long");
}

bool url_of(const struct url *url, const char *api, const char *path, char *out, size_t capacity, struct ssa_error *err)
{
    return text_format(out, capacity, "%s%s%s", url->base, api != NULL ? api : API, path) ||
           error_set(err, SSA_CONFIG, NULL, url->host, "the call's URL is longer than %zu characters", capacity - 1);
}
