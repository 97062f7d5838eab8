// What the agent's main thread does while the others serve: it waits for signals, and tells the service manager how the
// agent is.
#pragma once

#include "agent/daemon/agent.h"
#include "agent/http/audit.h"
#include "agent/service/service.h"

// All of it is borrowed.
struct agent_loop {
    const struct agent_options *options;
    struct service *service;
    struct audit *audit; // may be NULL
    const char *path;    // of a Unix socket of the agent; empty where it has none
    int signals;         // loop_signals
};

// Blocks the signals that loop_run waits for, in this thread and in those that it starts afterwards. Returns the
// descriptor that receives them, or -1 with errno.
int loop_signals(void);

// Returns when the agent is to end.
void loop_run(const struct agent_loop *loop);
