#include "cli/advice/advice.h"

#include "core/text.h"

#define APP_ACCESS "the app must be allowed to manage service accounts (check its API access in the APS portal)."
#define CORRECT_OR_RETRY                                                                                               \
    "Correct the PIN file, or log in once at a terminal. --pin-retry allows one more try (the record is {detail})."
#define ASK_A_PERSON                                                                                                   \
    "A person must make this try: run the command at a terminal, without --pin-source and SSA_HSM_PIN_SOURCE. "        \
    "The right PIN also resets the count."
#define NOTHING_ASKED "Nothing was asked of the API. "

// {subject} and {detail} stand for these members of the error or the notice.
static const char *const advice[SSA_REASON_COUNT] = {
    // Files and memory.
    [SSA_REASON_PIPE] = "Something must write to this pipe and then close it. --timeout SECONDS gives it more time.",
    [SSA_REASON_OTHER_OWNER] = "Under sudo, HOME and the XDG folders must be root's own (`sudo -H`).",
    [SSA_REASON_LOCK_LIMIT] = "Raise the limit: `ulimit -l 8192`, LimitMEMLOCK=8M in a systemd unit, or "
                              "/etc/security/limits.d. Nothing was sent to the API.",

    // Settings and profiles.
    [SSA_REASON_ACCOUNT_NOT_SET] = "`ssa-hsm setup` guides you; `ssa-hsm account create FIRST LAST` makes an account "
                                   "and its profile without questions. --profile names another profile.",
    [SSA_REASON_ACCOUNT_WITHOUT_KEY] = "`ssa-hsm key create --force` makes a key and writes the profile again.",
    [SSA_REASON_PART_OF_BLOCK] = "SERVICE_ACCOUNT_ID, KEY_ID, SSA_EMAIL and PRIVATE_KEY belong together and come from "
                                 "one source: set all four or none, or choose a profile with --profile.",
    [SSA_REASON_KEY_AS_TEXT] = "Put the key into a PKCS#11 token with `ssa-hsm key import FILE`, then destroy the "
                               "file.",
    [SSA_REASON_NO_KEY_URI] = "`ssa-hsm hsm list --login` prints the URIs of a token's keys.",
    [SSA_REASON_PROFILE_EXISTS] = "--force replaces it; the key that it names stays in its token. --profile NAME "
                                  "writes another profile.",
    [SSA_REASON_NO_PROFILE] = "`ssa-hsm profile list` shows those that there are. `ssa-hsm account create FIRST LAST`, "
                              "`ssa-hsm key create` and `ssa-hsm key import FILE` write one.",
    [SSA_REASON_PROFILE_AWAITED] = "`ssa-hsm key rotate --finish` retires that key; then run this again.",
    [SSA_REASON_JOINED_PROFILES] = "Give several profiles one by one: --profile A --profile B.",
    [SSA_REASON_SEVERAL_PROFILES] = "Name one with --profile. Only `token`, `exec` and `jwt` take a list.",
    [SSA_REASON_OUTPUT_DESCRIPTOR] = "Give fd:0, or a descriptor from 3 on, which the shell opens at the end of the "
                                     "command: --pin-source fd:3 3< FILE",
    [SSA_REASON_NO_TOKEN_NAME] = "Give a PKCS#11 URI (`ssa-hsm hsm list` prints them) or a token's label. "
                                 "SSA_HSM_MODULE or --module names a module.",
    [SSA_REASON_QUOTED_VALUE] = "`docker run --env-file` takes quotes for a part of the value: write the line without "
                                "them in the file that docker reads, or mount the profile and name its path in "
                                "SSA_HSM_PROFILE.",

    // PINs.
    [SSA_REASON_PIN_WAS_TRIED] = CORRECT_OR_RETRY,
    [SSA_REASON_PIN_UNANSWERED] = CORRECT_OR_RETRY,
    [SSA_REASON_PIN_LAST_TRY] = ASK_A_PERSON,
    [SSA_REASON_PIN_LAST_UNANSWERED] = ASK_A_PERSON,
    [SSA_REASON_NO_PINENTRY] = "Install a pinentry, or name one: --pin-source pinentry:PATH.",
    [SSA_REASON_NOBODY_FOR_PIN] = "Say where the PIN is with SSA_HSM_PIN_SOURCE or --pin-source: file:PATH, env:NAME, "
                                  "fd:N or credential:NAME.",
    [SSA_REASON_NOBODY_FOR_SO_PIN] = "Say where it is with SSA_HSM_SO_PIN_SOURCE or --so-pin-source: file:PATH, "
                                     "env:NAME, fd:N or credential:NAME.",
    [SSA_REASON_TURN_TOO_LONG] = "Two processes at once would disturb each other there. Look for another ssa-hsm that "
                                 "waits or hangs. --timeout waits longer.",

    // The signer.
    [SSA_REASON_NO_CLIENT_ID] = "It is the client id of your app at https://aps.autodesk.com. Export it, or choose a "
                                "profile that has it. `ssa-hsm setup` asks for it.",
    [SSA_REASON_NO_CLIENT_SECRET] = "Set APS_SECRET_ID to the client secret, or to a reference: file:PATH, env:NAME, "
                                    "fd:N, credential:NAME, or the pkcs11: URI of a data object.",
    [SSA_REASON_TOKEN_NOT_NAMED] = "Set SSA_HSM_TOKEN, or use --token. `export SSA_HSM_TOKEN='{detail}'` "
                                   "names the token that is here.",
    [SSA_REASON_NO_SLOTS] = "--slot and --replace are for cards.",
    [SSA_REASON_REPLACE_WHAT] = "Name the slot with --slot: --replace destroys the key that is there.",
    [SSA_REASON_SECRETS_OF_ONE_NAME] = "An import was interrupted. `ssa-hsm key recover` finishes it on the machine "
                                       "where it ran; `ssa-hsm secret import --force` leaves one secret.",
    [SSA_REASON_SECRET_IN_THE_OPEN] = "`ssa-hsm secret import --force` stores it as a private object.",
    [SSA_REASON_OLD_BLOCK] = "Perhaps this shell still has the settings of an old block. `unset "
                             "SERVICE_ACCOUNT_ID KEY_ID SSA_EMAIL PRIVATE_KEY` takes them away, or name the profile "
                             "with --profile.",

    // PKCS#11 modules, tokens and keys.
    [SSA_REASON_MODULE_NOT_LOADED] = "Give the module's path with --module or SSA_HSM_MODULE; `ssa-hsm hsm list` "
                                     "shows the modules that are configured.",
    [SSA_REASON_MODULE_NO_ANSWER] = "Name the module that you want with --module or SSA_HSM_MODULE.",
    [SSA_REASON_TOKEN_NOT_FOUND] = "`ssa-hsm hsm list` shows the modules and tokens that are here; --module or "
                                   "SSA_HSM_MODULE names a module that p11-kit does not know.",
    [SSA_REASON_TOKEN_CHOICE] = "To use it: --token '{detail}'",
    [SSA_REASON_TOKENS_SEVERAL] = "Name one of them with --token or SSA_HSM_TOKEN.",
    [SSA_REASON_TOKEN_GONE] = "`ssa-hsm hsm list` shows the PKCS#11 tokens that are there.",
    [SSA_REASON_TOKEN_UNFIT] = "Choose another PKCS#11 token with --token; `ssa-hsm hsm list` shows them.",
    [SSA_REASON_PIN_UNKNOWN] = "It is not known whether this used up a PIN try. The next login without a person needs "
                               "--pin-retry.",
    [SSA_REASON_URI_INVALID] = "`ssa-hsm hsm list` prints the URIs of the PKCS#11 tokens, ready to paste.",
    [SSA_REASON_URI_HAS_PIN] = "Or set SSA_HSM_PIN_SOURCE to where it is.",
    [SSA_REASON_URI_NO_KEY] = "PRIVATE_KEY must name a key: `ssa-hsm hsm list --login` prints the URIs of the token's "
                              "keys.",
    [SSA_REASON_URI_NO_DATA] = "`ssa-hsm secret import` prints such a URI.",
    [SSA_REASON_KEY_NOT_FOUND] = "PRIVATE_KEY names the key. `ssa-hsm hsm list --login` shows the keys that the token "
                                 "holds; `ssa-hsm key create --force` makes a new one.",
    [SSA_REASON_KEYS_SEVERAL] = "PRIVATE_KEY must name one of them by id and object: see `ssa-hsm hsm list --login`.",
    [SSA_REASON_KEY_ID_USED] = "`ssa-hsm hsm list --login` shows keys, `pkcs11-tool --list-objects` the other objects.",
    [SSA_REASON_KEY_LOGIN] = "Some cards have a separate PIN for signatures, which ssa-hsm does not ask for.",
    [SSA_REASON_KEY_NO_PUBLIC_HALF] = "The key can sign all the same: `ssa-hsm jwt` and `ssa-hsm token` work with it.",
    [SSA_REASON_KEY_NOT_TAKEN] = "Not every PKCS#11 token can import a key: docs/tokens.md lists those that can.",
    [SSA_REASON_KIND_TAKES_NO_KEY] = "`ssa-hsm token` works with a key that is on such a token already: `ssa-hsm hsm "
                                     "list --login` prints its URI for PRIVATE_KEY. If the key was in a file before, "
                                     "it is only as safe as that file. --token and --module choose another token.",
    [SSA_REASON_SLOT_USED] = "Without --slot the first free one is taken; --replace destroys the key that is in it.",
    [SSA_REASON_SLOT_UNSURE] = "--slot {detail} --replace overwrites it.",
    [SSA_REASON_SLOTS_FULL] = "--slot NAME --replace destroys the key in one of them. Slot 9e, which signs without a "
                              "PIN, is taken only when it is named.",
    [SSA_REASON_SLOTS_UNREAD] = "If the certificate of the card's maker was removed, --slot NAME --replace takes a "
                                "slot whatever is in it.",
    [SSA_REASON_REHEARSAL] = NOTHING_ASKED "Choose another PKCS#11 token with --token.",
    [SSA_REASON_REHEARSAL_SESSION] = NOTHING_ASKED "Choose another PKCS#11 token with --token. A token that keeps no "
                                                   "session objects may still take a key: --rehearse tries it with a "
                                                   "throwaway key on the token.",
    [SSA_REASON_REHEARSAL_PLAIN] = NOTHING_ASKED "Without --import plain the token may take a key that is wrapped.",
    [SSA_REASON_REHEARSAL_WRAP] = NOTHING_ASKED "With --import auto the key comes in as the token can take it.",
    [SSA_REASON_REHEARSAL_LEFT] = NOTHING_ASKED "`ssa-hsm key recover` tries again to remove the throwaway key.",
    [SSA_REASON_DATA_REFUSED] = "Choose another PKCS#11 token with --token, or keep the client secret in a file of "
                                "mode 0600 (file:PATH) or a systemd credential (credential:NAME).",
    [SSA_REASON_DATA_NOT_FOUND] = "APS_SECRET_ID names it. `ssa-hsm secret import` asks for the client secret, and "
                                  "puts it there.",
    [SSA_REASON_DATA_EMPTY] = "APS_SECRET_ID names it. `ssa-hsm secret import --force` asks for the client secret, "
                              "and puts it in its place.",
    [SSA_REASON_DATA_SEVERAL] =
        "`ssa-hsm secret import --force` asks for the client secret, and leaves one object with it.",
    [SSA_REASON_DATA_ANOTHERS] = "One of them is another application's, and is not touched: `ssa-hsm secret import "
                                 "--label NAME` stores the client secret under a label of its own.",

    // The network and the exchange.
    [SSA_REASON_TIMEOUT] = "Check the network and proxy; --timeout SECONDS gives more time in all.",
    [SSA_REASON_UNKNOWN_HOST] = "Check the network, its DNS, and SSA_HSM_BASE_URL.",
    [SSA_REASON_UNREACHABLE] = "Check the network, firewall and proxy (https_proxy), and SSA_HSM_BASE_URL.",
    [SSA_REASON_UNTRUSTED] = "If a proxy or gateway of yours has its own CA, name that CA's certificate: --cacert "
                             "FILE. Check the host's name in SSA_HSM_BASE_URL and this machine's clock.",
    [SSA_REASON_CA_FILE] = "--cacert or SSA_HSM_CACERT must name a PEM file with certificates.",
    [SSA_REASON_CA_FOLDER] = "--capath or SSA_HSM_CAPATH must name a directory of certificates.",
    [SSA_REASON_CA_FILE_ENV] = "It was named by SSL_CERT_FILE; nothing was sent.",
    [SSA_REASON_CA_FOLDER_ENV] = "It was named by SSL_CERT_DIR; nothing was sent.",
    [SSA_REASON_CA_ENV] = "They were named by SSL_CERT_FILE and SSL_CERT_DIR; nothing was sent.",
    [SSA_REASON_PROXY_UNKNOWN] = "Check the proxy that https_proxy names.",
    [SSA_REASON_PROXY_BROKEN] = "Check the proxy that https_proxy or all_proxy names, and the user and password in it.",
    [SSA_REASON_PROXY_REFUSES] = "Let the proxy allow {detail}, or check https_proxy; no_proxy names hosts that are "
                                 "reached without it.",
    [SSA_REASON_PROXY_LOGIN] = "Check {detail}, and the user and password in it.",
    [SSA_REASON_PROXY_NO_LOGIN] = "Put it into {detail}: http://USER:PASSWORD@HOST:PORT, where everything but letters "
                                  "and digits must be percent-encoded.",
    [SSA_REASON_PROXY_METHOD] = "Let the proxy accept this machine without a login or with Basic, or run a local proxy "
                                "that logs in there (cntlm, px) and name that in {detail}.",
    [SSA_REASON_NO_CA] = "Install them (Debian: ca-certificates), or name a bundle: --cacert FILE.",
    [SSA_REASON_BASE_URL] = "SSA_HSM_BASE_URL is https://HOST[:PORT][/PREFIX], for instance "
                            "https://developer.api.autodesk.com. The program appends /authentication/v2/… itself.",
    [SSA_REASON_PLAIN_HTTP] = "Use https://. --insecure-http allows http, for tests, to this machine only: 127.0.0.1, "
                              "[::1] and localhost.",
    [SSA_REASON_REDIRECTED] = "Credentials are sent only to SSA_HSM_BASE_URL: set it to the right server.",
    [SSA_REASON_OTHER_SERVER] = "A proxy, or another server than the API's, may have answered: check "
                                "SSA_HSM_BASE_URL and proxies.",
    [SSA_REASON_RATE_LIMIT] = "To wait for it, use --timeout {detail}.",
    [SSA_REASON_CREDENTIALS] = "Check APS_CLIENT_ID and APS_SECRET_ID: they belong together, and to the server that "
                               "SSA_HSM_BASE_URL names.",
    [SSA_REASON_CLIENT_TOKEN] = "The admin access token was refused: check APS_CLIENT_ID and APS_SECRET_ID.",
    [SSA_REASON_CLIENT_KIND] = "Apps of this kind cannot have service accounts: in the APS portal, make an app of the "
                               "type Server-to-Server, and use its client id and secret.",
    [SSA_REASON_ASSERTION] = "The account or the key may be disabled or deleted, or the account unused for too long: "
                             "see `ssa-hsm account show` and `ssa-hsm key list`. `ssa-hsm account enable` and "
                             "`ssa-hsm key enable KEY_ID` enable them. `ssa-hsm jwt --claims` shows what was signed.",
    [SSA_REASON_SCOPE] = "The app must have API access to what the scopes name: check it in the APS portal.",
    [SSA_REASON_SCOPE_SPELLING] = "Separate scopes by commas or spaces: --scope data:read,data:write",

    // The provider's accounts and keys.
    [SSA_REASON_NO_ACCOUNT] = "The client id has no such account: check the id, and APS_CLIENT_ID.",
    [SSA_REASON_NO_KEY] = "The account has no such key, or the client id has no such account: check both ids.",
    [SSA_REASON_APP_ACCESS] = "For this, " APP_ACCESS,
    [SSA_REASON_ACCOUNT_NAME] = "The provider refuses some names: try another one.",
    [SSA_REASON_ACCOUNT_EXISTS] = "`ssa-hsm account list` shows it. `ssa-hsm key create --account ID` makes a key for "
                                  "it; another name makes another account.",
    [SSA_REASON_ACCOUNT_LIMIT] = "`ssa-hsm account list` shows which account is not used, `ssa-hsm account delete ID` "
                                 "makes room.",
    [SSA_REASON_ACCOUNT_REFUSED] = "A client id may have 10 accounts at most (`ssa-hsm account delete ID` makes "
                                   "room), and " APP_ACCESS,
    [SSA_REASON_ACCOUNT_OFF] = "Until you run `ssa-hsm account enable {detail}`, the account's keys cannot be managed "
                               "and no access tokens fetched.",
    [SSA_REASON_ACCOUNT_MAYBE_OFF] = "If account {detail} is disabled, its keys cannot be managed: `ssa-hsm account "
                                     "enable {detail}` enables it.",
    [SSA_REASON_KEY_LIMIT] = "`ssa-hsm key list --account {detail}` shows which key is not used, "
                             "`ssa-hsm key delete KEY_ID --account {detail}` makes room.",
    [SSA_REASON_KEY_REFUSED] = "An account may have 3 keys at most, and none can be made while it is disabled: see "
                               "`ssa-hsm account show {detail}` and `ssa-hsm key list --account {detail}`. "
                               "`ssa-hsm key delete KEY_ID --account {detail}` makes room.",

    // Access to hubs and projects.
    [SSA_REASON_PROJECT_REQUEST] = "Check the project's id and --product: the project must have that product.",
    [SSA_REASON_PROJECT_REFUSED] = "Two things are needed: the app is in the project's hub under Custom Integrations, "
                                   "and --admin-user is the id of an administrator of the project. `ssa-hsm account "
                                   "provision` prints what an administrator does.",
    [SSA_REASON_NO_PROJECT] = "Check --project: it is the project's id in its address in ACC, with or without \"b.\". "
                              "Projects of BIM 360 cannot be changed by this API: an administrator invites the "
                              "account's email there. If the hub is not in the US, name its --region.",
    [SSA_REASON_PROJECT_CONFLICT] = "The account may be a member that was removed or is not active: an administrator "
                                    "sees it among the project's members.",
    [SSA_REASON_PRODUCTS_DIFFER] = "An administrator changes the access of {detail} among the project's members.",
    [SSA_REASON_KEY_OF_ANOTHER] = "Choose a profile that has this account's key: --profile NAME.",
    [SSA_REASON_ACCOUNT_TOKEN] = "The account's access token was refused. SSA_HSM_BASE_URL must name one server for "
                                 "all calls.",
    [SSA_REASON_HUB_REFUSED] = "The app must be in this hub under Custom Integrations, and have API access to Data "
                               "Management in the APS portal.",
    [SSA_REASON_NO_HUB] = "Two things are needed from an administrator of the hub: the app is added under Custom "
                          "Integrations, and {detail} is invited to a project. `ssa-hsm account provision` prints the "
                          "steps.",
    [SSA_REASON_NO_HUB_FOR_APP] = "An administrator of the hub adds the client id {detail} there, under Custom "
                                  "Integrations. `ssa-hsm account provision` prints the steps.",
    [SSA_REASON_MAYBE_ADDED] =
        "`ssa-hsm account provision --check` shows what the account sees. To add it again does no "
        "harm.",
    [SSA_REASON_NOT_INVITED] = "An administrator of the hub invites {detail} to a project. `ssa-hsm account provision` "
                               "prints the steps.",

    // The journal.
    [SSA_REASON_EARLIER_OPERATION] = "`ssa-hsm key recover` finishes or undoes it; then run this again.",
    [SSA_REASON_INTERRUPTED] = "`ssa-hsm key recover` finishes or undoes it.",
    [SSA_REASON_OTHER_CLIENT] =
        "With the secret of that client id, `ssa-hsm key recover --client-id {detail}` finishes "
        "or undoes it.",
    [SSA_REASON_ENTRY_DAMAGED] = "`ssa-hsm key recover --forget` puts it away as it is. Then check yourself what its "
                                 "operation has left.",
    [SSA_REASON_ENTRY_OF_EARLIER_VERSION] = "`key recover` of that version finishes or undoes it; `ssa-hsm key "
                                            "recover --forget` puts it away as it is.",

    // Making, rotating, removing and recovering.
    [SSA_REASON_ACCOUNT_LEFT] = "Remove it: `ssa-hsm account delete {subject}`.",
    [SSA_REASON_KEY_LEFT] = "Remove it: `ssa-hsm key delete {subject} --account {detail}`.",
    [SSA_REASON_SOME_KEY_LEFT] = "Remove it: `ssa-hsm key delete KEY_ID --account {detail}`.",
    [SSA_REASON_ON_TOKEN_LEFT] = "Remove it: `{detail}`.",
    [SSA_REASON_OPERATION_OPEN] = "`ssa-hsm key recover` tries again.",
    [SSA_REASON_ANOTHERS] = "`ssa-hsm key recover --forget` gives the operation up, and leaves it.",
    [SSA_REASON_OLD_KEY_AT_API] = "`ssa-hsm key recover` finishes the rotation.",
    [SSA_REASON_OLD_KEY_ON_TOKEN] = "`ssa-hsm key recover` destroys it, once that token is there.",
    [SSA_REASON_LOST_KEY] = "`ssa-hsm key recover --key KEY_ID` deletes the one that you name; `ssa-hsm key recover "
                            "--forget` leaves them all.",
    [SSA_REASON_PAIR_UNSURE] = "Overwrite it with --slot {detail} --replace, or leave it: `ssa-hsm key recover "
                               "--forget`.",
    [SSA_REASON_SLOT_USELESS] = "--slot {detail} --replace overwrites it.",
    [SSA_REASON_MAYBE_DONE] = "`ssa-hsm key list` shows what there is.",
    [SSA_REASON_NOT_SETTLED] = "The messages above say why: remove the causes and run this again. --forget gives up "
                               "what can be neither finished nor undone.",
    [SSA_REASON_NOT_CONFIRMED] = "--yes confirms it, for use without a terminal.",
    [SSA_REASON_NO_ROOM_FOR_KEY] = "--replace KEY_ID deletes one of them to make room, on whichever machine it is "
                                   "used: {detail}.",
    [SSA_REASON_NO_ROTATION_WAITS] = "`ssa-hsm key list` shows the account's keys; the machine that rotated knows "
                                     "which one is old.",
    [SSA_REASON_ROTATION_WAITS] = "`ssa-hsm key rotate --finish` retires it; then rotate again.",
    [SSA_REASON_OLD_KEY_SERVES] = "`ssa-hsm key rotate --finish --now` retires it all the same.",
    [SSA_REASON_OLD_KEY_IN_USE] = "Write that profile anew (`ssa-hsm key create --profile NAME --force`) or remove "
                                  "it. Then run `ssa-hsm key rotate --finish`.",
    [SSA_REASON_ANSWERED_BY_ANOTHER] = "Something between this program and the API may have answered: check "
                                       "SSA_HSM_BASE_URL and proxies.",
    [SSA_REASON_LIST_NOT_BELIEVED] = "Check SSA_HSM_BASE_URL. If it really is gone, remove that profile; then run "
                                     "this again.",
    [SSA_REASON_IMPORT_NO_CLIENT_ID] = "Give it with --client-id or APS_CLIENT_ID.",
    [SSA_REASON_IMPORT_NO_ACCOUNT] = "Give it with --account.",
    [SSA_REASON_IMPORT_NO_KEY_ID] = "Give it with --key-id.",
    [SSA_REASON_IMPORT_NO_KEY] = "The file must be an old block of six names, or a PEM with --key-id and --account.",
    [SSA_REASON_IMPORT_HOLDS_MORE] = "--shred destroys nothing else: take that out first, or write the new profile in "
                                     "its place with --output {detail} --force.",
    [SSA_REASON_IMPORT_LOSES] = "Take that out first, or leave the file: without --shred, and with another --output.",
    [SSA_REASON_CANNOT_SHRED] = "Import without --shred, and destroy the file by hand.",
    [SSA_REASON_IMPORT_NOT_PROVED] = "When the cause is gone, give the same command again: it does not import the key "
                                     "again, and goes on from here. With --offline it destroys the file unproved.",
    [SSA_REASON_IMPORT_SPENT] = "An interrupted --shred leaves a file so. The same command, with --shred, with the "
                                "same profile and without --offline, removes it once the key is proved.",
    [SSA_REASON_IMPORT_OTHER_SECRET] = "If the file's is the right one, --force writes it into the profile. Otherwise "
                                       "correct or remove it in the file.",
    [SSA_REASON_EMAIL_OFFLINE] = "With --offline, --account takes the account's id (SERVICE_ACCOUNT_ID).",

    // Listing, showing, verifying and removing accounts and keys.
    [SSA_REASON_ACCOUNT_UNLISTED] = "`ssa-hsm account list` shows the accounts. --account takes an account's id "
                                    "(SERVICE_ACCOUNT_ID) or its email.",
    [SSA_REASON_KEY_UNLISTED] = "`ssa-hsm key list` shows the account's keys. --account names another account.",
    [SSA_REASON_KEYS_DIFFER] = "`ssa-hsm key verify` and `ssa-hsm token` show whether the key in use is the right "
                               "one.",

    // Client secrets on PKCS#11 tokens.
    [SSA_REASON_LABEL_IN_USE] = "--force replaces it; --label NAME stores the secret beside it.",
    [SSA_REASON_LABEL_ANOTHERS] = "It is not touched. --label NAME stores the secret beside it.",
    [SSA_REASON_SECRET_NOT_ON_TOKEN] = "It must be the line that `ssa-hsm secret import` printed.",
    [SSA_REASON_SECRET_GONE] = "`ssa-hsm secret import` stores it anew.",
    [SSA_REASON_SECRETS_OF_ONE_LABEL] = "`ssa-hsm secret import --force` leaves one.",
    [SSA_REASON_SECRET_EDIT_AGAIN] = "If {detail} does not have it, `ssa-hsm secret import` writes it there.",
    [SSA_REASON_SECRET_NOT_REMOVED] = "`ssa-hsm secret remove` destroys it.",
    [SSA_REASON_EMPTY_OBJECT] = "`pkcs11-tool --login --list-objects --type data` shows such objects.",
    [SSA_REASON_SECRET_TOKEN_PIN] = "Name that token with --token and its PIN with --pin-source, or run the "
                                    "interrupted command again.",

    // An examination.
    [SSA_REASON_LOCKS_TOO_FEW] = "Raise the limit: `ulimit -l 8192`, LimitMEMLOCK=8M in a systemd unit, or "
                                 "/etc/security/limits.d.",
    [SSA_REASON_PIN_COUNTED] = "The right PIN resets the count: `ssa-hsm key verify` logs in.",
    [SSA_REASON_LOOK_WITH_LOGIN] = "`ssa-hsm doctor --login` logs in, and looks at the private half.",
    [SSA_REASON_SECRET_NEEDS_LOGIN] = "`ssa-hsm doctor --api --login` logs in to read it.",
    [SSA_REASON_API_NOT_ASKED] = "`ssa-hsm doctor --api` asks it, by three requests.",
    [SSA_REASON_OTHER_PROFILES] = "`ssa-hsm doctor --profile {detail}` examines it.",
    [SSA_REASON_KEY_OFF] = "`ssa-hsm key enable {detail}` enables it.",
    [SSA_REASON_KEY_NOT_AT_API] = "`ssa-hsm key create --force` makes a new key, and writes the profile again.",

    // The agent.
    [SSA_REASON_AGENT_LOCKED] = "The agent's own user unlocks it: `ssa-hsm agent unlock`. --no-agent does without the "
                                "agent.",
    [SSA_REASON_AGENT_LOST] = "Plug the PKCS#11 token in. `ssa-hsm agent status` shows how it is, and where a person "
                              "must give the PIN, `ssa-hsm agent unlock` asks for it.",
    [SSA_REASON_AGENT_GONE] = "`ssa-hsm agent` starts one. SSA_HSM_AGENT says where it is, or that none is asked: "
                              "none.",
    [SSA_REASON_AGENT_RUNS] = "`ssa-hsm agent status` shows it, and `ssa-hsm agent stop` ends it. --socket FILE starts "
                              "another one elsewhere.",
    [SSA_REASON_AGENT_PROFILE] = "`ssa-hsm agent status` shows the profiles that it serves. --no-agent does without "
                                 "the agent.",
    [SSA_REASON_AGENT_DIFFERS] = "The agent reads its profiles by itself: see `ssa-hsm agent status`. --no-agent does "
                                 "without the agent.",
    [SSA_REASON_AGENT_REFUSES] = "Whoever starts the agent may allow access tokens to another user, and nothing else: "
                                 "--allow USER=SCOPES. --scope asks for fewer scopes than the profile's. --no-agent "
                                 "does without the agent.",
    [SSA_REASON_AGENT_BUDGET] = "What the API allows in a minute, or this user's share of it, is used up: try again "
                                "later.",
    [SSA_REASON_AGENT_SOCKET] = "SSA_HSM_AGENT or --socket names the agent's socket: an absolute path of at most 107 "
                                "bytes, in a folder that belongs to you. SSA_HSM_AGENT may also be https://HOST:PORT.",
    [SSA_REASON_AGENT_MANAGED] = "End it there: systemctl --user stop ssa-hsm-agent.socket ssa-hsm-agent.service",
    [SSA_REASON_AGENT_UNTRUSTED] = "SSA_HSM_AGENT_CACERT names a file (PEM) with the authority that the agent's "
                                   "certificate comes from. SSA_HSM_AGENT must have a name that is in the certificate.",
    [SSA_REASON_AGENT_CERTIFICATE] = "SSA_HSM_AGENT_CERT names this host's certificate, and SSA_HSM_AGENT_KEY its key "
                                     "(PEM). It must come from the authority that the agent's --client-ca names, and "
                                     "must not have expired.",
    [SSA_REASON_AGENT_UNREACHED] = "SSA_HSM_AGENT says where it is. Check host and port there, and that an agent runs "
                                   "on that host with --listen.",
    [SSA_REASON_AGENT_NO_CALLER] = "Whoever runs the agent says there which certificates it serves, and for which "
                                   "scopes: see `ssa-hsm agent caller add --help`.",
    [SSA_REASON_AGENT_ELSEWHERE] = "Run this there, or name an agent of this host: --socket FILE.",
    // Access tokens that are kept.
    [SSA_REASON_KEYRING_SHARED] = "SSA_HSM_CACHE=keyring uses it all the same.",
};

const char *advice_about(enum ssa_reason reason)
{
    return (unsigned)reason < SSA_REASON_COUNT ? advice[reason] : NULL;
}

static advice_accepts *accepted;

void advice_for(advice_accepts *accepts)
{
    accepted = accepts;
}

void advice_text(enum ssa_reason reason, const char *subject, const char *detail, char out[static ADVICE_TEXT_MAX])
{
    static const char place_of_subject[] = "{subject}", place_of_detail[] = "{detail}";
    const char *text = advice_about(reason);
    size_t used = 0;
    while (text != NULL && *text != '\0') {
        const char *value = text;
        size_t len = 1, read = 1;
        if (strncmp(text, place_of_subject, sizeof place_of_subject - 1) == 0) {
            value = subject;
            read = sizeof place_of_subject - 1;
            len = strlen(subject);
        } else if (strncmp(text, place_of_detail, sizeof place_of_detail - 1) == 0) {
            value = detail;
            read = sizeof place_of_detail - 1;
            len = strlen(detail);
        }
        if (used + len >= ADVICE_TEXT_MAX)
            break;
        memcpy(out + used, value, len);
        used += len;
        text += read;
    }
    out[used] = '\0';
    if (accepted != NULL)
        advice_fit(out, accepted);
}
