// What an answer says before its body: status, date, limits; and how far a request came that has no answer.
#pragma once

#include "oauth/http.h"

void http_head_read(CURL *handle, struct http_response *answer);
