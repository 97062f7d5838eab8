// The proxy that libcurl takes from the environment, for messages: libcurl's own quote its password.
#ifndef SSA_OAUTH_PROXY_H
#define SSA_OAUTH_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#define PROXY_HOST_MAX 256U

struct proxy {
    const char *variable;      // that names it; NULL for none
    const char *fault;         // completes "https_proxy …" where libcurl cannot use it; NULL for none
    char host[PROXY_HOST_MAX]; // and port, "" where they cannot be told
    bool has_user;
    bool misread; // the host may be a piece of user or password, and is not to be shown
};

// Reads it from the environment, as libcurl does for https.
void proxy_read(struct proxy *proxy);

#endif
