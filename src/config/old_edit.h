// Taking an old block out of a file that has other lines, too.
#pragma once

#include "config/old_file.h"
#include "config/profile_write.h"

// Replaces the lines of the block, in any spelling of its names, by the text instead, which comes last. All other lines
// stay, and so does the file's mode. The new content takes the file's place at once. Then the old content is
// overwritten. The file was opened to be destroyed. Fails with SSA_CONFIG where the file stays as it was, and with
// SSA_UNEXPECTED where only the old content could not be overwritten.
bool old_block_replace(const struct old_file *old, const struct ssa_run *run, const char *instead,
                       struct ssa_error *err) MUST_CHECK;
