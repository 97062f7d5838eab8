// Reasons: the member reason of struct ssa_error (error.h) and struct ssa_notice (settings.h).
#ifndef SSA_HSM_REASON_H
#define SSA_HSM_REASON_H

// The exact failure, for a program that can do something about it. New versions add more reasons. If a reason is not
// known, the error's class counts.
enum ssa_reason {
    SSA_REASON_NONE = 0, // there is nothing to add to the class

    // Files and memory.
    SSA_REASON_PIPE,        // a pipe did not end in time
    SSA_REASON_OTHER_OWNER, // a file or folder belongs to another user
    SSA_REASON_LOCK_LIMIT,  // a limit keeps memory from being locked, so a private key could be written to swap

    // Settings and profiles.
    SSA_REASON_ACCOUNT_NOT_SET,     // neither profile nor environment names an account
    SSA_REASON_ACCOUNT_WITHOUT_KEY, // the profile has an account, but no key yet
    SSA_REASON_PART_OF_BLOCK,       // account id, key id, email or key is missing, and another of them is there
    SSA_REASON_KEY_AS_TEXT,         // the setting must be a reference to a private key, but is the key itself
    SSA_REASON_NO_KEY_URI,          // the reference to the private key is not a PKCS#11 URI
    SSA_REASON_PROFILE_EXISTS,      // a new profile would replace one that exists
    SSA_REASON_NO_PROFILE,          // the profile does not exist
    SSA_REASON_JOINED_PROFILES,     // a single name of a profile is a list of names
    SSA_REASON_PROFILE_AWAITED,     // a rotation that is not finished needs the profile
    SSA_REASON_SEVERAL_PROFILES,    // there is a list of profiles, but only one is allowed
    SSA_REASON_OUTPUT_DESCRIPTOR,   // a secret cannot be read from standard output or error
    SSA_REASON_NO_TOKEN_NAME,       // the text names no PKCS#11 token
    SSA_REASON_QUOTED_VALUE,        // the value in the environment has quotes around it

    // PINs.
    SSA_REASON_PIN_UNANSWERED,      // an earlier try with this PIN had no answer; detail: the try's record
    SSA_REASON_PIN_LAST_TRY,        // one more wrong PIN locks the PKCS#11 token, so a person must enter it
    SSA_REASON_PIN_LAST_UNANSWERED, // the same, and there were tries without an answer, which count
    SSA_REASON_PIN_WAS_TRIED,       // the PKCS#11 token refused this PIN earlier; detail: the try's record
    SSA_REASON_NO_PINENTRY,         // the program pinentry cannot be run
    SSA_REASON_NOBODY_FOR_PIN,      // there is no PIN source, and nobody to ask
    SSA_REASON_NOBODY_FOR_SO_PIN,   // the same for the security officer's PIN
    SSA_REASON_TURN_TOO_LONG,       // another process used the PKCS#11 token all the time

    // The signer: from settings to an open PKCS#11 token and an access token.
    SSA_REASON_NO_CLIENT_ID,        // there is no client id
    SSA_REASON_NO_CLIENT_SECRET,    // there is no client secret, and nobody to ask
    SSA_REASON_TOKEN_NOT_NAMED,     // a stored PIN needs the name of its PKCS#11 token; detail: a URI that fits
    SSA_REASON_NO_SLOTS,            // a card's slot was named, but the PKCS#11 token has no slots
    SSA_REASON_REPLACE_WHAT,        // a key must be destroyed, but no slot was named
    SSA_REASON_SECRETS_OF_ONE_NAME, // several client secrets have the same label
    SSA_REASON_SECRET_IN_THE_OPEN,  // the client secret can be read without the PIN
    SSA_REASON_OLD_BLOCK,           // the environment's key was used and not the profile's

    // PKCS#11 modules, tokens and keys.
    SSA_REASON_MODULE_NOT_LOADED,  // the module's file cannot be loaded
    SSA_REASON_MODULE_NO_ANSWER,   // a module crashes or does not answer
    SSA_REASON_TOKEN_NOT_FOUND,    // no PKCS#11 token matches
    SSA_REASON_TOKENS_SEVERAL,     // several PKCS#11 tokens match
    SSA_REASON_TOKEN_CHOICE,       // this PKCS#11 token is one of several that match; detail: its URI
    SSA_REASON_TOKEN_GONE,         // the PKCS#11 token was there, but does not answer any more
    SSA_REASON_TOKEN_UNFIT,        // the PKCS#11 token cannot do what is needed; another one may
    SSA_REASON_PIN_UNKNOWN,        // it is not known whether a login used up one of the PIN tries
    SSA_REASON_URI_INVALID,        // a PKCS#11 URI or a PKCS#11 token's label is not valid
    SSA_REASON_URI_HAS_PIN,        // a PKCS#11 URI contains a PIN
    SSA_REASON_URI_NO_KEY,         // the key's URI names a PKCS#11 token, but no key
    SSA_REASON_URI_NO_DATA,        // the URI of a data object does not name a data object
    SSA_REASON_KEY_NOT_FOUND,      // the PKCS#11 token does not hold the key
    SSA_REASON_KEYS_SEVERAL,       // several keys on the PKCS#11 token match the key's URI
    SSA_REASON_KEY_ID_USED,        // another object has the new key's id
    SSA_REASON_KEY_LOGIN,          // the key's own login, for one signature, failed
    SSA_REASON_KEY_NO_PUBLIC_HALF, // the PKCS#11 token does not show the key's public half
    SSA_REASON_KEY_NOT_TAKEN,      // the PKCS#11 token refused the key
    SSA_REASON_KIND_TAKES_NO_KEY,  // no PKCS#11 token of this kind accepts a key
    SSA_REASON_SLOT_USED,          // the card's slot is used
    SSA_REASON_SLOT_UNSURE,        // the slot (detail) holds the old key or the new one
    SSA_REASON_SLOTS_FULL,         // no slot of the card is free
    SSA_REASON_SLOTS_UNREAD,       // the card cannot be read, so it is not known which slots are free
    SSA_REASON_REHEARSAL,          // a rehearsal failed with a key on the PKCS#11 token
    SSA_REASON_REHEARSAL_SESSION,  // a rehearsal failed with a key in the session
    SSA_REASON_REHEARSAL_PLAIN,    // a rehearsal failed with a plain key, but the PKCS#11 token may unwrap one
    SSA_REASON_REHEARSAL_WRAP,     // the PKCS#11 token cannot unwrap a key
    SSA_REASON_REHEARSAL_LEFT,     // a rehearsal's throwaway key is left on the PKCS#11 token
    SSA_REASON_DATA_REFUSED,       // the PKCS#11 token accepts no private data object
    SSA_REASON_DATA_NOT_FOUND,     // the PKCS#11 token does not hold the data object
    SSA_REASON_DATA_EMPTY,         // the data object is empty
    SSA_REASON_DATA_SEVERAL,       // several data objects have the label
    SSA_REASON_DATA_ANOTHERS,      // several have it, and one belongs to another application

    // The network and the exchange.
    SSA_REASON_TIMEOUT,        // there was no answer in time
    SSA_REASON_UNKNOWN_HOST,   // the host's name is not known
    SSA_REASON_UNREACHABLE,    // there is no connection to the host
    SSA_REASON_UNTRUSTED,      // the server's certificate could not be verified
    SSA_REASON_CA_FILE,        // the configured CA bundle cannot be used
    SSA_REASON_CA_FOLDER,      // the configured CA directory cannot be used
    SSA_REASON_CA_FILE_ENV,    // the CA bundle that the environment names cannot be used
    SSA_REASON_CA_FOLDER_ENV,  // the CA directory that the environment names cannot be used
    SSA_REASON_CA_ENV,         // neither of the two can be used
    SSA_REASON_NO_CA,          // no certification authorities were found
    SSA_REASON_PROXY_UNKNOWN,  // the host's name of the proxy is not known
    SSA_REASON_PROXY_BROKEN,   // the proxy does not speak as a proxy of its kind should
    SSA_REASON_PROXY_REFUSES,  // the proxy does not connect to the host (detail)
    SSA_REASON_PROXY_LOGIN,    // the proxy refused user and password; detail: the variable that names the proxy
    SSA_REASON_PROXY_NO_LOGIN, // the proxy wants user and password; detail: the same
    SSA_REASON_PROXY_METHOD,   // the proxy wants another kind of login; detail: the same
    SSA_REASON_BASE_URL,       // the base URL is not valid
    SSA_REASON_PLAIN_HTTP,     // plain http is not allowed for this base URL
    SSA_REASON_REDIRECTED,     // the server redirects to another one
    SSA_REASON_OTHER_SERVER,   // another server than the API's may have answered
    SSA_REASON_RATE_LIMIT,     // detail: with a timeout of so many seconds there is time to wait
    SSA_REASON_CREDENTIALS,    // client id and secret were refused
    SSA_REASON_CLIENT_TOKEN,   // the access token for client id and secret was refused
    SSA_REASON_CLIENT_KIND,    // an app of this kind may not do this
    SSA_REASON_ASSERTION,      // the assertion was refused
    SSA_REASON_SCOPE,          // the app may not use these scopes
    SSA_REASON_SCOPE_SPELLING, // a scope has a character that is not allowed

    // The provider's accounts and keys.
    SSA_REASON_NO_ACCOUNT,        // there is no such account
    SSA_REASON_NO_KEY,            // there is no such key
    SSA_REASON_APP_ACCESS,        // the app probably may not manage service accounts
    SSA_REASON_ACCOUNT_NAME,      // the account's name probably was refused
    SSA_REASON_ACCOUNT_EXISTS,    // the client id has an account of this name
    SSA_REASON_ACCOUNT_LIMIT,     // there are as many accounts as the API allows
    SSA_REASON_ACCOUNT_REFUSED,   // there are too many accounts, or the app may not make one
    SSA_REASON_ACCOUNT_OFF,       // the account is not enabled; detail: its id
    SSA_REASON_ACCOUNT_MAYBE_OFF, // the account may not be enabled; detail: its id
    SSA_REASON_KEY_LIMIT,         // the account (detail) has as many keys as the API allows
    SSA_REASON_KEY_REFUSED,       // the account (detail) has too many keys, or is disabled

    // Access to hubs and projects.
    SSA_REASON_PROJECT_REQUEST,  // the service does not accept the project's id, the email, or a product
    SSA_REASON_PROJECT_REFUSED,  // the app or the user may not administer the project
    SSA_REASON_NO_PROJECT,       // there is no such ACC project
    SSA_REASON_PROJECT_CONFLICT, // the account is in the project already, or was
    SSA_REASON_PRODUCTS_DIFFER,  // the account is in the project, with other products
    SSA_REASON_KEY_OF_ANOTHER,   // the settings have the key of another account
    SSA_REASON_ACCOUNT_TOKEN,    // the account's access token was refused
    SSA_REASON_HUB_REFUSED,      // the account may not look into the hub
    SSA_REASON_NO_HUB,           // the account sees no hub, and the service does not say why; detail: the email
    SSA_REASON_NO_HUB_FOR_APP,   // the account sees no hub, since the app is in none; detail: the client id
    SSA_REASON_MAYBE_ADDED,      // the account may have been added to a project
    SSA_REASON_NOT_INVITED,      // the account sees no hub, but the app is in one; detail: the email

    // The journal.
    SSA_REASON_EARLIER_OPERATION,        // an operation on the same thing was interrupted
    SSA_REASON_INTERRUPTED,              // an operation was interrupted
    SSA_REASON_OTHER_CLIENT,             // an operation was interrupted with another client id (detail)
    SSA_REASON_ENTRY_DAMAGED,            // an entry cannot be understood
    SSA_REASON_ENTRY_OF_EARLIER_VERSION, // an entry was left by a version that wrote no checksums

    // Making, rotating, removing and recovering.
    SSA_REASON_ACCOUNT_LEFT,        // an account is left at the API (subject: its id)
    SSA_REASON_KEY_LEFT,            // a key is left at the API (subject: its id, detail: its account)
    SSA_REASON_SOME_KEY_LEFT,       // a key may be left at the API; which one is not known (detail: its account)
    SSA_REASON_ON_TOKEN_LEFT,       // a key is left on a PKCS#11 token (detail: the command that removes it)
    SSA_REASON_OPERATION_OPEN,      // ssa_recover will try again to finish or undo the operation
    SSA_REASON_ANOTHERS,            // the thing belongs to another user or program, or may do so, and is not touched
    SSA_REASON_OLD_KEY_AT_API,      // a rotation's old key may still be at the API
    SSA_REASON_LOST_KEY,            // several keys may be the lost one
    SSA_REASON_PAIR_UNSURE,         // a card's slot (detail) holds the old key or the new one
    SSA_REASON_SLOT_USELESS,        // a card's slot (detail) holds a throwaway key
    SSA_REASON_MAYBE_DONE,          // a request may have been carried out
    SSA_REASON_NOT_SETTLED,         // some operations could not be finished or undone
    SSA_REASON_NOT_CONFIRMED,       // nobody confirmed
    SSA_REASON_NO_ROOM_FOR_KEY,     // an account has all the keys it may have (detail: those that may be deleted)
    SSA_REASON_NO_ROTATION_WAITS,   // there is no rotation whose old key must still be retired
    SSA_REASON_ROTATION_WAITS,      // there is a rotation whose old key must still be retired
    SSA_REASON_OLD_KEY_SERVES,      // the time for which a rotation keeps its old key is not over
    SSA_REASON_OLD_KEY_IN_USE,      // a profile names a rotation's old key
    SSA_REASON_ANSWERED_BY_ANOTHER, // the API's answer says that a thing is new, but it was there before
    SSA_REASON_LIST_NOT_BELIEVED,   // the API's list lacks an account or key that a profile names
    SSA_REASON_IMPORT_NO_CLIENT_ID, // the file with the key does not name the client id
    SSA_REASON_IMPORT_NO_ACCOUNT,   // the same for the account
    SSA_REASON_IMPORT_NO_KEY_ID,    // the same for the key's id
    SSA_REASON_IMPORT_NO_KEY,       // the file contains no key
    SSA_REASON_IMPORT_HOLDS_MORE,   // the file (detail) that must be destroyed holds more than a key
    SSA_REASON_IMPORT_LOSES,        // the import would lose something else in the file
    SSA_REASON_CANNOT_SHRED,        // the file cannot be destroyed
    SSA_REASON_IMPORT_NOT_PROVED,   // the key could not be proved at the API, so its file was not destroyed
    SSA_REASON_IMPORT_SPENT,        // an interrupted destruction has overwritten the file's key
    SSA_REASON_IMPORT_OTHER_SECRET, // the file and its key's profile have different client secrets
    SSA_REASON_EMAIL_OFFLINE,       // an account is named by its email, and the API may not be asked for its id
    SSA_REASON_OLD_KEY_ON_TOKEN,    // a rotation's old key is left, but only on its PKCS#11 token

    // Listing, showing, verifying and removing accounts and keys.
    SSA_REASON_ACCOUNT_UNLISTED, // the client id has no account of this id or email
    SSA_REASON_KEY_UNLISTED,     // neither the API nor a PKCS#11 token here has the key
    SSA_REASON_KEYS_DIFFER,      // PKCS#11 tokens hold different keys under one id (detail)

    // Client secrets on PKCS#11 tokens.
    SSA_REASON_LABEL_IN_USE,         // the PKCS#11 token holds a data object of this label
    SSA_REASON_LABEL_ANOTHERS,       // the same, and it belongs to another application
    SSA_REASON_SECRET_NOT_ON_TOKEN,  // the setting does not name a data object
    SSA_REASON_SECRET_GONE,          // the object that an import stored is not there any more
    SSA_REASON_SECRETS_OF_ONE_LABEL, // beside the secret, there are others of its label
    SSA_REASON_SECRET_EDIT_AGAIN,    // an import may not have changed the profile (detail) that has the secret
    SSA_REASON_SECRET_NOT_REMOVED,   // a removal was interrupted and was not done
    SSA_REASON_EMPTY_OBJECT,         // an empty data object may be left
    SSA_REASON_SECRET_TOKEN_PIN,     // the settings do not name the PIN of the PKCS#11 token with the secret or old key

    // An examination.
    SSA_REASON_LOCKS_TOO_FEW,      // so little memory can be locked that commands which receive a key refuse
    SSA_REASON_PIN_COUNTED,        // a wrong PIN has been tried since the last right one
    SSA_REASON_LOOK_WITH_LOGIN,    // only a login shows more
    SSA_REASON_SECRET_NEEDS_LOGIN, // the client secret is on a PKCS#11 token, and nobody logs in
    SSA_REASON_API_NOT_ASKED,      // the API was not asked
    SSA_REASON_OTHER_PROFILES,     // another profile (detail) was not examined whole
    SSA_REASON_KEY_OFF,            // the key (detail) is not enabled at the API
    SSA_REASON_KEY_NOT_AT_API,     // the API does not know the key

    // The agent.
    SSA_REASON_AGENT_LOCKED,  // the agent is locked, and a person must unlock it
    SSA_REASON_AGENT_LOST,    // the PKCS#11 token is gone; the agent goes on when it is back
    SSA_REASON_AGENT_GONE,    // no agent listens at the place that was named (detail)
    SSA_REASON_AGENT_RUNS,    // an agent listens there already
    SSA_REASON_AGENT_PROFILE, // the agent does not serve the profile (detail)
    SSA_REASON_AGENT_DIFFERS, // the agent's profile has another client id, account or address of the API
    SSA_REASON_AGENT_REFUSES, // the agent does not serve the caller, or not for these scopes
    SSA_REASON_AGENT_BUDGET,  // the agent keeps the API's rate limit
    SSA_REASON_AGENT_SOCKET,  // it is not known, or cannot be, where the agent's socket is
    SSA_REASON_AGENT_MANAGED, // a service manager has the agent's socket

    // Access tokens that are kept.
    SSA_REASON_KEYRING_SHARED, // others may share the kernel's keyring

    // An agent of another host.
    SSA_REASON_AGENT_UNTRUSTED,   // its certificate is not trusted
    SSA_REASON_AGENT_CERTIFICATE, // it does not accept the client's certificate, or that cannot be used
    SSA_REASON_AGENT_ELSEWHERE,   // it runs on another host, and can be ruled only there
    SSA_REASON_AGENT_UNREACHED,   // no connection to it can be made
    SSA_REASON_AGENT_NO_CALLER,   // it does not serve this host, or not for these scopes

    SSA_REASON_COUNT // the number of reasons in this version
};

#endif
