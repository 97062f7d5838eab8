// Accounts as they are printed, and the change of their status.
#pragma once

#include "cli/command/command.h"
#include "cli/output/document.h"

// Room in a document for one account.
enum { ACCOUNT_JSON_MAX = 2048 };

// Writes the members of an account. The caller opens and closes the object.
void account_members(struct json_writer *w, const struct ssa_account *account);

// The account that the line names, by id or email; NULL: the settings' own.
const char *account_argument(const struct invocation *i);

// Prints one account, as a table or as JSON.
bool account_print(const struct ssa_account *account, bool as_json, struct ssa_error *err) MUST_CHECK;

// What `account enable` and `account disable` do.
bool account_set_enabled(const struct invocation *i, bool enable, struct ssa_error *err) MUST_CHECK;
