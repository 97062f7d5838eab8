// Advice about settings and profiles.
#include "cli/advice/table.h"

const struct advice advice_config[] = {
    {SSA_REASON_ACCOUNT_NOT_SET,
     "`ssa-hsm account create FIRST LAST` makes an account and its profile. --profile names "
     "another profile."},
    {SSA_REASON_ACCOUNT_WITHOUT_KEY, "`ssa-hsm key create --force` makes a key and writes the profile again."},
    {SSA_REASON_PART_OF_BLOCK, "SERVICE_ACCOUNT_ID, KEY_ID, SSA_EMAIL and PRIVATE_KEY belong together and come from "
                               "one source: set all four or none, or choose a profile with --profile."},
    {SSA_REASON_KEY_AS_TEXT, "Put the key into a PKCS#11 token with `ssa-hsm key import FILE`, then destroy the file."},
    {SSA_REASON_NO_KEY_URI, "`ssa-hsm hsm list --login` prints the URIs of a token's keys."},
    {SSA_REASON_PROFILE_EXISTS, "--force replaces it; the key that it names stays in its token. --profile NAME writes "
                                "another profile."},
    {SSA_REASON_NO_PROFILE, "`ssa-hsm account create`, `key create` and `key import` write a profile."},
    {SSA_REASON_JOINED_PROFILES, "Give several profiles one by one: --profile A --profile B."},
    {SSA_REASON_SEVERAL_PROFILES, "Name one with --profile. Only `token`, `exec` and `jwt` take a list."},
    {SSA_REASON_OUTPUT_DESCRIPTOR, "Give fd:0, or a descriptor from 3 on: `ssa-hsm … --pin-source fd:3 3< FILE`."},
    {SSA_REASON_NO_TOKEN_NAME, "Give a PKCS#11 URI (`ssa-hsm hsm list` prints them) or a token's label. "
                               "SSA_HSM_MODULE or --module names a module."},
    {SSA_REASON_NONE, NULL},
};
