// Advice about opening a token, signing and fetching an access token.
#include "cli/advice/table.h"

const struct advice advice_signer[] = {
    {SSA_REASON_NO_CLIENT_ID,
     "It is the client id of your app at https://aps.autodesk.com. Export it, or choose a profile that "
     "has it."},
    {SSA_REASON_NONE, NULL},
};
