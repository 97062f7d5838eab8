// The Host header of a request.
#pragma once

#include <stdbool.h>

// Whether it names this host by its loopback interface, and this port. A web page that came here by a name of its own
// (DNS rebinding) has the browser send that name.
bool host_is_loopback(const char *host, unsigned port);
