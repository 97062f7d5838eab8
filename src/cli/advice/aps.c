// Advice about the provider's accounts and keys.
#include "cli/advice/table.h"

#define APP_ACCESS "the app must be allowed to manage service accounts (check its API access in the APS portal)."

const struct advice advice_aps[] = {
    {SSA_REASON_NO_ACCOUNT, "The client id has no such account: check the id, and APS_CLIENT_ID."},
    {SSA_REASON_NO_KEY, "The account has no such key, or the client id has no such account: check both ids."},
    {SSA_REASON_APP_ACCESS, "For this, " APP_ACCESS},
    {SSA_REASON_ACCOUNT_NAME, "The provider refuses some names: try another one."},
    {SSA_REASON_ACCOUNT_LIMIT, "`ssa-hsm account list` shows which account is not used, `ssa-hsm account delete ID` "
                               "makes room."},
    {SSA_REASON_ACCOUNT_REFUSED, "A client id may have 10 accounts at most (`ssa-hsm account delete ID` makes "
                                 "room), and " APP_ACCESS},
    {SSA_REASON_ACCOUNT_OFF, "Until you run `ssa-hsm account enable {detail}`, the account's keys cannot be managed "
                             "and no access tokens fetched."},
    {SSA_REASON_ACCOUNT_MAYBE_OFF, "If account {detail} is disabled, its keys cannot be managed: "
                                   "`ssa-hsm account enable {detail}` enables it."},
    {SSA_REASON_KEY_LIMIT, "`ssa-hsm key list --account {detail}` shows which key is not used, "
                           "`ssa-hsm key delete KEY_ID --account {detail}` makes room."},
    {SSA_REASON_KEY_REFUSED, "An account may have 3 keys at most, and none can be made while it is disabled: see "
                             "`ssa-hsm account show {detail}` and `ssa-hsm key list --account {detail}`. "
                             "`ssa-hsm key delete KEY_ID --account {detail}` makes room."},
    {SSA_REASON_NONE, NULL},
};
