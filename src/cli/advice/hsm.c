// Advice about PKCS#11 modules, tokens and keys.
#include "cli/advice/table.h"

const struct advice advice_hsm[] = {
    {SSA_REASON_NONE, NULL},
};
