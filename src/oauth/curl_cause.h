// libcurl's own names for its errors.
#pragma once

#include <curl/curl.h>

#include "core/error.h"

// Makes the code the error's number, and its name ("CURLE_COULDNT_CONNECT"; "CURLE 123" where it has none)
// the error's cause. Returns false.
bool curl_cause(struct ssa_error *err, CURLcode code);
