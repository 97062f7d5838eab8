// What a service and systemd tell each other: sockets that systemd has opened (sd_listen_fds(3)), and how the service
// is (sd_notify(3)). Elsewhere all of this does nothing.
#pragma once

#include "agent/http/server.h"

// The sockets that systemd hands over: *count is 0 where there are none. A Unix socket is the agent's; the name of one
// for TCP (FileDescriptorName=) says whether it is the "facade" or the "broker". Removes the variables, which are for
// this process alone. Fails with SSA_CONFIG for a socket that does not fit.
bool systemd_listeners(struct listener listeners[static SERVER_LISTENERS_MAX], size_t *count,
                       struct ssa_error *err) MUST_CHECK;

// Whether somebody waits for messages.
bool systemd_listens(void);

// Sends "READY=1" and the like, lines with line breaks between them. What cannot be sent is lost.
void systemd_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

// The milliseconds within which systemd wants to hear WATCHDOG=1; 0: it does not.
unsigned systemd_watchdog_ms(void);
