// Advice about listing, showing, verifying and removing accounts and keys.
#include "cli/advice/table.h"

const struct advice advice_accounts[] = {
    {SSA_REASON_ACCOUNT_UNLISTED, "`ssa-hsm account list` shows the accounts. --account takes an account's id "
                                  "(SERVICE_ACCOUNT_ID) or its email."},
    {SSA_REASON_KEY_UNLISTED, "`ssa-hsm key list` shows the account's keys. --account names another account."},
    {SSA_REASON_KEYS_DIFFER, "`ssa-hsm key verify` and `ssa-hsm token` show whether the key in use is the "
                             "right one."},
    {SSA_REASON_NONE, NULL},
};
