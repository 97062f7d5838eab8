// The end of a request that failed: told as the agent tells it, or as the API's token endpoint does.
#pragma once

#include "agent/http/answer.h"

// To whom it is told is by the guest of the connection.
enum MHD_Result end_failed(struct http_server *server, struct connection *connection, const struct ssa_error *err,
                           unsigned retry_after, const char *what);

// What is told as the API's token endpoint tells it.
struct refusal {
    enum failure failed;
    const char *error; // NULL: the one that belongs to the failure
    const char *description;
    unsigned retry_after;
    const char *what; // for the audit
};
enum MHD_Result end_refused(struct http_server *server, struct connection *connection, const struct refusal *refusal);
