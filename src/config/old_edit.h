// Taking lines with secrets out of a file that has other lines, too.
#pragma once

#include "config/old_file.h"
#include "config/profile_write.h"

// Replaces the lines that have the names by the text instead, which comes last. All other lines stay, and so does the
// file's mode. The new content takes the file's place at once. Then the old content is overwritten. The file was opened
// to be destroyed. Fails with SSA_CONFIG where the file stays as it was, and with SSA_UNEXPECTED where only the old
// content could not be overwritten.
bool old_lines_replace(const struct old_file *old, const struct ssa_run *run, profile_name_is_ours *names,
                       const char *instead, struct ssa_error *err) MUST_CHECK;

// The names of an old block, in whatever spelling.
bool old_name_is_of_block(const char *name, bool with_secret);

// The names of the client secret.
bool old_name_is_of_secret(const char *name, bool with_secret);
