// Advice about the network and the exchange.
#include "cli/advice/table.h"

const struct advice advice_oauth[] = {
    {SSA_REASON_NONE, NULL},
};
