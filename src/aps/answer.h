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

// token NULL: only checks that it is a grant.
bool answer_grant(struct span body, struct secret *token, struct ssa_error *err) MUST_CHECK;

// Whether this can stand for an account or a key: [A-Za-z0-9._-], not too long, and no dot first.
bool answer_id_is_harmless(struct span id);

#endif
