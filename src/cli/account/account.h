// Accounts as they are printed and named.
#pragma once

#include "cli/command/common.h"
#include "cli/output/document.h"

// Writes the members of an account. The caller opens and closes the object.
void account_members(struct json_writer *w, const struct ssa_account *account);

// Prints one account as JSON; changed is NULL where the command changes nothing.
bool account_print_json(const struct ssa_account *account, const bool *changed, struct ssa_error *err) MUST_CHECK;

// The account that the line names, by id or email; NULL: the settings' own.
const char *account_argument(const struct invocation *i);
