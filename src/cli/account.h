// Accounts as they are printed, and the command that changes their status.
#ifndef SSA_CLI_ACCOUNT_H
#define SSA_CLI_ACCOUNT_H

#include "cli/command.h"
#include "cli/document.h"

// Room in a document for one account.
enum { ACCOUNT_JSON_MAX = 2048 };

// The members of an account; the object is the caller's.
void account_members(struct json_writer *w, const struct ssa_account *account);

// One account, as a list of what is known of it, or as JSON.
bool account_print(const struct ssa_account *account, bool as_json, struct ssa_error *err) MUST_CHECK;

// account enable and disable.
bool account_set_enabled(const struct invocation *i, bool enable, struct ssa_error *err) MUST_CHECK;

#endif
