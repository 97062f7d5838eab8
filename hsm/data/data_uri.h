// The URI of a data object.
#pragma once

#include "hsm/data/mark.h"
#include "hsm/uri/uri.h"

// The label that the URI of a data object names, made harmless for messages; empty where it names none.
void data_label(const struct uri *uri, char out[static DATA_LABEL_MAX]);

// Whether the URI can be a data object's: it names one, and is not of another type. Fails with SSA_CONFIG;
// what says whose URI it is ("APS_SECRET_ID").
bool data_check_uri(const struct uri *uri, const char *what, struct ssa_error *err) MUST_CHECK;

// The label that the URI names.
struct span data_uri_label(const struct uri *uri);
