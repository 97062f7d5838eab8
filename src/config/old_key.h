// The text of a private key, as people keep it.
#pragma once

#include "config/old_names.h"
#include "core/secret.h"

// Whether text is a PEM, or base64 of one, without any names.
bool old_text_is_key(const struct secret *text);

// Puts the PEM that text holds into pem. The text is a PEM, a PEM on one line with \n for its line breaks, or base64 of
// either. Other text, or another PEM block, is described in beside. Fails with SSA_CONFIG, also where there are two
// private keys: nobody knows which one is meant.
bool old_key_take(struct secret *pem, const char *text, const char *file, char beside[static OLD_NAME_MAX],
                  struct ssa_error *err) MUST_CHECK;
