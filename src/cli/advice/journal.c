// Advice about the journal.
#include "cli/advice/table.h"

const struct advice advice_journal[] = {
    {SSA_REASON_EARLIER_OPERATION, "`ssa-hsm key recover` finishes or undoes it; then run this again."},
    {SSA_REASON_INTERRUPTED, "`ssa-hsm key recover` finishes or undoes it."},
    {SSA_REASON_ENTRY_DAMAGED,
     "`ssa-hsm key recover --forget` puts it away as it is: look yourself after what it was about."},
    {SSA_REASON_ENTRY_OF_EARLIER_VERSION,
     "`key recover` of that version settles it; `ssa-hsm key recover --forget` puts it away as it is."},
    {SSA_REASON_NONE, NULL},
};
