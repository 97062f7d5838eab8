// The private key in an old block, or in a file of its own.
#pragma once

#include "core/secret.h"

#define OLD_NAME_MAX 128U

// Whether text is a PEM, or base64 of one, without any names.
bool old_text_is_key(const struct secret *text);

// Puts the PEM that text holds into pem: as it is, on one line with its breaks as \n, or as base64 of either.
// Other text beside it, or another block, is told in beside. Fails with SSA_CONFIG; two private keys are an
// error, since one of them would be a guess.
bool old_key_take(struct secret *pem, const char *text, const char *file, char beside[static OLD_NAME_MAX],
                  struct ssa_error *err) MUST_CHECK;
