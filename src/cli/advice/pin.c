// Advice about PINs.
#include "cli/advice/table.h"

const struct advice advice_pin[] = {
    {SSA_REASON_NONE, NULL},
};
