// libcurl's own names for its errors.
#ifndef SSA_OAUTH_CURL_NAME_H
#define SSA_OAUTH_CURL_NAME_H

#include <curl/curl.h>

// Room for any of them.
#define CURL_NAME_MAX 48U

// Writes "CURLE_COULDNT_CONNECT", or "CURLE 123" for a code that is not known here.
void curl_name(CURLcode code, char out[static CURL_NAME_MAX]);

#endif
