// Advice about settings and profiles.
#include "cli/advice/table.h"

const struct advice advice_config[] = {
    {SSA_REASON_NONE, NULL},
};
