// A signer and an API that are made up, for the service's tests.
#pragma once

#include <stdatomic.h>

#include "agent/link/link.h"
#include "oauth/oauth.h"

// How the signers are, and what the API does.
struct fake {
    atomic_int state; // enum signer_state
    atomic_bool by_person;
    atomic_bool away;   // the PKCS#11 token is pulled out
    atomic_bool silent; // the signers have not answered since they were started
    atomic_uint sign_ms, exchange_ms;
    atomic_uint lifetime; // of access tokens
    atomic_int refuses;   // enum ssa_class of the API's answer; SSA_OK: it gives access tokens
    atomic_ulong signatures, exchanges, secrets, logins, locks;
    atomic_uint exchanging, most_exchanging; // at the same time
    char client_id[LINK_NAME_MAX], account[LINK_NAME_MAX];
    char secret_on_token[64];
    char right_secret[64]; // that the API accepts; empty: any
};
extern struct fake fake;

void fake_reset(void);
