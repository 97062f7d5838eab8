// Advice about the provider's accounts and keys.
#include "cli/advice/table.h"

const struct advice advice_aps[] = {
    {SSA_REASON_NONE, NULL},
};
