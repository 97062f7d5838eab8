// Advice about client secrets on PKCS#11 tokens.
#include "cli/advice/table.h"

const struct advice advice_secret[] = {
    {SSA_REASON_LABEL_IN_USE, "--force replaces it; --label NAME stores the secret beside it."},
    {SSA_REASON_LABEL_ANOTHERS, "It is not touched. --label NAME stores the secret beside it."},
    {SSA_REASON_SECRET_NOT_ON_TOKEN, "It must be the line that `ssa-hsm secret import` printed."},
    {SSA_REASON_REMOVAL_NOT_CONFIRMED, "--yes confirms the removal, for use without a terminal."},
    {SSA_REASON_SECRET_GONE, "`ssa-hsm secret import` stores it anew."},
    {SSA_REASON_SECRETS_OF_ONE_LABEL, "`ssa-hsm secret import --force` leaves one."},
    {SSA_REASON_SECRET_NOT_REMOVED, "`ssa-hsm secret remove` destroys it."},
    {SSA_REASON_EMPTY_OBJECT, "`pkcs11-tool --login --list-objects --type data` shows such objects."},
    {SSA_REASON_SECRET_TOKEN_PIN, "Name that token with --token and its PIN with --pin-source, or run the "
                                  "interrupted command again."},
    {SSA_REASON_NONE, NULL},
};
