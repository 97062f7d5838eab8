// A request of a caller of the facade or the broker, until somebody answers it.
#pragma once

#include "agent/http/inside.h"

struct guest;

#define FACADE_PATH "/authentication/v2/token"

// What libmicrohttpd tells of a request: its head was read, then a part of its body.
enum MHD_Result guest_head(struct http_server *server, struct connection *connection, const char *method);
enum MHD_Result guest_body(struct connection *connection, const char *data, size_t *len);

// Whether the request, which was read to its end, may be answered. Else it is refused.
bool guest_let_in(struct http_server *server, struct connection *connection, enum MHD_Result *refused) MUST_CHECK;
// Forgets the secrets of a request that was answered, or waits.
void guest_answered(struct guest *guest);

// The answer to a caller that has sent too many requests.
enum MHD_Result guest_too_often(struct http_server *server, struct connection *connection, long long wait_ms);
