// The proxy that libcurl takes from the environment, for our messages: libcurl's own would show its password.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PROXY_HOST_MAX 256U

struct proxy {
    const char *variable;      // the variable that names it; NULL for none
    const char *fault;         // why libcurl cannot use it, completing "https_proxy …"; NULL where it can
    char host[PROXY_HOST_MAX]; // host and port; "" where they are not known
    bool has_user;
    bool misread; // host may be a piece of the user or password, and must not be shown
};

// Reads it from the environment, as libcurl does for https.
void proxy_read(struct proxy *proxy);
