// A URL and its parts, as libcurl's parser gives them. They are freed at the end of their block.
#pragma once

#include "oauth/libcurl.h"

static inline void url_part_free(char **part)
{
    libcurl.free(*part);
}
#define URL_PART_AUTO __attribute__((cleanup(url_part_free))) char *

static inline void url_handle_free(CURLU **handle)
{
    libcurl.url_cleanup(*handle);
}
#define URL_HANDLE_AUTO __attribute__((cleanup(url_handle_free))) CURLU *
