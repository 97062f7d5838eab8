// Sockets of the internet, for the facade and the broker.
#pragma once

#include "core/error.h"

// Listens at [ADDRESS:]PORT; *fd is the socket. An address of IPv6 stands in brackets. Without an address, 127.0.0.1 is
// meant. With loopback, any address but one of this host's own loopback is refused. Fails with SSA_CONFIG, and with
// SSA_IN_USE where the port is taken.
bool internet_listen(const char *text, bool loopback, int *fd, struct ssa_error *err) MUST_CHECK;
