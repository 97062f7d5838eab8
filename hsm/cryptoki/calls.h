// The functions of a module. For hsm alone.
#ifndef SSA_HSM_CRYPTOKI_CALLS_H
#define SSA_HSM_CRYPTOKI_CALLS_H

#include "hsm/cryptoki/cryptoki.h"

// A list of one's own, freed by the caller: a function that the module leaves out of its own is there all the
// same, and gives CKR_FUNCTION_NOT_SUPPORTED. NULL where there is no memory.
CK_FUNCTION_LIST *calls_new(const CK_FUNCTION_LIST *given);

// After CKR_FUNCTION_NOT_SUPPORTED: the function that was called last in this thread and is left out, told
// once; NULL where the module itself has said so.
const char *calls_left_out(void);

#endif
