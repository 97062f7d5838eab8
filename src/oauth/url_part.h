// A URL and its parts, as libcurl's parser gives them. They are freed at the end of their block.
#pragma once

#include <curl/curl.h>

static inline void url_part_free(char **part)
{
    curl_free(*part);
}
#define URL_PART_AUTO __attribute__((cleanup(url_part_free))) char *

static inline void url_handle_free(CURLU **handle)
{
    curl_url_cleanup(*handle);
}
#define URL_HANDLE_AUTO __attribute__((cleanup(url_handle_free))) CURLU *
