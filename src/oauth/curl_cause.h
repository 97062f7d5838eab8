// libcurl's own names for its errors.
#ifndef SSA_OAUTH_CURL_CAUSE_H
#define SSA_OAUTH_CURL_CAUSE_H

#include <curl/curl.h>

#include "core/error.h"

// Makes the code the error's number, and its name ("CURLE_COULDNT_CONNECT"; "CURLE 123" where it has none)
// the error's cause. Returns false.
bool curl_cause(struct ssa_error *err, CURLcode code);

#endif
