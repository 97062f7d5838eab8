// Where agents are: a list of places, and the usual one.
#pragma once

#include "core/error.h"

enum { AGENT_PLACE_MAX = 1024, AGENT_SOCKET_MAX = 108 };

// Copies the first place of a list, which commas or blanks separate, to place, and returns the rest of the list; NULL
// where there is none. A place is the path of a socket, or the address of a broker ("https://HOST[:PORT]"). Cuts no
// place off: one that is too long becomes empty.
const char *agent_place_next(const char *list, char place[static AGENT_PLACE_MAX]);

// Whether a list says that no agent is asked: it is empty, or begins with "none".
bool agent_place_is_none(const char *list);

// Whether it is the address of a broker.
bool agent_place_is_broker(const char *place);

// Whether it can be a place at all: an absolute path, or the address of a broker. Fails with SSA_CONFIG.
bool agent_place_check(const char *place, struct ssa_error *err) MUST_CHECK;

// The path where an agent of this user listens: in $XDG_RUNTIME_DIR, else in /run/user. Fails with SSA_CONFIG where
// that is too long.
bool agent_place_usual(char path[static AGENT_SOCKET_MAX], struct ssa_error *err) MUST_CHECK;
