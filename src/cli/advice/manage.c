// Advice about making, rotating, removing and recovering.
#include "cli/advice/table.h"

const struct advice advice_manage[] = {
    {SSA_REASON_ACCOUNT_LEFT, "Remove it: `ssa-hsm account delete {subject}`."},
    {SSA_REASON_KEY_LEFT, "Remove it: `ssa-hsm key delete {subject} --account {detail}`."},
    {SSA_REASON_SOME_KEY_LEFT, "Remove it: `ssa-hsm key delete KEY_ID --account {detail}`."},
    {SSA_REASON_ON_TOKEN_LEFT, "Remove it: `{detail}`."},
    {SSA_REASON_OPERATION_OPEN, "`ssa-hsm key recover` tries again."},
    {SSA_REASON_ANOTHERS, "`ssa-hsm key recover --forget` gives the operation up, and leaves it."},
    {SSA_REASON_OLD_KEY_AT_API, "`ssa-hsm key recover` finishes the rotation."},
    {SSA_REASON_OLD_KEY_ON_TOKEN, "`ssa-hsm key recover` destroys it, once that token is there."},
    {SSA_REASON_NONE, NULL},
};
