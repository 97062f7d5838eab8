// The proxy that libcurl takes from the environment, for our messages. libcurl's own would show its password.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PROXY_HOST_MAX 256U

struct proxy {
    const char *variable;      // the one that names it, or could name it; NULL before proxy_read
    const char *fault;         // what is wrong with the variable; NULL where libcurl can use it
    char host[PROXY_HOST_MAX]; // host and port; "" where they are not known
    bool has_user;
    bool misread; // host may be a piece of the user or password, and must not be shown
};

// Reads the proxy from the environment, as libcurl does for https.
void proxy_read(struct proxy *proxy);
