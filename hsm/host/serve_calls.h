// The calls of a module, one function each: it reads the parameters from a request, makes the call, and writes what the
// call gave. For this folder alone.
#pragma once

#include "hsm/host/serve.h"

// The module lacks the function: no number of the standard's says so alone.
#define CALL(host, name, ...)                                                                                          \
    ((host)->list->name == NULL ? ((host)->lacks = true, CKR_FUNCTION_NOT_SUPPORTED) : (host)->list->name(__VA_ARGS__))

#define ANY UINT64_MAX

typedef CK_RV serve_call(struct host *h, struct reader *r, struct writer *w);

// Slots, PKCS#11 tokens, sessions and logins (serve_slots.c).
serve_call serve_get_info, serve_get_slot_list, serve_get_slot_info, serve_get_token_info, serve_get_mechanism_info,
    serve_open_session, serve_close_session, serve_get_session_info, serve_log_in, serve_log_out;

// Objects and keys (serve_objects.c).
serve_call serve_create_object, serve_destroy_object, serve_get_attribute_value, serve_set_attribute_value,
    serve_find_objects_init, serve_find_objects, serve_find_objects_final, serve_sign_init, serve_sign,
    serve_sign_at_once, serve_generate_key_pair, serve_unwrap_key, serve_get_attribute_values;
