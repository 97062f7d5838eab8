// More connections to a host: each has a thread of the host, so that several calls are made at the same time.
#pragma once

#include "hsm/remote/remote.h"

// Makes one, of which the host takes only the calls that a signature needs: sessions, searches, attributes and signing.
// Fails with CKR_CANT_LOCK where the module is called by one thread alone. c's host may end before it, and its path
// must live as long.
CK_RV remote_open_lane(struct remote *c, struct remote **lane);

// Closes the session (CK_INVALID_HANDLE: there is none), and frees the connection. The host lives on.
void remote_close_lane(struct remote **lane, CK_SESSION_HANDLE session);
