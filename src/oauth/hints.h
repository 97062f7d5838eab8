// What to do after a refusal, where several calls say the same.
#ifndef SSA_OAUTH_HINTS_H
#define SSA_OAUTH_HINTS_H

// When the app itself may not do what was asked; a sentence's second half.
#define HINT_SCOPES                                                                                          \
    "the app must be allowed to manage service accounts (check its API access in the APS portal)."

// When id and secret, or the token that they fetched, are not accepted.
#define HINT_CREDENTIALS                                                                                     \
    "Check APS_CLIENT_ID and APS_SECRET_ID: they belong together, and to the server that SSA_HSM_BASE_URL "  \
    "names."
#define HINT_ADMIN_TOKEN "The admin token was not accepted: check APS_CLIENT_ID and APS_SECRET_ID."

// When the app can have no service accounts at all.
#define HINT_KIND_OF_APP                                                                                     \
    "The app is not of the kind that has service accounts: in the APS portal, make one of the type "         \
    "Server-to-Server, and use its client id and secret."

#define HINT_SERVER "The server has a problem of its own: try again later."

// When the server does not know the account, or the key.
#define HINT_NO_ACCOUNT "The client id has no such account: check the id, and APS_CLIENT_ID."
#define HINT_NO_KEY     "The account has no such key, or the client id no such account: check both ids."

// When it will not do anything with an account's keys.
#define HINT_DISABLED                                                                                        \
    "While an account is disabled its keys cannot be managed: `ssa-hsm account enable ID` ends that."

#endif
