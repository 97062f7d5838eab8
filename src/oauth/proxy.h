// The proxy that libcurl uses.
#pragma once

#include "oauth/client.h"

#define PROXY_HOST_MAX 256U

// The proxy that libcurl takes from the environment, for our messages. libcurl's own would show its password.
struct proxy {
    const char *variable;      // the one that names it, or could name it; NULL for a plain call, which uses none
    const char *fault;         // what is wrong with the variable; NULL where libcurl can use it
    char host[PROXY_HOST_MAX]; // host and port; "" where they are not known
    bool named;                // a variable names one
    bool socks;                // it does not speak HTTP
    bool has_user;
    bool misread; // host may be a piece of the user or password, and must not be shown
};

// Reads the proxy, as libcurl does for https.
struct proxy proxy_of(const struct oauth_client *client);

// The name of the variable that excepts the client's host from the proxy, or NULL. Networks, which libcurl knows, too,
// are not read.
const char *proxy_exception(const struct oauth_client *client);
