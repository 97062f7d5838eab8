// The functions of a module. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"

// Makes a function list that is whole, which the caller frees: a function that the module leaves out gives
// CKR_FUNCTION_NOT_SUPPORTED. NULL where there is no memory.
CK_FUNCTION_LIST *calls_new(const CK_FUNCTION_LIST *given);

// After CKR_FUNCTION_NOT_SUPPORTED: the name of the function that is left out and was called last in this
// thread. It is told once. NULL where the module itself gave that answer.
const char *calls_left_out(void);
