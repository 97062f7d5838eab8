// The proof of an imported key at the API: an access token is fetched with it, by one request.
#pragma once

#include "manage/provision.h"

// Reads the client secret, or asks a person for it, and makes the API's client. Nothing was asked of the API by then,
// and no PKCS#11 token is open.
bool proof_prepare(struct provision *p, struct ssa_error *err) MUST_CHECK;

// Reads a client secret that is on a PKCS#11 token, once p's own is open.
bool proof_know_secret(struct provision *p, struct ssa_error *err) MUST_CHECK;

// Asks the API for the id of the account with this email, by two requests. The caller has called proof_prepare.
bool proof_look_up(struct provision *p, const char *email, struct aps_account *account,
                   struct ssa_error *err) MUST_CHECK;

// Fetches an access token with p->key, and does not keep it.
bool proof_fetch(struct provision *p, struct ssa_error *err) MUST_CHECK;
