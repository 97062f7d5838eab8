// One call of a module: its request, and its answer. For this folder alone.
#pragma once

#include "hsm/remote/exchange.h"

#define ANY UINT64_MAX

struct call {
    struct remote *connection;
    struct writer request;
    struct reader answer;
};

void call_begin(struct call *call, struct remote *c, enum call_number number);

// Sends the request and waits for the answer.
CK_RV call_ask(struct call *call);
CK_RV call_ask_for(struct call *call, enum pace pace);

// What the answer has beside the CK_RV counts only where all of it is there.
CK_RV call_end(struct call *call, CK_RV rv);
CK_RV call_ask_and_end(struct call *call);

// Does that, and reads a handle in between.
CK_RV call_for_handle(struct call *call, CK_ULONG *handle);

// A whole call that has a session as its only parameter, and gives nothing.
CK_RV call_about_session(struct remote *c, enum call_number number, CK_SESSION_HANDLE session);

// Reads a list of numbers, of which there are as many as were asked for, or fewer. Returns how many. list may be NULL.
CK_ULONG call_get_list(struct reader *r, CK_ULONG *list, CK_ULONG most);
