// References to secrets: file:PATH, env:NAME, fd:N, credential:NAME (systemd); and, for a PIN,
// pinentry[:PROGRAM].
#ifndef SSA_CONFIG_REFERENCE_H
#define SSA_CONFIG_REFERENCE_H

#include "config/paths.h"
#include "core/secret.h"

enum source_kind { SOURCE_NONE, SOURCE_FILE, SOURCE_ENV, SOURCE_FD, SOURCE_CREDENTIAL, SOURCE_PINENTRY };

// What kind of reference text is; SOURCE_NONE when it is none.
enum source_kind source_kind(const char *text);

// Whether text begins as a PKCS#11 URI.
bool source_is_uri(const char *text);

// Whether text says where a secret is, in any way that we know or will: pkcs11: is a data object on a token.
bool source_is_reference(const char *text);

// The file that a reference reads, of file: (file:PATH, file:/PATH, file:///PATH) and credential:. Fails with
// SSA_CONFIG.
bool source_path(const char *text, char path[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// The reference as it is written down: a file with its whole path, since the next shell stands in another
// folder. NULL and err when it is too long.
const char *source_lasting(const char *text, char out[static PATH_TEXT_MAX],
                           struct ssa_error *err) MUST_CHECK;

// What follows a reference's prefix.
const char *source_name(const char *text);

// Warns when others may read an open file.
void source_warn_if_shared(int fd, const char *path, const struct ssa_callbacks *warn);

#endif
