// Advice about files and pipes.
#include "cli/advice/table.h"

const struct advice advice_core[] = {
    {SSA_REASON_PIPE, "Something must write to this pipe and then close it. --timeout SECONDS gives it more time."},
    {SSA_REASON_NONE, NULL},
};
