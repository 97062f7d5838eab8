// What to do after a refusal, where several calls say the same.
#ifndef SSA_APS_HINTS_H
#define SSA_APS_HINTS_H

// When the app itself may not do what was asked; a sentence's second half.
#define HINT_SCOPES                                                                                          \
    "the app must be allowed to manage service accounts (check its API access in the APS portal)."

// When the server does not know the account, or the key.
#define HINT_NO_ACCOUNT "The client id has no such account: check the id, and APS_CLIENT_ID."
#define HINT_NO_KEY     "The account has no such key, or the client id no such account: check both ids."

// When it will not do anything with an account's keys.
#define HINT_DISABLED                                                                                        \
    "While an account is disabled its keys cannot be managed: `ssa-hsm account enable ID` ends that."

#endif
