#include "hsm/remote/lane.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hsm/remote/call.h"
#include "hsm/remote/calls.h"
#include "hsm/remote/connection.h"

// Passes the host its end.
static CK_RV pass(struct remote *c, int its)
{
    struct call call;
    call_begin(&call, c, CALL_OPEN_LANE);
    c->passed = its;
    const CK_RV rv = call_ask(&call);
    c->passed = -1;
    return call_end(&call, rv);
}

static void close_pair(const int pair[2])
{
    (void)close(pair[0]);
    (void)close(pair[1]);
}

CK_RV remote_open_lane(struct remote *c, struct remote **lane)
{
    int pair[2];
    *lane = remote_new(c->path, &c->hosting, ERROR_IGNORED);
    if (*lane == NULL)
        return CKR_HOST_MEMORY;
    (*lane)->is_lane = true;
    memcpy((*lane)->label, c->label, sizeof c->label);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        remote_free(lane);
        return CKR_HOST_MEMORY;
    }
    const CK_RV rv = pass(c, pair[1]);
    if (rv != CKR_OK) {
        close_pair(pair);
        remote_free(lane);
        return rv;
    }
    (void)close(pair[1]);
    connection_to(*lane, hosted_join(c->host), helper_move_up(pair[0]));
    return CKR_OK;
}

void remote_close_lane(struct remote **lane, CK_SESSION_HANDLE session)
{
    struct remote *c = *lane;
    if (session != CK_INVALID_HANDLE)
        (void)call_close_session(c, session);
    // A child that was forked keeps it open.
    (void)shutdown(c->socket, SHUT_RDWR);
    (void)close(c->socket);
    remote_free(lane);
}
