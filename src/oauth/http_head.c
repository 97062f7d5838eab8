#include "oauth/http_head.h"

#include <stdlib.h>
#include <strings.h>

#include "core/text.h"

// A header of the last response, or NULL. Headers of a proxy or of a 1xx do not count.
static const char *header(CURL *handle, const char *name)
{
    struct curl_header *found = NULL;
    return libcurl.easy_header(handle, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : NULL;
}

// A server that names a later date does not know the time.
static const time_t year_10000 = 253402300800;

static time_t read_date(const char *text)
{
    const time_t date = text == NULL ? -1 : libcurl.getdate(text, NULL);
    return date <= 0 || date >= year_10000 ? 0 : date;
}

static long long bounded(long long seconds)
{
    return seconds < HTTP_RETRY_AFTER_MAX ? seconds : HTTP_RETRY_AFTER_MAX;
}

static long long read_number(const char *digits)
{
    digits += strspn(digits, "0");
    return strlen(digits) > 9 ? HTTP_RETRY_AFTER_MAX : bounded(strtoll(digits, NULL, 10));
}

static bool is_number(const char *text)
{
    return text_present(text) && text[strspn(text, "0123456789")] == '\0';
}

// RFC 9110 section 10.2.3: seconds, or a date by the server's clock.
static long long read_retry_after(const char *text, time_t server_now)
{
    if (text == NULL || text[0] == '\0')
        return -1;
    if (is_number(text))
        return read_number(text);
    const time_t until = read_date(text), now = server_now != 0 ? server_now : time(NULL);
    if (until == 0)
        return -1;
    return until > now ? bounded((long long)(until - now)) : 0;
}

// One of a Proxy-Authenticate's challenges (RFC 9110 section 11.6.1), or a parameter of it, which has "=".
static void note_login(const char *challenge, size_t len, char *logins, size_t capacity)
{
    static const char *const known[] = {"Basic", "Digest", "NTLM", "Negotiate", "Kerberos", "Bearer"};
    for (size_t i = 0; i < COUNT(known); i++) {
        const size_t used = strlen(logins);
        // All of the known ones fit, each once.
        if (len == strlen(known[i]) && strncasecmp(challenge, known[i], len) == 0 && strstr(logins, known[i]) == NULL &&
            !text_format(logins + used, capacity - used, "%s%s", used == 0 ? "" : ", ", known[i]))
            logins[used] = '\0';
    }
}

static void read_proxy_logins(CURL *handle, struct http_response *answer)
{
    enum { HEADERS_MAX = 16 };
    struct curl_header *found = NULL;
    for (size_t i = 0; i < HEADERS_MAX; i++) {
        if (libcurl.easy_header(handle, "Proxy-Authenticate", i, CURLH_CONNECT, -1, &found) != CURLHE_OK)
            return;
        for (const char *p = found->value; *p != '\0'; p += strcspn(p, ",")) {
            p += strspn(p, ", \t");
            note_login(p, strcspn(p, ", \t"), answer->proxy_logins, sizeof answer->proxy_logins);
        }
    }
}

static bool passed(CURL *handle, CURLINFO what)
{
    curl_off_t microseconds = 0;
    return libcurl.easy_getinfo(handle, what, &microseconds) == CURLE_OK && microseconds > 0;
}

// How far a request came that has no answer.
static void read_progress(CURL *handle, struct http_response *answer)
{
    long port = 0;
    answer->found = passed(handle, CURLINFO_NAMELOOKUP_TIME_T);
    // libcurl tells the time of a connection only after its TLS.
    answer->met = libcurl.easy_getinfo(handle, CURLINFO_LOCAL_PORT, &port) == CURLE_OK && port > 0;
    answer->secured = passed(handle, CURLINFO_APPCONNECT_TIME_T);
}

void http_head_read(CURL *handle, struct http_response *answer)
{
    // These can fail only for values that libcurl does not know. They then leave zeros.
    (void)libcurl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer->status);
    (void)libcurl.easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &answer->proxy_status);
    if (answer->proxy_status == 407)
        read_proxy_logins(handle, answer);
    if (!answer->sent)
        answer->status = 0; // a proxy may have sent one
    if (answer->status == 0) {
        read_progress(handle, answer);
        return;
    }
    answer->date = read_date(header(handle, "Date"));
    answer->retry_after = read_retry_after(header(handle, "Retry-After"), answer->date);
    const char *age = header(handle, "Age");
    if (is_number(age))
        answer->age = read_number(age);
    const char *limit = header(handle, "ratelimit-value"), *remaining = header(handle, "ratelimit-remaining");
    if (is_number(limit))
        answer->limit = (long)read_number(limit);
    if (is_number(remaining))
        answer->remaining = (long)read_number(remaining);
    const char *location = header(handle, "Location");
    // The query is left out, because it may be a secret. A location that is too long is not shown.
    if (location != NULL &&
        !text_format(answer->location, sizeof answer->location, "%.*s", (int)strcspn(location, "?#"), location))
        answer->location[0] = '\0';
}
