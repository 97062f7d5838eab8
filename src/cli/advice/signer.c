// Advice about opening a PKCS#11 token, signing and fetching an access token.
#include "cli/advice/table.h"

const struct advice advice_signer[] = {
    {SSA_REASON_NO_CLIENT_ID, "It is the client id of your app at https://aps.autodesk.com. Export it, or choose a "
                              "profile that has it."},
    {SSA_REASON_NO_CLIENT_SECRET, "Set APS_SECRET_ID to the client secret, or to a reference: file:PATH, env:NAME, "
                                  "fd:N, credential:NAME, or the pkcs11: URI of a data object."},
    {SSA_REASON_TOKEN_NOT_NAMED, "Set SSA_HSM_TOKEN, or use --token. This is the token there is: "
                                 "SSA_HSM_TOKEN=\"{detail}\""},
    {SSA_REASON_NO_SLOTS, "--slot and --replace are for cards."},
    {SSA_REASON_REPLACE_WHAT, "Name the slot with --slot: --replace destroys the key that is there."},
    {SSA_REASON_KEY_NOT_CONFIRMED, "--yes confirms it, for use without a terminal."},
    {SSA_REASON_SECRETS_OF_ONE_NAME, "An import did not come to its end. `ssa-hsm key recover` finishes it where it "
                                     "was run; `ssa-hsm secret import --force` leaves one secret."},
    {SSA_REASON_SECRET_IN_THE_OPEN, "`ssa-hsm secret import --force` stores it as a private object."},
    {SSA_REASON_OLD_BLOCK, "Does this shell still have an old block sourced? Unset SERVICE_ACCOUNT_ID, KEY_ID, "
                           "SSA_EMAIL and PRIVATE_KEY, or name the profile with --profile."},
    {SSA_REASON_NONE, NULL},
};
