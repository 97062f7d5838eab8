// Advice about the journal.
#include "cli/advice/table.h"

const struct advice advice_journal[] = {
    {SSA_REASON_NONE, NULL},
};
