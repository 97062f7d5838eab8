// Reading the API's answers. Everything is checked: ids and addresses go into URLs, files, attributes of
// objects on PKCS#11 tokens, and shells.
#pragma once

#include "aps/aps.h"

// On failure err->what says what is wrong with the answer. Unknown members are ignored. What could be read
// stays filled after a failure, except secrets.

bool answer_account(struct span body, struct aps_account *account, struct ssa_error *err) MUST_CHECK;
// One account's detail; the email may be missing.
bool answer_detail(struct span body, struct aps_account *account, struct ssa_error *err) MUST_CHECK;
bool answer_accounts(struct span body, struct aps_accounts *accounts, struct ssa_error *err) MUST_CHECK;

// With pem NULL only the kid is read, also from a body that was cut off.
bool answer_key(struct span body, char kid[static API_ID_MAX], struct secret *pem, struct ssa_error *err) MUST_CHECK;
bool answer_keys(struct span body, struct aps_keys *keys, struct ssa_error *err) MUST_CHECK;
