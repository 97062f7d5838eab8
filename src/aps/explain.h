// Which limit or state a refusal comes from. Internal to the calls.
#ifndef SSA_APS_EXPLAIN_H
#define SSA_APS_EXPLAIN_H

#include "aps/aps.h"

// After the refusal (403) of an account's creation: says what the server named as the reason, or else counts
// the accounts that there are.
void explain_account_limit(struct aps *client, struct ssa_error *err);

#endif
