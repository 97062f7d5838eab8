// One request to the host and its answer. For this folder alone.
#pragma once

#include "hsm/host/protocol.h"
#include "hsm/remote/remote.h"

// Begins a request, with the lock: nobody else calls until remote_end.
struct writer remote_begin(struct remote *c, enum call_number number);

// Sends the request and waits for the answer. *answer then reads what follows the CK_RV. Returns the module's
// CK_RV, or one of remote.h's; after those every call returns the same at once.
CK_RV remote_ask(struct remote *c, const struct writer *request, long long most_ms, struct reader *answer);

// The PIN of the request that was begun is typed at the token's reader.
void remote_at_pad(struct remote *c);

// The same in two steps, for a request whose answer is waited for later.
CK_RV remote_send(struct remote *c, const struct writer *request);
CK_RV remote_answer(struct remote *c, long long most_ms, struct reader *answer);

// Sends a request whose answer nobody waits for. After it, nothing is asked any more.
void remote_post(struct remote *c, const struct writer *request);

// How long the module may take, in milliseconds. What is slow, because a person is to put a finger or a PIN somewhere,
// or because a card looks for primes, gets longer than the caller's own patience.
enum pace { USUAL, SLOW };
long long remote_patience(const struct remote *c, enum pace pace);

// Ends the host whose answer made no sense. Returns CKR_HOST_NONSENSE.
CK_RV remote_nonsense(struct remote *c);

// Wipes what was said and lets others call.
void remote_end(struct remote *c);
