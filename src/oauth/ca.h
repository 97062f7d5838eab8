// Which certification authorities are trusted, and where they are read from.
#pragma once

#include "core/error.h"

#define CA_PATH_MAX 4096U

struct ca {
    char file[CA_PATH_MAX]; // a bundle; empty for none
    char path[CA_PATH_MAX]; // a hashed directory (or several, with colons between them); empty for none
};

// What is used by default; either may be NULL.
struct ca_default {
    const char *file, *path;
};

// The default of libcurl, else of OpenSSL.
struct ca_default ca_default_of_curl(void);

// Chooses what is configured (cacert, capath, or both) and nothing else; else what SSL_CERT_FILE and
// SSL_CERT_DIR name; else the default. Fails with SSA_CONFIG when a configured file or directory cannot be
// read, and when nothing that the two variables name can be read.
bool ca_choose(const char *cacert, const char *capath, const struct ca_default *fallback, struct ca *ca,
               struct ssa_error *err) MUST_CHECK;

// Whether the directory holds at least this many certificates under the names that OpenSSL looks for.
bool ca_directory_is_hashed(const char *path, unsigned least);
