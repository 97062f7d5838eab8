// The base URL, and the URLs of calls.
#pragma once

#include "core/error.h"
#include "oauth/libcurl.h"

#define URL_MAX 1024U

struct url {
    char base[URL_MAX]; // scheme, host, port and prefix, without a slash at its end
    char host[256];     // host and, where it is not the scheme's own, port: the subject of errors
    bool plain;         // http, to this machine
};

// Reads a base URL: https://HOST[:PORT][/PREFIX], or http to a loopback address if that is allowed. Fails with
// SSA_CONFIG for any other text.
bool url_read(const char *text, bool insecure_http, struct url *url, struct ssa_error *err) MUST_CHECK;

// Writes the URL of a call: base, the API's own path (NULL: "/authentication/v2"), path. Fails with SSA_CONFIG if it
// does not fit.
bool url_of(const struct url *url, const char *api, const char *path, char *out, size_t capacity,
            struct ssa_error *err) MUST_CHECK;

// Whether the host is this machine: 127.0.0.0/8, ::1 (in brackets, as URLs have it) or localhost.
bool url_host_is_loopback(const char *host);

// What libcurl's parser gives: it is freed at the end of its block.
static inline void url_part_free(char **part)
{
    libcurl.free(*part);
}
#define URL_PART_AUTO __attribute__((cleanup(url_part_free))) char *

static inline void url_handle_free(CURLU **handle)
{
    libcurl.url_cleanup(*handle);
}
#define URL_HANDLE_AUTO __attribute__((cleanup(url_handle_free))) CURLU *
