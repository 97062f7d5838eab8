// Advice about PKCS#11 modules, tokens and keys.
#include "cli/advice/table.h"

#define NOTHING_ASKED "Nothing was asked of the API. "

const struct advice advice_hsm[] = {
    {SSA_REASON_MODULE_NOT_LOADED, "Give the module's path with --module or SSA_HSM_MODULE; `ssa-hsm hsm "
                                   "list` shows the modules that are configured."},
    {SSA_REASON_MODULE_NO_ANSWER, "Name the module that you want with --module or SSA_HSM_MODULE."},
    {SSA_REASON_TOKEN_NOT_FOUND, "`ssa-hsm hsm list` shows the modules and tokens there are; --module or "
                                 "SSA_HSM_MODULE names a module that p11-kit does not know."},
    {SSA_REASON_TOKENS_SEVERAL, "Name one of them with --token or SSA_HSM_TOKEN."},
    {SSA_REASON_TOKEN_GONE, "`ssa-hsm hsm list` shows the PKCS#11 tokens that are there."},
    {SSA_REASON_TOKEN_UNFIT, "Choose another PKCS#11 token with --token; `ssa-hsm hsm list` shows them."},
    {SSA_REASON_PIN_UNKNOWN,
     "It is not known whether a PIN try was spent: the next unattended login needs --pin-retry."},
    {SSA_REASON_URI_INVALID, "`ssa-hsm hsm list` prints the URIs of the PKCS#11 tokens, ready to paste."},
    {SSA_REASON_URI_HAS_PIN, "SSA_HSM_PIN_SOURCE says where the PIN is, too."},
    {SSA_REASON_URI_NO_KEY,
     "PRIVATE_KEY must name a key: `ssa-hsm hsm list --login` prints the URIs of the token's keys."},
    {SSA_REASON_URI_NO_DATA, "`ssa-hsm secret import` prints such a URI."},
    {SSA_REASON_KEY_NOT_FOUND, "PRIVATE_KEY names the key. `ssa-hsm hsm list --login` shows the keys that "
                               "the token holds; `ssa-hsm key create --force` makes a new one."},
    {SSA_REASON_KEYS_SEVERAL, "PRIVATE_KEY must name one of them by id and object: see `ssa-hsm hsm list --login`."},
    {SSA_REASON_KEY_ID_USED, "`ssa-hsm hsm list --login` shows keys, `pkcs11-tool --list-objects` the rest."},
    {SSA_REASON_KEY_LOGIN, "Some cards have a separate PIN for signatures, which ssa-hsm does not ask for."},
    {SSA_REASON_KEY_NO_PUBLIC_HALF, "The key signs all the same: `ssa-hsm jwt` and `ssa-hsm token` work with it."},
    {SSA_REASON_KEY_NOT_TAKEN, "Not every PKCS#11 token can import a key: see the README's list of tokens."},
    {SSA_REASON_KIND_TAKES_NO_KEY,
     "A key that is on such a token serves `ssa-hsm token`: `ssa-hsm hsm list --login` prints its URI for "
     "PRIVATE_KEY. If it was in a file before, it is only as safe as that file. --token and --module choose "
     "another token."},
    {SSA_REASON_SLOT_USED, "Without --slot the first free one is taken; --replace destroys the key that is in it."},
    {SSA_REASON_SLOT_UNSURE, "--slot {detail} --replace takes its place."},
    {SSA_REASON_SLOTS_FULL, "--slot NAME --replace destroys the key in one of them. Slot 9e, which signs "
                            "without a PIN, is taken only when it is named."},
    {SSA_REASON_SLOTS_UNREAD, "If the certificate of the card's maker was removed, --slot NAME --replace "
                              "takes a slot whatever is in it."},
    {SSA_REASON_REHEARSAL, NOTHING_ASKED "Choose another PKCS#11 token with --token."},
    {SSA_REASON_REHEARSAL_SESSION,
     NOTHING_ASKED "Choose another PKCS#11 token with --token. A token that keeps no session objects may "
                   "still take a key: --rehearse tries with one on the token."},
    {SSA_REASON_REHEARSAL_PLAIN, NOTHING_ASKED "Without --import plain the token may take a key that is wrapped."},
    {SSA_REASON_REHEARSAL_WRAP, NOTHING_ASKED "With --import auto the key comes in as the token can take it."},
    {SSA_REASON_REHEARSAL_LEFT, NOTHING_ASKED "`ssa-hsm key recover` tries again to remove the throwaway key."},
    {SSA_REASON_DATA_REFUSED, "Choose another PKCS#11 token with --token, or keep the client secret in a "
                              "file of mode 0600 (file:PATH) or a systemd credential (credential:NAME)."},
    {SSA_REASON_DATA_NOT_FOUND, "APS_SECRET_ID names it. `ssa-hsm secret import` puts the client secret there."},
    {SSA_REASON_DATA_EMPTY,
     "APS_SECRET_ID names it. `ssa-hsm secret import --force` puts the client secret in its place."},
    {SSA_REASON_DATA_SEVERAL, "`ssa-hsm secret import --force` leaves one, with the client secret that it is given."},
    {SSA_REASON_DATA_ANOTHERS, "One is another application's, and is not touched: `ssa-hsm secret import "
                               "--label NAME` stores the client secret under a label of its own."},
    {SSA_REASON_NONE, NULL},
};
