// What requests of the API have in common: paths with ids in them, and JSON bodies.
#pragma once

#include "core/json.h"
#include "oauth/call.h"

// Writes "/service-accounts/ID" and rest. Fails with SSA_USAGE for an invalid id. With ".." as a key id, the deletion
// of a key would become the deletion of its account.
bool request_path(const char *account, const char *rest, char path[static CALL_PATH_MAX],
                  struct ssa_error *err) MUST_CHECK;

// Writes "/service-accounts/ID/keys/KID".
bool request_key_path(const char *account, const char *kid, char path[static CALL_PATH_MAX],
                      struct ssa_error *err) MUST_CHECK;

struct request_member {
    const char *name, *value;
};

// Makes a buffer for a body, in which the writer opens a JSON object. json_end ends it.
bool request_body_begin(struct json_writer *w, struct secret *body, size_t capacity, struct ssa_error *err) MUST_CHECK;

// Makes a body that is a JSON object of these strings.
bool request_body(const struct request_member *members, size_t count, struct secret *body,
                  struct ssa_error *err) MUST_CHECK;

// Makes a call that sets the status of an account or a key. call says the path and what it is about.
bool request_patch_status(struct oauth_client *client, struct call *call, const char *status,
                          struct http_response *answer, enum oauth_outcome *outcome, struct ssa_error *err) MUST_CHECK;
