// The agent in the background: this process starts it, and ends or becomes another program when it is ready.
#pragma once

#include "cli/agent/agent.h"

enum background_side { BACKGROUND_NONE, BACKGROUND_LAUNCHER, BACKGROUND_AGENT };

// Splits the process in two, and returns in both. It must be called before secrets are read, since a child has none of
// them, and before there are threads. With ends_with_launcher, the agent ends with the process that started it.
//
// In the launcher it returns when the agent is ready. Where the agent ends before, it has told why, and the launcher
// ends by itself with the same exit code.
bool background_begin(bool ends_with_launcher, struct ssa_error *err) MUST_CHECK;

enum background_side background_side(void);

// In the agent: a descriptor that can be read from when the launcher has ended; 0: there is none.
int background_until(void);

// In the agent: closes what the caller has open, which would wait for its end (a pipe) or keep others waiting (a lock),
// but for descriptors that the settings or the profiles read a secret from.
void background_close_inherited(const struct agent_options *options);

// In the agent: it is ready. It leaves the terminal, and from now on its messages go to the system's log.
void background_ready(const char *socket);

// In the launcher: the socket and the number of the agent's process.
const char *background_socket(void);
pid_t background_agent(void);

// In the launcher: ends the agent again.
void background_end(void);

// A message of the agent: to standard error as long as somebody sees that, else to the system's log.
void background_tell(void *context, enum ssa_level level, const struct ssa_notice *notice);
