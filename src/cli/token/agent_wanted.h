// Whether an agent is asked, and for what.
#pragma once

#include "agent/client/wish.h"
#include "cli/token/request.h"
#include "config/paths.h"

extern const struct option option_no_agent;

// Whether agents are asked. Then *list has their places; NULL: only the usual one.
bool agent_list(const struct invocation *i, const char **list);

// Whether the command line or the environment says how this program is to work by itself. Then why names what says so.
enum { WHY_NOT_MAX = 64 };
bool agent_why_not(const struct invocation *i, bool by_assertion, char why[static WHY_NOT_MAX]);

// Whether this program has an account, and so may work by itself.
bool agent_own_account(const struct invocation *i);

// Fills what a wish for access tokens and one for assertions have in common. It borrows profile and the settings.
bool agent_wanted(const struct invocation *i, const struct request *request, struct agent_wish *wish,
                  char profile[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;
