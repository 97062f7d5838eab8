// Which certification authorities are trusted, and where they are read from.
#pragma once

#include "core/error.h"

#define CA_PATH_MAX 4096U

struct ca {
    char file[CA_PATH_MAX]; // a bundle; empty for none
    char path[CA_PATH_MAX]; // a hashed directory (or several, with colons between them); empty for none
};

// The default; either may be NULL.
struct ca_default {
    const char *file, *path;
};

// OpenSSL's directory, where it is a system's hashed store. Else libcurl's default, for which libcurl is loaded, else
// OpenSSL's.
struct ca_default ca_default_of_system(void);

// Whether ca_choose would look at the default.
bool ca_needs_default(const char *cacert, const char *capath);

// Chooses only cacert and capath, if one of them or both are set; else what SSL_CERT_FILE and SSL_CERT_DIR name; else
// the default. Fails with SSA_CONFIG if cacert or capath cannot be read, or if neither variable names something
// readable.
bool ca_choose(const char *cacert, const char *capath, const struct ca_default *fallback, struct ca *ca,
               struct ssa_error *err) MUST_CHECK;

// Whether the directory holds at least this many certificates under the names that OpenSSL looks for.
bool ca_directory_is_hashed(const char *path, unsigned least);
