// Reading the API's answers. Nothing is taken over unchecked: ids and addresses go on into URLs, files,
// attributes of token objects and shells.
#ifndef SSA_APS_ANSWER_H
#define SSA_APS_ANSWER_H

#include "aps/aps.h"

// Each fails with SSA_UNEXPECTED and, in err->what, a sentence on what is wrong with the answer. Members that
// are not known here are ignored. What could be read stays filled after a failure; secrets do not.

bool answer_account(struct span body, struct aps_account *account, struct ssa_error *err) MUST_CHECK;
// One account's detail; the email may be missing.
bool answer_detail(struct span body, struct aps_account *account, struct ssa_error *err) MUST_CHECK;
bool answer_accounts(struct span body, struct aps_accounts *accounts, struct ssa_error *err) MUST_CHECK;

// pem NULL: the kid alone is asked for, and a body that was cut off will do.
bool answer_key(struct span body, char kid[static APS_ID_MAX], struct secret *pem,
                struct ssa_error *err) MUST_CHECK;
bool answer_keys(struct span body, struct aps_keys *keys, struct ssa_error *err) MUST_CHECK;

#endif
