// POST /authentication/v2/token: the API's own token endpoint, for callers of the agent.
#pragma once

#include "agent/http/inside.h"

enum MHD_Result facade_answer(struct http_server *server, struct connection *connection, const char *method);
enum MHD_Result facade_not_found(struct http_server *server, struct connection *connection);

// The end of a request that could be answered: the access token as the API gives it.
enum MHD_Result facade_hand_out(struct http_server *server, struct connection *connection, struct access *access);

// A failure as the API tells it.
enum MHD_Result facade_failed(struct http_server *server, struct connection *connection, const struct ssa_error *err,
                              unsigned retry_after, const char *what);
