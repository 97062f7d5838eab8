// The one place that includes Cryptoki. For hsm alone.
#pragma once

#include "core/text.h"

#define CRYPTOKI_COMPAT 1
#include <p11-kit/pkcs11.h>

#define ATTRIBUTE(t, v, n)                                                                                             \
    {                                                                                                                  \
        .type = (t), .pValue = (void *)(uintptr_t)(v), .ulValueLen = (n)                                               \
    }
