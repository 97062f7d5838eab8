// The end of a request: its answer is queued, counted, and told to the audit where that is asked for (what, else NULL).
#pragma once

#include "agent/http/inside.h"

// answer NULL: there was no memory for one. The answer is taken over.
enum MHD_Result end_with(struct http_server *server, struct connection *connection, enum failure failed,
                         struct MHD_Response *answer, const char *what);
// The same with another status.
enum MHD_Result end_as(struct http_server *server, struct connection *connection, enum failure failed, unsigned status,
                       struct MHD_Response *answer, const char *what);
// The parts of the above, for an access token whose answer is queued already.
void end_handed_out(struct http_server *server, struct connection *connection, const struct access *access);
