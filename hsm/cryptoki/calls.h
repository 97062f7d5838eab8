// The functions of a module. For hsm alone.
#pragma once

#include "hsm/cryptoki/cryptoki.h"

// Makes a function list without gaps, which the caller frees: a function that the module leaves out returns
// CKR_FUNCTION_NOT_SUPPORTED. NULL where there is no memory.
CK_FUNCTION_LIST *calls_new(const CK_FUNCTION_LIST *given);

// After CKR_FUNCTION_NOT_SUPPORTED: the name of the missing function that this thread called last. It is told once.
// NULL where the module itself gave that answer.
const char *calls_left_out(void);
