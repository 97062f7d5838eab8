// Advice about making, rotating, removing and recovering.
#include "cli/advice/table.h"

const struct advice advice_manage[] = {
    {SSA_REASON_NONE, NULL},
};
