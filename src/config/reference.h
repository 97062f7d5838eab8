// References to secrets: file:PATH, env:NAME, fd:N and credential:NAME (systemd). For a PIN also pinentry[:PROGRAM].
#pragma once

#include "config/paths.h"
#include "core/secret.h"
#include "hsm/uri/uri_text.h"

enum reference_kind {
    REFERENCE_NONE,
    REFERENCE_FILE,
    REFERENCE_ENV,
    REFERENCE_FD,
    REFERENCE_CREDENTIAL,
    REFERENCE_PINENTRY
};

// What kind of reference a text is.
enum reference_kind reference_kind(const char *text);

// Whether a text is a reference to a secret: one of the above, or the pkcs11: URI of a data object.
bool reference_text_is_reference(const char *text);

// The file that a file: reference (file:PATH, file:/PATH, file:///PATH) or a credential: reads. Fails with SSA_CONFIG.
bool reference_path(const char *text, char path[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// The reference as a profile has it. A file gets its whole path, since the next shell may be in another folder. NULL
// with err filled when it is too long.
const char *reference_lasting(const char *text, char out[static PATH_TEXT_MAX], struct ssa_error *err) MUST_CHECK;

// The error of a file that cannot be read. Returns false.
bool reference_unreadable(struct ssa_error *err, int number, const char *path);

// The descriptor that a reference reads: fd:N, or a file of that meaning (file:/dev/fd/N, as a shell puts it in the
// place of <(…), file:/proc/self/fd/N, file:/dev/stdin). -1 for none.
int reference_descriptor(const char *text);

// What follows the prefix of a reference.
const char *reference_name(const char *text);

// Warns when others may read an open file.
void reference_warn_if_others_read(int fd, const char *path, const struct ssa_callbacks *warn);
