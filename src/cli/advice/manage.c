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
    {SSA_REASON_LOST_KEY, "`ssa-hsm key recover --key KEY_ID` deletes the one that you name; `ssa-hsm key "
                          "recover --forget` leaves them all."},
    {SSA_REASON_PAIR_UNSURE,
     "Overwrite it with --slot {detail} --replace, or leave it: `ssa-hsm key recover --forget`."},
    {SSA_REASON_SLOT_USELESS, "--slot {detail} --replace takes its place."},
    {SSA_REASON_MAYBE_DONE, "`ssa-hsm key list` shows what there is."},
    {SSA_REASON_NOT_SETTLED, "What stands in the way is said above: mend it and run this again. --forget "
                             "gives up what cannot be settled."},
    {SSA_REASON_NOT_CONFIRMED, "--yes confirms it, for use without a terminal."},
    {SSA_REASON_NO_ROOM_FOR_KEY, "--replace KEY_ID deletes one to make room, whichever host has it: {detail}."},
    {SSA_REASON_NO_ROTATION_WAITS,
     "`ssa-hsm key list` shows the account's keys; the machine that rotated knows which one is old."},
    {SSA_REASON_ROTATION_WAITS, "`ssa-hsm key rotate --finish` retires it; then rotate again."},
    {SSA_REASON_OLD_KEY_SERVES, "`ssa-hsm key rotate --finish --now` retires it all the same."},
    {SSA_REASON_OLD_KEY_IN_USE, "Write that profile anew (`ssa-hsm key create --profile NAME --force`) or "
                                "remove it. Then run `ssa-hsm key rotate --finish`."},
    {SSA_REASON_ANSWERED_BY_ANOTHER,
     "Something between this program and the API may have answered: check SSA_HSM_BASE_URL and proxies."},
    {SSA_REASON_LIST_NOT_BELIEVED,
     "Check SSA_HSM_BASE_URL. If it is gone indeed, remove that profile; then run this again."},
    {SSA_REASON_IMPORT_NO_CLIENT_ID, "Give it with --client-id or APS_CLIENT_ID."},
    {SSA_REASON_IMPORT_NO_ACCOUNT, "Give it with --account."},
    {SSA_REASON_IMPORT_NO_KEY_ID, "Give it with --key-id."},
    {SSA_REASON_IMPORT_NO_KEY, "The file must be an old block of six names, or a PEM with --key-id and --account."},
    {SSA_REASON_IMPORT_HOLDS_MORE, "--shred destroys nothing else: take that out first, or write the new "
                                   "profile in its place with --output {detail} --force."},
    {SSA_REASON_IMPORT_LOSES, "Take that out first, or leave the file: without --shred, and with another --output."},
    {SSA_REASON_CANNOT_SHRED, "Import without --shred, and destroy the file by hand."},
    {SSA_REASON_NONE, NULL},
};
