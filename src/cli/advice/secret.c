// Advice about client secrets on PKCS#11 tokens.
#include "cli/advice/table.h"

const struct advice advice_secret[] = {
    {SSA_REASON_NONE, NULL},
};
