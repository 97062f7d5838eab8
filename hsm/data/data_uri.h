// The URI of a data object.
#pragma once

#include "hsm/data/mark.h"
#include "hsm/uri/uri.h"

// Copies the label in the URI, made harmless for messages; empty where it has none.
void data_label(const struct uri *uri, char out[static DATA_LABEL_MAX]);

// Fails with SSA_CONFIG where the URI has no label, or another type than data. what says where the URI comes from
// ("APS_SECRET_ID").
bool data_check_uri(const struct uri *uri, const char *what, struct ssa_error *err) MUST_CHECK;

// The label in the URI.
struct span data_uri_label(const struct uri *uri);
