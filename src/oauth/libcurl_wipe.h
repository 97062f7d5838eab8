// For a process without an allocator that wipes what is freed: libcurl and the TLS library below it would leave the
// client secret and access tokens in freed memory.
#pragma once

#include "oauth/libcurl.h"

// libcurl's memory: malloc's, wiped before it is freed. Starts libcurl.
CURLcode libcurl_init_wiping(void);

// Has OpenSSL wipe what it decrypted, once that was read. Another TLS library is left as it is.
void libcurl_cleanse(CURL *handle);
