// Reading the API's answers. Everything is checked, because ids and addresses become parts of URLs, files, shell
// commands and attributes of objects on PKCS#11 tokens.
#pragma once

#include "aps/aps.h"

// On failure err->what names the answer's fault. Unknown members are ignored. The values that could be read stay filled
// after a failure, except secrets.

bool answer_account(struct span body, struct aps_account *account, struct ssa_error *err) MUST_CHECK;
// The details of one account; the email may be missing.
bool answer_detail(struct span body, struct aps_account *account, struct ssa_error *err) MUST_CHECK;
bool answer_accounts(struct span body, struct aps_accounts *accounts, struct ssa_error *err) MUST_CHECK;

// With pem NULL only the kid is read, even if the body was cut off.
bool answer_key(struct span body, char kid[static API_ID_MAX], struct secret *pem, struct ssa_error *err) MUST_CHECK;
bool answer_keys(struct span body, struct aps_keys *keys, struct ssa_error *err) MUST_CHECK;
