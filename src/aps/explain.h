// Finding out which limit or state a refusal comes from.
#pragma once

#include "aps/aps.h"

// After a refused creation of an account: where the server did not name the limit, counts the accounts.
void explain_account_limit(struct oauth_client *client, struct ssa_error *err);
