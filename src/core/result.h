// Locked memory handed out as struct ssa_text.
#ifndef SSA_CORE_RESULT_H
#define SSA_CORE_RESULT_H

#include "core/secret.h"

// Makes *text own what *secret holds; *secret is empty afterwards. Fails when there is no memory.
bool text_take(struct ssa_text *text, struct secret *secret, struct ssa_error *err) MUST_CHECK;

#endif
