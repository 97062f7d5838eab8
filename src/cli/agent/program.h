// What follows a start of the agent: lines for a shell, or a program that has the agent for as long as it runs.
#pragma once

#include "cli/agent/agent.h"

// Fails the command with exit code 127 where there is no such program: before a PIN is asked for.
void program_refuse_missing(char *const *program);

// The program takes the place of this process. The settings' secrets are not in its environment. Returns only where it
// cannot be run.
bool program_become(const struct ssa_settings *settings, char *const *program, const char *socket, pid_t agent,
                    struct ssa_error *err) MUST_CHECK;

// Whether commands are to be those of csh.
bool program_wants_csh(const struct arguments *arguments);

// Prints the commands by which a shell forgets where the agent was. agent is 0 where it was gone before.
bool program_print_forget(bool csh, pid_t agent, struct ssa_error *err) MUST_CHECK;

// Prints the commands by which a shell learns where the agent is.
bool program_print_shell(bool csh, const char *socket, pid_t agent, struct ssa_error *err) MUST_CHECK;
