// The agents that may be asked for access tokens, and what each of them answered.
#pragma once

#include "agent/client/place.h"
#include "core/error.h"

enum { AGENT_VERSION_ROOM = 128 };

struct agent_seen {
    char place[AGENT_PLACE_MAX];
    bool well;                        // it answers, and has nothing to complain of
    bool answered;                    // as an agent does
    char version[AGENT_VERSION_ROOM]; // it is told to the agent's own user alone; empty: not told
    size_t profiles;                  // the same
    struct ssa_error why;             // where it is not well
};

struct agents {
    bool named;           // the settings say where they are
    bool off;             // the settings say that none is asked
    bool alone;           // the settings have no account of their own: access tokens come from an agent, or not at all
    struct ssa_error why; // why the usual place of an agent is not known
    struct agent_seen *list;
    size_t count;
};

struct examination;

// Asks them. It costs nothing at the API. Where there is no memory, findings are lost.
void agents_ask(struct examination *x);
void agents_free(struct agents *agents);

// How many of them are well.
size_t agents_well(const struct agents *agents);
