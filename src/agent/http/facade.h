// POST /authentication/v2/token: the API's own token endpoint, for callers of the agent.
#pragma once

#include "agent/http/inside.h"

enum MHD_Result facade_answer(struct http_server *server, struct connection *connection, const char *method);
