// The base URL, parsed by libcurl: so what we check is what it connects to.
#include "oauth/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/mask.h"
#include "core/text.h"

#define API "/authentication/v2"

static void part_free(char **part)
{
    curl_free(*part);
}
#define PART_AUTO __attribute__((cleanup(part_free))) char *

static void handle_free(CURLU **handle)
{
    curl_url_cleanup(*handle);
}
#define HANDLE_AUTO __attribute__((cleanup(handle_free))) CURLU *

// What stands where the port should be may be a password, if its "@" was forgotten.
static void hide_port(char *shown)
{
    char *authority = strstr(shown, "://");
    authority = authority == NULL ? shown : authority + 3;
    char *colon = memchr(authority, ':', strcspn(authority, "/[?#"));
    if (colon == NULL || strspn(colon + 1, "0123456789") == strcspn(colon + 1, "/?#"))
        return;
    // The caller left room for this, should it be longer than what it hides.
    memcpy(colon + 1, "***", sizeof "***");
}

// text may contain a password that no parser finds.
static void set(const char *text, struct ssa_error *err, const char *why)
{
    char shown[URL_MAX + 4];
    mask_text(NULL, span_text(text), shown, URL_MAX);
    hide_port(shown);
    error_set(err, SSA_CONFIG, NULL, shown, "%s", why);
}

static bool refuse(const char *text, struct ssa_error *err, const char *why)
{
    set(text, err, why);
    return error_reason(err, SSA_REASON_BASE_URL, NULL);
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
    if (!insecure_http) {
        set(text, err, "is plain http, which would show the client secret to the network");
        return error_reason(err, SSA_REASON_PLAIN_HTTP, NULL);
    }
    if (url_host_is_loopback(host))
        return true;
    set(text, err, "is plain http to another machine");
    return error_reason(err, SSA_REASON_PLAIN_HTTP, NULL);
}

static bool keep(const char *scheme, const char *host, const char *port, const char *path, struct url *url)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    const char *colon = port == NULL ? "" : ":";
    const char *number = port == NULL ? "" : port;
    return text_format(url->host, sizeof url->host, "%s%s%s", host, colon, number) &&
           text_format(url->base, sizeof url->base, "%s://%s%.*s", scheme, url->host, (int)len, path);
}

static bool check_path(const char *text, const char *path, struct ssa_error *err)
{
    // A whole endpoint here would become …/authentication/v2/token/authentication/v2/token, which gives a 404
    // that explains nothing.
    return strstr(path, API) == NULL || refuse(text, err, "already contains " API);
}

bool url_read(const char *text, bool insecure_http, struct url *url, struct ssa_error *err)
{
    *url = (struct url){0};
    if (strlen(text) >= URL_MAX)
        return refuse("base URL", err, "is too long");
    HANDLE_AUTO handle = curl_url();
    if (handle == NULL)
        return error_errno(err, SSA_UNEXPECTED, ENOMEM, NULL, "no memory for a URL");
    // The user part comes first: it may contain a password, which must not be quoted.
    CURLUcode code = curl_url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    if (code == CURLUE_USER_NOT_ALLOWED || strchr(text, '@') != NULL)
        return refuse("base URL", err, "contains a user or password, or another \"@\"");
    // A query may contain an access token.
    if (strpbrk(text, "?#") != NULL)
        return refuse("base URL", err, "contains a query or a fragment");
    // libcurl reads https:///x as https://x, with a host that nobody meant.
    if (code != CURLUE_OK || strstr(text, ":///") != NULL)
        return refuse(text, err, "is not a valid URL");

    PART_AUTO scheme = NULL;
    PART_AUTO host = NULL;
    PART_AUTO path = NULL;
    PART_AUTO port = NULL;
    if (curl_url_get(handle, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(handle, CURLUPART_HOST, &host, 0) != CURLUE_OK || host[0] == '\0' ||
        curl_url_get(handle, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return refuse(text, err, "is not a valid URL");
    code = curl_url_get(handle, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
    if (code != CURLUE_OK && code != CURLUE_NO_PORT)
        return refuse(text, err, "has no valid port");
    if (!check_scheme(text, scheme, host, insecure_http, url, err) || !check_path(text, path, err))
        return false;
    return keep(scheme, host, port, path, url) || refuse(text, err, "is too long");
}

bool url_of(const struct url *url, const char *path, char *out, size_t capacity, struct ssa_error *err)
{
    return text_format(out, capacity, "%s" API "%s", url->base, path) ||
           error_set(err, SSA_CONFIG, NULL, url->host, "the call's URL is longer than %zu characters", capacity - 1);
}
