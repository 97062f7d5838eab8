// Accounts as they are printed and named.
#pragma once

#include "cli/command/common.h"
#include "cli/output/document.h"

// Writes the members of an account. The caller opens and closes the object.
void account_members(struct json_writer *w, const struct ssa_account *account);

// The account that the line names, by id or email; NULL: the settings' own.
const char *account_argument(const struct invocation *i);
